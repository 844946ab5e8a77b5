"""Runs the model's writers at the same time: in every interleaving of their steps, or in random ones.

A state of the search is the storage and what each writer did so far. The search goes on from each state once. What a
writer does depends on the answers that it got from storage, so the search runs each course of a writer once too: most
steps of a schedule only look up what their writer did before.
"""

import random
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, NamedTuple, Protocol, Self

from .algorithm import (
    ANY,
    BUSY,
    NOTHING,
    GetSnapshot,
    Pause,
    PutSnapshot,
    Read,
    ReadRow,
    ReadStore,
    Row,
    Snapshot,
    Steps,
    Transact,
    WriteRow,
)


class Numbers:
    """Numbers for values: equal values have the same number. A value that was seen before is not compared again."""

    def __init__(self, to_compare: Callable[[Any], Any] = lambda value: value) -> None:
        self._to_compare = to_compare
        self._numbers: dict[Any, int] = {}
        self._seen: dict[int, tuple[Any, int]] = {}

    def number(self, value: Any) -> int:
        seen = self._seen.get(id(value))
        if seen is None:
            number = self._numbers.setdefault(self._to_compare(value), len(self._numbers))
            seen = self._seen[id(value)] = (value, number)  # as long as it is kept, no other value has its id
        return seen[1]


class Violation(AssertionError):
    """The algorithm broke a guarantee. The text says which one, and after which schedule."""


@dataclass
class World:
    """The storage, and the acknowledged events. No value here is changed: each change puts another in its place."""

    store: frozenset[int] = frozenset()
    row: Row | None = None
    snapshots: dict[int, Snapshot] = field(default_factory=dict)
    acknowledged: frozenset[int] = frozenset()
    erased: frozenset[int] = frozenset()
    """Keys that have a tombstone in the store."""
    rebuilt: bool = False
    """True if a rebuild that was requested after the last tombstone succeeded."""
    crashes: int = 0
    """How many processes crashed during a delivery."""
    decided: dict[int, str] = field(default_factory=dict)
    """The command of each decided event in the store."""
    in_flight: list[Transact] = field(default_factory=list)
    """Transactions whose callers got no reply, and which may still be carried out."""
    told: frozenset[tuple[str, str]] = frozenset()
    """What the callers of decisions were told, by command."""
    hidden: frozenset[int] = frozenset()
    """Keys of committed transactions that a read of the store does not show yet."""
    hides_row: bool = False
    """True if a transaction is committed, and a read still shows the row before it. The row is locked meanwhile."""
    row_before: Row | None = None
    has_lost: bool = False
    """True if the store has lost an event."""
    time: int = 0
    """How many times all invocations ended."""
    numbers: "Numbers" = field(default_factory=lambda: Numbers())

    def copy(self) -> Self:
        """Another world in the same state."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        return other

    def enter(self) -> None:
        """From now on a writer runs in this world, up to its next step."""

    def frozen(self) -> Any:
        """The whole state as a value that can be compared and hashed."""
        number = self.numbers.number
        return (
            self.store,
            number(self.row),
            tuple(sorted((slot, number(snapshot)) for slot, snapshot in self.snapshots.items())),
            self.acknowledged,
            self.erased,
            self.rebuilt,
            self.crashes,
            tuple(sorted(self.decided.items())),
            tuple(map(number, self.in_flight)),
            self.told,
            self.hidden,
            self.hides_row,
            number(self.row_before),
            self.has_lost,
            self.time,
        )

    def frozen_answer(self, answer: Any) -> Any:
        """What a writer read, as a value that can be compared and hashed."""
        return answer if isinstance(answer, tuple) else self.numbers.number(answer)

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
                self.snapshots = {**self.snapshots, slot: snapshot}
            case GetSnapshot(slot):
                return self.snapshots.get(slot)
            case Store(key):
                self.store |= {key}
            case DeleteRow():
                self.row = None
            case Erase(key):
                self.erased |= {key}
                self.rebuilt = False
            case Rebuilt():
                self.rebuilt = True
            case Lose(key):
                self.store -= {key}
                self.has_lost = True
            case Crashed():
                self.crashes += 1
            case PassTime():
                self.time += 1
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
            raise Violation(f"the decision {step.command} is wrong: {problem}")
        self.store |= {step.key}
        self.acknowledged |= {step.key}  # the stream does not bring it
        self.decided = {**self.decided, step.key: step.command}
        self.hidden |= {step.key}
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
            self.hidden -= {part}

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


Outside = Store | DeleteRow | Lose | PassTime | Erase
"""Steps that are not an invocation's."""


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
    return Writer(f"{algorithm.name}{list(keys)}", lambda: copy(algorithm).project(keys), keys, keys)


