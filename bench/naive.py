"""The handler that most people write, without guards: for each event it reads the row, applies the event and writes."""

from collections.abc import Mapping, Sequence
from typing import Any

from cp_event_source.handler.domain.logic import RowItem
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.values.attribute_value import decode_item, encode_item

from .layers import Layer
from .pipeline import ROWS


def handle_batch(client: Any, layer: Layer, records: Sequence[Mapping[str, Any]]) -> None:
    """Apply a batch of the stream, in the order of its records."""
    for record in records:
        event = StoredEvent.of(record["dynamodb"]["NewImage"])
        reply = client.get_item(TableName=ROWS, Key={"DomainId": {"S": event.domain_id}})
        logic = layer.logic
        domain = logic.from_dynamo_item(RowItem(decode_item(reply["Item"]))) if "Item" in reply else None
        after = logic.apply(logic.create_new(event) if domain is None else domain, event)
        client.put_item(TableName=ROWS, Item=encode_item(logic.to_dynamo_item(after)))


def handle_batch_by_table(table: Any, layer: Layer, records: Sequence[Mapping[str, Any]]) -> None:
    """The same with a `Table` of boto3's, which converts the values itself, as its guide shows."""
    for record in records:
        event = StoredEvent.of(record["dynamodb"]["NewImage"])
        reply = table.get_item(Key={"DomainId": event.domain_id})
        logic = layer.logic
        domain = logic.from_dynamo_item(RowItem(reply["Item"])) if "Item" in reply else None
        after = logic.apply(logic.create_new(event) if domain is None else domain, event)
        table.put_item(Item=logic.to_dynamo_item(after))
