"""Checks that the logic gives the same rows in every process, at every time and in every place."""

import locale
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from ...handler.events.stored_event import StoredEvent
from ..events import describe
from ..extra import need
from ..fresh import Call, Failed, call_all, in_a_fork, needed_variables
from ..layer import Layer, load
from .machine import move_to_machine
from .tracks import Parting, Track, parting, track

History = Sequence[StoredEvent]


@dataclass(frozen=True, slots=True)
class Conditions:
    """What domain logic must not depend on."""

    hash_seed: int = 1
    now: str = "2026-02-03T04:05:06+00:00"
    zone: str = "UTC0"
    """As the variable TZ has it."""
    locales: tuple[str, ...] = ("C.UTF-8", "C")
    """The first one that the machine has."""
    machine: int = 0
    """Not 0: a machine with another name, more processors, and other clocks that count from their start."""
    folder: str = "here"
    variables: Mapping[str, str] = field(default_factory=dict)
    """The environment."""


_OTHERS: Final = (
    Conditions(2, "2029-12-31T23:59:59+00:00", "ONE-13:45", ("de_DE.UTF-8", "fr_FR.UTF-8", "C.UTF-8")),
    Conditions(3, "1999-06-30T12:00:00+00:00", "TWO+9:30", ("tr_TR.UTF-8", "C.UTF-8")),
    Conditions(5, "2031-07-15T00:30:00+00:00", "ONE-13:45", ("ja_JP.UTF-8", "C.UTF-8")),
    Conditions(8, "2040-02-29T06:00:00+00:00", "TWO+9:30", ("sv_SE.UTF-8", "C.UTF-8")),
)
"""Two hash seeds may give a small set the same order by chance; five hardly do."""

_CAUSES: Final = {
    "hash_seed": "the hash seed: the order of a set, or hash()",
    "now": "the clock; use event_time",
    "zone": "the time zone; convert times with a zone of your own",
    "locales": "the locale",
    "machine": "the machine: its name, its processors, or a clock that counts from its start",
    "folder": "the current folder",
    "variables": "the environment",
}
_HASH_SEED: Final = "hash_seed"
_NO_CAUSE: Final = "several of these together"
_RANDOM: Final = "a random number, an id() or something else that differs in each process"
_SET_BY_CONDITIONS: Final = ("PYTHONHASHSEED", "TZ", "LANG", "LANGUAGE", "LC_ALL")
_ELSEWHERE: Final = {"HOME": "/nowhere", "USER": "somebody", "AWS_REGION": "eu-north-1", "STAGE": "other"}


@dataclass(frozen=True, slots=True)
class Folded:
    """What one interpreter gives."""

    tracks: tuple[Track, ...]
    read: frozenset[str]
    """The environment's variables that the layer's code asked for."""


def check_deterministic(layer: Layer, histories: Sequence[History]) -> None:
    """Fold histories in interpreters under different conditions, and compare the rows after each event.

    Raises:
        AssertionError: rows differ. The message names the event, the attributes, both values, and the cause if one
            condition alone makes them differ.
        MissingExtra: time-machine is not installed.
    """
    __tracebackhide__ = True
    _time_machine()
    with TemporaryDirectory(prefix="cp-event-source-") as folder:
        found = _Interpreters(layer, histories, Path(folder)).compare()
    if found:
        raise AssertionError(found)


def fold_under(
    folder: str, seconds_per_event: float, histories: Sequence[History], conditions: Sequence[Conditions]
) -> list[Folded | Failed]:
    """Fold histories in forks of this interpreter, one for each of the conditions. They all have its hash seed."""
    _time_machine()
    results: list[Folded | Failed] = []
    for each in conditions:
        try:
            results.append(in_a_fork(_fold, folder, seconds_per_event, histories, each))
        except Failed as failed:
            results.append(failed)
    return results


def _fold(folder: str, seconds_per_event: float, histories: Sequence[History], conditions: Conditions) -> Folded:
    needed_here = needed_variables()
    os.environ.clear()
    os.environ.update({**needed_here, **conditions.variables, "TZ": conditions.zone})
    time.tzset()
    _set_locale(conditions.locales)
    Path(conditions.folder).mkdir(exist_ok=True)
    os.chdir(conditions.folder)
    if conditions.machine:
        move_to_machine(conditions.machine)
    # a number: the zone of a datetime would become that of the process; a clock that stands gives the same each time
    now = datetime.fromisoformat(conditions.now).timestamp()
    with _time_machine().travel(now, tick=False), _variables_read_in(Path(os.path.realpath(folder))) as read:
        layer = load(folder, seconds_per_event=seconds_per_event)
        found = tuple(track(layer, each) for each in histories)
    return Folded(found, frozenset(read))


def _set_locale(names: Sequence[str]) -> None:
    """Set the first locale that the machine has."""
    for name in names:
        with suppress(locale.Error):
            locale.setlocale(locale.LC_ALL, name)
            return


