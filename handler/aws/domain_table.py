"""Reads rows of the domain table strongly consistently, and writes them conditionally."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..domain.index_keys import NO_INDEX_KEYS, IndexKeys
from ..projection.rows import BOOKKEEPING, DomainRow
from ..projection.stores import RowChanged
from ..values.clock import Clock

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

MAX_ROWS_PER_READ = 20
"""The maximum rows of one BatchGetItem. DynamoDB allows 100 rows with 16 MB, but a row's Python objects, with the
objects computed from them, may take 200 times its size."""

_REVISION = f"{BOOKKEEPING}.Revision"
"""Neither name is a word that DynamoDB reserves."""

_MAX_EMPTY_REPLIES = 8
"""The maximum replies without a row, one after another."""


class ReadIncomplete(Exception):
    """DynamoDB repeatedly left all keys of a batched read unprocessed, because it throttles the table."""


class DomainTable(NamedTuple):
    """The rows of all domain objects."""

    client: "DynamoDBClient"
    name: str
    clock: Clock
    index_keys: IndexKeys = NO_INDEX_KEYS
    ttl_attribute: str = ""
    """The attribute by which rows expire; empty if they do not, or if no row of a parked object is written."""

    def read_many(self, domain_ids: Sequence[str]) -> Iterator[dict[str, DomainRow | None]]:
        """The rows of different domain objects, by DomainId.

        It yields them in parts of at most MAX_ROWS_PER_READ, and reads each part when the caller needs it. A row is
        None if the table does not have it. A part of one row is read by GetItem, which costs the same as a BatchGetItem
        of one row and takes less time.

        Raises:
            ReadIncomplete: DynamoDB throttled the read for too long.
            botocore.exceptions.ClientError: the table cannot be read now.
        """
        for start in range(0, len(domain_ids), MAX_ROWS_PER_READ):
            part = domain_ids[start : start + MAX_ROWS_PER_READ]
            if len(part) == 1:
                yield {part[0]: self.read(part[0])}
            else:
                yield from self._batch_get(part)

    def read(self, domain_id: str) -> DomainRow | None:
        """One domain object's row; None if there is none."""
        reply = self.client.get_item(TableName=self.name, Key={"DomainId": {"S": domain_id}}, ConsistentRead=True)
        return DomainRow.from_item(reply["Item"]) if "Item" in reply else None

    def write(self, row: DomainRow, *, replacing: DomainRow | None) -> None:
        """Write `row` if the table still holds `replacing`.

        Raises:
            RowChanged: the table no longer holds `replacing`.
            botocore.exceptions.ClientError: the table cannot be written now.
        """
        try:
            self.client.put_item(**self.put(row, replacing=replacing))
        except (
            self.client.exceptions.ConditionalCheckFailedException,
            self.client.exceptions.TransactionConflictException,  # a decision writes the row at this moment
        ) as error:
            raise RowChanged(row.domain_id) from error

    def put(self, row: DomainRow, *, replacing: DomainRow | None) -> Any:
        """The request to write `row` if the table still holds `replacing`."""
        request = {"TableName": self.name, "Item": row.to_item(self.index_keys, self.ttl_attribute)}
        if replacing is None:
            return request | {"ConditionExpression": f"attribute_not_exists({_REVISION})"}
        values = {":revision": replacing.lock}
        return request | {"ConditionExpression": f"{_REVISION} = :revision", "ExpressionAttributeValues": values}

    def _batch_get(self, domain_ids: Sequence[str]) -> Iterator[dict[str, DomainRow | None]]:
        request: Any = {self.name: {"Keys": [{"DomainId": {"S": each}} for each in domain_ids], "ConsistentRead": True}}
        left = dict.fromkeys(domain_ids)
        empty_replies = 0
        while left:
            reply = self.client.batch_get_item(RequestItems=request)
            found = {item["DomainId"]["S"]: item for item in reply["Responses"].get(self.name, [])}
            request = reply.get("UnprocessedKeys", {})
            unprocessed = {key["DomainId"]["S"] for key in request.get(self.name, {}).get("Keys", [])}
            read = [domain_id for domain_id in left if domain_id not in unprocessed]
            for domain_id in read:
                del left[domain_id]
            if read:
                yield {each: DomainRow.from_item(found.pop(each)) if each in found else None for each in read}
            # A reply has at most 1 MB of a partition, so large rows need many replies. That is not an error.
            empty_replies = 0 if read else empty_replies + 1
            if empty_replies == _MAX_EMPTY_REPLIES:
                raise ReadIncomplete(
                    f"requested {len(domain_ids)} rows; {empty_replies} replies in succession had none of them"
                )
            if left:
                # as DynamoDB recommends; about 6 s in total
                self.clock.back_off(max(1, empty_replies), first_seconds=0.1, most_seconds=6.4)
