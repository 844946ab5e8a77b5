"""Guarantee: a double gives the same replies directly, through the light client, and through all of botocore."""

from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError, ReadTimeoutError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto.core.utils import get_service_model

from .aws import AwsError
from .clients import direct_dynamodb, direct_sqs, retries_without_waiting, wire
from .dynamodb import DynamoDB
from .sqs import SQS
from .strategies import requests

KEY = {"DomainId": {"S": "d"}, "EventKey": {"S": "k"}}
ITEM = {**KEY, "Payload": {"M": {"Blob": {"B": b"\xff"}, "List": {"L": [{"BS": [b"\x00"]}, {"N": "1"}]}}}}
NEW_ONLY = {
    "ConditionExpression": "attribute_not_exists(EventKey)",
    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
}


def real_client(service: str) -> Any:
    session: Any = boto3.Session()  # typed, it takes names of services alone
    return session.client(
        service,
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"mode": "standard", "total_max_attempts": 4}),
    )


@pytest.fixture(scope="module")
def real_dynamodb() -> Any:
    return real_client("dynamodb")


@pytest.fixture(scope="module")
def real_sqs() -> Any:
    return real_client("sqs")


def tables() -> DynamoDB:
    db = DynamoDB()
    db.create_table("events", "DomainId", "EventKey", stream=True)
    return db


@pytest.fixture
def db() -> DynamoDB:
    return tables()


@pytest.fixture(params=["direct", "wire"])
def dynamodb(request: pytest.FixtureRequest, db: DynamoDB, real_dynamodb: Any) -> Iterator[Any]:
    if request.param == "direct":
        yield direct_dynamodb(db)
        return
    detach = wire(real_dynamodb, db)
    yield real_dynamodb
    detach()


@pytest.fixture
def sqs() -> SQS:
    return SQS()


@pytest.fixture
def queue(sqs: SQS) -> str:
    return sqs.create_queue("ingest")


@pytest.fixture(params=["direct", "wire"])
def queues(request: pytest.FixtureRequest, sqs: SQS, real_sqs: Any) -> Iterator[Any]:
    if request.param == "direct":
        yield direct_sqs(sqs)
        return
    detach = wire(real_sqs, sqs)
    yield real_sqs
    detach()


def test_items_go_in_and_come_out(dynamodb: Any) -> None:
    dynamodb.put_item(TableName="events", Item=ITEM)
    assert dynamodb.get_item(TableName="events", Key=KEY, ConsistentRead=True)["Item"] == ITEM
    asked = {"events": {"Keys": [KEY], "ConsistentRead": True}}
    assert dynamodb.batch_get_item(RequestItems=asked)["Responses"] == {"events": [ITEM]}
    dynamodb.delete_item(TableName="events", Key=KEY)
    assert "Item" not in dynamodb.get_item(TableName="events", Key=KEY, ConsistentRead=True)


def test_a_failed_condition_is_the_clients_own_exception_and_shows_the_item(dynamodb: Any) -> None:
    dynamodb.put_item(TableName="events", Item=ITEM)
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException) as raised:
        dynamodb.put_item(TableName="events", Item=KEY, **NEW_ONLY)
    error = raised.value
    assert isinstance(error, ClientError)
    assert error.response["Error"] == {
        "Code": "ConditionalCheckFailedException",
        "Message": "The conditional request failed",
    }
    assert {**error.response}["Item"] == ITEM


def test_pages_are_read_one_by_one(dynamodb: Any, db: DynamoDB) -> None:
    keys = [f"{number:02}" for number in range(5)]
    for key in keys:
        item = {"DomainId": {"S": "d"}, "EventKey": {"S": key}, "Pad": {"S": "x" * 390_000}}
        dynamodb.put_item(TableName="events", Item=item)
    pages = dynamodb.get_paginator("query").paginate(
        TableName="events",
        KeyConditionExpression="DomainId = :d",
        ExpressionAttributeValues={":d": {"S": "d"}},
        ConsistentRead=True,
    )
    read = [[item["EventKey"]["S"] for item in page["Items"]] for page in pages]
    assert read == [keys[:2], keys[2:4], keys[4:]]
    assert db.counters.of("events", "Query").calls == 3


def test_messages_go_in_and_come_out(queues: Any, queue: str) -> None:
    attributes = {
        "Reason": {"DataType": "String", "StringValue": "why"},
        "Blob": {"DataType": "Binary", "BinaryValue": b"\xff"},
    }
    queues.send_message(QueueUrl=queue, MessageBody="é", MessageAttributes=attributes)
    (message,) = queues.receive_message(QueueUrl=queue, MessageAttributeNames=["All"])["Messages"]
    assert (message["Body"], message["MessageAttributes"]) == ("é", attributes)
    queues.change_message_visibility(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=5)
    queues.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert "Messages" not in queues.receive_message(QueueUrl=queue)


