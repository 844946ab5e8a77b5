"""Runs the model's writers at the same time: in every interleaving of their steps, or in random ones.

The search runs each schedule from the start. At each step it keeps the other choices and runs them later, unless it met
the same state before. A state is the storage and what each writer has read so far.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, Protocol

from .algorithm import (
    ANY,
    BUSY,
    NOTHING,
    GetSnapshot,
    Pause,
    PutSnapshot,
    ReadRow,
    ReadStore,
    Row,
    Snapshot,
    Steps,
    Transact,
    WriteRow,
)


class Violation(AssertionError):
    """The algorithm broke a guarantee. The text says which one, and after which schedule."""


@dataclass
class World:
    """The storage, and the acknowledged events."""

    store: set[int] = field(default_factory=set)
    row: Row | None = None
    snapshots: dict[int, Snapshot] = field(default_factory=dict)
    acknowledged: set[int] = field(default_factory=set)
    erased: set[int] = field(default_factory=set)
    """Keys that have a tombstone in the store."""
    rebuilt: bool = False
    """True if a rebuild that was requested after the last tombstone succeeded."""
    crashes: int = 0
    """How many processes crashed during a delivery."""
    decided: dict[int, str] = field(default_factory=dict)
    """The command of each decided event in the store."""
    in_flight: list[Transact] = field(default_factory=list)
    """Transactions whose callers got no reply, and which may still be carried out."""
    told: set[tuple[str, str]] = field(default_factory=set)
    """What the callers of decisions were told, by command."""
    hidden: set[int] = field(default_factory=set)
    """Keys of committed transactions that a read of the store does not show yet."""
    hides_row: bool = False
    """True if a transaction is committed, and a read still shows the row before it. The row is locked meanwhile."""
    row_before: Row | None = None
    has_lost: bool = False
    """True if the store has lost an event."""

    def frozen(self) -> Any:
        """The whole state as a value that can be compared and hashed."""
        return (
            frozenset(self.store),
            self.row,
            tuple(sorted(self.snapshots.items())),
            frozenset(self.acknowledged),
            frozenset(self.erased),
            self.rebuilt,
            tuple(self.decided.items()),
            tuple(self.in_flight),
            frozenset(self.told),
            frozenset(self.hidden),
            self.hides_row,
            self.row_before,
        )

    def frozen_answer(self, answer: Any) -> Any:
        """What a writer read, as a value that can be compared and hashed."""
        return answer

    def problems(self) -> Iterator[str]:
        """What is wrong with the row after all events are delivered."""
        if self.row is not None:
            yield from problems(self.row, self)

    def problems_at_write(self) -> Iterator[str]:
        """What is wrong with a row just written, while other writers may still run."""
        if self.row is not None:
            yield from problems_of_marks(self.row, self)

    def traces(self) -> Iterator[str]:
        """What is left of erased events after an erasure that ran alone."""
        yield from ()

    def execute(self, step: Any) -> Any:
        """Do a step on storage.

        Returns:
            The answer to the writer.
        """
        match step:
            case ReadRow():
                return self.row_before if self.hides_row else self.row
            case ReadStore(start, up_to, limit):
                shown = self.store - self.hidden
                return tuple(sorted(k for k in shown if k >= start and (up_to is None or k <= up_to))[:limit])
            case WriteRow(row, replacing):
                if self.hides_row or (self.row.revision if self.row else None) != replacing:
                    return False
                self.row = row
                return True
            case Transact():
                return self.transact(step)
            case PutSnapshot(slot, snapshot):
                self.snapshots[slot] = snapshot
            case GetSnapshot(slot):
                return self.snapshots.get(slot)
            case Store(key):
                self.store.add(key)
            case DeleteRow():
                self.row = None
            case Erase(key):
                self.erased.add(key)
                self.rebuilt = False
            case Rebuilt():
                self.rebuilt = True
            case Lose(key):
                self.store.discard(key)
                self.has_lost = True
            case Crashed():
                self.crashes += 1
        return None

    def transact(self, step: Transact) -> bool | str:
        """Write an event and a row if the event's key is free and the row is still the one that was read.

        DynamoDB commits them in one instant, and shows them one after the other.
        """
        if self.hides_row:
            return BUSY
        revision = self.row.revision if self.row else None
        if step.key in self.store or (step.row is not None and step.replacing not in {revision, ANY}):
            return False
        for problem in self.problems_of_decision(step):
            raise Violation(f"the decision {step.command} is wrong: {problem}\nrow: {self.row}\n{step}")
        self.store.add(step.key)
        self.acknowledged.add(step.key)  # the stream does not bring it
        self.decided[step.key] = step.command
        self.hidden.add(step.key)
        if step.row is not None:
            self.row_before, self.hides_row = self.row, True
            self.row = step.row
        return True

    def parts_to_show(self) -> list[int | None]:
        """What committed transactions do not show yet: keys of events, and None for the row."""
        return [*sorted(self.hidden), *([None] if self.hides_row else [])]

    def show(self, part: int | None) -> None:
        """Show an event or the row to those who read from now on."""
        if part is None:
            self.row_before, self.hides_row = None, False
        else:
            self.hidden.discard(part)

    def problems_of_decision(self, step: Transact) -> Iterator[str]:
        """What is wrong with a decision that is about to be written."""
        applied = self.row.state.applied if self.row is not None else frozenset[int]()
        if step.command in self.decided.values():
            yield "the command has an event"
        if self.row is not None and self.row.parked is not None:
            yield "the row is parked"
        if not step.known >= applied:
            yield f"it does not know {sorted(applied - step.known)}, which the row holds"
        if not step.known >= self.decided.keys():
            yield f"it does not know the decisions {sorted(self.decided.keys() - step.known)}"
        if step.known and step.key <= max(step.known):
            yield "its event is older than one that it was made on"
        if step.row is not None and step.row.state.applied != step.known | {step.key}:
            yield f"its row holds {sorted(step.row.state.applied)}, and not what it was made on and its event"

    def problems_of_told(self) -> Iterator[str]:
        """What callers were told that the store does not say."""
        written = set(self.decided.values())
        for command, outcome in self.told:
            if outcome == "decided" and command not in written:
                yield f"{command} was told that it is decided; no event is stored"
            if outcome not in {"decided", "unknown"} and command in written and (command, "decided") not in self.told:
                yield f"{command} was told {outcome!r}; its event is stored"


@dataclass(frozen=True)
class Store:
    """An event is persisted."""

    key: int


@dataclass(frozen=True)
class Lose:
    """The store loses an event."""

    key: int


@dataclass(frozen=True)
class Crashed:
    """A process crashed during a delivery."""


@dataclass(frozen=True)
class PassTime:
    """Time passes until every invocation that began before has ended."""

    number: int


@dataclass(frozen=True)
class DeleteRow:
    """A person deletes the row."""


@dataclass(frozen=True)
class Erase:
    """A person puts a tombstone over an event."""

    key: int


@dataclass(frozen=True)
class Rebuilt:
    """The person sees that the rebuild succeeded."""


@dataclass(frozen=True)
class Writer:
    """What runs: the delivery of a batch of keys to a logic version, a rebuild, or a single step from outside."""

    name: str
    run: Callable[[], Steps]
    needs: tuple[int, ...] = ()
    """Keys that must be stored before it can begin."""
    acknowledges: tuple[int, ...] = ()
    decides: str | None = None
    """The command that it decides on."""


@dataclass(frozen=True)
class Scenario:
    """Writers that run at the same time. The writers of `before` run first, one by one."""

    name: str
    writers: Callable[[frozenset[str]], list[Writer]]
    last: Callable[[frozenset[str]], Any]
    """The version that gets, one by one, the events that are not acknowledged after all writers ran."""
    before: Callable[[frozenset[str]], list[Writer]] = lambda flaws: []
    crashes: int = 1
    """How many of the deliveries and deciders may crash, at any step."""
    new_world: Callable[[], World] = World
    erased: tuple[int, ...] = ()
    """Keys that a person erases."""
    lost: tuple[int, ...] = ()
    """Keys that the store loses and gets back."""
    rebuilt_in_the_end: bool = False
    """True if the row has all events only after a rebuild."""
    lost_replies: int = 0
    """How many replies to transactions are lost."""


class Algorithms(Protocol):
    """A writer of the row: the model, or the real code."""

    name: str

    def project(self, keys: tuple[int, ...]) -> Steps: ...

    def rebuild(self) -> Steps: ...


def delivery(algorithm: Algorithms, *keys: int) -> Writer:
    return Writer(f"{algorithm.name}{list(keys)}", lambda: algorithm.project(keys), keys, keys)


def crash(algorithm: Any, key: int) -> list[Writer]:
    """A process that crashes at an event, and the time after which it must have ended."""
    writer = Writer(f"{algorithm.name}[{key}]", lambda: algorithm.crash(key), (key,))
    return [writer, outside(Crashed()), outside(PassTime(key))]


def rebuild(algorithm: Algorithms) -> Writer:
    return Writer(f"{algorithm.name} rebuilds", algorithm.rebuild)


def decision(algorithm: Any, command: str, residue: int, now: int, refuses: Callable[[frozenset[int]], bool]) -> Writer:
    return Writer(
        f"{algorithm.name} decides {command}",
        lambda: algorithm.decide(command, residue, now, refuses),
        decides=command,
    )


def erasure(algorithm: Algorithms, *keys: int) -> Writer:
    """Tombstones and then a rebuild, as docs/how-to/erase-personal-data.md says."""

    def run() -> Steps:
        for key in keys:
            yield Erase(key)
        if (yield from algorithm.rebuild()) == "rebuilt":
            yield Rebuilt()

    return Writer(f"{algorithm.name} erases {list(keys)}", run, keys)


def outside(step: Any) -> Writer:
    def run() -> Steps:
        yield step

    return Writer(str(step), run)


class _Running:
    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.steps: Steps | None = None
        self.next: Any = None
        self.seen: tuple[Any, ...] = ()
        self.state = "waiting"
        self.found_no_row = False
        self.stored: frozenset[int] = frozenset()
        """What was stored when it last read the row."""
        self.hidden: frozenset[int] = frozenset()
        """What of it the store did not show."""
        self.paused = False
        """True if it has paused. Its first pause may be too short; it pauses again until transactions show."""

    def is_outside(self) -> bool:
        """True if it is not an invocation."""
        return isinstance(self.next, Store | DeleteRow | Lose | PassTime | Erase)

    def enabled(self, world: World) -> bool:
        if self.state == "waiting":
            return world.store.issuperset(self.writer.needs)
        is_too_early = isinstance(self.next, Pause) and self.paused and bool(world.parts_to_show())
        return self.state == "running" and not is_too_early

    def step(self, world: World) -> None:
        if self.steps is None:
            self.steps = self.writer.run()
            self.state = "running"
            self._advance(None, world)
            return
        if isinstance(self.next, Transact):
            self._must_know(self.next, world)
        step, result = self.next, world.execute(self.next)
        self._look(step, result, world)
        if isinstance(step, WriteRow | Transact) and result is True:
            for problem in world.problems_at_write():
                raise Violation(f"{self.writer.name} wrote a wrong row: {problem}\nrow: {world.row}")
        self.seen = (*self.seen, world.frozen_answer(result))
        self._advance(result, world)

    def lose_reply(self, world: World) -> None:
        """The transaction is on its way, and its caller gets no reply."""
        self._must_know(self.next, world)
        world.in_flight.append(self.next)
        self.seen = (*self.seen, None)
        self._advance(None, world)

    def _look(self, step: Any, result: Any, world: World) -> None:
        if isinstance(step, ReadRow):
            self.found_no_row = result is None
            self.stored, self.hidden = frozenset(world.store), frozenset(world.hidden)
        elif isinstance(step, Pause):
            self.paused = True
        elif isinstance(step, WriteRow | Transact):
            self.found_no_row = False

    def _must_know(self, step: Transact, world: World) -> None:
        """A decision is made on all that was stored after the row's last event when its row was read."""
        if step.row is not None and step.row.parked is None:
            last = max((key for key in step.known & self.stored), default=0)
            shown = self.stored - self.hidden
            left_out = {key for key in shown if key > last} - step.known
            before = {key for key in shown if key <= last} - step.known
            if left_out or (self.found_no_row and before):
                raise Violation(f"{self.writer.name} decides without {sorted(left_out | before)}\n{step}")

    def _advance(self, result: Any, world: World) -> None:
        assert self.steps is not None
        try:
            self.next = self.steps.send(result)
        except StopIteration as stop:
            self.state = "done"
            if self.writer.decides is not None:
                world.told.add((self.writer.decides, stop.value))
            elif stop.value is True:
                world.acknowledged.update(self.writer.acknowledges)


