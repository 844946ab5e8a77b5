"""Domain events of a typical size (half a kilobyte as an item), ordered by their numbers."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from cp_event_source.handler.events.domain_event import parse_domain_event
from cp_event_source.handler.events.stored_event import to_item
from cp_event_source.handler.values.attribute_value import Item
from cp_event_source.handler.values.exact_json import dumps
from tests.doubles.attribute_values import as_json

from .layers import Layer

DOMAIN_NAME = "File"
_FIRST = datetime(2025, 1, 1, tzinfo=UTC)
_NO_LIMIT = "9999-12-31T23:59:59.999999999Z"


def domain_id(number: int = 0) -> str:
    return f"6f1f3a2e-0d8c-4b35-9f0e-{number:012}"


def detail(layer: Layer, domain_id: str, number: int, *, late: int = 0) -> dict[str, Any]:
    """The event with a number.

    Args:
        layer: the domain that gives the content.
        domain_id: the DomainId.
        number: the position. Events are two seconds apart.
        late: if not 0, a further event, one second after the event with this number. Each value is a different event.
    """
    name, payload = layer.content(number)
    time = _FIRST + timedelta(seconds=2 * number + (late > 0))
    return {
        "DomainId": domain_id,
        "EventTime": f"{time:%Y-%m-%dT%H:%M:%S}.123Z",
        "EventId": f"0b0e7a52-7d5e-4b0b-{late:04}-{number:012}",
        "CorrelationId": "5e0e7a52-7d5e-4b0b-8a6e-000000000001",
        "UserId": "2c3f3a2e-0d8c-4b35-9f0e-2b1b8f1f0c11",
        "EventType": "DOMAIN",
        "EventName": name,
        "DomainName": DOMAIN_NAME,
        "IpAddress": "192.0.2.1",
        "Payload": payload,
        "Version": 1,
    }


def item(layer: Layer, domain_id: str, number: int, *, late: int = 0) -> Item:
    """The event with a number, as an item of the events table."""
    event = parse_domain_event(detail(layer, domain_id, number, late=late), domain_name=DOMAIN_NAME, latest=_NO_LIMIT)
    bus = {"Id": f"6a7e8feb-b491-4cf7-a9f1-{number:012}", "Source": "com.example.files", "Account": "111122223333"}
    return to_item(event, bus)


def items(layer: Layer, domain_id: str, numbers: range) -> list[Item]:
    return [item(layer, domain_id, number) for number in numbers]


def body(layer: Layer, domain_id: str, number: int, **changes: Any) -> str:
    """The message in the ingest queue with the event of a number."""
    return dumps(
        {
            "version": "0",
            "id": f"6a7e8feb-b491-4cf7-a9f1-{number:012}",
            "detail-type": "DomainEvent",
            "source": "com.example.files",
            "account": "111122223333",
            "time": "2025-01-01T00:00:00Z",
            "region": "us-east-1",
            "resources": [],
            "detail": detail(layer, domain_id, number) | changes,
        }
    )


def records(stored: list[Item]) -> list[dict[str, Any]]:
    """Stream records of items, parsed from JSON as in Lambda: no run shares an object with an earlier run."""
    made = [
        {
            "eventName": "INSERT",
            "dynamodb": {
                "Keys": {"DomainId": each["DomainId"], "EventKey": each["EventKey"]},
                "NewImage": {name: as_json(value) for name, value in each.items()},
                "SequenceNumber": f"{number:021}",
            },
        }
        for number, each in enumerate(stored)
    ]
    fresh: list[dict[str, Any]] = json.loads(json.dumps(made))
    return fresh
