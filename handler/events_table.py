"""The domain events table: append and read, nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from .attribute_value import Item
from .stored_event import StoredEvent, same_content

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient


class Appended(Enum):
    """What became of an append."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class EventsTable:
    """The store of all domains' events. Nothing here changes or removes one."""

    client: "DynamoDBClient"
    name: str

    def append(self, item: Item) -> Appended:
        """Store an event, unless its key is taken: then tell whether by the same content. One call.

        Raises:
            botocore.exceptions.ClientError: the table cannot be written just now.
        """
        try:
            self.client.put_item(
                TableName=self.name,
                Item=item,
                ConditionExpression="attribute_not_exists(EventKey)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self.client.exceptions.ConditionalCheckFailedException as error:
            stored: Any = error.response.get("Item", {})
            return Appended.DUPLICATE if same_content(stored, item) else Appended.CONFLICT
        return Appended.STORED

    def read(self, domain_id: str, *, up_to: str | None = None) -> Iterator[StoredEvent]:
        """A domain's events in EventKey order, strongly consistent, page by page."""
        for page in self._pages(domain_id, up_to):
            yield from map(StoredEvent.of, page["Items"])

    def keys(self, domain_id: str, *, up_to: str) -> Iterator[str]:
        """A domain's EventKeys, likewise. Spares the transfer; DynamoDB charges as for whole items."""
        for page in self._pages(domain_id, up_to, ProjectionExpression="EventKey"):
            yield from (item["EventKey"]["S"] for item in page["Items"])

    def _pages(self, domain_id: str, up_to: str | None, **options: Any) -> Any:
        condition = "DomainId = :domain"
        values: dict[str, Any] = {":domain": {"S": domain_id}}
        if up_to is not None:
            condition += " AND EventKey <= :last"
            values[":last"] = {"S": up_to}
        return self.client.get_paginator("query").paginate(
            TableName=self.name,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ConsistentRead=True,
            **options,
        )