Choice = tuple[int, str]

_SHOWS = (0.03, 0.3, 1.0)
"""How probable it is, at a step of a random schedule, that a part of a committed transaction may show itself."""


def _choices(world: World, running: list[_Running], crashes: int, lost_replies: int) -> list[Choice]:
    found: list[Choice] = [(0, what) for what in ("lands", "is dropped") if world.in_flight]
    found += [(0, f"shows {part}") for part in world.parts_to_show()]
    for index, each in enumerate(running):
        if not each.enabled(world):
            continue
        starting = each.state == "waiting"
        if isinstance(each.next, DeleteRow) and (
            world.parts_to_show()
            or any(r.state == "running" and r.found_no_row for r in running)
            or any(transact.replacing is None for transact in world.in_flight)
        ):
            # the cases without a guarantee: handler/projection/projection.py, on rows that a person deletes
            continue
        if isinstance(each.next, PassTime) and any(r.state == "running" and not r.is_outside() for r in running):
            continue
        if isinstance(each.next, Lose) and each.next.key not in world.acknowledged:
            continue
        found.append((index, "step"))
        if crashes and not starting and (each.writer.acknowledges or each.writer.decides):
            found.append((index, "crash"))
        if lost_replies and not starting and isinstance(each.next, Transact):
            found.append((index, "lost reply"))
    return found


