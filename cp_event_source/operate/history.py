"""`history`: the events of one domain object."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from cp_event_source.deployed.console import make_table
from cp_event_source.deployed.counted import counted
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.handler.aws.events_table import EventsTable
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.values import exact_json
from cp_event_source.handler.values.attribute_value import item_size
from cp_event_source.operate.options import command
from cp_event_source.operate.output import Output
from cp_event_source.operate.times import Since, Until, span_of


@command("history")
def history(
    pipeline: Pipeline,
    output: Output,
    domain_id: Annotated[str, typer.Argument(metavar="ID", help="The DomainId.")],
    *,
    payload: Annotated[bool, typer.Option("--payload", help="Show payloads, which may be personal data.")] = False,
    since: Since = None,
    until: Until = None,
) -> None:
    """Show the events of one domain object, in the order in which they are folded."""
    table = EventsTable(pipeline.clients("dynamodb"), pipeline.output("domain_events_table_name"))
    events = list(table.read(domain_id, span_of(since, until)))
    output.result(
        {"domain_id": domain_id, "events": [described(event, payload=payload) for event in events]},
        _tables(domain_id, events, payload=payload),
    )


def described(event: StoredEvent, *, payload: bool) -> dict[str, Any]:
    """An event for a document. A tombstone has only its ids and its time."""
    description: dict[str, Any] = {
        "domain_id": event.domain_id,
        "event_key": event.key,
        "event_id": event.event_id,
        "size": item_size(event.item),
    }
    if event.is_erased:
        return {**description, "erased": True}
    description |= {
        "event_name": event.event_name,
        "event_time": event.event_time,
        "user_id": event.user_id,
        "version": event.version,
        "correlation_id": event.correlation_id,
        "arrived_at": event.arrived_at,
        "seconds_late": seconds_late(event),
    }
    return {**description, "payload": event.payload} if payload else description


def seconds_late(event: StoredEvent) -> int | None:
    """Whole seconds from the event's time to its arrival; None if the arrival is not known."""
    if event.arrived_at is None:
        return None
    happened = datetime.fromisoformat(event.key[:19] + "+00:00")
    return int((datetime.fromisoformat(event.arrived_at) - happened).total_seconds())


def _tables(domain_id: str, events: Sequence[StoredEvent], *, payload: bool) -> Iterator[RenderableType]:
    table = make_table("EventTime", "EventName", "EventId", "UserId", "Version", "Bytes", "Arrived after")
    if payload:
        table.add_column("Payload", overflow="fold")
    for event in events:
        known = described(event, payload=payload)
        name = "(erased)" if event.is_erased else known["event_name"]
        late = known.get("seconds_late")
        cells = [
            event.key.partition("#")[0],
            name,
            event.event_id,
            known.get("user_id", ""),
            str(known.get("version", "")),
            str(known["size"]),
            "" if late is None else f"{late} s",
        ]
        if payload:
            cells.append("" if event.is_erased else exact_json.dumps(event.payload))
        table.add_row(*map(Text, cells))
    yield table
    yield f"{domain_id}: {counted(len(events), 'event')}"
