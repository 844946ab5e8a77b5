"""The command `cp-event-source local`."""

import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from rich.console import Console
from rich.text import Text

from cp_event_source.local.counted import counted
from cp_event_source.local.errors import LocalRunError, NotDrainedError
from cp_event_source.local.events_file import Entry, read_events
from cp_event_source.local.keep import how_to
from cp_event_source.local.monitor import PROVIDER_PREFIX
from cp_event_source.local.progress import Progress
from cp_event_source.local.run import LocalRun, Stack
from cp_event_source.local.show import make_console, pipeline_tables

FAILED = 1
INTERRUPTED = 130  # as shells report SIGINT
TERMINATED = 143  # and SIGTERM

_FUNCTION_TYPE: Final = "aws:lambda/function:Function"


@dataclass(frozen=True)
class Options:
    """The options of the command line."""

    programs: Sequence[Path]
    events: Path | None
    config: Mapping[str, str]
    keep: bool
    patience: float


class _TerminatedError(BaseException):
    """Somebody asked this process to end (SIGTERM, SIGHUP)."""


def run_command(options: Options) -> int:
    """Deploys, sends, waits, shows; returns the exit code: 0 only if every event sent is accounted for."""
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
            _note_other_functions(run, stacks, progress)
        for pipeline in run.pipelines:
            console.print(pipeline_tables(pipeline, console.width))
        if options.keep:
            _keep(run, stacks, console)
    finally:
        with _undisturbed():
            run.__exit__()
    if options.keep:
        console.print("\nStopped; everything is removed.")
    return exit_code


def _deploy(run: LocalRun, folder: Path, options: Options, progress: Progress) -> Stack:
    with progress.step(f"Deploying {folder}"):
        stack = run.deploy(folder, options.config)
    made = [each for each in stack.resources if each.id and not each.type.startswith(PROVIDER_PREFIX)]
    domains = ", ".join(pipeline.domain_name for pipeline in stack.pipelines)
    progress.done(f"Deployed {folder}: {counted(len(made), 'resource')}" + (f", domain {domains}" if domains else ""))
    return stack


def _send(run: LocalRun, entries: Sequence[Entry], progress: Progress) -> None:
    with progress.step("Sending events"):
        takers = run.publish(entries)
    taken = Counter(
        (entry.text("EventType") == "REBUILD", taker) for entry, taker in zip(entries, takers, strict=True) if taker
    )
    parts = [
        f"{counted(count, 'rebuild request')} for the domain {domain} (not waited for)"
        if is_rebuild
        else f"{count} for the domain {domain}"
        for (is_rebuild, domain), count in taken.items()
    ]
    others = [
        f"{entry.text('EventType')} of {entry.text('DomainName')}"
        for entry, taker in zip(entries, takers, strict=True)
        if taker is None
    ]
    if others:
        kinds = ", ".join(dict.fromkeys(others))
        parts.append(f"{len(others)} matched no domain's rule ({kinds})")
    progress.done(f"Sent {counted(len(entries), 'event')}: " + ", ".join(parts))


def _wait(run: LocalRun, options: Options, progress: Progress, console: Console) -> int:
    states = [""]

    try:
        with progress.step("Waiting until all is stored and projected") as update:

            def show(state: str) -> None:
                states[0] = state
                update(state)

            run.drain(options.patience, show)
    except NotDrainedError as error:
        console.print(Text(f"\nError: {error}\n", style="bold red"), soft_wrap=True)
        lines = run.emulator.log_of_failures()
        console.print(f"The last warnings and errors in the emulator's log:{'' if lines else ' none'}")
        for line in lines:
            console.print(Text(f"  {line}", style="dim"), soft_wrap=True)
        return FAILED
    progress.done(f"Drained: {states[0]}")
    return 0


def _note_other_functions(run: LocalRun, stacks: Sequence[Stack], progress: Progress) -> None:
    """Note that the run does not wait for other functions: what a consumer does may come later, or never."""
    ours = {
        pipeline.outputs[name]
        for pipeline in run.pipelines
        for name in ("persist_function_arn", "project_function_arn")
    }
    others = [
        each.name
        for stack in stacks
        for each in stack.resources
        if each.type == _FUNCTION_TYPE and each.properties["arn"] not in ours
    ]
    if others:
        progress.announce(f"note: the run does not wait for other functions: {', '.join(others)}")


def _keep(run: LocalRun, stacks: Sequence[Stack], console: Console) -> None:
    for line in how_to(run, list(stacks)):
        # Commands to paste, so without wrapping and markup.
        console.print(Text(line), soft_wrap=True)
    sys.stdout.flush()
    try:
        while True:
            time.sleep(1.0)
            run.emulator.ensure_running()
    except KeyboardInterrupt:
        return


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP unwind the stack, so that everything is cleaned up."""

    def end(_number: int, _frame: FrameType | None) -> NoReturn:
        raise _TerminatedError

    # A shell ignores SIGINT in what a script runs in the background; whoever sends it then still means it.
    # An ignored SIGHUP is nohup's, and stays ignored.
    # With SIGCHLD ignored, no exit code of a child process is known: a program that failed would have 0.
    handlers: dict[signal.Signals, Callable[[int, FrameType | None], object] | signal.Handlers] = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: end,
        signal.SIGHUP: end,
        signal.SIGCHLD: signal.SIG_DFL,
    }
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        del handlers[signal.SIGHUP]
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    blocked = signal.pthread_sigmask(signal.SIG_UNBLOCK, handlers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C must not interrupt the clean-up."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
