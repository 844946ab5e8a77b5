"""Turns an ingest message into an item to store, or rejects it with a reason."""

from collections.abc import Mapping
from typing import Any

from ..values import exact_json
from ..values.attribute_value import Item
from .domain_event import ContractViolation, parse_domain_event
from .ids import NO_IDS, Ids
from .stored_event import Unstorable, to_item

CONTRACT_VIOLATION = "contract-violation"
CONFLICT = "conflict"
UNSTORABLE = "unstorable"

BUS_FACTS = {
    "Id": "id",
    "Time": "time",
    "Source": "source",
    "Account": "account",
    "Region": "region",
    "DetailType": "detail-type",
    "Resources": "resources",
    "ReplayName": "replay-name",
}
"""The facts that the bus itself knows of an event, and their fields. The producer's claims are in `detail`."""

_NO_VALUE: tuple[Any, ...] = (None, [])


class Rejected(Exception):
    """The message can never be stored."""

    def __init__(self, code: str, reason: str, ids: Ids) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.ids = ids


def event_item(body: str, *, domain_name: str, latest: str, arrived_at: str | None = None) -> Item:
    """The item to append for a message's body: a bus event as JSON text.

    Args:
        body: the text. If an object in it has a name twice, the last value counts, and the item also keeps the text.
        domain_name, latest: as in `parse_domain_event`.
        arrived_at: when the message arrived in the queue; UTC, ISO 8601.

    Raises:
        Rejected: the body is not JSON or not a bus event, the event breaks the contract, or it does not fit into an
            item. The reason names the field.
    """
    try:
        document = exact_json.read(body)
    except exact_json.UnreadableNumber as error:
        raise Rejected(UNSTORABLE, f"body: {error}", NO_IDS) from error
    except exact_json.InvalidJson as error:
        raise Rejected(CONTRACT_VIOLATION, f"body: must be JSON; found {error}", NO_IDS) from error
    original = body if document.repeats_names else None
    return message_item(
        document.value, domain_name=domain_name, latest=latest, arrived_at=arrived_at, original=original
    )


def message_item(
    message: Any, *, domain_name: str, latest: str, arrived_at: str | None = None, original: str | None = None
) -> Item:
    """The item to append for a bus event, as `exact_json` reads it.

    Args:
        message: the bus event.
        domain_name, latest: as in `parse_domain_event`.
        arrived_at, original: as in `to_item`.

    Raises:
        Rejected: it is not a bus event, the event breaks the contract, or it does not fit into an item.
    """
    if not isinstance(message, dict):
        raise Rejected(CONTRACT_VIOLATION, "body: must be a bus event, a JSON object with a detail", NO_IDS)
    detail = message.get("detail")
    bus = {name: message[key] for name, key in BUS_FACTS.items() if message.get(key) not in _NO_VALUE}
    try:
        event = parse_domain_event(detail, domain_name=domain_name, latest=latest)
        return to_item(event, bus, arrived_at=arrived_at, original=original)
    except ContractViolation as error:
        raise Rejected(CONTRACT_VIOLATION, str(error), _ids(message, detail)) from error
    except Unstorable as error:
        raise Rejected(UNSTORABLE, str(error), _ids(message, detail)) from error


def ids_of(item: Mapping[str, Any]) -> Ids:
    """The ids and names of a stored event that may be logged."""
    return Ids(
        event_id=item["EventId"]["S"],
        event_name=item["EventName"]["S"],
        correlation_ids=_as_tuple(item.get("CorrelationId", {}).get("S")),
        bus_id=_short_text(item["Bus"].get("M", {}).get("Id", {}).get("S")),
        domain_id=item["DomainId"]["S"],
    )


def _ids(message: Mapping[str, Any], detail: Any) -> Ids:
    fields = detail if isinstance(detail, dict) else {}
    return Ids(
        event_id=_short_text(fields.get("EventId")),
        event_name=_short_text(fields.get("EventName")),
        correlation_ids=_as_tuple(_short_text(fields.get("CorrelationId"))),
        bus_id=_short_text(message.get("id")),
        domain_id=_short_text(fields.get("DomainId")),
    )


def _as_tuple(correlation_id: str | None) -> tuple[str, ...]:
    return () if correlation_id is None else (correlation_id,)


def _short_text(value: Any) -> str | None:
    # an event that breaks the contract may hold anything, so only text that looks like an id is accepted
    return value if isinstance(value, str) and len(value) <= 128 and value.isprintable() and value.isascii() else None
