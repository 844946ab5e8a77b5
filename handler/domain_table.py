"""The domain table: rows read strongly consistent, written only on condition."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .domain_row import BOOKKEEPING, DomainRow
from .projection import RowChanged

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

_BATCH_GET_KEYS = 100
"""Keys of one BatchGetItem, at most (DynamoDB's limit)."""

_MOST_VAIN_TRIES = 8


class ReadIncomplete(Exception):
    """DynamoDB kept leaving keys of a batched read unprocessed: it is throttled."""


@dataclass(frozen=True, slots=True)
class DomainTable:
    """The rows of all domains."""

    client: "DynamoDBClient"
    name: str

    def read_many(self, domain_ids: Sequence[str]) -> dict[str, DomainRow | None]:
        """The rows of different domains by DomainId: one call for each hundred.

        Raises:
            ReadIncomplete: throttled for too long.
            botocore.exceptions.ClientError: the table cannot be read just now.
        """
        rows: dict[str, DomainRow | None] = dict.fromkeys(domain_ids)
        for start in range(0, len(domain_ids), _BATCH_GET_KEYS):
            for item in self._batch_get(domain_ids[start : start + _BATCH_GET_KEYS]):
                rows[item["DomainId"]["S"]] = DomainRow.from_item(item)
        return rows

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
            options["ExpressionAttributeValues"] = {":revision": {"S": replacing.revision}}
        try:
            self.client.put_item(TableName=self.name, Item=row.to_item(), **options)
        except self.client.exceptions.ConditionalCheckFailedException as error:
            raise RowChanged(row.domain_id) from error

    def _batch_get(self, domain_ids: Sequence[str]) -> list[dict[str, Any]]:
        asked: dict[str, Any] = {
            self.name: {"Keys": [{"DomainId": {"S": each}} for each in domain_ids], "ConsistentRead": True}
        }
        items: list[dict[str, Any]] = []
        vain = 0
        while asked:
            reply = self.client.batch_get_item(RequestItems=asked)
            found = reply["Responses"].get(self.name, [])
            items += found
            asked = dict(reply.get("UnprocessedKeys", {}))
            # A reply ends at 16 MB, and at 1 MB of a partition: with large rows it takes many, which is no fault.
            vain = 0 if found else vain + 1
            if vain == _MOST_VAIN_TRIES:
                raise ReadIncomplete(f"{len(domain_ids)} rows asked for, none read {vain} times in a row")
            if asked:
                # full jitter, as DynamoDB asks for unprocessed keys; 50 ms doubling, so about 6 s in all at the most
                time.sleep(random.uniform(0, 0.05 * 2**vain))  # noqa: S311
        return items
