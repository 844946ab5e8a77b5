"""Keeps a run up: until Ctrl-C, and with the changes that are made meanwhile, if a person asks for them."""

import os
import select
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console, Group, RenderableType
from rich.text import Text

from cp_event_source.deployed.console import difference_table
from cp_event_source.deployed.counted import counted
from cp_event_source.deployed.errors import CommandError
from cp_event_source.deployed.shown import short
from cp_event_source.handler.domain import contract
from cp_event_source.layer.layer_files import layer_files
from cp_event_source.local.errors import EventsError
from cp_event_source.local.events_file import Entry, read_events
from cp_event_source.local.session import Session, Update
from cp_event_source.local.show import output_lines, place_of, quarantined
from cp_event_source.local.watched import PROGRAM_FILES, Watched, program_files

if TYPE_CHECKING:
    from cp_event_source.deployed.logic_process import Stopped
    from cp_event_source.handler.projection.notes import Parked

_LOOK_EVERY_SECONDS: Final = 0.15
_MAX_NAMED: Final = 20
"""How many domain objects an update names in each of its lists."""


def keep_up(session: Session, events: Path | None, console: Console, *, since: float, watching: bool) -> None:
    """Return at Ctrl-C. Until then deploy what changes: each save if `watching`, else when a person presses Enter.

    Args:
        session: what is deployed.
        events: the file of events, or None.
        console: where it shows what changes do.
        since: when the deployment began, in POSIX seconds.
        watching: whether files are looked at.
    """
    watch = _Watch(session, events, since)
    pressed = _Enter()
    try:
        while True:
            time.sleep(_LOOK_EVERY_SECONDS)
            session.run.emulator.ensure_running()
            if watching and (changed := watch.files.changes()):
                watch.deploy(changed, console)
            elif not watching and pressed():
                watch.deploy_all(console)
    except KeyboardInterrupt:
        return


class _Watch:
    def __init__(self, session: Session, events: Path | None, since: float) -> None:
        self._session = session
        self._events = events.resolve() if events else None
        self._roots = {program.resolve(): program for program in session.programs}
        self.files = Watched(self._watched, since)

    def deploy(self, changed: set[Path], console: Console) -> None:
        """Deploy what belongs to some changed files."""
        layers = [folder for folder in self._session.run.layer_folders() if _any_in(changed, folder)]
        own = self._files_of_programs()
        programs = {root for path in changed & own.keys() for root in own[path]}
        programs |= {root for root in self._roots if any(_is_of(path, root, self._apart(root)) for path in changed)}
        programs = {root for root in programs if root in self._roots}
        self._update(layers, [self._roots[root] for root in programs], console)

    def deploy_all(self, console: Console) -> None:
        """Run all programs again."""
        self._update([], list(self._session.programs), console)

    def _update(self, layers: Sequence[Path], programs: Sequence[Path], console: Console) -> None:
        started, since = time.monotonic(), time.time()
        refused = {pipeline.name: pipeline.quarantined_count() for pipeline in self._session.run.pipelines}
        console.print()
        try:
            updates = self._session.update(layers, programs, self._entries(console))
        except CommandError as error:
            console.print(Text(f"Error: {error}", style="bold red"), soft_wrap=True)
            console.print("What was deployed before goes on; save again, or press Ctrl-C to stop.")
            return
        seconds = time.monotonic() - started
        console.print(Group(*_shown(updates, seconds)))
        for pipeline in self._session.run.pipelines:
            if pipeline.quarantined_count() > refused.get(pipeline.name, 0):
                console.print(Group(*quarantined(pipeline)))
        outputs = [each for each in self._session.outputs(since) if each.invocations]
        if outputs:
            console.print(output_lines(outputs))

    def _entries(self, console: Console) -> list[Entry]:
        """What the file of events has; nothing while it cannot be read, as in the middle of a person's work on it."""
        try:
            return read_events(self._events) if self._events else []
        except EventsError as error:
            console.print(Text(f"Error: {error}; no event is sent", style="bold red"), soft_wrap=True)
            return []

    def _watched(self) -> Iterator[Path]:
        run = self._session.run
        for folder in run.layer_folders():
            yield from layer_files(folder).values()
        for root in self._roots:
            yield from program_files(root, self._apart(root))
        yield from self._files_of_programs()
        if self._events:
            yield self._events

    def _apart(self, root: Path) -> list[Path]:
        return [folder for folder in self._session.run.layer_folders() if folder != root]

    def _files_of_programs(self) -> dict[Path, set[Path]]:
        found: dict[Path, set[Path]] = {}
        for path, roots in self._session.run.files().items():
            for file in path.rglob("*") if path.is_dir() else [path]:
                if "__pycache__" not in file.parts:
                    found.setdefault(file, set()).update(roots)
        return found


