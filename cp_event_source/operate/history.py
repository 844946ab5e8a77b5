"""`history`: the events of one domain object."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from cp_event_source.deployed.console import tables_of
from cp_event_source.deployed.counted import counted
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.handler.aws.events_table import EventsTable
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.operate.checks import check_ids
from cp_event_source.operate.described import Columns, described
from cp_event_source.operate.options import command
from cp_event_source.operate.output import Output
from cp_event_source.operate.reading import check_has_events
from cp_event_source.operate.times import Since, Until, span_of

Payload = Annotated[bool, typer.Option("--payload", help="Show payloads, which may be personal data.")]


@command("history")
def history(
    pipeline: Pipeline,
    output: Output,
    domain_id: Annotated[str, typer.Argument(metavar="ID", help="The DomainId.")],
    *,
    payload: Payload = False,
    since: Since = None,
    until: Until = None,
) -> None:
    """Show the events of one domain object, in the order in which they are folded.

    Exit code 1 if no event is stored for the id.
    """
    check_ids([domain_id])
    dynamodb, table = pipeline.clients("dynamodb"), pipeline.events_table
    events = EventsTable(dynamodb, table).read(domain_id, span_of(since, until))
    first = list(islice(events, 1))
    if not first:
        check_has_events(dynamodb, table, domain_id)
    events = chain(first, events)
    output.result(_members(domain_id, events, payload=payload), _tables(domain_id, events, payload=payload))


def _members(domain_id: str, events: Iterable[StoredEvent], *, payload: bool) -> Iterator[tuple[str, Any]]:
    yield "domain_id", domain_id
    yield "events", (described(event, payload=payload) for event in events)


def _tables(domain_id: str, events: Iterable[StoredEvent], *, payload: bool) -> Iterator[RenderableType]:
    columns = Columns(payload=payload)
    number = 0

    def rows() -> Iterator[list[str]]:
        nonlocal number
        for event in events:
            number += 1
            yield list(columns.cells(event))

    yield from tables_of(columns.headers, rows())
    yield f"{domain_id}: {counted(number, 'event')}"
