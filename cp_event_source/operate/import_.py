"""`import`: appends the events of files to a pipeline."""

import gzip
import io
import shlex
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final

import typer
from rich.console import RenderableType

from cp_event_source.deployed.console import and_more, cell, make_table
from cp_event_source.deployed.errors import CommandError, UsageError
from cp_event_source.deployed.event_lines import BadLine, item_of
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.handler.aws.events_table import Appended, EventsTable, ItemRefused
from cp_event_source.handler.events.event_time import instant_at
from cp_event_source.handler.events.stored_event import ERASED
from cp_event_source.handler.values.attribute_value import Item
from cp_event_source.handler.values.clock import Clock
from cp_event_source.operate.appending import DEFAULT_WRITE_UNITS, Writers, WriteUnits
from cp_event_source.operate.journal import Journal
from cp_event_source.operate.metered import Metered
from cp_event_source.operate.options import FAILED, command
from cp_event_source.operate.output import Output
from cp_event_source.operate.pace import Pace
from cp_event_source.operate.resumable import Resume, check_resume, finished, resumable

MAX_LINE_BYTES: Final = 16 * 1024 * 1024
"""A longer line holds no event: an item has at most 400 KB."""

_LINES_AT_ONCE: Final = 2_000
_BYTES_AT_ONCE: Final = 2 * 1024 * 1024
"""Memory holds up to 150 times as much, if the lines have nothing but small numbers."""

_LISTED: Final = 1_000
_SHOWN: Final = 20
_SKEW_SECONDS: Final = 10 * 366 * 86_400
"""How far ahead an event may be: the most that a component may accept. The events of an export were accepted before."""

_FILES: Final = "file "
_COUNTS: Final = "count "
_PROBLEMS: Final = "problem "


@command("import")
def import_(
    pipeline: Pipeline,
    output: Output,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE", help="Files of `export`, or of DynamoDB's export to S3; .gz, too."),
    ] = None,
    *,
    from_domain: Annotated[
        str | None,
        typer.Option("--from-domain", metavar="NAME", help="The DomainName in the files; it becomes the pipeline's."),
    ] = None,
    write_units: WriteUnits = DEFAULT_WRITE_UNITS,
    resume: Resume = None,
) -> None:
    """Append the events of files to the events table; the stream brings them into the rows.

    An event that is stored stays as it is, so a file can be imported twice. Exit code 1 if a line is no event of this
    pipeline, or if another event is stored under its key; all other lines are imported.
    """
    check_resume(resume)
    if (resume is None) != bool(files):
        raise typer.BadParameter(f"exactly one of FILE and --resume must be given; got {'both' if files else 'none'}")
    pace = Pace(write_units, Clock())
    table = pipeline.events_table
    work = {"table": table, "from_domain": from_domain or ""}
    options = f" --from-domain {shlex.quote(from_domain)}" if from_domain else ""
    begun = pace.clock.monotonic()
    with resumable("import", pipeline, output, pace.clock, resume, work, options=options) as journal:
        if files:
            journal.note_all({f"{_FILES}{number}": _described(file) for number, file in enumerate(files)})
        named = [_unchanged(description) for _, description in journal.facts(_FILES)]
        dynamodb: Any = Metered(pipeline.clients("dynamodb"), pace)
        with Writers(EventsTable(dynamodb, table), pace) as writers:
            importing = _Importing(pipeline, writers, journal, from_domain, pace.clock)
            for number, file in enumerate(named):
                importing.file(number, file, output)
        _report(output, journal, pace, begun)
        finished(journal, output)


def _described(file: Path) -> str:
    """What tells a file from what it may be later."""
    try:
        status = file.stat()
        if not file.is_file():
            raise UsageError(f"FILE: {file} must be a file, since an import reads it again if it is continued")
    except OSError as error:
        raise UsageError(f"FILE: {file} cannot be read: {error.strerror}") from error
    return f"{status.st_size} {status.st_mtime_ns} {file.absolute()}"


def _path(description: str) -> Path:
    return Path(description.split(" ", 2)[2])


def _unchanged(description: str) -> Path:
    file = _path(description)
    if _described(file) != description:
        raise CommandError(f"{file}: must be as it was when its import began; import it again, without --resume")
    return file


@dataclass(frozen=True)
class _Line:
    number: int
    """From 1."""
    text: bytes
    end: int
    """Where the next line begins."""


@dataclass
class _Importing:
    pipeline: Pipeline
    writers: Writers
    journal: Journal
    from_domain: str | None
    clock: Clock

    def file(self, number: int, file: Path, output: Output) -> None:
        """Import one file, from where the journal is."""
        at = self.journal.cursors().get(number) or {}
        start, first = int(at.get("Bytes", {}).get("N", 0)), int(at.get("Lines", {}).get("N", 0))
        try:
            # To count the lines, the file is read once more: only for somebody who sees the progress.
            left = _count_lines(file) - first if output.console.is_terminal else None
            with _opened(file) as stream, output.step(f"Importing {file.name}", left) as step:
                _check_lines(stream, file)
                stream.seek(start)
                for some in _parts(_lines(stream, start, first)):
                    self._append(number, some)
                    step.advance(len(some))
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise CommandError(f"{file}: must be a whole gzip file: {error}") from error
        except OSError as error:
            raise CommandError(f"{file}: cannot be read: {error.strerror}") from error

    def _append(self, number: int, lines: list[_Line]) -> None:
        problems: dict[int, str] = {}
        items: dict[int, Item] = {}
        latest = instant_at(self.clock.now() + _SKEW_SECONDS)
        for line in lines:
            if not line.text.strip():
                continue
            try:
                items[line.number] = item_of(
                    _text(line), domain_name=self.pipeline.domain_name, latest=latest, from_domain=self.from_domain
                )
            except BadLine as error:
                problems[line.number] = str(error)
        outcomes = self.writers.append(items.items())
        counts = self.journal.counts(_COUNTS)
        counts["bad"] += len(problems)
        for each, outcome in outcomes.items():
            name, problem = _result(items[each], outcome)
            counts[name] += 1
            if problem:
                problems[each] = problem
        known = len(self.journal.facts(_PROBLEMS))
        noted = dict(sorted(problems.items())[: max(0, _LISTED - known)])
        facts = {f"{_COUNTS}{name}": str(value) for name, value in counts.items()}
        facts |= {f"{_PROBLEMS}{number} {each}": problem for each, problem in noted.items()}
        last = lines[-1]
        cursor: Item = {"Bytes": {"N": str(last.end)}, "Lines": {"N": str(last.number)}}
        self.journal.processed(number, cursor, facts)