class _Enter:
    """Whether a person has pressed Enter at the terminal of this process. Nothing is read in the background."""

    def __init__(self) -> None:
        try:
            self._input: int | None = sys.stdin.fileno()
        except (AttributeError, OSError, ValueError):  # there is none
            self._input = None

    def __call__(self) -> bool:
        if self._input is None or not _in_foreground(self._input):
            return False
        try:
            readable, _, _ = select.select([self._input], [], [], 0)
            if not readable:
                return False
            read = os.read(self._input, 1024)
        except (OSError, ValueError):
            read = b""
        if not read:  # its end: a pipe that was closed, or /dev/null
            self._input = None
        return b"\n" in read


def _in_foreground(descriptor: int) -> bool:
    """False if reading would stop this process: it is a terminal's job in the background."""
    try:
        return not os.isatty(descriptor) or os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        return False


def _any_in(paths: set[Path], folder: Path) -> bool:
    return any(path.is_relative_to(folder) for path in paths)


def _is_of(path: Path, root: Path, apart: Sequence[Path]) -> bool:
    """Whether a changed file is a program's own, and not only of one of its layers.

    In a folder that is both, the layer's main module is the layer's.
    """
    if not path.is_relative_to(root) or path.suffix not in PROGRAM_FILES or path.name == contract.FILE:
        return False
    return not any(path.is_relative_to(folder) for folder in apart)


def _shown(updates: Sequence[Update], seconds: float) -> Iterator[RenderableType]:
    for update in updates:
        objects = len({each.domain_id for each in update.differences})
        what = f"{counted(objects, 'row')} changed" if objects else "no row changed"
        yield Text(f"Domain {update.domain_name}: {what} ({seconds:.1f} s)", style="bold cyan")
        if update.differences:
            yield difference_table(update.differences, "Before", "After")
        yield from _listed("Parked now", [f"{short(row.domain_id)} {_stopping(row.parked)}" for row in update.parked])
        yield from _listed("Healed", [short(domain_id) for domain_id in update.healed])
        yield from _listed("Still parked", _stops(update.still_parked))
        yield from _listed("The new logic fails, and the rows stay as they were", _stops(update.failed))


def _stops(stops: "Mapping[str, Stopped | str]") -> list[str]:
    return [f"{short(domain_id)} {_stopping(why)}" for domain_id, why in stops.items()]


def _stopping(why: "Stopped | Parked | str | None") -> str:
    if why is None or isinstance(why, str):
        return f"({why})"
    where = "; ".join(filter(None, [why.reason, place_of(why), f"EventId {why.event_id}"]))
    return f"at {why.event_name} ({where})"


def _listed(title: str, lines: Sequence[str]) -> Iterator[RenderableType]:
    if lines:
        yield Text(f"{title}: {counted(len(lines), 'object')}", style="bold")
        yield from (Text(f"  {line}") for line in lines[:_MAX_NAMED])
        if len(lines) > _MAX_NAMED:
            yield Text(f"  ... and {len(lines) - _MAX_NAMED} more", style="dim")
