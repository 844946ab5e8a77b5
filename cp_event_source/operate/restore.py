"""`restore`: brings events that the live table lacks back from a copy of it, and rebuilds their objects."""

import shlex
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Annotated, Any, Final

import typer
from rich.console import RenderableType

from cp_event_source.deployed.console import and_more
from cp_event_source.deployed.counted import counted
from cp_event_source.deployed.errors import CommandError
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.handler.aws.events_table import Appended, EventsTable, ItemRefused
from cp_event_source.handler.events.key_set import Span, key_of
from cp_event_source.handler.values.attribute_value import Item
from cp_event_source.handler.values.clock import Clock
from cp_event_source.operate.appending import DEFAULT_WRITE_UNITS, Writers, WriteUnits
from cp_event_source.operate.failures import Failures
from cp_event_source.operate.journal import Journal
from cp_event_source.operate.metered import Metered
from cp_event_source.operate.options import FAILED, command
from cp_event_source.operate.output import Output
from cp_event_source.operate.pace import DEFAULT_UNITS_PER_SECOND, Pace
from cp_event_source.operate.reading import ReadUnits, announce_scan
from cp_event_source.operate.rebuilding import engine_of
from cp_event_source.operate.resumable import Resume, check_resume, finished, resumable
from cp_event_source.operate.scan import scan

_KEY: Final = (("DomainId", "HASH"), ("EventKey", "RANGE"))

_LISTED: Final = 20

_IS_COPIED: Final = "copied"
_COUNTS: Final = "count "
_REFUSED: Final = f"{_COUNTS}refused"


@command("restore")
def restore(
    pipeline: Pipeline,
    output: Output,
    *,
    source: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="TABLE", help="The copy; by default the events table's name with -restored after it."
        ),
    ] = None,
    read_units: ReadUnits = DEFAULT_UNITS_PER_SECOND,
    write_units: WriteUnits = DEFAULT_WRITE_UNITS,
    resume: Resume = None,
) -> None:
    """Append the events that the events table lacks from a copy of it, and rebuild the objects that had lost any.

    The copy is a table that point-in-time recovery or a backup was restored into. Events that are stored stay as they
    are, tombstones included. Exit code 1 if an event was not taken or an object was not rebuilt.
    """
    check_resume(resume)
    clock = Clock()
    live = pipeline.events_table
    copy = source or f"{live}-restored"
    _check(pipeline, live, copy)
    reading, writing = Pace(read_units, clock), Pace(write_units, clock)
    options = f" --from {shlex.quote(copy)}" if source else ""
    begun = clock.monotonic()
    with resumable(
        "restore", pipeline, output, clock, resume, {"table": live, "from": copy}, options=options
    ) as journal:
        refused: list[str] = []
        if resume is not None:
            journal.reopen_failed()
            if journal.fact(_REFUSED) is not None:  # DynamoDB may take it by now
                journal.scan_again(_COUNTS)
        if journal.fact(_IS_COPIED) is None:
            refused = _copy(pipeline, copy, journal, reading, writing, output)
            if journal.fact(_REFUSED) is None:
                journal.note(_IS_COPIED, "yes")
        engine_of(pipeline, output, clock).run(journal, output)
        _report(output, journal, refused, clock.monotonic() - begun)
        if output.exit_code == 0:
            finished(journal, output)
        else:
            output.note(f"To try again what failed: {output.how_to_continue}")


def _check(pipeline: Pipeline, live: str, copy: str) -> None:
    """Raises CommandError: the copy is no table of events beside the live one."""
    if copy == live:
        raise CommandError(f"--from: must be another table than the live one; got {copy!r}")
    dynamodb = pipeline.clients("dynamodb")
    try:
        table = dynamodb.describe_table(TableName=copy)["Table"]
    except dynamodb.exceptions.ResourceNotFoundException as error:
        raise CommandError(
            f"--from: must be a table of this account and region; found no {copy!r}; restore the events table"
            " to a point in time under this name first"
        ) from error
    key = tuple((each["AttributeName"], each["KeyType"]) for each in table["KeySchema"])
    if sorted(key) != sorted(_KEY):
        raise CommandError(f"--from: must be a copy of an events table; {copy!r} has the key {key}")
    if table.get("TableStatus", "ACTIVE") != "ACTIVE":
        raise CommandError(f"--from: must be ready; {copy!r} is {table['TableStatus']}; try again when it is ACTIVE")


