"""Guarantee: requests that are written without botocore's serializer say the same as those that it writes."""

import json
from typing import Any

import pytest
from botocore.session import get_session
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cp_event_source.handler.aws import clients
from tests.doubles.clients import wire
from tests.doubles.dynamodb import DynamoDB
from tests.handler.strategies import attribute_values

texts = st.text(max_size=3) | st.sampled_from(['"', "\ud800", "Ä", "\U0001f600", "\x00"])
attributes = attribute_values(texts, texts, st.binary(max_size=3))
items = st.dictionaries(texts, attributes, max_size=4)
options = st.sampled_from(
    [
        {},
        {"ConditionExpression": "attribute_not_exists(EventKey)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"},
        {"ConditionExpression": "N.R = :r", "ExpressionAttributeValues": {":r": {"S": "r"}}},
        {"ExpressionAttributeNames": {"#r": "R"}, "ConditionExpression": "attribute_exists(#r)"},
    ]
)


class Sent(Exception):
    """Stops a call when its request is complete."""


def body(client: Any, **request: Any) -> Any:
    """The body of the request that a client sends."""
    bodies: list[bytes] = []

    def stop(request: Any, **_: object) -> None:
        assert int(request.headers["Content-Length"]) == len(request.body)
        bodies.append(request.body)
        raise Sent

    client.meta.events.register_first("before-send.dynamodb", stop)
    try:
        with pytest.raises(Sent):
            client.put_item(**request)
    finally:
        client.meta.events.unregister("before-send.dynamodb", stop)
    return json.loads(bodies[0])


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "us-east-1")
    return clients.dynamodb()


@pytest.fixture
def botocores(client: Any) -> Any:
    session = get_session()
    return session.create_client("dynamodb", config=client.meta.config)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(item=items, options=options)
def test_a_request_says_the_same_as_botocores(
    client: Any, botocores: Any, item: dict[str, Any], options: dict[str, Any]
) -> None:
    request = {"TableName": "rows", "Item": item, **options}
    assert body(client, **request) == body(botocores, **request) == body(client, **request)


def test_the_arguments_stay_as_they_are(client: Any) -> None:
    request = {"TableName": "rows", "Item": {"DomainId": {"S": "d"}, "Digest": {"B": b"\x00"}}}
    body(client, **request)
    assert request == {"TableName": "rows", "Item": {"DomainId": {"S": "d"}, "Digest": {"B": b"\x00"}}}


def test_a_value_that_json_does_not_have_is_no_request(client: Any) -> None:
    with pytest.raises(TypeError):
        client.put_item(TableName="rows", Item={"DomainId": {"S": object()}})


def test_the_item_arrives(client: Any) -> None:
    db = DynamoDB()
    db.create_table("rows", "DomainId")
    wire(client, db)
    item = {"DomainId": {"S": "d"}, "Digest": {"B": b"\x00\xff"}, "Name": {"S": "Ä"}}
    client.put_item(TableName="rows", Item=item)
    assert client.get_item(TableName="rows", Key={"DomainId": {"S": "d"}}, ConsistentRead=True)["Item"] == item
