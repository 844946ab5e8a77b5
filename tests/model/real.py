"""The real code as a writer in the model's worlds: every call on storage is a step, and others may run between steps.

The code runs in a greenlet of its own. Each storage call hands its step to the explorer and waits for the answer.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any
from unittest.mock import patch

from greenlet import getcurrent, greenlet

from cp_event_source.decide.command import Command
from cp_event_source.decide.deciding import Deciding, Who
from cp_event_source.decide.errors import Contention as NotDecided
from cp_event_source.decide.errors import LogicFailed, ObjectParked, OutcomeUnknown
from cp_event_source.decide.event import Event
from cp_event_source.decide.ports import Busy, NoReply
from cp_event_source.handler.domain.failure import Cause
from cp_event_source.handler.domain.logic import DomainLogic
from cp_event_source.handler.domain.state import INITIAL_STATE, DomainState
from cp_event_source.handler.events.event_time import instant_at
from cp_event_source.handler.events.key_set import NO_KEYS, KeySet, Span
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.projection.crash_probe import MAX_CRASHES
from cp_event_source.handler.projection.folding import FoldConfig
from cp_event_source.handler.projection.notes import Parked
from cp_event_source.handler.projection.projection import Contention, Delivery, Projection
from cp_event_source.handler.projection.rebuild import RebuildFailed, Rebuilds
from cp_event_source.handler.projection.rows import MIXED, DomainRow
from cp_event_source.handler.projection.snapshots import Snapshot
from cp_event_source.handler.projection.stores import RowChanged, Stores
from cp_event_source.handler.values.budget import UNLIMITED, Budget, OutOfTime
from cp_event_source.handler.values.clock import Clock
from tests.handler.doubles import DOMAIN_ID, InOrder, MemoryEvents, logic, stored
from tests.handler.given import erased

from .algorithm import BUSY, SPACING, GetSnapshot, Pause, PutSnapshot, Read, ReadRow, Steps, Transact, WriteRow
from .explore import Numbers, World

_PAGE = 2
"""Events that one step reads."""


@dataclass(frozen=True)
class ReadSpan(Read):  # at most _PAGE events
    span: Span


@dataclass(frozen=True)
class WipeSnapshot:  # None
    slot: int


class RealWorld(World):
    """The model's world with the rows and snapshots that the real code writes."""

    has_shrunk = False
    """True if the last write left fewer events in the row."""
    current: "RealWorld"
    """The world that runs now."""

    def __init__(self) -> None:
        super().__init__(numbers=Numbers(repr))
        self.of_decisions: dict[Any, StoredEvent] = {}
        """The events that decisions made, stored or not, by a number that has the order of their keys."""
        self._pages: dict[Any, list[StoredEvent]] = {}
        """What each read of the store gives."""

    def enter(self) -> None:
        RealWorld.current = self

    def execute(self, step: Any) -> Any:
        match step:
            case WriteRow():
                before: Any = self.row
                written = super().execute(step)
                if written and before is not None:
                    now: Any = self.row
                    self.has_shrunk = len(_ids(now.state)) < len(_ids(before.state))
                return written
            case ReadSpan(span):
                key = (self.store - self.hidden, self.erased, span)
                if key not in self._pages:
                    self._pages[key] = self._events(span)[:_PAGE]
                return self._pages[key]
            case WipeSnapshot(slot):
                self.snapshots = {other: snapshot for other, snapshot in self.snapshots.items() if other != slot}
            case _:
                return super().execute(step)
        return None

    def event(self, key: Any) -> StoredEvent:
        """The event of a key of the world."""
        return self.of_decisions.get(key) or stored(key)

    def number(self, event_id: str) -> Any:
        """The key of a stored event."""
        found = (number for number in self.decided if self.of_decisions[number].event_id == event_id)
        return next(found, None) or int(event_id[1:])

    def transact(self, step: Transact) -> bool | str:
        before: Any = self.row
        written = super().transact(step)
        if written is True and before is not None:
            now: Any = self.row
            self.has_shrunk = len(_ids(now.state)) < len(_ids(before.state))
        return written

    def problems_of_decision(self, step: Transact) -> Iterator[str]:
        own = self.of_decisions[step.key].event_id
        before, after = (
            frozenset(step.key if id_ == own else self.number(id_) for id_ in _ids(row.state))
            for row in map(_row, (self.row, step.row))
        )
        if step.command in self.decided.values():
            yield "the command has an event"
        parked: Any = self.row and self.row.parked
        if parked is not None:
            yield f"the row is parked: {parked}"
        if not step.known >= before:
            yield f"it does not know {sorted(before - step.known)}, which the row holds"
        if not step.known >= self.decided.keys() - self.erased:
            yield f"it does not know the decisions {sorted(self.decided.keys() - step.known)}"
        if step.known and step.key <= max(step.known):
            yield "its event is older than one that it was made on"
        if after != step.known | {step.key}:
            yield f"its row holds {sorted(after)}, and not what it was made on and its event"
        versions = _versions(_row(step.row).state)[:-1]
        if versions != list(step.versions):
            yield f"its row is the fold of {versions}, and it was made on one of {step.versions}"

    def frozen_answer(self, answer: Any) -> Any:
        return self.numbers.number(answer)

    def problems(self) -> Iterator[str]:
        row: Any = self.row
        if row is None:
            return
        held = _ids(row.state)
        events = self._events(Span())
        if not self.rebuilt:  # until then a row may hold events that are erased in the store
            originals = {event.event_id: event for event in map(self.event, self.erased)}
            events = [originals.get(each.event_id, each) if each.event_id in held else each for each in events]
        expected = _remaining(events)
        if row.parked is not None and row.parked.cause is not Cause.LOGIC:
            yield f"still parked: {row.parked}"
        elif row.parked is None:
            if held != expected:
                yield f"the row is not the fold of the store: {held}"
        elif row.parked.event_key > (row.state.checkpoint or ""):
            events = [event for event in events if event.key < row.parked.event_key]
            if held != _remaining(events):
                yield f"the row lacks events before the event that it is parked at: {held}"
        elif not set(held) <= set(expected):
            yield f"the row holds events that it must not hold: {held}"
        elif self.erased:
            return  # a row that lacks late events does not show which tombstones it counts
        if row.state.applied != _keys(events, held):
            yield "the row's count and digest differ from those of its events"
        if row.logic_version != MIXED and set(_versions(row.state)) - {row.logic_version}:
            yield f"the row says {row.logic_version}; these versions folded it: {_versions(row.state)}"
        for mark in row.marks.read():
            before = [event for event in events if event.key < mark.key]
            if mark.applied != _keys(before, held):
                yield f"the mark {mark.key} is not what the row holds before it"
            snapshot: Any = self.snapshots.get(mark.slot) if mark.slot is not None else None
            if snapshot is not None and snapshot.is_of(mark):
                of_one_version = set(_versions(snapshot.state)) <= {snapshot.logic_version}
                if not of_one_version or _ids(snapshot.state) != [id_ for id_ in _remaining(before) if id_ in held]:
                    yield f"the snapshot of {mark.key} is not its fold"

    def problems_at_write(self) -> Iterator[str]:
        row: Any = self.row
        held = _ids(row.state)
        if row.parked is not None and row.parked.cause is Cause.PROCESS_DIED:
            if row.parked.event_id in held:
                yield "parked without a try at an event that the row has"
            if self.crashes < MAX_CRASHES:
                yield f"parked for crashes after {self.crashes}"
        if row.parked is not None and row.parked.cause is Cause.EVENTS_MISSING and not self.has_lost:
            yield "parked for missing events, and none is lost"
        if self.erased:
            return  # a row does not show which tombstones it counts
        if self.has_shrunk:
            yield "the row lost events"
        events = [self.event(self.number(event_id)) for event_id in held]
        if row.state.applied != _keys(events, held):
            yield "the row's count and digest differ from those of its events"
        for mark in row.marks.read():
            before = [event for event in events if event.key < mark.key]
            if mark.applied != _keys(before, held):
                yield f"the mark {mark.key} is not what the row holds before it"
            snapshot: Any = self.snapshots.get(mark.slot) if mark.slot is not None else None
            if snapshot is not None and snapshot.is_of(mark) and _ids(snapshot.state) != [e.event_id for e in before]:
                yield f"the snapshot of {mark.key} is not its fold"

    def traces(self) -> Iterator[str]:
        ids = {self.event(key).event_id for key in self.erased}
        for slot, snapshot in self.snapshots.items():
            state: Any = snapshot.state
            if ids.intersection(_ids(state)):
                yield f"the snapshot in slot {slot} holds erased events: {_ids(state)}"

    def _events(self, span: Span) -> list[StoredEvent]:
        memory = MemoryEvents()
        memory.put(*map(self.event, self.store - self.hidden))
        memory.put(*(erased(self.event(key)) for key in self.erased))
        return list(memory.read(DOMAIN_ID, span))


