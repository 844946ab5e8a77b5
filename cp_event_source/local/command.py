"""The command `cp-event-source local`."""

import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

from rich.console import Console
from rich.text import Text

from cp_event_source.local.errors import LocalRunError, NotDrainedError
from cp_event_source.local.events_file import Entry, read_events
from cp_event_source.local.keep import how_to
from cp_event_source.local.progress import Progress
from cp_event_source.local.run import LocalRun, Stack
from cp_event_source.local.show import make_console, pipeline_tables

FAILED = 1
INTERRUPTED = 130  # as shells report SIGINT
TERMINATED = 143  # and SIGTERM


@dataclass(frozen=True)
class Options:
    """What the command line asks for."""

    programs: Sequence[Path]
    events: Path | None
    config: Mapping[str, str]
    keep: bool
    patience: float


class _TerminatedError(BaseException):
    """Somebody asked this process to end (SIGTERM, SIGHUP)."""


def run_command(options: Options) -> int:
    """Deploy, send, wait, show; the exit code: 0 only when everything sent is accounted for."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a log's encoding may lack a character of a payload
    console = make_console()
    try:
        with _ended_by_signals():
            return _run(options, console)
    except LocalRunError as error:
        console.print(Text(f"\nError: {error}", style="bold red"), soft_wrap=True)
        return FAILED
    except KeyboardInterrupt:
        console.print("\nInterrupted; everything is stopped and removed.")
        return INTERRUPTED
    except _TerminatedError:
        return TERMINATED


def _run(options: Options, console: Console) -> int:
    entries = read_events(options.events) if options.events else []
    progress = Progress(console)
    exit_code = 0
    run = LocalRun(progress.announce)
    with progress.step("Starting the emulator"):
        run.__enter__()
    try:
        progress.done(f"Emulator ready on {run.endpoint}")
        stacks = [_deploy(run, folder, options, progress) for folder in options.programs]
        if entries:
            _send(run, entries, progress)
            exit_code = _wait(run, options, progress, console)
        for pipeline in run.pipelines:
            console.print(pipeline_tables(pipeline, console.width))
        if options.keep:
            _keep(run, stacks, console)
    finally:
        with _undisturbed():
            run.__exit__()
    return exit_code


def _deploy(run: LocalRun, folder: Path, options: Options, progress: Progress) -> Stack:
    with progress.step(f"Deploying {folder}"):
        stack = run.deploy(folder, options.config)
    resources = len([resource for resource in stack.resources if resource.id])
    domains = ", ".join(pipeline.domain_name for pipeline in stack.pipelines)
    progress.done(f"Deployed {folder}: {resources} resources" + (f", domain {domains}" if domains else ""))
    return stack


def _send(run: LocalRun, entries: Sequence[Entry], progress: Progress) -> None:
    with progress.step("Sending events"):
        takers = run.publish(entries)
    taken = Counter(taker for taker in takers if taker)
    parts = [f"{count} for the domain {domain}" for domain, count in taken.items()]
    others = [
        f"{entry.text('EventType')} of {entry.text('DomainName')}"
        for entry, taker in zip(entries, takers, strict=True)
        if taker is None
    ]
    if others:
        kinds = ", ".join(dict.fromkeys(others))
        parts.append(f"{len(others)} that no domain's rule lets through ({kinds})")
    progress.done(f"Sent {len(entries)} events: " + ", ".join(parts))


def _wait(run: LocalRun, options: Options, progress: Progress, console: Console) -> int:
    states = [""]

    try:
        with progress.step("Waiting until all is projected") as update:

            def tell(state: str) -> None:
                states[0] = state
                update(state)

            run.drain(options.patience, tell)
    except NotDrainedError as error:
        console.print(Text(f"\nError: {error}\n", style="bold red"), soft_wrap=True)
        for line in run.emulator.log_of_failures():
            console.print(Text(f"  {line}", style="dim"), soft_wrap=True)
        return FAILED
    progress.done(f"Drained: {states[0]}")
    return 0


def _keep(run: LocalRun, stacks: Sequence[Stack], console: Console) -> None:
    for line in how_to(run, list(stacks)):
        # Commands to paste: no wrapping, no markup.
        console.print(Text(line), soft_wrap=True)
    sys.stdout.flush()
    try:
        while True:
            time.sleep(1.0)
            run.emulator.ensure_running()
    except KeyboardInterrupt:
        console.print("\nStopped; everything is removed.")


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP unwind the stack, so that everything is cleaned up."""

    def end(_number: int, _frame: FrameType | None) -> NoReturn:
        raise _TerminatedError

    # A shell starts what a script runs in the background with SIGINT ignored; asking by it is meant even then.
    # An ignored SIGHUP, on the other hand, is nohup's: it is to stay.
    handlers = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: end, signal.SIGHUP: end}
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        del handlers[signal.SIGHUP]
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C must not interrupt the cleaning up."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
