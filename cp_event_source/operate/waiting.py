"""Counts the stored events that a parked row does not hold."""

from dataclasses import dataclass
from itertools import islice
from typing import Final

from cp_event_source.handler.domain.failure import Cause
from cp_event_source.handler.events.key_set import Span
from cp_event_source.handler.projection.notes import Parked
from cp_event_source.handler.projection.rows import DomainRow
from cp_event_source.handler.projection.stores import EventStore

MOST_COUNTED: Final = 1000
MOST_HELD: Final = 10_000
"""If late events wait, the events that the row holds after the first of them are read, too: at most this many."""


@dataclass(frozen=True)
class Waiting:
    """How many events of a parked object wait."""

    count: int
    is_at_least: bool = False
    """True if there are more, or may be."""

    def __str__(self) -> str:
        return f"{self.count:,}{'+' if self.is_at_least else ''}"


def waiting(row: DomainRow, parked: Parked, events: EventStore) -> Waiting:
    """How many stored events, up to the newest that is known to wait, the row does not hold.

    All events before the first one that waits are in the row. So from any mark before that one on, those that wait are
    the stored ones less the held ones. It reads at most 11,001 keys, and a page more.

    Args:
        row: the row.
        parked: its note.
        events: the store.
    """
    checkpoint = row.state.checkpoint or ""
    last = max(checkpoint, parked.waiting_up_to, parked.event_key)
    if parked.waiting_from > checkpoint:  # the row holds nothing from there on
        return _count(events, row.domain_id, Span(start=parked.waiting_from, up_to=last))
    before = row.history_part(parked.waiting_from, parked.waiting_from).before
    held = row.state.applied.count - before.count
    if parked.cause is not Cause.EVENTS_MISSING and held <= MOST_HELD:
        return _count(events, row.domain_id, Span(start=before.key, up_to=last), held)
    # Which of the earlier events wait is not known, or takes too long to find out. At least one does.
    later = _count(events, row.domain_id, Span(after=checkpoint, up_to=last)) if last > checkpoint else Waiting(0)
    return Waiting(max(1, later.count), is_at_least=True)


def _count(events: EventStore, domain_id: str, span: Span, held: int = 0) -> Waiting:
    most = held + MOST_COUNTED
    stored = sum(1 for _ in islice(events.keys(domain_id, span), most + 1))
    return Waiting(max(0, min(stored, most) - held), is_at_least=stored > most)
