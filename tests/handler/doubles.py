"""Stores in memory that count and fail, and a domain whose state shows exactly what was folded, in which order."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

from cp_event_source.handler.domain.logic import DomainLogic
from cp_event_source.handler.events.key_set import NO_KEYS, KeySet, Span
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.projection.folding import FoldConfig
from cp_event_source.handler.projection.plan import Outcome
from cp_event_source.handler.projection.projection import Delivery, Projection
from cp_event_source.handler.projection.rebuild import Rebuilds
from cp_event_source.handler.projection.rows import DomainRow
from cp_event_source.handler.projection.snapshots import Snapshot
from cp_event_source.handler.projection.stores import RowChanged, Stores
from cp_event_source.handler.values.budget import UNLIMITED, Budget
from cp_event_source.testing import memory
from cp_event_source.testing.memory import InOrder as InOrder
from tests.doubles.clock import FunctionClock

DOMAIN_ID = "domain-1"


def stored(number: int, *, domain_id: str = DOMAIN_ID, poison: bool = False, event_id: str = "") -> StoredEvent:
    """The event of minute `number`; a poisonous one is refused by every version of the logic before v2."""
    key = f"2026-01-01T{number // 60:02}:{number % 60:02}:00.000000000Z#{event_id or f'e{number}'}"
    return StoredEvent.of(
        {
            "DomainId": {"S": domain_id},
            "EventKey": {"S": key},
            "EventTime": {"S": key[:20]},
            "EventId": {"S": event_id or f"e{number}"},
            "UserId": {"S": "user"},
            "EventType": {"S": "DOMAIN"},
            "EventName": {"S": "Poison" if poison else "Numbered"},
            "DomainName": {"S": "Log"},
            "Version": {"N": "1"},
            "Payload": {"M": {"Number": {"N": str(number)}}},
        }
    )


def logic(version: str) -> DomainLogic:
    """Logic that notes each event's id, and the version that folded it; versions before v2 refuse poison."""

    class Log:  # a dataclass would take most of the time of a small world
        def __init__(self, domain_id: str, entries: list[str], versions: list[str]) -> None:
            self.DomainId = domain_id
            self.Entries = entries
            self.Versions = versions

        def apply(self, event_id: str, event_name: str) -> None:
            if event_name == "Poison" and version < "v2":
                raise ValueError("poison")
            self.Entries.append(event_id)
            self.Versions.append(version)

    class Domain:
        @staticmethod
        def from_dynamo_item(item: Any) -> Log:
            return Log(item.DomainId, item.Entries, item.Versions)

        @staticmethod
        def create_new(domain_id: str, user_id: str) -> Log:
            return Log(domain_id, [], [])

        @staticmethod
        def to_dynamo_item(log: Log) -> dict[str, Any]:
            return {"DomainId": log.DomainId, "Entries": log.Entries, "Versions": log.Versions}

    module = ModuleType("domain_handler")
    module.__dict__.update(Domain=Domain, Log=Log)
    return DomainLogic(module)


def counting(version: str) -> DomainLogic:
    """Logic with a row of one size, for long histories."""

    class Counter:
        def __init__(self, domain_id: str, count: int = 0) -> None:
            self.DomainId = domain_id
            self.Count = count

        def apply(self) -> None:
            self.Count += 1

    class Domain:
        @staticmethod
        def from_dynamo_item(item: Any) -> Counter:
            return Counter(item.DomainId, item.Count)

        @staticmethod
        def create_new(domain_id: str) -> Counter:
            return Counter(domain_id)

        @staticmethod
        def to_dynamo_item(counter: Counter) -> dict[str, Any]:
            return {"DomainId": counter.DomainId, "Count": counter.Count}

    module = ModuleType("domain_handler")
    module.__dict__.update(Domain=Domain, Counter=Counter)
    return DomainLogic(module)


def key_set(keys: Iterable[str]) -> KeySet:
    """Count and digest of events with these keys."""
    counted = NO_KEYS
    for key in keys:
        counted = counted.plus(key)
    return counted


@dataclass
class MemoryEvents(memory.MemoryEvents):
    """The event store; counts what is read."""

    items_read: int = 0
    keys_read: int = 0
    ever: dict[str, str] = field(default_factory=dict)
    """The key of each event that was ever put, by its id."""

    def put(self, *events: StoredEvent) -> None:
        super().put(*events)
        self.ever |= {event.event_id: event.key for event in events}

    def read(self, domain_id: str, span: Span) -> Iterator[StoredEvent]:
        for event in super().read(domain_id, span):
            self.items_read += 1
            yield event

    def keys(self, domain_id: str, span: Span) -> Iterator[str]:
        for key in super().keys(domain_id, span):
            self.keys_read += 1
            yield key


@dataclass
class MemoryRows(memory.MemoryRows):
    """The domain table; `before_write` runs once, just before the next write."""

    before_write: Callable[[], object] | None = None
    after_write: Callable[[DomainRow], None] = field(default=lambda row: None)
    lose_reply: bool = False
    writes: int = 0

    def write(self, row: DomainRow, *, replacing: DomainRow | None) -> None:
        intruder, self.before_write = self.before_write, None
        if intruder is not None:
            intruder()
        super().write(row, replacing=replacing)
        self.writes += 1
        self.after_write(row)
        if self.lose_reply:  # the SDK tries again and finds the condition broken by its own first try
            self.lose_reply = False
            raise RowChanged(row.domain_id)