def _run(
    scenario: Scenario, flaws: frozenset[str], choose: Callable[[Any, list[Choice]], Choice | None]
) -> tuple[World, list[str]]:
    world = scenario.new_world()
    for writer in scenario.before(flaws):
        _run_alone(world, writer, [])
    running = [_Running(writer) for writer in scenario.writers(flaws)]
    crashes, lost_replies = scenario.crashes, scenario.lost_replies
    schedule: list[str] = []
    while choices := _choices(world, running, crashes, lost_replies):
        state = (world.frozen(), tuple((each.state, each.seen) for each in running), crashes, lost_replies)
        choice = choose(state, choices)
        if choice is None:
            raise _MetBefore
        index, what = choice
        parts = {f"shows {part}": part for part in world.parts_to_show()}
        who = "a transaction" if what in {"lands", "is dropped", *parts} else running[index].writer.name
        schedule.append(f"{who}: {running[index].next if what == 'step' else what}")
        if what in parts:
            world.show(parts[what])
        elif what == "lands":
            world.transact(world.in_flight.pop(0))
        elif what == "is dropped":
            world.in_flight.pop(0)
        elif what == "lost reply":
            lost_replies -= 1
            running[index].lose_reply(world)
        elif what == "crash":
            crashes -= 1
            world.crashes += 1
            running[index].state = "crashed"
        else:
            running[index].step(world)
    return world, schedule


