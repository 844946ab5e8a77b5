"""Events and domain logic for tests."""

import time
from types import ModuleType
from typing import Any

from cp_event_source.handler.domain.logic import DomainLogic
from cp_event_source.handler.events.domain_event import parse_domain_event
from cp_event_source.handler.events.stored_event import StoredEvent, to_item


def detail(number: int = 1, payload: Any = None, **fields: Any) -> dict[str, Any]:
    """The domain event of second `number`, with `fields` replaced."""
    return {
        "DomainId": "d-1",
        "EventTime": f"2026-01-01T00:{number // 60:02}:{number % 60:02}Z",
        "EventId": f"e-{number}",
        "UserId": "u-1",
        "EventType": "DOMAIN",
        "EventName": "Noted",
        "DomainName": "File",
        "Payload": payload,
        "Version": 1,
    } | fields


def stored(number: int = 1, payload: Any = None, **fields: Any) -> StoredEvent:
    """The same event as the store gives it."""
    event = parse_domain_event(
        detail(number, payload, **fields), domain_name="File", latest="9999-12-31T23:59:59.999999999Z"
    )
    return StoredEvent.of(to_item(event, {"Id": "b-1"}))


def erased(event: StoredEvent, by: Any = None) -> StoredEvent:
    """The tombstone over an event."""
    key = {name: event.item[name] for name in ("DomainId", "EventKey")}
    return StoredEvent.of({**key, "Erased": by or {"S": "2026-11-25"}})


def layer(*classes: type, **members: Any) -> ModuleType:
    """A layer's module with these members."""
    module = ModuleType("domain_handler")
    for each in classes:
        setattr(module, each.__name__, each)
    for name, member in members.items():
        setattr(module, name, member)
    return module


def logic(*classes: type) -> DomainLogic:
    """The logic of a layer with these classes."""
    return DomainLogic(layer(*classes))


class NotStopped(BaseException):
    """Nothing stopped what should have been stopped."""


def endless() -> None:
    """Runs until it is stopped. If nothing stops it, it ends after a time that is long enough to fail the test."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        pass
    raise NotStopped
