"""Checks that a row does not depend on which objects the process folded before."""

import os
import random
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from ...handler.events.stored_event import StoredEvent
from ...handler.values.attribute_value import Item
from ..differences import row_differences
from ..events import describe
from ..fresh import Call, Failed, call_all, in_a_fork
from ..layer import Layer, load
from ..remains import Remains
from .tracks import Parting, Track, Tracker, parting, track

History = Sequence[StoredEvent]
_SHUFFLES: Final = 4


@dataclass(frozen=True, slots=True)
class Turn:
    """One object's next event is folded."""

    number: int
    """Which fold it is: an object that is folded again has another number than before."""
    history: int
    """Which history it is of."""


Schedule = Sequence[Turn]


@dataclass(frozen=True, slots=True)
class Leak:
    """One object's row depends on another object's events."""

    event: StoredEvent
    domain_id: str
    other: str
    """The other object's DomainId; that of the object itself if it was folded twice."""
    lines: tuple[str, ...]
    """What differs."""
    remains: tuple[str, ...]
    """Where the layer's modules and classes keep something of the folded events."""


def check_isolated(layer: Layer, histories: Sequence[History]) -> None:
    """Fold objects by turns in one process, and compare each with its fold in a process of its own.

    Raises:
        AssertionError: rows differ. The message names both objects, the event, the attributes and both values, and what
            the layer's modules and classes keep.
    """
    __tracebackhide__ = True
    with TemporaryDirectory(prefix="cp-event-source-") as folder:
        call = Call(find_leak, (str(layer.folder), layer.seconds_per_event, histories), dict(os.environ))
        (found,) = call_all([call], Path(folder))
    if isinstance(found, Failed):
        raise AssertionError(f"the events cannot be folded in a fresh interpreter: {found}")  # noqa: TRY004
    if found is not None:
        raise AssertionError(_text(found, {history[0].domain_id for history in histories}))


def find_leak(folder: str, seconds_per_event: float, given: Sequence[History]) -> Leak | None:
    """The first leak found. This process folds nothing: each fold is in a copy of it."""
    layer = load(folder, seconds_per_event=seconds_per_event)
    histories = [*given, *_relatives(max(given, key=lambda each: (len({e.event_name for e in each}), len(each))))]
    alone = [in_a_fork(track, layer, history) for history in histories]
    again = [in_a_fork(track, layer, history) for history in histories]
    runs = _Runs(layer, histories, alone, [_unstable(*each) for each in zip(alone, again, strict=True)])
    for schedule in _schedules([len(history) for history in histories]):
        found = runs.leak(schedule)
        if found is not None:
            return found
    return None


@dataclass(frozen=True, slots=True)
class _Runs:
    """Folds of some histories by turns."""

    layer: Layer
    histories: Sequence[History]
    alone: Sequence[Track]
    unstable: Sequence[frozenset[str]]
    """The attributes that differ even between two processes that folded nothing else: not a leak."""

    def leak(self, schedule: Schedule) -> Leak | None:
        """The leak that a schedule shows, with the one object that causes it."""
        found = self._parting(schedule)
        if found is None:
            return None
        number, history, parted = found
        before = _until(schedule, number, parted.index)
        for each in sorted({(turn.history, turn.number) for turn in before} - {(history, number)}):
            pair = [turn for turn in before if turn.number in {each[1], number}]
            again = self._parting(pair)
            if again is not None and again[0] == number:
                return self._described(pair, each[0], *again[1:])
        return self._described(before, next(turn.history for turn in before if turn.number != number), *found[1:])

    def _parting(self, schedule: Schedule) -> tuple[int, int, Parting] | None:
        """The fold and the history that differ from the history alone, and how."""
        turns = Counter(turn.number for turn in schedule)
        for number, (history, of) in in_a_fork(self._tracks, schedule).items():
            whole = self.alone[history]
            is_parked = turns[number] > len(whole.rows)
            alone = Track(whole.rows[: turns[number]], *((whole.parked, whole.reason) if is_parked else ()))
            parted = parting(alone, of, ("alone", "after the other"), self.unstable[history])
            if parted is not None:
                return number, history, parted
        return None

    def _tracks(self, schedule: Schedule) -> dict[int, tuple[int, Track]]:
        trackers: dict[int, tuple[int, Tracker]] = {}
        for turn in schedule:
            if turn.number not in trackers:
                trackers[turn.number] = turn.history, Tracker(self.layer, self.histories[turn.history])
            trackers[turn.number][1].advance()
        return {number: (history, tracker.track) for number, (history, tracker) in trackers.items()}

    def _described(self, schedule: Schedule, other: int, history: int, parted: Parting) -> Leak:
        return Leak(
            event=self.histories[history][parted.index],
            domain_id=self.histories[history][0].domain_id,
            other=self.histories[other][0].domain_id,
            lines=parted.lines,
            remains=in_a_fork(self._remains, schedule),
        )

    def _remains(self, schedule: Schedule) -> tuple[str, ...]:
        with self.layer.current():
            remains = Remains(self.layer.modules)
            self._tracks(schedule)
            return tuple(remains.found(self.layer.modules))