def _copy(pipeline: Pipeline, copy: str, journal: Journal, reading: Pace, writing: Pace, output: Output) -> list[str]:
    """Append what is missing; the journal gets the objects that had lost events, before they get any back.

    Returns:
        The items that DynamoDB refuses: the first ones, each with the reason.
    """
    dynamodb: Any = pipeline.clients("dynamodb")
    count = announce_scan(dynamodb, copy, output)
    live = pipeline.events_table
    reader: Any = Metered(dynamodb, reading)
    writer: Any = Metered(dynamodb, writing)
    # A pace of its own for the scan: it reads another table.
    pages = scan(dynamodb, copy, Pace(reading.units_per_second, reading.clock), start=journal.cursors())
    known = EventsTable(reader, live)
    refused: list[str] = []
    with Writers(EventsTable(writer, live), writing) as writers, output.step("Comparing", count) as step:
        for page in pages:
            _check_domain(page.items, pipeline.domain_name, copy)
            missing = [
                item for some in writers.each_object(page.items, lambda each: _missing(each, known)) for item in some
            ]
            journal.add(dict.fromkeys(item["DomainId"]["S"] for item in missing))
            outcomes = writers.append(enumerate(missing))
            counts = journal.counts(_COUNTS)
            counts["read"] += len(page.items)
            for number, outcome in outcomes.items():
                counts["refused" if isinstance(outcome, ItemRefused) else outcome.value] += 1
                if isinstance(outcome, ItemRefused) and len(refused) < _LISTED:
                    key = missing[number]
                    refused.append(f"{key['DomainId']['S']} {key['EventKey']['S']}: {outcome}")
            facts = {f"{_COUNTS}{name}": str(value) for name, value in counts.items()}
            journal.processed(page.segment, page.next_key, facts)
            step.advance(len(page.items))
            step.say(f"{counts[Appended.STORED.value]:,} brought back")
    return refused


def _missing(items: Sequence[Item], live: EventsTable) -> list[Item]:
    """Which of one object's events, which follow each other, the live table lacks."""
    span = Span(start=items[0]["EventKey"]["S"], up_to=items[-1]["EventKey"]["S"])
    stored = {key_of(counted) for counted in live.keys(items[0]["DomainId"]["S"], span)}
    return [item for item in items if item["EventKey"]["S"] not in stored]


def _check_domain(items: Sequence[Item], domain_name: str, copy: str) -> None:
    for item in items:
        found = item.get("DomainName", {}).get("S", domain_name)
        if found != domain_name:
            raise CommandError(
                f"--from: must be a copy of this pipeline's events; {copy!r} has events of the domain {found!r}; a"
                " domain is renamed by export and import --from-domain"
            )


def _report(output: Output, journal: Journal, refused: list[str], seconds: float) -> None:
    counts = journal.counts(_COUNTS)
    failures = Failures.of(journal, output)
    document = {
        "events_in_copy": counts["read"],
        "brought_back": counts[Appended.STORED.value],
        "refused": counts["refused"],
        "refused_items": refused,
        "objects": journal.count(),
        "rebuilt": journal.count() - failures.count,
        "failed": failures.listed,
        "seconds": Decimal(f"{seconds:.1f}"),
    }
    output.exit_code = FAILED if failures.count or counts["refused"] else 0
    output.result(document, _tables(document, failures, output))


def _tables(document: dict[str, Any], failures: Failures, output: Output) -> Iterator[RenderableType]:
    yield from failures.table()
    yield (
        f"Of {document['events_in_copy']:,} events in the copy, {document['brought_back']:,} were missing and are back,"
        f" in {counted(document['objects'], 'object')}; rebuilt {document['rebuilt']:,}, failed {failures.count:,}"
    )
    for each in document["refused_items"]:
        yield f"DynamoDB refuses {each}"
    yield from and_more(document["refused"] - len(document["refused_items"]), "refused item")
    yield f"Rows may be lost or changed, too: {output.command('rebuild --drifted --deep')}"
