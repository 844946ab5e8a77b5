"""The transaction on DynamoDB, and what its errors mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore import exceptions

from cp_event_source.handler.aws.domain_table import DomainTable
from cp_event_source.handler.aws.events_table import EventsTable
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.projection.rows import DomainRow
from cp_event_source.handler.projection.stores import RowChanged

from .ports import Busy, ItemsRefused, NoReply, Throttled

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

_UNWRITABLE: Final = frozenset({"ValidationError", "ItemCollectionSizeLimitExceeded"})
"""Cancellation reasons of items that the table can never hold (API reference, TransactWriteItems)."""

_THROTTLED_REASONS: Final = frozenset({"ProvisionedThroughputExceeded", "ThrottlingError"})
_THROTTLED: Final = frozenset(
    {"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException", "Throttling"}
)
_REFUSED_BEFORE: Final = "CpEventSourceRefusedBefore"
"""In an error's `ResponseMetadata`: how many earlier tries of botocore, in the same call, were refused."""


@dataclass(frozen=True, slots=True)
class DynamoDBTransactions:
    """Writes to the events table and the domain table with `TransactWriteItems`."""

    client: "DynamoDBClient"
    events: EventsTable
    rows: DomainTable

    def write(self, events: Sequence[StoredEvent], row: DomainRow, *, replacing: DomainRow | None) -> None:
        """Carry out the transaction; see `Transactions.write`."""
        puts: list[Any] = [self.events.put(event.item) for event in events]
        puts.append(self.rows.put(row, replacing=replacing))
        try:
            # the token is the transaction's own: DynamoDB carries it out once within ten minutes, and the row's
            # condition forever
            self.client.transact_write_items(
                TransactItems=[{"Put": put} for put in puts], ClientRequestToken=row.revision
            )
        except exceptions.ClientError as error:
            raise _meaning(error) from error
        except Exception as error:  # what botocore raises instead of a reply has many classes, some of other packages
            raise NoReply from error


def noting_refusals(client: Any) -> Any:
    """The boto3 client. From now on, its errors of transactions say how many earlier tries were refused.

    Botocore tries again by itself, and raises the error of the last try only: that this one was refused does not say
    that an earlier one, which got no reply, is not carried out. Without the notes, an error is taken for a refusal only
    if it is that of the first try.

    Raises:
        TypeError: it is something else, such as a resource or the client of another service.
    """
    if not hasattr(getattr(client, "meta", None), "events") or not hasattr(client, "transact_write_items"):
        raise TypeError(
            "client: must be a boto3 client of DynamoDB, boto3.client('dynamodb'); got a value of the type "
            f"{type(client).__name__}"
        )
    client.meta.events.register(
        "response-received.dynamodb.TransactWriteItems", _note_refusal, unique_id="cp-event-source-refusals"
    )
    return client


def _note_refusal(parsed_response: Any, context: dict[str, Any], **_: Any) -> None:
    """Botocore calls it after each try. The context is that of the call; there is no response if no reply came."""
    if parsed_response is not None and _is_refused(parsed_response):
        refused_before = context.get(_REFUSED_BEFORE, 0)
        parsed_response["ResponseMetadata"][_REFUSED_BEFORE] = refused_before
        context[_REFUSED_BEFORE] = refused_before + 1


def _is_refused(response: Any) -> bool:
    """True if DynamoDB says that it does not and will not carry out this try.

    It does not say so with a server error, nor while it carries out the same transaction. And an error without one of
    DynamoDB's codes is of something in between, such as a proxy; botocore gives it its HTTP status as the code.
    """
    code, status = response.get("Error", {}).get("Code", ""), response["ResponseMetadata"].get("HTTPStatusCode", 0)
    return 400 <= status < 500 and not code.isdecimal() and code != "TransactionInProgressException"


def _meaning(error: exceptions.ClientError) -> Exception:
    response: Any = error.response
    metadata = response["ResponseMetadata"]
    if not _is_refused(response) or metadata.get("RetryAttempts", 0) > metadata.get(_REFUSED_BEFORE, 0):
        return NoReply()
    code, message = response["Error"]["Code"], response["Error"].get("Message", "")
    if code == "TransactionCanceledException":
        listed = response.get("CancellationReasons", ())
        reasons = {reason.get("Code", ""): reason.get("Message", "") for reason in listed}
        if "ConditionalCheckFailed" in reasons:
            return RowChanged()
        for unwritable in _UNWRITABLE & reasons.keys():
            return ItemsRefused(reasons[unwritable])
        return Throttled() if _THROTTLED_REASONS & reasons.keys() else Busy()
    if code == "ValidationException":
        return ItemsRefused(message)
    return Throttled() if code in _THROTTLED else error
