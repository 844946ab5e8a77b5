"""Appends events to the domain events table and reads them. It does nothing else."""

from collections.abc import Iterator
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from ..events.key_set import Span
from ..events.stored_event import ERASED, StoredEvent, same_content
from ..values.attribute_value import Item

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient


class ItemRefused(Exception):
    """DynamoDB can never store this item. The message is DynamoDB's."""


class Appended(Enum):
    """The result of an append."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    ERASED = "erased"


class EventsTable(NamedTuple):
    """The events of all domain objects. No method changes or removes an event."""

    client: "DynamoDBClient"
    name: str

    def append(self, item: Item) -> Appended:
        """Store an event in one call. If its key is taken, report if it has the same content, or a tombstone.

        Raises:
            ItemRefused: the item can never be stored.
            botocore.exceptions.ClientError: the table cannot be written now.
        """
        try:
            self.client.put_item(**self.put(item), ReturnValuesOnConditionCheckFailure="ALL_OLD")
        except self.client.exceptions.ConditionalCheckFailedException as error:
            stored: Any = error.response.get("Item", {})
            if ERASED in stored:  # the erased content is gone and cannot be compared
                return Appended.ERASED
            return Appended.DUPLICATE if same_content(stored, item) else Appended.CONFLICT
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "ValidationException":
                raise
            raise ItemRefused(error.response["Error"].get("Message", "")) from error
        return Appended.STORED

    def put(self, item: Item) -> Any:
        """The request to store an event if its key is free."""
        return {"TableName": self.name, "Item": item, "ConditionExpression": "attribute_not_exists(EventKey)"}

    def read(self, domain_id: str, span: Span) -> Iterator[StoredEvent]:
        """A domain object's events whose keys lie in a span: in EventKey order, strongly consistent, page by page."""
        for page in self._pages(domain_id, span):
            page.reverse()
            while page:  # free each item when it was used: a whole page at once has left the cache of the processor
                yield StoredEvent.of(page.pop())

    def keys(self, domain_id: str, span: Span) -> Iterator[str]:
        """For each of these events, the key by which a KeySet counts it.

        It transfers less than `read`, but DynamoDB charges for whole items.
        """
        for page in self._pages(domain_id, span, ProjectionExpression=f"DomainId, EventKey, {ERASED}"):
            yield from (StoredEvent.of(item).counted for item in page)

    def _pages(self, domain_id: str, span: Span, **options: Any) -> Iterator[list[Item]]:
        condition, values = _condition(span)
        pages = self.client.get_paginator("query").paginate(
            TableName=self.name,
            KeyConditionExpression=f"DomainId = :domain{condition}",
            ExpressionAttributeValues={":domain": {"S": domain_id}, **values},
            ConsistentRead=True,
            **options,
        )
        for page in pages:
            items = page["Items"]
            # DynamoDB's BETWEEN includes both ends
            if items and items[0]["EventKey"]["S"] == span.after:
                del items[0]
            if items and items[-1]["EventKey"]["S"] == span.before:
                del items[-1]
            yield items


def _condition(span: Span) -> tuple[str, Item]:
    start, end = span.after or span.start, span.before or span.up_to
    values = {name: {"S": key} for name, key in ((":start", start), (":end", end)) if key}
    if start and end:
        return " AND EventKey BETWEEN :start AND :end", values
    if start:
        return " AND EventKey >= :start", values
    return (" AND EventKey <= :end" if end else ""), values
