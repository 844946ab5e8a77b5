"""`export`: writes stored events to a file."""

import gzip
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, Protocol

import typer

from cp_event_source.deployed.counted import counted
from cp_event_source.deployed.errors import CommandError
from cp_event_source.deployed.event_lines import line_of
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.handler.aws.events_table import EventsTable
from cp_event_source.handler.events.key_set import Span
from cp_event_source.handler.values.attribute_value import Item
from cp_event_source.handler.values.clock import Clock
from cp_event_source.operate.checks import check_ids
from cp_event_source.operate.journal import Journal
from cp_event_source.operate.metered import Metered
from cp_event_source.operate.options import command
from cp_event_source.operate.output import Output
from cp_event_source.operate.pace import DEFAULT_UNITS_PER_SECOND, Pace
from cp_event_source.operate.reading import ReadUnits, announce_scan
from cp_event_source.operate.resumable import Resume, check_resume, finished, resumable
from cp_event_source.operate.scan import scan
from cp_event_source.operate.times import Since, Until, span_of

_STANDARD_OUTPUT: Final = "-"
_LINES_AT_ONCE: Final = 500

_FILE: Final = "file"
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
        file, events = to, _export_some(pipeline, ids, span_of(since, until), to, pace)
    else:
        work = {"table": pipeline.output("domain_events_table_name")}
        with resumable("export", pipeline, output, pace.clock, resume, work) as journal:
            if to is not None:
                journal.note_all({_FILE: str(to.absolute()), _START: since or "", _BEFORE: until or ""})
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
    if to is None:
        raise typer.BadParameter("--to: must name the file to write, or - for the standard output; got none")
    if str(to) == _STANDARD_OUTPUT:
        if all_objects or output.json:
            raise typer.BadParameter("--to -: must be given with IDs and without --json; name a file")
    elif to.exists():
        raise typer.BadParameter(f"--to: must be a new file; {str(to)!r} exists; name another one, or remove it")


def _export_some(pipeline: Pipeline, ids: Sequence[str], span: Span, file: Path, pace: Pace) -> int:
    """Write the events of some objects; returns how many."""
    dynamodb: Any = Metered(pipeline.clients("dynamodb"), pace)
    table = EventsTable(dynamodb, pipeline.output("domain_events_table_name"))
    events = 0
    with _opened(file) as target:
        for some in _in_parts(event.item for domain_id in ids for event in table.read(domain_id, span)):
            target.write(some)
            events += len(some)
    return events


def _export_all(pipeline: Pipeline, journal: Journal, pace: Pace, output: Output) -> tuple[Path, int]:
    """Write all events, from where the journal is; returns the file, and how many events it has."""
    dynamodb, table = pipeline.clients("dynamodb"), pipeline.output("domain_events_table_name")
    name = journal.fact(_FILE)
    if name is None:
        raise CommandError(f"{journal.file}: has not begun; give the command again, without --resume")
    file, span = Path(name), span_of(journal.fact(_START) or None, journal.fact(_BEFORE) or None)
    events, written = int(journal.fact(_EVENTS) or 0), int(journal.fact(_BYTES) or 0)
    if written and file.exists():  # it was interrupted right after the file got its name
        return file, events
    announce_scan(dynamodb, table, output, consistent=True)
    with _opened(file, keeps=written) as target, output.step("Exporting", None) as step:
        for page in scan(dynamodb, table, pace, start=journal.cursors(), ConsistentRead=True):
            chosen = [item for item in page.items if _is_in(item["EventKey"]["S"], span)]
            for some in _in_parts(chosen):
                target.write(some)
            events += len(chosen)
            size = target.kept()
            journal.processed(page.segment, page.next_key, {_BYTES: str(size), _EVENTS: str(events)})
            step.advance(len(page.items))
    return file, events


def _is_in(key: str, span: Span) -> bool:
    return span.start <= key and (span.before is None or key < span.before)


def _in_parts(items: Iterable[Item]) -> Iterator[list[Item]]:
    part: list[Item] = []
    for item in items:
        part.append(item)
        if len(part) == _LINES_AT_ONCE:
            yield part
            part = []
    if part:
        yield part


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
            f"Wrote {counted(events, 'event')}, {document['bytes']:,} bytes, to {file}",
            f"Read {pace.used:,.1f} units in {seconds:,.0f} s",
        ],
    )


class _Target(Protocol):
    def write(self, items: Sequence[Item]) -> None:
        """Write the lines of some events."""

    def kept(self) -> int:
        """Bring all that is written to the disk; returns the file's size."""


@dataclass
class _File:
    descriptor: int
    is_compressed: bool

    def write(self, items: Sequence[Item]) -> None:
        lines = "".join(f"{line_of(item)}\n" for item in items).encode("ascii")
        # Members of a gzip file follow each other, so that the file can be cut between two of them.
        left = memoryview(gzip.compress(lines) if self.is_compressed else lines)
        while left:
            left = left[os.write(self.descriptor, left) :]

    def kept(self) -> int:
        os.fsync(self.descriptor)
        return os.lseek(self.descriptor, 0, os.SEEK_CUR)


class _StandardOutput:
    def write(self, items: Sequence[Item]) -> None:
        for item in items:
            sys.stdout.write(f"{line_of(item)}\n")

    def kept(self) -> int:
        sys.stdout.flush()
        return 0


@contextmanager
def _opened(file: Path, keeps: int | None = None) -> Iterator[_Target]:
    """The file to write. It has its name when it is complete; until then `.part` follows the name.

    Only its owner may read it: it has payloads.

    Args:
        file: the file, or `-`.
        keeps: the bytes that are written, and stay if the work is interrupted; None if nothing is, and nothing stays.
    """
    if str(file) == _STANDARD_OUTPUT:
        yield _StandardOutput()
        return
    part = file.with_name(f"{file.name}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            _cut(descriptor, part, keeps or 0)
            target = _File(descriptor, is_compressed=file.suffix == ".gz")
            yield target
            target.kept()
            part.replace(file)
        except BaseException:
            if keeps is None or os.fstat(descriptor).st_size == 0:
                part.unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)
    except OSError as error:
        raise CommandError(f"--to: {part} cannot be written: {error.strerror}") from error


def _cut(descriptor: int, part: Path, size: int) -> None:
    """Leave the first bytes of the file: what follows was written after the journal's last note."""
    if os.fstat(descriptor).st_size < size:
        raise CommandError(
            f"{part}: must have the {size:,} bytes that are written; somebody has cut it; export again, without"
            " --resume"
        )
    os.ftruncate(descriptor, size)
    os.lseek(descriptor, size, os.SEEK_SET)
