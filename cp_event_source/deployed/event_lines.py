"""Stored events as lines of text, for files: newline-delimited JSON that keeps every digit.

A line is one of two objects. The usual one is the bus event as the pipeline received it: `detail` has the domain event,
`arrived-at` the time of its arrival in the ingest queue, and the other fields what the bus knows. The other one, in
which DynamoDB's own exports to S3 have all items, is the stored item in DynamoDB's JSON: `{"Item": {...}}`. Tombstones
are written in this form, and so are events that the usual form does not hold completely, such as items that a person
wrote. A line of an export of dead letters, which has a bus event as the text `body`, is read, too.
"""

import base64
import zlib
from collections.abc import Mapping
from typing import Any, Final

from cp_event_source.handler.events.domain_event import parse_domain_event
from cp_event_source.handler.events.ingest import BUS_FACTS, Rejected, message_item
from cp_event_source.handler.events.stored_event import ERASED, StoredEvent, bus_of, same_content
from cp_event_source.handler.projection.notes import is_event_key
from cp_event_source.handler.values import exact_json
from cp_event_source.handler.values.attribute_value import Item

_ITEM: Final = "Item"
_ARRIVED_AT: Final = "arrived-at"
_ANY_TIME: Final = "9999-12-31T23:59:60.999999999Z"
_KEYS: Final = ("DomainId", "EventKey")

_WRITTEN_BY_HAND: Final = (LookupError, TypeError, ValueError, AttributeError, zlib.error)
"""What an item raises that is no stored event."""


class BadLine(ValueError):
    """A line holds no event of this pipeline. The message names the field, and shows no payload."""


def line_of(item: Item, domain_name: str) -> str:
    """The line of a stored event, without its end.

    Args:
        item: the item. Of a tombstone the line has only what makes it one.
        domain_name: the pipeline's. The line of a tombstone has it, so that no other domain takes it.
    """
    if ERASED in item:
        item = _tombstone(item) | {"DomainName": {"S": domain_name}}
        return exact_json.dumps({_ITEM: _to_json(item)})
    return _usual_line(item) or exact_json.dumps({_ITEM: _to_json(item)})


def item_of(line: str, *, domain_name: str, latest: str, from_domain: str | None = None) -> Item:
    """The item of a line.

    Args:
        line: the text, with or without its end. If an object in it has a name twice, the last value counts.
        domain_name, latest: as in `parse_domain_event`. Also items must be events of this contract.
        from_domain: the DomainName that the event has, if it is to get another one: `domain_name`.

    Raises:
        BadLine: it is no event of this pipeline.
    """
    text, document = _read(line)
    value = document.value
    if _ITEM in value:
        return _checked(_item(value[_ITEM]), domain_name, latest, from_domain)
    detail = _object(value["detail"])
    if from_domain is not None:
        value = value | {
            "detail": detail | {"DomainName": _renamed(detail.get("DomainName"), from_domain, domain_name)}
        }
    arrived_at = value.get(_ARRIVED_AT)
    if arrived_at is not None and not isinstance(arrived_at, str):
        raise BadLine(f"{_ARRIVED_AT}: must be a text")
    try:
        return message_item(
            value,
            domain_name=domain_name,
            latest=latest,
            arrived_at=arrived_at,
            original=text.rstrip("\r\n") if document.repeats_names else None,
        )
    except Rejected as error:
        raise BadLine(error.reason) from error


def detail_of(line: str) -> dict[str, Any] | None:
    """The domain event in a line, as its producer sent it; None for a tombstone.

    Raises:
        BadLine: it holds no event.
    """
    value = _read(line)[1].value
    if _ITEM not in value:
        return _object(value["detail"])
    item = _item(value[_ITEM])
    return None if ERASED in item else _detail(item)


def detail_of_event(event: StoredEvent) -> dict[str, Any]:
    """A stored event as its producer sent it. If a name was there twice, it has the last value."""
    optional = {"CorrelationId": event.correlation_id, "IpAddress": event.ip_address}
    return {
        **event.extensions,
        "DomainId": event.domain_id,
        "DomainName": event.domain_name,
        "EventTime": event.event_time,
        "EventId": event.item["EventId"]["S"],
        "UserId": event.user_id,
        "EventType": event.event_type,
        "EventName": event.event_name,
        "Version": event.version,
        "Payload": event.payload,
        **{name: value for name, value in optional.items() if value is not None},
    }


def _read(line: str) -> tuple[str, exact_json.Document]:
    """The text of the bus event, or of the item, and its value."""
    try:
        document = exact_json.read(line)
    except ValueError as error:  # no JSON, or a number that nothing here can hold
        raise BadLine(f"must be JSON; {error}") from error
    body = document.value.get("body") if isinstance(document.value, dict) else None
    if isinstance(body, str):  # a message that `dead-letters --export` has written
        return _read(body)
    if not isinstance(document.value, dict) or not document.value.keys() & {_ITEM, "detail"}:
        raise BadLine('must be a bus event, an object with a "detail", or an object with an "Item" in DynamoDB\'s JSON')
    return line, document