def crash(algorithm: Any, key: int) -> list[Writer]:
    """A process that crashes at an event, and the time after which it must have ended."""
    writer = Writer(f"{algorithm.name}[{key}]", lambda: copy(algorithm).crash(key), (key,))
    return [writer, outside(Crashed()), outside(PassTime(key))]


def rebuild(algorithm: Algorithms) -> Writer:
    return Writer(f"{algorithm.name} rebuilds", lambda: copy(algorithm).rebuild())


def decision(algorithm: Any, command: str, residue: int, now: int, refuses: Callable[[frozenset[int]], bool]) -> Writer:
    return Writer(
        f"{algorithm.name} decides {command}",
        lambda: copy(algorithm).decide(command, residue, now, refuses),
        decides=command,
    )


def erasure(algorithm: Algorithms, *keys: int) -> Writer:
    """Tombstones and then a rebuild, as docs/how-to/erase-personal-data.md says."""

    def run() -> Steps:
        for key in keys:
            yield Erase(key)
        if (yield from copy(algorithm).rebuild()) == "rebuilt":
            yield Rebuilt()

    return Writer(f"{algorithm.name} erases {list(keys)}", run, keys)


def outside(step: Any) -> Writer:
    def run() -> Steps:
        yield step

    return Writer(str(step), run)


_MAX_STEPS = 500
"""A writer that takes more steps in these small worlds does not end."""


class Course:
    """What a writer did so far: the answers that it got, and the step that it takes next.

    A writer depends on its answers only. So each course runs once, in however many schedules it occurs.
    """

    def __init__(self, writer: Writer, world: World, before: "Course | None" = None, answer: Any = None) -> None:
        self.next: Any = None
        self.result: Any = None
        self.is_done = False
        self.has_paused = False
        self.found_no_row: bool = before is not None and before.found_no_row
        """True if it found no row when it last read it, and has written none since."""
        self.has_written = before is None
        """True if its last step changed something."""
        self.after: dict[Any, Course] = {}
        """The courses that continue this one, by answer."""
        self._writer = writer
        self._world = world
        self._before = before
        self._answer = answer
        self._length: int = before._length + 1 if before is not None else 0
        if self._length > _MAX_STEPS:
            raise Violation(f"{writer.name} does not end")
        self._steps: Steps | None = writer.run() if before is None else before._take()
        if before is not None:
            self._look(before.next)
        try:
            self.next = self._send(self._steps)
        except StopIteration as stop:
            self.is_done, self.result, self._steps = True, stop.value, None

    def _look(self, step: Any) -> None:
        self.has_written = not isinstance(step, Read) and self._answer is not False
        if isinstance(step, ReadRow):
            self.found_no_row = self._answer is None
        elif isinstance(step, WriteRow | Transact):
            self.found_no_row = False

    def _send(self, steps: Steps) -> Any:
        """Its first pause is no step. It may be too short, and all that can run in it can also run after it."""
        self._world.enter()
        self.has_paused = self._before is not None and self._before.has_paused
        step = steps.send(self._answer)
        if isinstance(step, Pause) and not self.has_paused:
            self.has_paused = True
            step = steps.send(None)
        return step

    def _take(self) -> Steps:
        """The writer at this step. It is running once; to have it again, it runs again from its start."""
        steps, self._steps = self._steps, None
        if steps is None:
            steps = self._writer.run() if self._before is None else self._before._take()
            assert self._send(steps) == self.next, f"{self._writer.name} depends on more than its answers"
        return steps


class _Running(NamedTuple):
    """A writer in a state of the search."""

    writer: Writer
    course: Course | None = None
    """None until it begins."""
    is_over: bool = False
    stored: frozenset[int] = frozenset()
    """What was stored when it last read the row. Kept for those who decide."""
    hidden: frozenset[int] = frozenset()
    """What of it the store did not show."""

    def frozen(self) -> Any:
        if self.is_over or self.course is None:
            return self.is_over
        return (id(self.course), self.stored, self.hidden) if self.writer.decides else id(self.course)

    def must_know(self, step: Transact) -> None:
        """A decision is made on all that was stored after the row's last event when its row was read."""
        assert self.course is not None
        if step.row is not None and step.row.parked is None:
            last = max((key for key in step.known & self.stored), default=0)
            shown = self.stored - self.hidden
            left_out = {key for key in shown if key > last} - step.known
            before = {key for key in shown if key <= last} - step.known
            if left_out or (self.course.found_no_row and before):
                raise Violation(f"{self.writer.name} decides without {sorted(left_out | before)}")


Choice = tuple[int, str]
"""Who acts, and what it does."""


