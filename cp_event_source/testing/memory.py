"""Stores in memory for the projection: they keep items, as DynamoDB does, and the conditions of writes."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from ..handler.events.key_set import Span
from ..handler.events.stored_event import StoredEvent
from ..handler.projection.notes import Parked
from ..handler.projection.rows import BOOKKEEPING, DomainRow
from ..handler.projection.snapshots import Snapshot, slot_key
from ..handler.projection.stores import RowChanged
from ..handler.values.attribute_value import Item

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


@dataclass
class MemoryEvents:
    """The events table."""

    events: dict[str, dict[str, StoredEvent]] = field(default_factory=dict)
    """Each domain object's events, by EventKey."""
    _in_order: dict[str, list[str]] = field(default_factory=dict)

    def put(self, *events: StoredEvent) -> None:
        """Store events; one with the key of a stored event replaces it."""
        for event in events:
            of_the_object = self.events.setdefault(event.domain_id, {})
            if event.key not in of_the_object:
                insort(self._sorted(event.domain_id), event.key)
            of_the_object[event.key] = event

    def lose(self, *events: StoredEvent) -> None:
        """Remove events, which no code of the pipeline can do."""
        for event in events:
            del self.events[event.domain_id][event.key]
            self._in_order.pop(event.domain_id, None)

    def read(self, domain_id: str, span: Span) -> Iterator[StoredEvent]:
        """A domain object's events whose keys lie in a span."""
        for key in self._within(domain_id, span):
            yield self.events[domain_id][key]

    def keys(self, domain_id: str, span: Span) -> Iterator[str]:
        """For each of these events, the key by which a KeySet counts it."""
        for key in self._within(domain_id, span):
            yield self.events[domain_id][key].counted

    def _within(self, domain_id: str, span: Span) -> list[str]:
        keys = self._sorted(domain_id)
        first = bisect_left(keys, span.start) if span.after is None else bisect_right(keys, span.after)
        if span.before is not None:
            return keys[first : bisect_left(keys, span.before)]
        return keys[first:] if span.up_to is None else keys[first : bisect_right(keys, span.up_to)]

    def _sorted(self, domain_id: str) -> list[str]:
        if domain_id not in self._in_order:
            self._in_order[domain_id] = sorted(self.events.get(domain_id, {}))
        return self._in_order[domain_id]


@dataclass
class MemoryRows:
    """The domain table."""

    items: dict[str, Item] = field(default_factory=dict)

    def read(self, domain_id: str) -> DomainRow | None:
        """A domain object's row."""
        item = self.items.get(domain_id)
        return DomainRow.from_item(item) if item is not None else None

    def write(self, row: DomainRow, *, replacing: DomainRow | None) -> None:
        """Write `row` if the table still holds `replacing`. Raises RowChanged if it does not."""
        now = self.items.get(row.domain_id, {}).get(BOOKKEEPING, {}).get("M", {}).get("Revision")
        if now != (replacing.lock if replacing else None):
            raise RowChanged(row.domain_id)
        self.items[row.domain_id] = row.to_item()


@dataclass
class MemorySnapshots:
    """The snapshots table."""

    items: dict[tuple[str, int], Item] = field(default_factory=dict)

    def get(self, domain_id: str, slot: int) -> Snapshot | None:
        """The snapshot in a slot."""
        item = self.items.get((domain_id, slot))
        return Snapshot.from_item(item) if item is not None else None

    def put(self, domain_id: str, slot: int, snapshot: Snapshot) -> None:
        """Put a snapshot into a slot, over the one that is there."""
        self.items[domain_id, slot] = snapshot.to_item(domain_id, slot)

    def wipe(self, domain_id: str, slot: int) -> None:
        """Remove the contents of the snapshot in a slot, if there is one."""
        if (domain_id, slot) in self.items:
            self.items[domain_id, slot] = slot_key(domain_id, slot)


@dataclass
class MemoryTransactions:
    """The transactions of decisions, on the two tables."""

    events: MemoryEvents
    rows: MemoryRows

    def write(self, events: Sequence[StoredEvent], row: DomainRow, *, replacing: DomainRow | None) -> None:
        """Append events and write their row. Raises RowChanged if a key is taken or the row is another."""
        of_the_object = self.events.events.get(row.domain_id, {})
        if any(event.key in of_the_object for event in events):
            raise RowChanged(row.domain_id)
        self.rows.write(row, replacing=replacing)
        self.events.put(*events)


@dataclass
class MemoryNotices:
    """The parked queue."""

    sent: list[tuple[str, Parked]] = field(default_factory=list)

    def send(self, domain_id: str, parked: Parked) -> None:
        """Notify people that a domain object is parked."""
        self.sent.append((domain_id, parked))


class InOrder(Executor):
    """Runs each call at once, in the caller's thread."""

    def submit(
        self, fn: Callable[_Parameters, _Result], /, *args: _Parameters.args, **kwargs: _Parameters.kwargs
    ) -> Future[_Result]:
        """The call's result, or what it raised."""
        future: Future[_Result] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001  as a pool's thread does
            future.set_exception(error)
        return future