class WorldsClock(Clock):
    """The world's time. The note of an invocation that ends later stays valid until time passes."""

    def text(self, *, later_by: float = 0) -> str:
        return f"{RealWorld.current.time:03}{'~' if later_by > 0 else ''}" if later_by >= 0 else ""

    def sleep(self, seconds: float) -> None:
        _STORES.rows._step(Pause())  # type: ignore[attr-defined]


class _Storage:
    """Stands for the tables of the projection, and hands every call to the explorer."""

    def _step(self, step: Any) -> Any:
        explorer = getcurrent().parent
        assert explorer is not None
        return explorer.switch(step)


class _Events(_Storage):
    def read(self, domain_id: str, span: Span) -> Iterator[StoredEvent]:
        while page := self._step(ReadSpan(span)):
            yield from page
            if len(page) < _PAGE:
                return
            span = span._replace(after=page[-1].key)

    def keys(self, domain_id: str, span: Span) -> Iterator[str]:
        return (event.counted for event in self.read(domain_id, span))


class _Rows(_Storage):
    def read(self, domain_id: str) -> DomainRow | None:
        row: DomainRow | None = self._step(ReadRow())
        return row

    def write(self, row: DomainRow, *, replacing: DomainRow | None) -> None:
        real: Any = row  # the model has rows of its own
        if not self._step(WriteRow(real, replacing.revision if replacing else None)):
            raise RowChanged


