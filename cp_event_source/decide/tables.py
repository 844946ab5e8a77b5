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

from .ports import Busy, ItemsRefused, NoReply

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

_REFUSED: Final = frozenset({"ValidationError", "ItemCollectionSizeLimitExceeded"})
"""Cancellation reasons of items that the table can never hold (API reference, TransactWriteItems)."""

_THROTTLED: Final = frozenset(
    {"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException", "Throttling"}
)
_SERVER_ERROR: Final = 500


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
        except (exceptions.ConnectionError, exceptions.HTTPClientError) as error:
            raise NoReply from error


def _meaning(error: exceptions.ClientError) -> Exception:
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code == "TransactionCanceledException":
        response: Any = error.response
        listed = response.get("CancellationReasons", ())
        reasons = {reason.get("Code", ""): reason.get("Message", "") for reason in listed}
        if "ConditionalCheckFailed" in reasons:
            return RowChanged()
        for refused in _REFUSED & reasons.keys():
            return ItemsRefused(reasons[refused])
        return Busy()
    if code == "ValidationException":
        return ItemsRefused(error.response["Error"].get("Message", ""))
    if code in _THROTTLED:
        return Busy()
    if code == "TransactionInProgressException" or status >= _SERVER_ERROR:
        return NoReply()
    return error
