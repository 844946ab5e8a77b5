"""`events`: events of all domain objects, found by a scan."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Final

import typer
from rich.console import RenderableType

from cp_event_source.deployed.console import tables_of
from cp_event_source.deployed.counted import counted
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.handler.events.domain_event import ContractViolation, check_field
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.values.clock import Clock
from cp_event_source.operate.described import Columns, described
from cp_event_source.operate.event_filter import MAX_NAMES, EventFilter
from cp_event_source.operate.history import Payload
from cp_event_source.operate.options import command
from cp_event_source.operate.output import Output
from cp_event_source.operate.pace import DEFAULT_UNITS_PER_SECOND, Pace
from cp_event_source.operate.reading import ReadUnits, announce_scan
from cp_event_source.operate.scan import scan
from cp_event_source.operate.times import Since, Until

_LIMIT: Final = 1000


@command("events")
def events(
    pipeline: Pipeline,
    output: Output,
    *,
    since: Since = None,
    until: Until = None,
    names: Annotated[
        list[str] | None,
        typer.Option("--event", metavar="NAME", help="Only events with this EventName (may be repeated)."),
    ] = None,
    correlation_id: Annotated[
        str | None, typer.Option("--correlation-id", metavar="ID", help="Only events with this CorrelationId.")
    ] = None,
    user: Annotated[str | None, typer.Option("--user", metavar="ID", help="Only events with this UserId.")] = None,
    payload: Payload = False,
    limit: Annotated[
        int, typer.Option("--limit", min=1, metavar="N", help="End as soon as more than this many events are found.")
    ] = _LIMIT,
    read_units: ReadUnits = DEFAULT_UNITS_PER_SECOND,
) -> None:
    """Show events of all domain objects, by time.

    It reads the whole events table, whatever it shows, unless it finds more than the limit.
    """
    wanted = EventFilter(
        since,
        until,
        list(filter(None, (_checked("--event", "EventName", name) for name in names or ()))),
        _checked("--correlation-id", "CorrelationId", correlation_id),
        _checked("--user", "UserId", user),
    )
    if len(wanted.names) > MAX_NAMES:
        raise typer.BadParameter(f"--event: must be given at most {MAX_NAMES} times; got {len(wanted.names)}")
    found = find_events(pipeline, wanted, limit, Pace(read_units, Clock()), output)
    output.result(_document(found, payload=payload), _tables(found, payload=payload))


def _checked(option: str, field: str, text: str | None) -> str | None:
    """Raises typer.BadParameter: no event can have this text."""
    if text is None:
        return None
    try:
        checked: str = check_field(field, text)
    except ContractViolation as error:
        raise typer.BadParameter(f"{option}: {error.violations[0].rule}; got {text!r}") from error
    return checked


@dataclass(frozen=True)
class Found:
    """What a scan found."""

    events: Sequence[StoredEvent]
    """By time. Events at one time are in the order of their ids."""
    is_cut: bool
    """True if there are more: the scan ended when it had more than the limit, and those found first are here."""
    read_units: float


def find_events(pipeline: Pipeline, wanted: EventFilter, limit: int, pace: Pace, output: Output) -> Found:
    """The events of all objects that a filter wants. Memory holds at most `limit` of them.

    A scan has no order, so those of a result that is cut are any of the events that are wanted.

    Args:
        pipeline: the pipeline, which is read eventually consistently.
        wanted: the filter.
        limit: the scan ends when more are found.
        pace: the cap.
        output: where it says what it reads.

    Raises:
        botocore.exceptions.ClientError: the table cannot be read.
    """
    dynamodb, table = pipeline.clients("dynamodb"), pipeline.events_table
    count = announce_scan(dynamodb, table, output)
    found: list[StoredEvent] = []
    with output.step("Reading events", count) as step:
        for page in scan(dynamodb, table, pace, **wanted.options()):
            found += filter(wanted.matches, map(StoredEvent.of, page.items))
            step.advance(page.read)
            step.say(f"{len(found):,} found")
            if len(found) > limit:
                break
    is_cut = len(found) > limit
    del found[limit:]
    found.sort(key=lambda event: (event.key, event.domain_id))
    return Found(found, is_cut, pace.used)


def _document(found: Found, *, payload: bool) -> Iterator[tuple[str, Any]]:
    yield "events", (described(event, payload=payload) for event in found.events)
    yield "is_cut", found.is_cut
    yield "read_units", Decimal(f"{found.read_units:.1f}")


def _tables(found: Found, *, payload: bool) -> Iterator[RenderableType]:
    columns = Columns(payload=payload, domain_id=True)
    yield from tables_of(columns.headers, map(columns.cells, found.events))
    yield f"{counted(len(found.events), 'event')}; read {found.read_units:,.1f} units"
    if found.is_cut:
        yield "There are more: these are the first that the scan found, not the earliest; narrow it, or raise --limit"