def test_sqs_errors_have_the_codes_from_before_json_and_the_clients_own_exceptions(queues: Any, queue: str) -> None:
    """AWS (SQS Developer Guide, "Interpreting Amazon SQS JSON API responses"): they are in x-amzn-query-error."""
    with pytest.raises(queues.exceptions.QueueDoesNotExist) as raised:
        queues.send_message(QueueUrl=f"{queue}-not", MessageBody="x")
    assert raised.value.response["Error"]["Code"] == "AWS.SimpleQueueService.NonExistentQueue"
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        queues.send_message(QueueUrl=queue, MessageBody="x" * (1024 * 1024 + 1))
    with pytest.raises(queues.exceptions.InvalidMessageContents):
        queues.send_message(QueueUrl=queue, MessageBody="\x00")


def test_what_moto_adds_to_the_description_of_aws_stays_its_own() -> None:
    """moto gives SQS's errors other codes. A client must not get them, whichever test runs first."""
    get_service_model("sqs")
    shape: Any = botocore.session.get_session().get_service_model("sqs").shape_for("QueueDoesNotExist")
    assert shape.error_code == "QueueDoesNotExist"


def outcome(client: Any, method: str, request: Mapping[str, Any]) -> Any:
    try:
        reply = getattr(client, method)(**request)
    except ClientError as error:
        reply = dict(error.response)
    return {name: value for name, value in reply.items() if name != "ResponseMetadata"}


def own_outcome(db: DynamoDB, method: str, request: Mapping[str, Any]) -> Any:
    try:
        return db.handle("".join(word.title() for word in method.split("_")), request)
    except AwsError as error:
        modelled = {} if error.code == "ValidationException" else {"message": error.message}
        return error.fields | {"Error": {"Code": error.code, "Message": error.message}} | modelled


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(requests, max_size=15))
def test_all_clients_of_a_double_give_the_same_replies(
    real_dynamodb: Any, sequence: list[tuple[str, dict[str, Any]]]
) -> None:
    """They also leave the same items, records and usage."""
    direct, wired, own = tables(), tables(), tables()
    detach = wire(real_dynamodb, wired)
    try:
        for method, request in sequence:
            expected = own_outcome(own, method, request)
            assert outcome(direct_dynamodb(direct), method, request) == expected
            assert outcome(real_dynamodb, method, request) == expected
    finally:
        detach()
    for double in (direct, wired):
        assert double.items("events") == own.items("events")
        assert double.records("events") == own.records("events")
        assert double.counters == own.counters


def faults(*errors: Exception, phase: str = "before") -> Any:
    left = list(errors)

    def intercept(operation: str, request: Mapping[str, Any], now: str) -> None:
        if now == phase and left:
            raise left.pop(0)

    return intercept


@pytest.fixture
def wired(db: DynamoDB, real_dynamodb: Any) -> Iterator[Any]:
    detach = wire(real_dynamodb, db)
    with retries_without_waiting():
        yield real_dynamodb
    detach()


@pytest.mark.parametrize(
    "error",
    [
        ReadTimeoutError(endpoint_url="https://dynamodb"),
        EndpointConnectionError(endpoint_url="https://dynamodb"),
        AwsError("ThrottlingException", "slow down"),
        AwsError("ProvisionedThroughputExceededException", "slow down"),
        AwsError("InternalServerError", "oops"),
        AwsError("ServiceUnavailable", "oops"),
    ],
)
def test_botocore_retries_a_call_that_can_succeed(wired: Any, db: DynamoDB, error: Exception) -> None:
    db.intercept = faults(error, error, error)
    assert wired.put_item(TableName="events", Item=ITEM)["ResponseMetadata"]["RetryAttempts"] == 3
    assert (db.items("events"), db.counters.of("events").calls) == ([ITEM], 4)


def test_a_retry_finds_the_effect_of_a_try_whose_reply_was_lost(wired: Any, db: DynamoDB) -> None:
    db.intercept = faults(ReadTimeoutError(endpoint_url="https://dynamodb"), phase="after")
    with pytest.raises(wired.exceptions.ConditionalCheckFailedException) as raised:
        wired.put_item(TableName="events", Item=ITEM, **NEW_ONLY)
    assert raised.value.response["Item"] == ITEM


def test_botocore_gives_up(wired: Any, db: DynamoDB) -> None:
    db.intercept = faults(*[ReadTimeoutError(endpoint_url="https://dynamodb")] * 4)
    with pytest.raises(ReadTimeoutError):
        wired.put_item(TableName="events", Item=ITEM)


def test_botocore_does_not_retry_a_call_that_cannot_succeed(wired: Any, db: DynamoDB) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        wired.put_item(TableName="events", Item={"DomainId": {"S": "d"}})
    with pytest.raises(ParamValidationError):
        wired.put_item(TableName="events", Item={"DomainId": {"S": 1}})
    assert db.counters.of("events").calls == 1


def test_a_detached_client_no_longer_calls_the_double(db: DynamoDB) -> None:
    client = real_client("dynamodb")

    def refuse(**_: Any) -> None:
        raise ConnectionRefusedError

    client.meta.events.register("before-send", refuse)
    wire(client, db)()
    with pytest.raises(ConnectionRefusedError):
        client.put_item(TableName="events", Item=ITEM)
    assert db.counters.of("events").calls == 0