def _until(schedule: Schedule, number: int, index: int) -> Schedule:
    """The schedule up to the event with an index of one fold."""
    turns = [position for position, turn in enumerate(schedule) if turn.number == number]
    return schedule[: turns[index] + 1]


def _schedules(lengths: Sequence[int]) -> Iterator[Schedule]:
    """One after the other, in both directions; by turns; in random orders; and each again."""
    wholes = [[Turn(each, each)] * length for each, length in enumerate(lengths)]
    yield list(chain(*wholes))
    yield list(chain(*reversed(wholes)))
    yield [turn for turns in zip_longest(*wholes) for turn in turns if turn is not None]
    yield [turn for turns in zip_longest(*reversed(wholes)) for turn in turns if turn is not None]
    count = len(lengths)
    yield list(chain(*wholes, *([Turn(count + each, each)] * length for each, length in enumerate(lengths))))
    for seed in range(_SHUFFLES):
        shuffled = list(chain(*wholes))
        random.Random(seed).shuffle(shuffled)  # noqa: S311  the same orders in each run
        yield shuffled


def _unstable(one: Track, other: Track) -> frozenset[str]:
    """The attributes that differ between two tracks."""
    names = ("", "")
    paths = [
        line.partition(":")[0]
        for left, right in zip(one.rows, other.rows, strict=False)
        for line in row_differences(left, right, names)
    ]
    return frozenset(paths)


def _relatives(history: History) -> list[History]:
    """Histories of further objects, made from one: with equal payloads, with other texts, numbers and truths, a part
    of it, with ids that begin alike and with others."""
    domain_id = history[0].domain_id
    return [
        [_of_another(event, f"{domain_id}~1", lambda attribute: attribute) for event in history],
        [_of_another(event, f"other-texts-than-{domain_id}", _changing("S")) for event in history],
        [_of_another(event, f"other-numbers-than-{domain_id}", _changing("N", "BOOL")) for event in history],
        [_of_another(event, f"{domain_id}~2", _changing("S", "N")) for event in history[: (len(history) + 1) // 2]],
    ]


def _of_another(event: StoredEvent, domain_id: str, changed: Callable[[Item], Item]) -> StoredEvent:
    instant, _, event_id = event.key.partition("#")
    event_id = f"{event_id}~{domain_id[-1:]}{len(domain_id)}"
    item = event.item | {
        "DomainId": {"S": domain_id},
        "EventId": {"S": event_id},
        "EventKey": {"S": f"{instant}#{event_id}"},
        "Payload": changed(event.item["Payload"]),
    }
    return StoredEvent.of(item)


def _changing(*kinds: str) -> Callable[[Item], Item]:
    return partial(_changed, kinds)


def _changed(kinds: Sequence[str], attribute: Item) -> Item:
    """An attribute value with other values of some kinds in it."""
    ((kind, value),) = attribute.items()
    match kind:
        case "M":
            return {kind: {name: _changed(kinds, each) for name, each in value.items()}}
        case "L":
            return {kind: [_changed(kinds, each) for each in value]}
        case "S" if kind in kinds:
            return {kind: f"{value}~"}
        case "N" if kind in kinds and value.lstrip("-").isdecimal():
            return {kind: str(int(value) + 1)}
        case "N" if kind in kinds:
            return {kind: f"1{value.lstrip('-')}"}
        case "BOOL" if kind in kinds:
            return {kind: not value}
    return attribute


def _text(leak: Leak, given: Collection[str]) -> str:
    def named(domain_id: str) -> str:
        return repr(domain_id) if domain_id in given else f"{domain_id!r} (made from a given object)"

    by = "an earlier fold of itself" if leak.other == leak.domain_id else f"events of {named(leak.other)}"
    event = describe(leak.event)
    lines = [f"the row of {named(leak.domain_id)} after {event} depends on {by} in the same process"]
    lines += [f"  {line}" for line in leak.lines]
    lines += [f"  kept between objects: {each}" for each in leak.remains]
    remedy = "keep everything in the object, not in a class attribute, a default argument, a module or a cache"
    return "\n".join([*lines, f"  {remedy}"])