@dataclass
class MemorySnapshots(memory.MemorySnapshots):
    """The snapshots table; counts what is read."""

    reads: int = 0

    def get(self, domain_id: str, slot: int) -> Snapshot | None:
        self.reads += 1
        return super().get(domain_id, slot)


def project(
    projection: Projection,
    events: Sequence[StoredEvent],
    row: DomainRow | None,
    budget: Budget = UNLIMITED,
    *,
    may_crash: bool = False,
) -> Outcome:
    """The outcome of one domain object's delivery. Raises what makes it go back to the stream."""
    delivery = Delivery(events[0].domain_id, [event.item for event in events], row, may_crash)
    (result,) = projection.project([delivery], budget)
    for error in result.errors:
        raise error
    assert result.plan is not None
    return result.plan.outcome


@dataclass
class World:
    """One pipeline's tables, and projections of several logic versions upon them."""

    events: MemoryEvents = field(default_factory=MemoryEvents)
    rows: MemoryRows = field(default_factory=MemoryRows)
    snapshots: MemorySnapshots = field(default_factory=MemorySnapshots)
    notices: memory.MemoryNotices = field(default_factory=memory.MemoryNotices)
    events_per_mark: int = 2
    """Few, so that short histories have marks."""
    logic: Callable[[str], DomainLogic] = logic
    clock: FunctionClock = field(default_factory=FunctionClock)

    def __post_init__(self) -> None:
        if self.logic is logic:
            self.rows.after_write = self.check_marks

    def check_marks(self, row: DomainRow) -> None:
        """Guarantee of every row as it is written: its marks, and the snapshots there, hold what the row holds.

        Not looked at where events are erased: a row does not show which tombstones it counts.
        """
        if any(event.is_erased for event in self.events.events.get(row.domain_id, {}).values()):
            return
        keys = [self.events.ever[entry["S"]] for entry in row.state.attributes.get("Entries", {"L": []})["L"]]
        for mark in row.marks.read():
            before = [key for key in keys if key < mark.key]
            assert mark.applied == key_set(before), f"the mark {mark} is not of {before}"
            item = self.snapshots.items.get((row.domain_id, mark.slot)) if mark.slot is not None else None
            snapshot = Snapshot.from_item(item) if item is not None else None
            if snapshot is not None and snapshot.is_of(mark):
                entries = [entry["S"] for entry in snapshot.state.attributes["Entries"]["L"]]
                assert [self.events.ever[each] for each in entries] == before, f"the snapshot of {mark} is another's"

    @property
    def stores(self) -> Stores:
        return Stores(self.events, self.rows, self.snapshots)

    def projection(self, version: str = "v1", *, process: str | None = None) -> Projection:
        projection = Projection(self.stores, self.notices, self.config(version), self.clock, InOrder())
        return projection if process is None else replace(projection, process=process)

    def rebuilds(self, version: str = "v1") -> Rebuilds:
        return Rebuilds(self.stores, self.config(version), self.clock)

    def config(self, version: str) -> FoldConfig:
        return FoldConfig(self.logic(version), version, seconds_per_event=5, events_per_mark=self.events_per_mark)

    def deliver(self, *batch: StoredEvent, version: str = "v1") -> Any:
        """Store a batch of one domain's events and project it, as the stream would."""
        self.events.put(*batch)
        return project(self.projection(version), batch, self.rows.read(batch[0].domain_id))

    def make_busy(self) -> None:
        """Let another writer be faster three times, and from now on write the row during each pause."""
        races, sleep = 3, self.clock.sleep

        def write() -> None:
            row = self.row()
            self.rows.items[row.domain_id] = row.followed_by().to_item()

        def win() -> None:
            nonlocal races
            races -= 1
            write()
            self.rows.before_write = win if races else None

        def sleep_and_write(seconds: float) -> None:
            sleep(seconds)
            write()

        self.rows.before_write, self.clock.sleep = win, sleep_and_write  # type: ignore[method-assign]

    def row(self, domain_id: str = DOMAIN_ID) -> DomainRow:
        row = self.rows.read(domain_id)
        assert row is not None
        return row

    def budget(self, *, events: int) -> Budget:
        """A budget with a whole invocation that ends after this many events."""

        class Counted(Budget):
            left = events

            def is_over(self) -> bool:
                Counted.left -= 1
                return Counted.left < 0

            def check(self) -> None:
                """Before the first event there is always time."""

        return Counted()

    def versions(self, domain_id: str = DOMAIN_ID) -> list[str]:
        """The version of the logic that folded each of them."""
        return [version["S"] for version in self.row(domain_id).state.attributes["Versions"]["L"]]

    def entries(self, domain_id: str = DOMAIN_ID) -> list[str]:
        """The ids of the events in the row's state, in the order in which they were folded."""
        entries = self.row(domain_id).state.attributes.get("Entries", {"L": []})
        return [entry["S"] for entry in entries["L"]]