class _State(NamedTuple):
    """The storage, and where each writer is."""

    world: World
    running: tuple[_Running, ...]
    crashes: int
    """How many writers may still crash."""
    lost_replies: int
    """How many replies may still be lost."""
    schedule: Any = None
    """What happened so far: the last line, and the schedule before it."""

    def frozen(self) -> Any:
        """The whole state as a value that can be compared and hashed."""
        return self.world.frozen(), tuple(each.frozen() for each in self.running), self.crashes, self.lost_replies


_SHOWS = (0.03, 0.3, 1.0)
"""How probable it is, at a step of a random schedule, that a part of a committed transaction may show itself."""


class Explorer:
    """Runs the schedules of one scenario."""

    def __init__(self, scenario: Scenario, flaws: frozenset[str] = frozenset()) -> None:
        self._scenario = scenario
        self._flaws = flaws
        self._courses: dict[Any, Course] = {}
        """How each writer begins, by its name and the time."""
        self._start = self._first()

    def every(self, max_states: int = 10**9) -> int:
        """Run every interleaving with every crash point, depth first.

        Returns:
            The number of states met, at most `max_states`.

        Raises:
            Violation: a schedule broke a guarantee.
        """
        met: set[int] = set()
        pending = [self._start]
        while pending and len(met) < max_states:
            state = pending.pop()
            known = hash(state.frozen())
            if known in met:
                continue
            met.add(known)
            choices = self._choices(state)
            if not choices:
                self._check(state)
            pending.extend(self._after(state, choice) for choice in reversed(choices))
        return len(met)

    def at_random(self, seed: int) -> None:
        """Run one random schedule. Raises Violation."""
        chance = random.Random(seed)
        row, event = chance.choice(_SHOWS), chance.choice(_SHOWS)
        state = self._start
        while choices := self._choices(state):
            chances = {
                each: row if each[1] == "shows None" else event for each in choices if each[1].startswith("shows")
            }
            possible = [each for each in choices if chance.random() < chances.get(each, 1)]
            state = self._after(state, chance.choice(possible or choices))
        self._check(state)

    def search(self) -> None:
        """Run random schedules, then every interleaving: random ones find soon what the ordered search finds last."""
        for seed in range(10_000):
            self.at_random(seed)
        self.every()

    def _first(self) -> _State:
        scenario = self._scenario
        state = _State(scenario.new_world(), (), scenario.crashes, scenario.lost_replies)
        for writer in scenario.before(self._flaws):
            state = self._alone(state, writer)
        running = tuple(map(_Running, scenario.writers(self._flaws)))
        return state._replace(running=running, schedule=None)

    def _begun(self, each: _Running, world: World) -> Course:
        """Where a writer is. One that has not begun would begin now."""
        if each.course is not None:
            return each.course
        key = (each.writer.name, world.time)
        if key not in self._courses:
            self._courses[key] = Course(each.writer, world)
        return self._courses[key]

    def _choices(self, state: _State) -> list[Choice]:
        world = state.world
        parts = world.parts_to_show()
        found: list[Choice] = [(0, what) for what in ("lands", "is dropped") if world.in_flight]
        found += [(0, f"shows {part}") for part in parts]
        for index, each in enumerate(state.running):
            if each.is_over or (each.course is None and not world.store.issuperset(each.writer.needs)):
                continue
            course = self._begun(each, world)
            if not self._may_act(course, state, parts):
                continue
            found.append((index, "step"))
            if state.crashes and course.has_written and (each.writer.acknowledges or each.writer.decides):
                found.append((index, "crash"))  # a crash after a read is the same as one before it
            if state.lost_replies and isinstance(course.next, Transact):
                found.append((index, "lost reply"))
        return found

    def _may_act(self, course: Course, state: _State, parts: list[int | None]) -> bool:
        world = state.world
        others = [each.course for each in state.running if each.course is not None and not each.is_over]
        match course.next:
            case Pause():
                return not parts  # after the first pause, which is no step, it pauses again until transactions show
            case DeleteRow():  # the cases without a guarantee: handler/projection/projection.py, on deleted rows
                is_written = any(transact.replacing is None for transact in world.in_flight)
                return not (parts or is_written or any(other.found_no_row for other in others))
            case PassTime():
                return all(isinstance(other.next, Outside) for other in others)
            case Lose(key):
                return key in world.acknowledged
        return True

    def _after(self, state: _State, choice: Choice) -> _State:
        index, what = choice
        world, crashes, lost_replies = state.world.copy(), state.crashes, state.lost_replies
        parts = {f"shows {part}": part for part in world.parts_to_show()}
        if what in {"lands", "is dropped", *parts}:
            if what in parts:
                world.show(parts[what])
            else:
                transact, *world.in_flight = world.in_flight
                if what == "lands":
                    world.transact(transact)
            return state._replace(world=world, schedule=(state.schedule, f"a transaction: {what}"))
        each = state.running[index]
        course = self._begun(each, world)
        schedule = (state.schedule, each.writer, course.next if what == "step" else what)
        if what == "crash":
            world.crashes += 1
            crashes -= 1
            each = each._replace(is_over=True)
        else:
            try:
                each = (self._lose_reply if what == "lost reply" else self._step)(each, course, world)
            except Violation as wrong:
                raise self._wrong(state._replace(world=world, schedule=schedule), str(wrong)) from None
            lost_replies -= what == "lost reply"
        running = (*state.running[:index], each, *state.running[index + 1 :])
        return _State(world, running, crashes, lost_replies, schedule)

    def _step(self, each: _Running, course: Course, world: World) -> _Running:
        step = course.next
        if isinstance(step, Transact):
            each.must_know(step)
        answer = world.execute(step)
        if each.writer.decides and isinstance(step, ReadRow):
            each = each._replace(stored=world.store, hidden=world.hidden)
        if isinstance(step, WriteRow | Transact) and answer is True:
            for problem in world.problems_at_write():
                raise Violation(f"{each.writer.name} wrote a wrong row: {problem}")
        return self._answered(each, course, answer, world)

    def _lose_reply(self, each: _Running, course: Course, world: World) -> _Running:
        each.must_know(course.next)
        world.in_flight = [*world.in_flight, course.next]
        return self._answered(each, course, None, world)

    def _answered(self, each: _Running, course: Course, answer: Any, world: World) -> _Running:
        known = world.frozen_answer(answer)
        if known not in course.after:
            course.after[known] = Course(each.writer, world, course, answer)
        course = course.after[known]
        if course.is_done and each.writer.decides:
            world.told |= {(each.writer.decides, course.result)}
        elif course.is_done and course.result is True:
            world.acknowledged |= set(each.writer.acknowledges)
        return each._replace(course=course, is_over=course.is_done)

    def _alone(self, state: _State, writer: Writer) -> _State:
        """The state after the writer ran, and no other."""
        alone = state._replace(running=(_Running(writer),))
        while not alone.running[0].is_over:
            alone = self._after(alone, (0, "step"))
        return alone._replace(running=state.running)

    def _check(self, state: _State) -> None:
        """Deliver what is not acknowledged, and look at what the row holds in the end."""
        scenario = self._scenario
        algorithm = scenario.last(self._flaws)
        state = state._replace(world=state.world.copy())
        store = state.world.store
        for key in scenario.lost:
            if key not in store:
                state.world.store |= {key}  # an event that is put back arrives through the stream again
                state.world.acknowledged -= {key}
        for key in sorted(state.world.store - state.world.acknowledged):
            state = self._alone(state, delivery(algorithm, key))
        world = state.world
        if not world.acknowledged >= world.store:
            raise self._wrong(state, f"deliveries are never acknowledged: {sorted(world.store - world.acknowledged)}")
        if world.row is None and world.store and not any("DeleteRow" in line for line in _lines(state.schedule)):
            raise self._wrong(state, "no row")
        for problem in world.problems_of_told():
            raise self._wrong(state, problem)
        if scenario.rebuilt_in_the_end and not scenario.erased:
            state = self._alone(state, rebuild(algorithm))
        for problem in state.world.problems():
            raise self._wrong(state, problem)
        if not scenario.erased:
            return
        state = self._alone(state, erasure(algorithm, *scenario.erased))
        if not state.world.rebuilt:
            raise self._wrong(state, "the rebuild after the tombstones failed")
        for problem in chain(state.world.problems(), state.world.traces()):
            raise self._wrong(state, problem)
        clean = state.world.frozen()
        keys = sorted(state.world.store)
        for batch in (*([key] for key in keys), keys):
            state = self._alone(state, delivery(algorithm, *batch))
        if state.world.frozen() != clean:
            raise self._wrong(state, "a redelivery after the rebuild changed something")

    def _wrong(self, state: _State, what: str) -> Violation:
        world, lines = state.world, "\n  ".join(_lines(state.schedule))
        return Violation(f"{self._scenario.name}: {what}\nrow: {world.row}\nstore: {sorted(world.store)}\n  {lines}")


def _lines(schedule: Any) -> list[str]:
    lines: list[str] = []
    while schedule is not None:
        schedule, *line = schedule
        lines.append(": ".join(each.name if isinstance(each, Writer) else str(each) for each in line))
    return lines[::-1]


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