def _text(line: _Line) -> str:
    if len(line.text) > MAX_LINE_BYTES:
        raise BadLine(f"must have at most {MAX_LINE_BYTES:,} bytes; found more")
    try:
        return line.text.decode("utf-8-sig" if line.number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise BadLine(f"must be UTF-8; {error.reason} at byte {error.start}") from error


def _result(item: Item, outcome: Appended | ItemRefused) -> tuple[str, str]:
    """What is counted, and the problem."""
    key = f"{item['DomainId']['S']} {item['EventKey']['S']}"
    if isinstance(outcome, ItemRefused):
        return "bad", f"{key}: DynamoDB refuses the item: {outcome}"
    if outcome is Appended.CONFLICT:
        if ERASED in item:
            return "conflict", f"{key}: is erased in the file and stored here; `cp-event-source erase` erases it here"
        return "conflict", f"{key}: another event is stored under its id and time; the stored one stays"
    return outcome.value, ""


def _opened(file: Path) -> BinaryIO:
    stream = file.open("rb")
    is_compressed = stream.read(2) == b"\x1f\x8b"
    stream.seek(0)
    return io.BufferedReader(gzip.GzipFile(fileobj=stream)) if is_compressed else stream


def _check_lines(stream: BinaryIO, file: Path) -> None:
    """Raises CommandError: the file is one JSON array."""
    if stream.read(64).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        raise CommandError(
            f"{file}: must have one JSON object in each line; found an array; write its events as lines, such as with"
            " jq -c '.[] | {detail: .}'"
        )


def _count_lines(file: Path) -> int:
    with _opened(file) as stream:
        return sum(part.count(b"\n") for part in iter(lambda: stream.read(1 << 20), b""))


def _lines(stream: BinaryIO, start: int, number: int) -> Iterator[_Line]:
    """The lines from a position on. A line that is too long comes cut."""
    end = start
    while text := stream.readline(MAX_LINE_BYTES + 1):
        number, end = number + 1, end + len(text)
        rest = text
        while len(text) > MAX_LINE_BYTES and not rest.endswith(b"\n") and (rest := stream.readline(MAX_LINE_BYTES)):
            end += len(rest)
        yield _Line(number, text, end)


def _parts(lines: Iterator[_Line]) -> Iterator[list[_Line]]:
    part: list[_Line] = []
    size = 0
    for line in lines:
        part.append(line)
        size += len(line.text)
        if len(part) >= _LINES_AT_ONCE or size >= _BYTES_AT_ONCE:
            yield part
            part, size = [], 0
    if part:
        yield part


def _report(output: Output, journal: Journal, pace: Pace, begun: float) -> None:
    files = [_path(description) for _, description in journal.facts(_FILES)]
    counts = journal.counts(_COUNTS)
    problems = []
    for name, text in journal.facts(_PROBLEMS):
        file, line = map(int, name.removeprefix(_PROBLEMS).split())
        problems.append({"file": str(files[file]), "line": line, "problem": text})
    seconds = pace.clock.monotonic() - begun
    names = {"stored": "stored", "duplicate": "already_stored", "erased": "erased_here"}
    document = {
        **{name: counts[each] for each, name in names.items()},
        "conflicts": counts["conflict"],
        "bad_lines": counts["bad"],
        "problems": problems,
        "write_units": Decimal(f"{pace.used:.1f}"),
        "seconds": Decimal(f"{seconds:.1f}"),
    }
    found = counts["conflict"] + counts["bad"]
    output.exit_code = FAILED if found else 0
    output.result(document, _tables(document, found, len(files), output))


def _tables(document: dict[str, Any], found: int, files: int, output: Output) -> Iterator[RenderableType]:
    problems = document["problems"]
    if problems:
        table = make_table(*(["File"] if files > 1 else []), "Line", "Not imported")
        for each in problems[:_SHOWN]:
            cells = [str(each["line"]), each["problem"]]
            table.add_row(*map(cell, [Path(each["file"]).name, *cells] if files > 1 else cells))
        yield table
        yield from and_more(found - min(len(problems), _SHOWN), "line")
    yield (
        f"Stored {document['stored']:,}, already stored {document['already_stored']:,}, erased here"
        f" {document['erased_here']:,}, not imported {found:,}"
    )
    yield f"Wrote {document['write_units']:,} units in {document['seconds']} s"
    if document["stored"]:
        yield f"The stream brings the events into the rows; afterwards this proves it: {output.command('verify --all')}"