def _time_machine() -> Any:
    """The library, without its plugin for pytest and its parser of dates: their import takes longer than the fold."""
    blocked: dict[str, Any] = {name: None for name in ("pytest", "dateutil.parser") if name not in sys.modules}
    sys.modules.update(blocked)
    try:
        need("time_machine")
        return import_module("time_machine")
    finally:
        for name in blocked:
            del sys.modules[name]


class _Interpreters:
    """Folds the same histories in interpreters under different conditions."""

    def __init__(self, layer: Layer, histories: Sequence[History], folder: Path) -> None:
        self._layer = layer
        self._histories = histories
        self._folder = folder
        here = {name: value for name, value in os.environ.items() if name not in _SET_BY_CONDITIONS}
        self._base = Conditions(variables=here)

    def compare(self) -> str:
        """What differs, and why; empty if nothing does."""
        ((base,),) = self._fold([[self._base]])
        if isinstance(base, Failed):
            return f"the events cannot be folded in a fresh interpreter: {base}"
        changed = {name: "2" if os.environ.get(name) == "1" else "1" for name in base.read}
        others = [
            replace(each, folder="elsewhere", machine=each.hash_seed, variables=_ELSEWHERE | changed)
            for each in _OTHERS
        ]
        results = self._fold([[each] for each in others])
        if any(isinstance(each, Failed) for (each,) in results):  # such as LOG_LEVEL=1, which is no level
            kept = {name: os.environ[name] for name in base.read if name in os.environ}
            others = [replace(each, variables=_ELSEWHERE | kept) for each in others]
            results = self._fold([[each] for each in others])
        for conditions, (other,) in zip(others, results, strict=True):
            if isinstance(other, Failed):
                return f"the events cannot be folded in another environment: {other}"
            found = _first_parting(base, other)
            if found is not None:
                return self._text(*found, self._cause(base, conditions))
        return ""

    def _fold(self, conditions: Sequence[Sequence[Conditions]]) -> list[list[Folded | Failed]]:
        """The results under conditions; those in one list are folded in one interpreter."""
        answers = call_all([self._call(each) for each in conditions], self._folder)
        return [
            [answer] * len(each) if isinstance(answer, Failed) else answer
            for each, answer in zip(conditions, answers, strict=True)
        ]

    def _call(self, conditions: Sequence[Conditions]) -> Call:
        arguments = (str(self._layer.folder), self._layer.seconds_per_event, self._histories, conditions)
        return Call(fold_under, arguments, {"PYTHONHASHSEED": str(conditions[0].hash_seed)})

    def _cause(self, base: Folded, other: Conditions) -> str:
        """Which condition alone makes rows differ."""
        names = [name for name in _CAUSES if name != _HASH_SEED]
        alone = [replace(self._base, **{name: getattr(other, name)}) for name in names]
        (unchanged, *results), (of_seed,) = self._fold(
            [[self._base, *alone], [replace(self._base, hash_seed=other.hash_seed)]]
        )
        if _differs(base, unchanged):
            return _RANDOM
        tried = dict(zip([*names, _HASH_SEED], [*results, of_seed], strict=True))
        causes = [_CAUSES[name] for name, result in tried.items() if _differs(base, result)]
        if _CAUSES["variables"] in causes and base.read:
            causes.remove(_CAUSES["variables"])
            causes.append(f"{_CAUSES['variables']} ({', '.join(sorted(base.read))})")
        return "; and on ".join(causes) or _NO_CAUSE

    def _text(self, number: int, found: Parting, cause: str) -> str:
        history = self._histories[number]
        event = describe(history[found.index])
        lines = [f"the row of {history[0].domain_id!r} after {event} is not the same in another process"]
        lines += [f"  {line}" for line in found.lines]
        return "\n".join([*lines, f"  it depends on {cause}"])


def _first_parting(base: Folded, other: Folded) -> tuple[int, Parting] | None:
    for number, (one, another) in enumerate(zip(base.tracks, other.tracks, strict=True)):
        found = parting(one, another, ("one process gives", "another"))
        if found is not None:
            return number, found
    return None


def _differs(base: Folded, other: Folded | Failed) -> bool:
    return isinstance(other, Failed) or _first_parting(base, other) is not None


@contextmanager
def _variables_read_in(folder: Path) -> Iterator[set[str]]:
    """The names of the environment's variables that code in a folder asks for while the block runs."""
    read: set[str] = set()

    class Recording(os._Environ):  # type: ignore[type-arg]  # os.environ itself must record
        def __getitem__(self, name: Any) -> Any:
            if isinstance(name, str) and _asked_by_code_in(folder):
                read.add(name)
            return super().__getitem__(name)

    before = os.environ.__class__
    os.environ.__class__ = Recording
    try:
        yield read
    finally:
        os.environ.__class__ = before


def _asked_by_code_in(folder: Path) -> bool:
    frame = sys._getframe(2)  # who asks is in the stack only
    while frame.f_back is not None and frame.f_globals.get("__name__") in {"os", "collections.abc", "_collections_abc"}:
        frame = frame.f_back
    return Path(frame.f_code.co_filename).is_relative_to(folder)
