"""Counts each domain object's events while the events table is scanned."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cp_event_source.handler.events.key_set import NO_KEYS, KeySet
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.projection.notes import is_event_key
from cp_event_source.handler.projection.rows import DomainRow
from cp_event_source.operate.event_ids import EventIds
from cp_event_source.operate.scan import Page


@dataclass(frozen=True, slots=True)
class Counted:
    """The stored events of one domain object, as a scan met them."""

    domain_id: str
    events: KeySet
    newest: str
    """The highest EventKey."""
    repeats: bool
    """True if two of its events that are not erased have one EventId."""

    def looks_right(self, row: DomainRow | None) -> bool:
        """True if nothing can be wrong with the object. False says only that it must be looked at again."""
        return (
            row is not None
            and row.readable
            and row.parked is None
            and row.state.applied == self.events
            and row.state.checkpoint == self.newest
            and not self.repeats
        )


def counted_objects(pages: Iterable[Page]) -> Iterator[Counted]:
    """The objects of a scan of the events table, each when its last event has come. Memory holds one for each segment.

    Args:
        pages: the pages of all segments. All items of one DomainId are in one segment and follow each other.
    """
    open_ones: dict[int, _Counting] = {}
    try:
        for page in pages:
            for item in page.items:
                event = StoredEvent.of(item)
                counting = open_ones.get(page.segment)
                if counting is None or counting.domain_id != event.domain_id:
                    if counting is not None:
                        yield counting.end()
                    counting = open_ones[page.segment] = _Counting(event.domain_id)
                counting.add(event)
            if page.next_key is None and page.segment in open_ones:
                yield open_ones.pop(page.segment).end()
    finally:
        for counting in open_ones.values():
            counting.ids.close()


@dataclass(slots=True)
class _Counting:
    domain_id: str
    events: KeySet = NO_KEYS
    newest: str = ""
    repeats: bool = False
    ids: EventIds = field(default_factory=EventIds)

    def add(self, event: StoredEvent) -> None:
        self.events = self.events.plus(event.counted)
        self.newest = event.key
        if earlier_of_id(event, self.ids) is not None:
            self.repeats = True

    def end(self) -> Counted:
        self.ids.close()
        return Counted(self.domain_id, self.events, self.newest, self.repeats)


def earlier_of_id(event: StoredEvent, ids: EventIds) -> str | None:
    """The EventKey of an earlier event with the id of this one; None if there is none. Tombstones do not count."""
    if event.is_erased or not is_event_key(event.key):
        return None
    return ids.first_with(event.event_id, event.key)
