"""`export`: writes stored events to a file."""

import gzip
import os
import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, Protocol

import typer

from cp_event_source.deployed.batches import batches
from cp_event_source.deployed.counted import counted
from cp_event_source.deployed.errors import CommandError
from cp_event_source.deployed.event_lines import line_of
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.handler.aws.events_table import EventsTable
from cp_event_source.handler.events.key_set import Span
from cp_event_source.handler.events.stored_event import ERASED
from cp_event_source.handler.values.attribute_value import Item
from cp_event_source.handler.values.clock import Clock
from cp_event_source.operate.checks import check_ids
from cp_event_source.operate.journal import Journal
from cp_event_source.operate.metered import Metered
from cp_event_source.operate.options import FAILED, command
from cp_event_source.operate.output import Output
from cp_event_source.operate.pace import DEFAULT_UNITS_PER_SECOND, Pace
from cp_event_source.operate.reading import ReadUnits, announce_scan
from cp_event_source.operate.resumable import Resume, check_resume, finished, resumable
from cp_event_source.operate.scan import scan
from cp_event_source.operate.times import Since, Until, span_of

_STANDARD_OUTPUT: Final = "-"
_LINES_AT_ONCE: Final = 500

_FILE: Final = "file"
_PART: Final = "part"
_BYTES: Final = "bytes"
_EVENTS: Final = "events"
_START: Final = "since"
_BEFORE: Final = "until"


@command("export")
def export(
    pipeline: Pipeline,
    output: Output,
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID", help="DomainIds.")] = None,
    *,
    all_objects: Annotated[bool, typer.Option("--all", help="The events of all objects.")] = False,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to", metavar="FILE", help="A new file, compressed if it ends with .gz; - is the standard output."
        ),
    ] = None,
    since: Since = None,
    until: Until = None,
    read_units: ReadUnits = DEFAULT_UNITS_PER_SECOND,
    resume: Resume = None,
) -> None:
    """Write stored events with their payloads to a file, one JSON object a line, for `import` and `local --events`.

    Each object's events are in their order. The file has every event that was stored before the command began.
    """
    _check(ids or [], to, output, all_objects=all_objects, resume=resume, since=since, until=until)
    pace = Pace(read_units, Clock())
    begun = pace.clock.monotonic()
    if to is not None and ids:
        file, events = to, _export_some(pipeline, ids, span_of(since, until), to, pace, output)
    else:
        work = {"table": pipeline.events_table}
        with resumable("export", pipeline, output, pace.clock, resume, work) as journal:
            if to is not None:
                part = _part_of(to.absolute())
                facts = {_FILE: str(to.absolute()), _PART: str(part), _START: since or "", _BEFORE: until or ""}
                journal.note_all(facts)
            file, events = _export_all(pipeline, journal, pace, output)
            finished(journal, output)
    _report(output, file, events, pace, begun)


def _check(
    ids: Sequence[str],
    to: Path | None,
    output: Output,
    *,
    all_objects: bool,
    resume: Path | None,
    since: str | None,
    until: str | None,
) -> None:
    check_resume(resume)
    if resume is not None:
        given = {"ID": ids, "--all": all_objects, "--to": to, "--since": since, "--until": until}
        if named := [name for name, is_given in given.items() if is_given]:
            raise typer.BadParameter(
                f"--resume: must be given without {', '.join(named)}, since the file has it; leave that out"
            )
        return
    if bool(ids) == all_objects:
        raise typer.BadParameter(f"exactly one of ID and --all must be given; got {'both' if ids else 'none'}")
    check_ids(ids)
    span_of(since, until)
    if to is None:
        raise typer.BadParameter("--to: must name the file to write, or - for the standard output; got none")
    if str(to) == _STANDARD_OUTPUT:
        if all_objects or output.json:
            raise typer.BadParameter("--to -: must be given with IDs and without --json; name a file")
    elif to.exists():
        raise typer.BadParameter(f"--to: must be a new file; {str(to)!r} exists; name another one, or remove it")


def _export_some(pipeline: Pipeline, ids: Sequence[str], span: Span, file: Path, pace: Pace, output: Output) -> int:
    """Write the events of some objects; returns how many."""
    dynamodb: Any = Metered(pipeline.clients("dynamodb"), pace)
    table = EventsTable(dynamodb, pipeline.events_table)
    events = 0
    with _opened(file, _part_of(file)) as target:
        for domain_id in dict.fromkeys(ids):
            is_stored = False
            for some in batches((event.item for event in table.read(domain_id, Span())), _LINES_AT_ONCE):
                is_stored = True
                chosen = [item for item in some if _is_in(item, span)]
                target.write(chosen, pipeline.domain_name)
                events += len(chosen)
            if not is_stored:
                output.error(f"ID: must be the DomainId of stored events; found none of {domain_id!r}; check the id")
                output.exit_code = FAILED
    return events