class _Snapshots(_Storage):
    def get(self, domain_id: str, slot: int) -> Snapshot | None:
        snapshot: Snapshot | None = self._step(GetSnapshot(slot))
        return snapshot

    def put(self, domain_id: str, slot: int, snapshot: Snapshot) -> None:
        real: Any = snapshot
        self._step(PutSnapshot(slot, real))

    def wipe(self, domain_id: str, slot: int) -> None:
        self._step(WipeSnapshot(slot))


class _Notices:
    def send(self, domain_id: str, parked: Parked) -> None:
        """Does nothing: nobody in these worlds is notified."""


@dataclass(frozen=True)
class _Transactions(_Storage):
    command: str
    residue: int
    seen: list[list[str]]
    """The events of the domain object that the decider saw last, and the versions that folded them."""

    def write(self, events: Sequence[StoredEvent], row: DomainRow, *, replacing: DomainRow | None) -> None:
        (event,) = events
        world = RealWorld.current
        minute, nanosecond = event.key[11:16], int(event.key[20:29])
        number: Any = int(minute[:2]) * 60 + int(minute[3:]) + nanosecond / 1000 + self.residue / 1_000_000
        world.of_decisions[number] = event
        entries, versions = self.seen
        known = frozenset(map(world.number, entries))
        real: Any = row
        revision = replacing.revision if replacing else None
        written = self._step(Transact(self.command, number, real, revision, known, tuple(versions)))
        if written is None:
            raise NoReply
        if written is BUSY:
            raise Busy
        if not written:
            raise RowChanged


class _DecidersClock(WorldsClock):
    """A decider's time: a minute, as the events have them."""

    def __init__(self, minute: int) -> None:
        self._minute = minute

    def now(self) -> float:
        return datetime(2026, 1, 1, tzinfo=UTC).timestamp() + 60 * self._minute


class _Refused(Exception):
    """The decider's own."""


_STORES = Stores(_Events(), _Rows(), _Snapshots())


@dataclass(frozen=True)
class EventBudget(Budget):
    """The time of an invocation, counted in events: the fold asks once before each event whether the time is over."""

    def __init__(self, events: int) -> None:
        super().__init__()
        object.__setattr__(self, "_left", [events])

    def check(self) -> None:
        """Does nothing: before the first event there is always time."""

    def shared(self) -> Budget:
        other = EventBudget(0)
        object.__setattr__(other, "whole", False)
        object.__setattr__(other, "_left", self._left)  # type: ignore[attr-defined]
        return other

    def is_over(self) -> bool:
        left: list[int] = self._left  # type: ignore[attr-defined]
        left[0] -= 1
        return left[0] < 0