def _run_alone(world: World, writer: Writer, schedule: list[str]) -> None:
    alone = _Running(writer)
    while alone.state != "done":
        schedule.append(f"alone {writer.name}: {alone.next}")
        alone.step(world)


class _MetBefore(Exception):
    """The search met this state in an earlier schedule."""


def explore(scenario: Scenario, flaws: frozenset[str] = frozenset(), max_runs: int = 10**9) -> int:
    """Run every interleaving with every crash point.

    Returns:
        The number of schedules run.

    Raises:
        Violation: a schedule broke a guarantee.
    """
    met: set[int] = set()
    pending: list[list[Choice]] = [[]]
    runs = 0
    while pending and runs < max_runs:
        prefix = pending.pop()
        position = 0

        def choose(state: Any, choices: list[Choice]) -> Choice | None:
            nonlocal position, prefix
            if position < len(prefix):
                position += 1
                return prefix[position - 1]
            known = hash(state)
            if known in met:
                return None
            met.add(known)
            pending.extend([*prefix, other] for other in choices[1:])
            prefix = [*prefix, choices[0]]
            position += 1
            return choices[0]

        runs += 1
        try:
            world, schedule = _run(scenario, flaws, choose)
        except _MetBefore:
            continue
        _check(scenario, flaws, world, schedule)
    return runs


