"""Holds the ids and names of what a log line or a trace segment is about, never an event's content."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

_MAX_CHARACTERS = 8_000
"""The maximum characters of a log line's correlation ids: two hundred UUIDs. Each is a producer's text, and a batch may
have a hundred of them. Without this limit, the escaped texts might not fit into a CloudWatch log event (256 KB)."""


class Ids(NamedTuple):
    """The ids of an event, of a message, or of a domain object and some of its events."""

    event_id: str | None = None
    event_name: str | None = None
    correlation_ids: tuple[str, ...] = ()
    """Each id once, in the order of the events."""
    bus_id: str | None = None
    domain_id: str | None = None

    def fields(self) -> dict[str, object]:
        """The ids as fields of a log line. An unknown id is None."""
        fields: dict[str, object] = {
            "domain_id": self.domain_id,
            "event_id": self.event_id,
            "event_name": self.event_name,
            "bus_event_id": self.bus_id,
        }
        if len(self.correlation_ids) > 1:
            fields["correlation_ids"] = self.correlation_ids
        elif self.correlation_ids:
            fields["correlation_id"] = self.correlation_ids[0]
        return fields


NO_IDS = Ids()


def ids_of_events(items: Iterable[Mapping[str, Any]], domain_id: str | None = None) -> Ids:
    """The ids of stored events.

    It skips missing or malformed correlation ids, since a person may have written an item by hand. It also skips an id
    that would bring the total above 8,000 characters.
    """
    distinct: dict[str, None] = {}
    characters_left = _MAX_CHARACTERS
    for item in items:
        correlation_id = item.get("CorrelationId", {}).get("S")
        if correlation_id is not None and correlation_id not in distinct and len(correlation_id) <= characters_left:
            distinct[correlation_id] = None
            characters_left -= len(correlation_id)
    return Ids(domain_id=domain_id, correlation_ids=tuple(distinct))
