"""What a line of the log, or a part of a trace, is about: ids and names, never what an event carries."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_MOST_CHARACTERS = 8_000
"""Of a line's correlation ids: two hundred UUIDs. Each is a producer's text, and a batch may have a hundred: escaped,
they would else not fit into a log event of CloudWatch's (256 KB)."""


@dataclass(frozen=True, slots=True)
class Ids:
    """Of an event, a message, or a domain and some of its events."""

    event_id: str | None = None
    event_name: str | None = None
    correlation_ids: tuple[str, ...] = ()
    """Each once, in the order of the events."""
    bus_id: str | None = None
    domain_id: str | None = None

    def fields(self) -> dict[str, object]:
        """As a line of the log has them; what is not known is None."""
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
    """Of stored events, which may have been written by hand: whatever is not as it should be is left out.

    Their correlation ids are as many as have 8,000 characters together.
    """
    distinct: dict[str, None] = {}
    room = _MOST_CHARACTERS
    for item in items:
        correlation_id = item.get("CorrelationId", {}).get("S")
        if correlation_id is not None and correlation_id not in distinct and len(correlation_id) <= room:
            distinct[correlation_id] = None
            room -= len(correlation_id)
    return Ids(domain_id=domain_id, correlation_ids=tuple(distinct))
