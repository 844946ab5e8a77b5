"""Guarantee: the transaction is what production writes, and each reply of DynamoDB is taken for what it means."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
    SSLError,
)
from botocore.parsers import ResponseParserError

from cp_event_source.decide.ports import Busy, ItemsRefused, NoReply, Throttled
from cp_event_source.decide.tables import DynamoDBTransactions, noting_refusals
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


def made(mode: Any = "standard", **options: Any) -> Any:
    return boto3.client(
        "dynamodb",
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"mode": mode, "total_max_attempts": 3}),
        **options,
    )


def upon(client: Any) -> DynamoDBTransactions:
    return DynamoDBTransactions(client, EventsTable(client, "events"), DomainTable(client, "rows", Clock()))


@pytest.fixture(params=["standard", "legacy"])
def client(request: pytest.FixtureRequest, db: DynamoDB) -> Iterator[Any]:
    """A client that tries three times, in each of botocore's ways."""
    client = made(request.param)
    detach = wire(client, db)
    with retries_without_waiting():
        yield client
    detach()


@pytest.fixture
def transactions(client: Any) -> DynamoDBTransactions:
    return upon(noting_refusals(client))


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


def named(value: Any) -> str:
    """A part of a test's name."""
    if isinstance(value, list):
        return ", ".join(map(named, value))
    if isinstance(value, AwsError):
        reasons = [reason["Code"] for reason in value.fields.get("CancellationReasons", ())]
        return " and ".join([value.code, *reasons])
    return value.__name__ if isinstance(value, type) else type(value).__name__


def cancelled(*codes: str) -> AwsError:
    return AwsError("TransactionCanceledException", "", {"CancellationReasons": [{"Code": code} for code in codes]})


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (cancelled("None", "ConditionalCheckFailed"), RowChanged),
        (cancelled("TransactionConflict", "ConditionalCheckFailed"), RowChanged),
        (cancelled("None", "TransactionConflict"), Busy),
        (cancelled("ThrottlingError", "None"), Throttled),
        (cancelled("TransactionConflict", "ProvisionedThroughputExceeded"), Throttled),
        (AwsError("TransactionCanceledException", "without reasons"), Busy),
        (cancelled("ValidationError", "None"), ItemsRefused),
        (cancelled("ItemCollectionSizeLimitExceeded", "None"), ItemsRefused),
        (AwsError("ValidationException", "too large"), ItemsRefused),
        (AwsError("ProvisionedThroughputExceededException", ""), Throttled),
        (AwsError("ThrottlingException", ""), Throttled),
        (AwsError("RequestLimitExceeded", ""), Throttled),
        (AwsError("TransactionInProgressException", ""), NoReply),
        (AwsError("InternalServerError", ""), NoReply),
        (ReadTimeoutError(endpoint_url="x"), NoReply),
        (EndpointConnectionError(endpoint_url="x"), NoReply),
        (ConnectTimeoutError(endpoint_url="x"), NoReply),
        (ConnectionClosedError(endpoint_url="x"), NoReply),
        (SSLError(endpoint_url="x", error=OSError()), NoReply),
        (HTTPClientError(error="x"), NoReply),
        (CredentialRetrievalError(provider="x", error_msg="x"), NoReply),
        (ResponseParserError("x"), NoReply),
        (AwsError("AccessDeniedException", ""), ClientError),
        (AwsError("ResourceNotFoundException", ""), ClientError),
        (AwsError("IdempotentParameterMismatchException", ""), ClientError),
    ],
    ids=named,
)
def test_what_a_reply_means(
    db: DynamoDB, transactions: DynamoDBTransactions, error: Exception, meaning: type[Exception]
) -> None:
    db.intercept = always(error)
    with pytest.raises(meaning) as raised:
        transactions.write([credit(1)], row(), replacing=None)
    assert raised.type is meaning or isinstance(raised.value, ClientError)
    assert db.items("events") == []


THROTTLED = AwsError("ThrottlingException", "")
DENIED = AwsError("AccessDeniedException", "")
SERVER_ERROR = AwsError("InternalServerError", "")


