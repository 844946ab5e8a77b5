"""Guarantee: the transaction is what production writes, and each reply of DynamoDB is taken for what it means."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from cp_event_source.decide.ports import Busy, ItemsRefused, NoReply
from cp_event_source.decide.tables import DynamoDBTransactions
from cp_event_source.handler.aws.domain_table import DomainTable
from cp_event_source.handler.aws.events_table import EventsTable
from cp_event_source.handler.domain.state import INITIAL_STATE
from cp_event_source.handler.projection.rows import DomainRow
from cp_event_source.handler.projection.stores import RowChanged
from cp_event_source.handler.values.clock import Clock
from tests.doubles.aws import AwsError
from tests.doubles.clients import retries_without_waiting, wire
from tests.doubles.dynamodb import DynamoDB

from .given import DOMAIN_ID, credit


@pytest.fixture
def db() -> DynamoDB:
    db = DynamoDB()
    db.create_table("events", "DomainId", "EventKey", stream=True)
    db.create_table("rows", "DomainId", stream=True)
    return db


@pytest.fixture
def transactions(db: DynamoDB) -> Iterator[DynamoDBTransactions]:
    client: Any = boto3.client(
        "dynamodb",
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"mode": "standard", "total_max_attempts": 3}),
    )
    detach = wire(client, db)
    with retries_without_waiting():
        yield DynamoDBTransactions(client, EventsTable(client, "events"), DomainTable(client, "rows", Clock()))
    detach()


def row(**changes: Any) -> DomainRow:
    return DomainRow(DOMAIN_ID, INITIAL_STATE.after(credit(1), {"DomainId": {"S": DOMAIN_ID}}), "v1", **changes)


def test_events_and_row_are_written_together_as_production_writes_them(
    db: DynamoDB, transactions: DynamoDBTransactions
) -> None:
    first, second = row(), row()
    transactions.write([credit(1), credit(2)], first, replacing=None)
    transactions.write([credit(3)], second, replacing=first)
    assert db.items("events") == [credit(minute).item for minute in (1, 2, 3)]
    assert [DomainRow.from_item(item) for item in db.items("rows")] == [second]
    other = DynamoDB()
    other.create_table("rows", "DomainId")
    DomainTable(direct(other), "rows", Clock()).write(second, replacing=None)
    assert other.items("rows") == db.items("rows")


def direct(db: DynamoDB) -> Any:
    from tests.doubles.clients import direct_dynamodb

    return direct_dynamodb(db)


@pytest.mark.parametrize("replacing", [None, row()])
def test_a_row_of_another_writer_is_a_lost_race(
    db: DynamoDB, transactions: DynamoDBTransactions, replacing: DomainRow | None
) -> None:
    transactions.rows.write(row(), replacing=None)
    with pytest.raises(RowChanged):
        transactions.write([credit(1)], row(), replacing=replacing)
    assert db.items("events") == []


def test_a_key_that_is_taken_is_a_lost_race(db: DynamoDB, transactions: DynamoDBTransactions) -> None:
    transactions.events.append(credit(1).item)
    with pytest.raises(RowChanged):
        transactions.write([credit(1), credit(2)], row(), replacing=None)
    assert (len(db.items("events")), db.items("rows")) == (1, [])


def test_a_transaction_that_is_sent_again_is_the_same(db: DynamoDB, transactions: DynamoDBTransactions) -> None:
    """Within ten minutes it succeeds again; later its own row makes it fail."""
    after = row()
    for _ in range(2):
        transactions.write([credit(1)], after, replacing=None)
    assert len(db.records("rows")) == 1
    db.clock.advance(600)
    with pytest.raises(RowChanged):
        transactions.write([credit(1)], after, replacing=None)


def cancelled(*codes: str) -> AwsError:
    return AwsError("TransactionCanceledException", "", {"CancellationReasons": [{"Code": code} for code in codes]})


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (cancelled("None", "ConditionalCheckFailed"), RowChanged),
        (cancelled("TransactionConflict", "ConditionalCheckFailed"), RowChanged),
        (cancelled("None", "TransactionConflict"), Busy),
        (cancelled("ThrottlingError", "None"), Busy),
        (cancelled("ProvisionedThroughputExceeded"), Busy),
        (AwsError("TransactionCanceledException", "without reasons"), Busy),
        (cancelled("ValidationError", "None"), ItemsRefused),
        (cancelled("ItemCollectionSizeLimitExceeded", "None"), ItemsRefused),
        (AwsError("ValidationException", "too large"), ItemsRefused),
        (AwsError("ProvisionedThroughputExceededException", ""), Busy),
        (AwsError("ThrottlingException", ""), Busy),
        (AwsError("RequestLimitExceeded", ""), Busy),
        (AwsError("TransactionInProgressException", ""), NoReply),
        (AwsError("InternalServerError", ""), NoReply),
        (ReadTimeoutError(endpoint_url="x"), NoReply),
        (EndpointConnectionError(endpoint_url="x"), NoReply),
        (AwsError("AccessDeniedException", ""), ClientError),
        (AwsError("ResourceNotFoundException", ""), ClientError),
        (AwsError("IdempotentParameterMismatchException", ""), ClientError),
    ],
    ids=lambda value: str(getattr(value, "fields", None) or value)[:60],
)
def test_what_a_reply_means(
    db: DynamoDB, transactions: DynamoDBTransactions, error: Exception, meaning: type[Exception]
) -> None:
    db.intercept = always(error)
    with pytest.raises(meaning):
        transactions.write([credit(1)], row(), replacing=None)
    assert db.items("events") == []


def test_the_clients_own_retries_are_the_same_transaction(db: DynamoDB, transactions: DynamoDBTransactions) -> None:
    """The first reply is lost after its effect."""
    lost = iter([ReadTimeoutError(endpoint_url="x")])

    def lose(operation: str, request: Any, phase: str) -> None:
        error = next(lost, None) if phase == "after" else None
        if error is not None:
            raise error

    db.intercept = lose
    transactions.write([credit(1)], row(), replacing=None)
    assert (len(db.items("events")), len(db.records("rows"))) == (1, 1)


def test_items_that_do_not_fit_into_a_transaction_are_refused(transactions: DynamoDBTransactions) -> None:
    large: Any = [credit(1).item | {"EventKey": {"S": f"k{n}"}, "Pad": {"S": "x" * 390_000}} for n in range(11)]
    events = [type(credit(1)).of(item) for item in large]
    with pytest.raises(ItemsRefused, match="exceeded the maximum allowed size"):
        transactions.write(events, row(), replacing=None)


def always(error: Exception) -> Callable[..., None]:
    def fail(operation: str, request: Any, phase: str) -> None:
        raise error

    return fail


def test_a_write_of_the_projection_while_a_transaction_writes_the_row_is_a_lost_race(
    db: DynamoDB, transactions: DynamoDBTransactions
) -> None:
    """DynamoDB refuses a put on an item of a transaction that is carried out at the moment."""
    db.intercept = always(AwsError("TransactionConflictException", "Transaction is ongoing for the item"))
    with pytest.raises(RowChanged):
        transactions.rows.write(row(), replacing=None)