def at_random(scenario: Scenario, seed: int, flaws: frozenset[str] = frozenset()) -> None:
    """Run one random schedule. Raises Violation."""
    chance = random.Random(seed)

    row, event = chance.choice(_SHOWS), chance.choice(_SHOWS)

    def choose(state: Any, choices: list[Choice]) -> Choice:
        chances = {each: row if each[1] == "shows None" else event for each in choices if each[1].startswith("shows")}
        possible = [each for each in choices if chance.random() < chances.get(each, 1)]
        return chance.choice(possible or choices)

    world, schedule = _run(scenario, flaws, choose)
    _check(scenario, flaws, world, schedule)


def search(scenario: Scenario, flaws: frozenset[str] = frozenset()) -> None:
    """Run random schedules, then every interleaving: random ones find soon what the ordered search finds last."""
    for seed in range(10_000):
        at_random(scenario, seed, flaws)
    explore(scenario, flaws)


def _check(scenario: Scenario, flaws: frozenset[str], world: World, schedule: list[str]) -> None:
    def wrong(what: str) -> Violation:
        lines = "\n  ".join(schedule)
        return Violation(f"{scenario.name}: {what}\nrow: {world.row}\nstore: {sorted(world.store)}\n  {lines}")

    algorithm = scenario.last(flaws)
    for key in scenario.lost:
        if key not in world.store:
            world.store.add(key)  # an event that is put back arrives through the stream again
            world.acknowledged.discard(key)
    for key in sorted(world.store - world.acknowledged):
        _run_alone(world, delivery(algorithm, key), schedule)
    if not world.acknowledged.issuperset(world.store):
        raise wrong(f"deliveries are never acknowledged: {sorted(world.store - world.acknowledged)}")
    if world.row is None and world.store and not any("DeleteRow" in line for line in schedule):
        raise wrong("no row")
    for problem in world.problems_of_told():
        raise wrong(problem)
    if scenario.rebuilt_in_the_end and not scenario.erased:
        _run_alone(world, rebuild(algorithm), schedule)
    for problem in world.problems():
        raise wrong(problem)
    if not scenario.erased:
        return
    _run_alone(world, erasure(algorithm, *scenario.erased), schedule)
    if not world.rebuilt:
        raise wrong("the rebuild after the tombstones failed")
    for problem in chain(world.problems(), world.traces()):
        raise wrong(problem)
    clean = world.frozen()
    keys = sorted(world.store)
    for batch in (*([key] for key in keys), keys):
        _run_alone(world, delivery(algorithm, *batch), schedule)
    if world.frozen() != clean:
        raise wrong("a redelivery after the rebuild changed something")


def problems(row: Row, world: World) -> Iterator[str]:
    """What is wrong with a row after all events are delivered."""
    keys = [key for key, _ in row.state.entries]
    expected = sorted(world.store)
    if row.parked is None:
        if keys != expected:
            yield f"the row is not the fold of the store: {keys}"
    elif row.parked.key > row.state.checkpoint and keys != [key for key in expected if key < row.parked.key]:
        yield f"the row lacks events before the event that it is parked at: {keys}"
    elif keys != sorted(keys) or not set(keys) <= world.store:
        yield f"the row holds events that it must not hold: {keys}"
    if row.version != "mixed" and any(version != row.version for _, version in row.state.entries):
        yield f"the row says {row.version} and holds {row.state.entries}"
    yield from problems_of_marks(row, world)


def problems_of_marks(row: Row, world: World) -> Iterator[str]:
    """Marks, and snapshots at them, that differ from what the row holds."""
    keys = [key for key, _ in row.state.entries]
    for mark in row.marks:
        if mark.applied != frozenset(key for key in keys if key < mark.key):
            yield f"the mark {mark.key} is not what the row holds before it"
        kept = world.snapshots.get(mark.slot) if mark.slot is not None else None
        if kept and (kept.key, kept.applied) == (mark.key, mark.applied):
            folded = tuple((key, kept.version) for key in sorted(mark.applied))
            if kept.state != replace(NOTHING, entries=folded):
                yield f"the snapshot of {mark.key} is not its fold"