@pytest.mark.parametrize("carried_out", [True, False])
@pytest.mark.parametrize("first", [ReadTimeoutError(endpoint_url="x"), SERVER_ERROR], ids=["no reply", "server error"])
@pytest.mark.parametrize(
    "then",
    [
        [DENIED],
        [THROTTLED, THROTTLED],
        [THROTTLED, DENIED],
        [cancelled("TransactionConflict")],
        [cancelled("ConditionalCheckFailed")],
        [cancelled("ValidationError")],
        [AwsError("ValidationException", "")],
        [AwsError("ExpiredTokenException", "")],
    ],
    ids=named,
)
def test_a_refusal_does_not_hide_an_earlier_try_of_the_client_without_a_reply(
    db: DynamoDB, transactions: DynamoDBTransactions, first: Exception, then: list[Exception], *, carried_out: bool
) -> None:
    db.intercept = tries(("after" if carried_out else "before", first), *(("before", each) for each in then))
    with pytest.raises(NoReply):
        transactions.write([credit(1)], row(), replacing=None)
    assert len(db.items("events")) == carried_out


@pytest.mark.parametrize(
    ("then", "meaning"),
    [
        ([THROTTLED, THROTTLED], Throttled),
        ([THROTTLED, DENIED], ClientError),
        ([DENIED], ClientError),
        ([cancelled("ConditionalCheckFailed")], RowChanged),
        ([THROTTLED, ReadTimeoutError(endpoint_url="x")], NoReply),
    ],
    ids=named,
)
def test_a_refusal_after_refusals_is_one(
    db: DynamoDB, transactions: DynamoDBTransactions, then: list[Exception], meaning: type[Exception]
) -> None:
    db.intercept = tries(*(("before", each) for each in [THROTTLED, *then]))
    with pytest.raises(meaning):
        transactions.write([credit(1)], row(), replacing=None)


def test_without_the_notes_only_the_first_try_of_the_client_is_believed(db: DynamoDB, client: Any) -> None:
    db.intercept = tries(("before", DENIED))
    with pytest.raises(ClientError):
        upon(client).write([credit(1)], row(), replacing=None)
    db.intercept = tries(("before", THROTTLED), ("before", DENIED))
    with pytest.raises(NoReply):
        upon(client).write([credit(1)], row(), replacing=None)


def test_the_notes_of_one_call_are_not_those_of_another(db: DynamoDB, client: Any) -> None:
    """A client may be given to several objects of the library."""
    transactions = upon(noting_refusals(noting_refusals(client)))
    for _ in range(2):
        db.intercept = tries(("before", THROTTLED), ("before", THROTTLED), ("before", DENIED))
        with pytest.raises(ClientError):
            transactions.write([credit(1)], row(), replacing=None)
    db.intercept = tries(("before", SERVER_ERROR), ("before", THROTTLED), ("before", DENIED))
    with pytest.raises(NoReply):
        transactions.write([credit(1)], row(), replacing=None)


REPLIES = {
    "closed without a reply": b"",
    "not HTTP": b"nothing\r\n\r\n",
    "cut off": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
    "another checksum": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nx-amz-crc32: 1\r\n\r\n{}",
    "a proxy that cannot reach it": b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
    "a proxy that gave up": b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 6\r\n\r\n<html>",
    "a redirect": b"HTTP/1.1 307 Temporary Redirect\r\nContent-Length: 0\r\n\r\n",
}
"""What an endpoint may send that says nothing about the transaction."""


@pytest.mark.parametrize("reply", REPLIES)
def test_a_reply_that_is_not_dynamodbs_is_none(reply: str) -> None:
    """As botocore makes errors of it, from a real connection."""
    with endpoint(REPLIES[reply]) as url, retries_without_waiting():
        client = noting_refusals(made("legacy", endpoint_url=url))
        with pytest.raises(NoReply) as raised:
            upon(client).write([credit(1)], row(), replacing=None)
    assert raised.value.__cause__ is not None


@contextmanager
def endpoint(reply: bytes) -> Iterator[str]:
    """An endpoint that reads each request, sends these bytes and closes the connection."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.wfile.write(reply)

        def log_message(self, *_: Any) -> None:
            """Nothing: the test fails if something is wrong."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def tries(*errors: tuple[str, Exception]) -> Callable[..., None]:
    """What the tries end in, one after another, each before or after its effect. There is no other try."""
    left = list(errors)

    def fail(operation: str, request: Any, phase: str) -> None:
        assert left, "more tries than expected"
        if left[0][0] == phase:
            raise left.pop(0)[1]

    return fail


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