def _export_all(pipeline: Pipeline, journal: Journal, pace: Pace, output: Output) -> tuple[Path, int]:
    """Write all events, from where the journal is; returns the file, and how many events it has."""
    dynamodb, table = pipeline.clients("dynamodb"), pipeline.events_table
    name, part = journal.fact(_FILE), journal.fact(_PART)
    if name is None or part is None:
        raise CommandError(f"{journal.file}: has not begun; give the command again, without --resume")
    file, span = Path(name), span_of(journal.fact(_START) or None, journal.fact(_BEFORE) or None)
    events, written = int(journal.fact(_EVENTS) or 0), int(journal.fact(_BYTES) or 0)
    if written and _is_complete(file, Path(part), written):  # it was interrupted right after the file got its name
        return file, events
    count = announce_scan(dynamodb, table, output, consistent=True)
    with (
        _opened(file, Path(part), written, lambda: not journal.is_untouched) as target,
        output.step("Exporting", count) as step,
    ):
        for page in scan(dynamodb, table, pace, start=journal.cursors(), ConsistentRead=True):
            chosen = [item for item in page.items if _is_in(item, span)]
            for some in batches(chosen, _LINES_AT_ONCE):
                target.write(some, pipeline.domain_name)
            events += len(chosen)
            size = target.kept()
            journal.processed(page.segment, page.next_key, {_BYTES: str(size), _EVENTS: str(events)})
            step.advance(len(page.items))
    return file, events


def _is_in(item: Item, span: Span) -> bool:
    """True if an event is in the span. Tombstones always are: whoever reads the file must not keep what is erased."""
    key = item["EventKey"]["S"]
    return ERASED in item or (span.start <= key and (span.before is None or key < span.before))


def _report(output: Output, file: Path, events: int, pace: Pace, begun: float) -> None:
    if str(file) == _STANDARD_OUTPUT:
        return
    seconds = pace.clock.monotonic() - begun
    document = {
        "file": str(file),
        "events": events,
        "bytes": file.stat().st_size,
        "read_units": Decimal(f"{pace.used:.1f}"),
        "seconds": Decimal(f"{seconds:.1f}"),
    }
    output.result(
        document,
        [
            f"Wrote {counted(events, 'event')}, {document['bytes']:,} bytes, to {_shown(file)}",
            f"Read {pace.used:,.1f} units in {seconds:,.0f} s",
        ],
    )


def _shown(file: Path) -> Path:
    here = Path.cwd()
    return file.relative_to(here) if file.is_relative_to(here) else file


class _Target(Protocol):
    def write(self, items: Sequence[Item], domain_name: str) -> None:
        """Write the lines of some events."""

    def kept(self) -> int:
        """Bring all that is written to the disk; returns the file's size."""


@dataclass
class _File:
    descriptor: int
    is_compressed: bool

    def write(self, items: Sequence[Item], domain_name: str) -> None:
        if not items:
            return
        lines = "".join(f"{line_of(item, domain_name)}\n" for item in items).encode("ascii")
        # Members of a gzip file follow each other, so that the file can be cut between two of them.
        left = memoryview(gzip.compress(lines) if self.is_compressed else lines)
        while left:
            left = left[os.write(self.descriptor, left) :]

    def kept(self) -> int:
        os.fsync(self.descriptor)
        return os.lseek(self.descriptor, 0, os.SEEK_CUR)


class _StandardOutput:
    def write(self, items: Sequence[Item], domain_name: str) -> None:
        for item in items:
            sys.stdout.write(f"{line_of(item, domain_name)}\n")

    def kept(self) -> int:
        sys.stdout.flush()
        return 0


def _part_of(file: Path) -> Path:
    """A file beside it that no other export writes."""
    return file.with_name(f"{file.name}.{secrets.token_hex(4)}.part")


def _is_complete(file: Path, part: Path, size: int) -> bool:
    return not part.exists() and file.exists() and file.stat().st_size == size


@contextmanager
def _opened(
    file: Path, part: Path, size: int = 0, is_to_continue: Callable[[], bool] = lambda: False
) -> Iterator[_Target]:
    """The file to write: it is `part` until it is complete. Only its owner may read it: it has payloads.

    Args:
        file: the file, or `-`.
        part: the file until then.
        size: the bytes that are written.
        is_to_continue: whether the part stays, if the work ends early.
    """
    if str(file) == _STANDARD_OUTPUT:
        yield _StandardOutput()
        return
    try:
        descriptor = os.open(part, os.O_WRONLY | (0 if size else os.O_CREAT), 0o600)
    except FileNotFoundError as error:
        raise CommandError(f"{part}: must be as it was left; it is gone; export again, without --resume") from error
    except OSError as error:
        raise CommandError(f"--to: {part} cannot be written: {error.strerror}; name another file") from error
    try:
        _cut(descriptor, part, size)
        target = _File(descriptor, is_compressed=file.suffix == ".gz")
        yield target
        target.kept()
        os.link(part, file)  # unlike a rename, it replaces no file
        part.unlink()
    except FileExistsError as error:
        raise CommandError(f"--to: {file} exists now; the export is complete in {part}; give that its name") from error
    except BaseException:
        if not is_to_continue():
            part.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)


def _cut(descriptor: int, part: Path, size: int) -> None:
    """Leave the first bytes of the file: what follows was written after the journal's last note."""
    if os.fstat(descriptor).st_size < size:
        raise CommandError(f"{part}: must have the {size:,} bytes that were written; it is shorter; export again")
    os.ftruncate(descriptor, size)
    os.lseek(descriptor, size, os.SEEK_SET)
