"""The command `cp-event-source local`."""

import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from cp_event_source.deployed.console import difference_table, make_console
from cp_event_source.deployed.ending import FAILED, INTERRUPTED, TERMINATED, TerminatedError, ended_by_signals
from cp_event_source.deployed.errors import CommandError
from cp_event_source.deployed.kept_runs import KeptRun, noted
from cp_event_source.deployed.verify import Verification
from cp_event_source.local.consumers import Output
from cp_event_source.local.document import document
from cp_event_source.local.drain import names
from cp_event_source.local.emulator import REGION
from cp_event_source.local.errors import NotDrainedError
from cp_event_source.local.events_file import Entry, read_events
from cp_event_source.local.keep import how_to
from cp_event_source.local.progress import Progress
from cp_event_source.local.run import PATIENCE, LocalRun
from cp_event_source.local.session import Session
from cp_event_source.local.show import output_lines, pipeline_tables
from cp_event_source.local.watch import keep_up


@dataclass(frozen=True)
class Options:
    """The options of the command line."""

    programs: Sequence[Path]
    events: Path | None
    config: Mapping[str, str]
    keep: bool = False
    patience: float = PATIENCE
    watch: bool = False
    json: bool = False
    strict: bool = False
    verify: bool = False


def run_command(options: Options) -> int:
    """Deploy, send, wait, show; returns the exit code, which docs/reference/command-line.md describes."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a log's encoding may lack a character of a payload
    console = make_console(to_stderr=options.json)
    try:
        with ended_by_signals():
            return _run(options, console)
    except CommandError as error:
        _show_error(str(error), console)
        if options.json:
            _write(document(errors=[str(error)], exit_code=FAILED))
        return FAILED
    except KeyboardInterrupt:
        console.print("\nInterrupted; everything is stopped and removed.")
        return INTERRUPTED
    except TerminatedError:
        return TERMINATED


def _run(options: Options, console: Console) -> int:
    since = time.time()
    entries = read_events(options.events) if options.events else []
    progress = Progress(console)
    run = LocalRun(progress.announce)
    with progress.step("Starting the emulator"):
        run.__enter__()
    try:
        progress.done(f"Emulator ready on {run.endpoint}")
        session = Session(run, options.programs, options.config, options.patience, progress)
        session.deploy_all()
        errors = _send(session, entries, console)
        verifications = session.verifications() if options.verify and not errors else None
        outputs = session.outputs(since) if entries and not errors else []
        if not options.json:
            _show(session, outputs, verifications, console)
        complaints = _complaints(session, options, verifications)
        for complaint in complaints:
            _show_error(complaint, console)
        errors += complaints
        exit_code = FAILED if errors else 0
        if options.json:
            _write(_document(session, outputs, verifications, errors, exit_code))
        if options.keep or options.watch:
            outputs_of_all = {pipeline.name: pipeline.outputs for pipeline in run.pipelines}
            with noted(KeptRun(run.endpoint, REGION, outputs_of_all)):
                _keep(session, options, console, since)
    finally:
        with _undisturbed():
            run.__exit__()
    if options.keep or options.watch:
        console.print("\nStopped; everything is removed.")
    return exit_code


def _send(session: Session, entries: Sequence[Entry], console: Console) -> list[str]:
    """Send events and wait for them; why, as it is shown, not all are accounted for, if they are not."""
    try:
        session.send(entries)
    except NotDrainedError as error:
        _show_error(str(error), console)
        lines = session.run.emulator.log_of_failures()
        console.print(f"\nThe last warnings and errors in the emulator's log:{'' if lines else ' none'}")
        for line in lines:
            console.print(Text(f"  {line}", style="dim"), soft_wrap=True)
        return [str(error)]
    return []


def _show(
    session: Session, outputs: Sequence[Output], verifications: Sequence[Verification] | None, console: Console
) -> None:
    for pipeline in session.run.pipelines:
        console.print(pipeline_tables(pipeline, console.width))
    if outputs:
        console.print(output_lines(outputs))
    for verification in verifications or []:
        console.print(Text(f"\nVerified, {verification}", style="bold cyan"), soft_wrap=True)
        if verification.differences:
            console.print(difference_table(verification.differences, "Row", "Fold"))
        for domain_id, reason in verification.not_compared.items():
            console.print(Text(f"  {domain_id}: not compared: {reason}"), soft_wrap=True)


def _complaints(session: Session, options: Options, verifications: Sequence[Verification] | None) -> list[str]:
    """Why a run that went through has the exit code 1 nevertheless, as the options ask."""
    found = [f"--verify: {each}" for each in verifications or [] if not each.passed]
    if options.strict:
        states = session.states()
        found += [
            f"--strict: {name}: {', '.join(state.aside)}"
            for name, state in zip(names(session.run.traffics), states, strict=True)
            if state.aside
        ]
        found += [f"--strict: {result}" for _, result in session.rebuilds if result.events is None]
    return found


def _document(
    session: Session,
    outputs: Sequence[Output],
    verifications: Sequence[Verification] | None,
    errors: Sequence[str],
    exit_code: int,
) -> str:
    return document(
        stacks=session.stacks.values(),
        sent=session.matched,
        unmatched=session.unmatched,
        traffics=session.run.traffics,
        rebuilds=session.rebuilds,
        outputs=outputs,
        verifications=verifications,
        errors=errors,
        exit_code=exit_code,
    )


def _write(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _show_error(text: str, console: Console) -> None:
    console.print(Text(f"\nError: {text}", style="bold red"), soft_wrap=True)


def _keep(session: Session, options: Options, console: Console, since: float) -> None:
    if options.keep:
        for line in how_to(session.run, list(session.stacks.values())):
            # Commands to paste, so without wrapping and markup.
            console.print(Text(line), soft_wrap=True)
    if options.watch:
        console.print("\nWatching: a saved change is deployed. Ctrl-C stops it and removes everything.")
    else:
        console.print("\nEnter deploys the programs again, with their changes. Ctrl-C stops it and removes everything.")
    console.file.flush()
    keep_up(session, options.events, console, since=since, watching=options.watch)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C must not interrupt the clean-up."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
