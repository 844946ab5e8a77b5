"""Stored events as people and programs see them."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from cp_event_source.deployed.counted import duration
from cp_event_source.handler.events.lag import milliseconds_since
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.projection.notes import is_event_key
from cp_event_source.handler.values import exact_json
from cp_event_source.handler.values.attribute_value import item_size

ERASED: Final = "(erased)"
UNREADABLE: Final = "(unreadable)"

NOT_DECODED: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, zlib.error)
"""The errors that decoding raises if a person wrote the item by hand."""


def described(event: StoredEvent, *, payload: bool) -> dict[str, Any]:
    """An event for a document. A tombstone, and an item that cannot be decoded, have only their ids and their size."""
    ids: dict[str, Any] = {
        "domain_id": event.domain_id,
        "event_key": event.key,
        "event_id": event.event_id,
        "size": item_size(event.item),
    }
    if event.is_erased:
        return {**ids, "erased": True}
    try:
        fields = _fields(event, payload=payload)
        exact_json.dumps(fields)  # a person may have written values that JSON does not have
    except NOT_DECODED:
        return {**ids, "unreadable": True}
    return ids | fields


def _fields(event: StoredEvent, *, payload: bool) -> dict[str, Any]:
    late = milliseconds_late(event)
    fields = {
        "event_name": event.event_name,
        "event_time": event.event_time,
        "user_id": event.user_id,
        "version": event.version,
        "correlation_id": event.correlation_id,
        "arrived_at": event.arrived_at,
        "seconds_late": None if late is None else Decimal(round(late)) / 1000,
    }
    return {**fields, "payload": event.payload} if payload else fields


def milliseconds_late(event: StoredEvent) -> float | None:
    """Milliseconds from the event's time to its arrival, at least 0; None if the arrival is not known."""
    try:
        arrived = datetime.fromisoformat(event.arrived_at or "").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
    return milliseconds_since(event.key, arrived)


def time_of(key: str) -> str:
    """The time in an EventKey, for people: without the zeros at its end. A key that is none is as it is."""
    time = key.partition("#")[0]
    return f"{time[:-1].rstrip('0').rstrip('.')}Z" if is_event_key(key) else time


@dataclass(frozen=True)
class Columns:
    """The columns of a table of events."""

    payload: bool = False
    domain_id: bool = False
    """True if the events are of several objects. Then the table has the ids that tell what belongs together, and not
    how each event arrived."""

    @property
    def headers(self) -> Sequence[str]:
        ids = ["DomainId"] if self.domain_id else []
        last = ["CorrelationId"] if self.domain_id else ["Version", "Bytes", "Arrived after"]
        return ["EventTime", *ids, "EventName", "EventId", "UserId", *last, *(["Payload"] if self.payload else [])]

    def cells(self, event: StoredEvent) -> Sequence[str]:
        """The cells of one event."""
        known = described(event, payload=self.payload)
        name = ERASED if "erased" in known else UNREADABLE if "unreadable" in known else known["event_name"]
        late = known.get("seconds_late")
        last = (
            [known.get("correlation_id") or ""]
            if self.domain_id
            else [str(known.get("version", "")), str(known["size"]), "" if late is None else _for_people(late)]
        )
        return [
            time_of(event.key),
            *([event.domain_id] if self.domain_id else []),
            name,
            event.event_id,
            known.get("user_id", ""),
            *last,
            *([exact_json.dumps(known["payload"]) if "payload" in known else ""] if self.payload else []),
        ]


def _for_people(seconds: Decimal) -> str:
    return f"{seconds:.1f} s" if seconds < 100 else duration(float(seconds))