def _object(detail: Any) -> dict[str, Any]:
    """The domain event. What else is there is not shown: it may hold anything."""
    if not isinstance(detail, dict):
        raise BadLine(f"detail: must be the domain event, an object; found a {type(detail).__name__}")
    return detail


def _tombstone(item: Item) -> Item:
    return {name: item[name] for name in (*_KEYS, ERASED)}


def _usual_line(item: Item) -> str | None:
    """The bus event that an item was made of, as a line; None if it does not say all that the item does."""
    if "Original" in item:
        return None
    try:
        event = StoredEvent.of(item)
        facts, arrived_at = bus_of(item), event.arrived_at
        message = {BUS_FACTS[name]: value for name, value in facts.items()} | {"detail": detail_of_event(event)}
        made = message_item(message, domain_name=event.domain_name, latest=_ANY_TIME, arrived_at=arrived_at)
        is_complete = (
            same_content(item, made)
            and made["EventKey"] == item["EventKey"]
            and made["EventTime"] == item["EventTime"]
            and made.get("ArrivedAt") == item.get("ArrivedAt")
            and bus_of(made) == facts
        )
        line = exact_json.dumps(message if arrived_at is None else message | {_ARRIVED_AT: arrived_at})
    except (Rejected, *_WRITTEN_BY_HAND):
        return None
    return line if is_complete else None


def _detail(item: Item) -> dict[str, Any]:
    try:
        return detail_of_event(StoredEvent.of(item))
    except _WRITTEN_BY_HAND as error:
        raise BadLine(f"Item: must be a stored event; {type(error).__name__} at {error}") from error


def _checked(item: Item, domain_name: str, latest: str, from_domain: str | None) -> Item:
    """The item, if it is a tombstone or an event of this domain under its own key."""
    for name in _KEYS:
        if not isinstance(item.get(name, {}).get("S"), str) or not item[name]["S"]:
            raise BadLine(f"Item: {name}: must be a text, as in a table of domain events")
    if ERASED in item:
        if not is_event_key(item["EventKey"]["S"]):
            raise BadLine("Item: EventKey: must be an instant and an EventId, as in 2026-03-01T09:00:00.000000000Z#1")
        if item.get("DomainName", {"S": from_domain or domain_name}) != {"S": from_domain or domain_name}:
            raise BadLine(f"Item: DomainName: must be {from_domain or domain_name!r}; found another one")
        return _tombstone(item)
    detail = _detail(item)
    if from_domain is not None:
        detail["DomainName"] = _renamed(detail["DomainName"], from_domain, domain_name)
        item = item | {"DomainName": {"S": domain_name}}
    try:
        event = parse_domain_event(detail, domain_name=domain_name, latest=latest)
    except ValueError as error:
        raise BadLine(f"Item: {error}") from error
    if event.key != item["EventKey"]["S"]:
        raise BadLine(f"Item: EventKey: must be {event.key!r}, by its EventTime and EventId; found another one")
    return item


def _renamed(found: Any, expected: str, new: str) -> str:
    if found != expected:
        raise BadLine(f"DomainName: must be {expected!r}, as --from-domain says; found another one")
    return new


def _item(value: Any) -> Item:
    try:
        return {name: _from_json(attribute) for name, attribute in value.items()}
    except (AttributeError, TypeError, ValueError, RecursionError) as error:
        raise BadLine('Item: must be an item in DynamoDB\'s JSON, such as {"DomainId": {"S": ...}}') from error


def _to_json(item: Item) -> dict[str, Any]:
    return {name: _encoded(attribute) for name, attribute in item.items()}


def _encoded(attribute: Mapping[str, Any]) -> dict[str, Any]:
    ((kind, content),) = attribute.items()
    match kind:
        case "B":
            return {kind: base64.b64encode(bytes(content)).decode()}
        case "BS":
            return {kind: sorted(base64.b64encode(bytes(each)).decode() for each in content)}
        case "SS" | "NS":
            return {kind: sorted(content)}
        case "M":
            return {kind: _to_json(content)}
        case "L":
            return {kind: [_encoded(each) for each in content]}
        case _:
            return {kind: content}


def _from_json(attribute: Any) -> dict[str, Any]:
    ((kind, content),) = attribute.items()
    match kind, content:
        case "B", str():
            return {kind: base64.b64decode(content, validate=True)}
        case (("SS" | "NS"), list()):
            return {kind: [_text(each) for each in content]}
        case (("S" | "N"), _):
            return {kind: _text(content)}
        case "BS", list():
            return {kind: [base64.b64decode(each, validate=True) for each in content]}
        case "M", dict():
            return {kind: {name: _from_json(each) for name, each in content.items()}}
        case "L", list():
            return {kind: [_from_json(each) for each in content]}
        case (("BOOL" | "NULL"), bool()):
            return {kind: content}
        case _:
            raise ValueError(kind)


def _text(value: Any) -> str:
    """A text that DynamoDB can hold."""
    if not isinstance(value, str):
        raise TypeError(value)
    value.encode("utf-8")  # a lone surrogate raises a ValueError
    return value
