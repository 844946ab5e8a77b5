"""The domain table: rows read strongly consistent, written only on condition."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..projection.rows import BOOKKEEPING, DomainRow
from ..projection.stores import RowChanged
from ..values.clock import Clock

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

MAX_ROWS_PER_READ = 20
"""Rows of one BatchGetItem. It might ask for 100, and get 16 MB of them; a row's Python objects, with what is computed
from them, may take 200 times its size."""

_MAX_EMPTY_REPLIES = 8


class ReadIncomplete(Exception):
    """DynamoDB kept leaving keys of a batched read unprocessed: it is throttled."""


@dataclass(frozen=True, slots=True)
class DomainTable:
    """The rows of all domains."""

    client: "DynamoDBClient"
    name: str
    clock: Clock

    def read_many(self, domain_ids: Sequence[str]) -> Iterator[dict[str, DomainRow | None]]:
        """The rows of different domains by DomainId, in parts of MAX_ROWS_PER_READ at most, as they are needed.

        Raises:
            ReadIncomplete: throttled for too long.
            botocore.exceptions.ClientError: the table cannot be read just now.
        """
        for start in range(0, len(domain_ids), MAX_ROWS_PER_READ):
            yield from self._batch_get(domain_ids[start : start + MAX_ROWS_PER_READ])

    def read(self, domain_id: str) -> DomainRow | None:
        """One domain's row."""
        reply = self.client.get_item(TableName=self.name, Key={"DomainId": {"S": domain_id}}, ConsistentRead=True)
        return DomainRow.from_item(reply["Item"]) if "Item" in reply else None

    def write(self, row: DomainRow, *, replacing: DomainRow | None) -> None:
        """Write `row` over `replacing`, and over nothing else.

        Raises:
            RowChanged: the table no longer holds `replacing`.
            botocore.exceptions.ClientError: the table cannot be written just now.
        """
        options: dict[str, Any] = {"ExpressionAttributeNames": {"#notes": BOOKKEEPING, "#revision": "Revision"}}
        if replacing is None:
            options["ConditionExpression"] = "attribute_not_exists(#notes.#revision)"
        else:
            options["ConditionExpression"] = "#notes.#revision = :revision"
            options["ExpressionAttributeValues"] = {":revision": replacing.lock}
        try:
            self.client.put_item(TableName=self.name, Item=row.to_item(), **options)
        except self.client.exceptions.ConditionalCheckFailedException as error:
            raise RowChanged(row.domain_id) from error

    def _batch_get(self, domain_ids: Sequence[str]) -> Iterator[dict[str, DomainRow | None]]:
        asked: Any = {self.name: {"Keys": [{"DomainId": {"S": each}} for each in domain_ids], "ConsistentRead": True}}
        left = dict.fromkeys(domain_ids)
        vain = 0
        while left:
            reply = self.client.batch_get_item(RequestItems=asked)
            found = {item["DomainId"]["S"]: item for item in reply["Responses"].get(self.name, [])}
            asked = reply.get("UnprocessedKeys", {})
            unprocessed = {key["DomainId"]["S"] for key in asked.get(self.name, {}).get("Keys", [])}
            read = [domain_id for domain_id in left if domain_id not in unprocessed]
            for domain_id in read:
                del left[domain_id]
            if read:
                yield {each: DomainRow.from_item(found.pop(each)) if each in found else None for each in read}
            # A reply ends at 1 MB of a partition: with large rows it takes many, which is no fault.
            vain = 0 if read else vain + 1
            if vain == _MAX_EMPTY_REPLIES:
                raise ReadIncomplete(f"{len(domain_ids)} rows asked for, none read {vain} times in a row")
            if left:
                # full jitter, as DynamoDB asks for unprocessed keys; 50 ms doubling, so about 6 s in all at most
                self.clock.sleep(random.uniform(0, 0.05 * 2**vain))  # noqa: S311