class Real:
    """The project function with one version of the domain logic."""

    def __init__(
        self,
        name: str,
        version: str,
        poison: frozenset[int],
        flaws: frozenset[str],
        *,
        time: int = 0,
        probes: bool = False,
        strict: str = "",
    ) -> None:
        assert not flaws, "only the model has flaws; test_broken_guarantees.py breaks the real code"
        self.name = name
        self._time = time
        self._probes = probes
        ids = frozenset(f"e{key}" for key in poison)
        refusing = _refusing(ids, version, strict=strict)
        self._config = FoldConfig(refusing, version, seconds_per_event=60, events_per_mark=SPACING)

    def project(self, keys: tuple[int, ...]) -> Steps:
        """Returns True if the batch may be acknowledged."""
        projection = self._projection()
        images = [RealWorld.current.event(key).item for key in keys]

        def deliver() -> bool:
            delivery = Delivery(DOMAIN_ID, images, projection.stores.rows.read(DOMAIN_ID), self._probes)
            (result,) = projection.project([delivery], self._budget())
            for error in result.errors:
                if not isinstance(error, Contention | OutOfTime):
                    raise error
            return result.plan is not None

        return self._steps(deliver)

    def crash(self, key: int) -> Steps:
        """A delivery up to the point where it runs the domain logic on the event: the process crashes there."""
        projection = self._projection()
        rows = projection.stores.rows
        return self._steps(lambda: projection.begin_probe(stored(key), rows.read(DOMAIN_ID)))

    def _projection(self) -> Projection:
        return Projection(_STORES, _Notices(), self._config, WorldsClock(), InOrder(), process=self.name)

    def rebuild(self) -> Steps:
        """Returns "rebuilt", or why the rebuild failed."""
        rebuilds = Rebuilds(_STORES, self._config, WorldsClock())

        def run() -> str:
            try:
                rebuilds.rebuild(DOMAIN_ID, request_id=self.name, budget=self._budget())
            except RebuildFailed as failed:
                return str(failed)
            return "rebuilt"

        return self._steps(run)

    def decide(self, command: str, residue: int, now: int, refuses: Callable[[frozenset[int]], bool]) -> Steps:
        """Returns what the caller is told: "decided", "refused", "parked", "failed" or "unknown"."""
        seen: list[list[str]] = []

        def withdraw(log: Any) -> list[Event]:
            seen[:] = [list(log.Entries), list(log.Versions)] if log is not None else [[], []]
            if refuses(frozenset(map(RealWorld.current.number, seen[0]))):
                raise _Refused
            return [Event("Withdrawn")]

        clock = _DecidersClock(now)
        transactions = _Transactions(command, residue, seen)
        deciding = Deciding(_STORES, transactions, self._config, clock, "Log", 6_000)
        asked = Command.of(DOMAIN_ID, command, instant_at(clock.now()))

        def run() -> str:
            try:
                deciding.decide(DOMAIN_ID, asked, withdraw, Who("user"), timeout_seconds=math.inf)
            except _Refused:
                return "refused"
            except ObjectParked:
                return "parked"
            except LogicFailed:
                return "failed"
            except NotDecided:
                return "overtaken"
            except OutcomeUnknown:
                return "unknown"
            return "decided"

        return self._steps(run)

    def _budget(self) -> Budget:
        return EventBudget(self._time) if self._time else UNLIMITED

    def _steps(self, function: Callable[[], Any]) -> Steps:
        """The function's steps. Its tokens are its name and a number, so that each run does exactly the same."""
        running = greenlet(function)
        tokens = count()
        answers: tuple[Any, ...] = ()
        while True:
            with patch("secrets.token_hex", lambda size: f"{self.name}-{next(tokens)}"):
                step = running.switch(*answers)
            if running.dead:
                return step
            answers = ((yield step),)


def _refusing(ids: frozenset[str], version: str, *, strict: str) -> DomainLogic:
    """The doubles' logic, which fails at these events. The function `strict` fails upon what another version folded."""
    refusing = logic(version)
    apply, read = refusing.apply, refusing.from_dynamo_item

    def check_versions(domain_object: Any) -> None:
        if set(domain_object.Versions) - {version}:
            raise ValueError("folded by another version")

    def read_own(item: Any) -> Any:
        check_versions(item)
        return read(item)

    def checked(domain_object: Any, event: StoredEvent) -> Any:
        if event.event_id in ids:
            raise ValueError("poison")
        if strict == "apply":
            check_versions(domain_object)
        return apply(domain_object, event)

    refusing.apply = checked  # type: ignore[method-assign]
    if strict == "from_dynamo_item":
        refusing.from_dynamo_item = read_own
    return refusing


def _remaining(events: Iterable[StoredEvent]) -> list[str]:
    return [event.event_id for event in events if not event.is_erased]


def _keys(events: Iterable[StoredEvent], held: list[str]) -> KeySet:
    """The keys of the events that a state holds, and of the tombstones among these events."""
    keys = NO_KEYS
    for event in events:
        if event.is_erased or event.event_id in held:
            keys = keys.plus(event.counted)
    return keys


def _row(row: Any) -> DomainRow:
    return row or DomainRow(DOMAIN_ID, INITIAL_STATE, "")


def _ids(state: DomainState) -> list[str]:
    return [entry["S"] for entry in state.attributes.get("Entries", {"L": []})["L"]]


def _versions(state: DomainState) -> list[str]:
    return [entry["S"] for entry in state.attributes.get("Versions", {"L": []})["L"]]
