"""Events for the tests, and the rows, notices and messages that a pipeline made of them."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import ModuleType
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from cp_event_source.deployed.queue_messages import Message
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.projection.rows import DomainRow
from cp_event_source.local import Pipeline

START = datetime(2026, 1, 1, tzinfo=UTC)


def new_id() -> str:
    return str(uuid.uuid4())


def domain_event(domain_id: str, second: float, name: str, payload: Any, **fields: Any) -> dict[str, Any]:
    """A File event, `second` seconds after the start of the year. `fields` replace any of its fields."""
    time = (START + timedelta(seconds=second)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "DomainId": domain_id,
        "EventTime": time,
        "EventId": new_id(),
        "UserId": "somebody",
        "EventType": "DOMAIN",
        "EventName": name,
        "DomainName": "File",
        "Payload": payload,
        "Version": 1,
    } | fields


def uploaded(domain_id: str, second: float = 0, **fields: Any) -> dict[str, Any]:
    return domain_event(domain_id, second, "FileUploaded", {"Name": "a.txt", "Size": 1}, **fields)


def renamed(domain_id: str, second: float, name: str, **fields: Any) -> dict[str, Any]:
    return domain_event(domain_id, second, "FileRenamed", {"Name": name}, **fields)


def stored(pipeline: Pipeline, domain_id: str) -> list[StoredEvent]:
    """The domain object's stored events, in EventKey order."""
    return [event for event in pipeline.events() if event.domain_id == domain_id]


def row(pipeline: Pipeline, domain_id: str) -> DomainRow:
    return pipeline.rows()[domain_id]


def attributes(pipeline: Pipeline, domain_id: str) -> dict[str, Any]:
    """The business attributes of the domain row, as plain Python values."""
    return _plain(row(pipeline, domain_id).state.attributes)


def quarantined(pipeline: Pipeline, marker: str) -> list[Message]:
    """The quarantined messages that contain a text."""
    return [message for message in pipeline.quarantined() if marker in message.body]


def notices(pipeline: Pipeline, domain_id: str) -> list[dict[str, Any]]:
    """The parked queue's notices about a domain object."""
    found = [json.loads(message.body) for message in pipeline.parking_notices()]
    return [notice for notice in found if notice["DomainId"] == domain_id]


def folded(logic: ModuleType, events: list[dict[str, Any]]) -> dict[str, Any]:
    """What a row must hold: a plain fold of a file's events by time and id, each event once."""
    unique = {event["EventId"]: event for event in events}
    ordered = sorted(unique.values(), key=lambda event: (event["EventTime"], event["EventId"]))
    first = ordered[0]
    domain = logic.Domain.create_new(first["DomainId"], first["UserId"], first["EventTime"])
    for event in ordered:
        payload = json.loads(json.dumps(event["Payload"]), parse_float=Decimal)
        domain.apply(payload, event["EventName"], event["EventTime"])
    item: dict[str, Any] = logic.Domain.to_dynamo_item(domain)
    return item


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    return {name: TypeDeserializer().deserialize(value) for name, value in item.items()}
