"""`state`: the row of a domain object, its state at an earlier moment, and which events changed what."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from cp_event_source.deployed.console import tables_of
from cp_event_source.deployed.counted import counted
from cp_event_source.deployed.errors import CommandError, UsageError
from cp_event_source.deployed.logic_process import Stopped, deployed_layers, fold_all
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.deployed.shown import plain, shown
from cp_event_source.handler.aws.events_table import EventsTable
from cp_event_source.handler.domain.contract import RESERVED_ATTRIBUTES
from cp_event_source.handler.projection.rows import DomainRow
from cp_event_source.operate.checks import check_ids, check_layer
from cp_event_source.operate.described import time_of
from cp_event_source.operate.moments import NOW, START, Moment, event_moment, moments
from cp_event_source.operate.options import FAILED, command
from cp_event_source.operate.output import Output
from cp_event_source.operate.parking import described_parking, where
from cp_event_source.operate.reading import check_has_events
from cp_event_source.operate.states import States, name_of
from cp_event_source.operate.times import instant_of

_NOTHING = "(nothing)"


@command("state")
def state(
    pipeline: Pipeline,
    output: Output,
    domain_id: Annotated[str, typer.Argument(metavar="ID", help="The DomainId.")],
    *,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of", callback=instant_of, metavar="TIME", help="The state after all events up to this EventTime."
        ),
    ] = None,
    after: Annotated[
        str | None,
        typer.Option("--after", metavar="EVENT", help="The state after this event: its EventId or its EventKey."),
    ] = None,
    diff: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--diff",
            metavar="A B",
            help="What each event after A and up to B changes. Each is a TIME, an EVENT, start or now.",
        ),
    ] = None,
    layer: Annotated[
        Path | None,
        typer.Option(
            "--layer", metavar="FOLDER", help="Fold with the logic in this folder, not with the deployed one."
        ),
    ] = None,
) -> None:
    """Show the row of one domain object, with its values.

    With an option, show what its events make of it: they are folded here by today's logic, and nothing is written. Exit
    code 1 if there is no such object, or if the logic fails at an event.
    """
    check_ids([domain_id])
    check_layer(layer)
    given = [name for name, value in (("--as-of", as_of), ("--after", after), ("--diff", diff)) if value is not None]
    if len(given) > 1:
        raise typer.BadParameter(f"at most one of --as-of, --after and --diff must be given; got {' and '.join(given)}")
    if not given and layer is None:
        _show_row(pipeline, output, domain_id)
        return
    dynamodb, name = pipeline.clients("dynamodb"), pipeline.events_table
    check_has_events(dynamodb, name, domain_id)
    table = EventsTable(dynamodb, name)
    begin, end = _moments(table, domain_id, as_of, after, diff)
    with _folders(pipeline, layer) as folders:
        fold_all(folders, [])  # before anything is printed: whether the logic starts
        states = States(domain_id, folders)
        logic = "the deployed logic" if layer is None else f"the logic in {layer}"
        if diff is None:
            _show_state(states, table, end, logic, output)
        else:
            _show_changes(states, table, begin, end, logic, output)


def _moments(
    table: EventsTable, domain_id: str, as_of: str | None, after: str | None, diff: tuple[str, str] | None
) -> tuple[Moment, Moment]:
    """From where to where the events are looked at."""
    if after is not None:
        return START, event_moment("--after", after, table, domain_id)
    if diff is None:
        return START, Moment.at(as_of) if as_of is not None else NOW
    begin, end = moments("--diff", diff, table, domain_id)
    if not begin.is_before(end):
        raise UsageError(f"--diff: A must be before B; got {begin.text} and {end.text}; exchange them")
    return begin, end


@contextmanager
def _folders(pipeline: Pipeline, layer: Path | None) -> Iterator[list[Path]]:
    if layer is not None:
        yield [layer]
        return
    with deployed_layers(pipeline) as folders:
        yield folders


def _show_row(pipeline: Pipeline, output: Output, domain_id: str) -> None:
    dynamodb = pipeline.clients("dynamodb")
    reply = dynamodb.get_item(TableName=pipeline.domain_table, Key={"DomainId": {"S": domain_id}}, ConsistentRead=True)
    if "Item" not in reply:
        check_has_events(dynamodb, pipeline.events_table, domain_id)
        raise CommandError(
            f"ID: must be the DomainId of a row; found only events of {domain_id!r}; they may be on their way into the"
            " row; `cp-event-source verify` shows whether they are"
        )
    item: Mapping[str, Any] = reply["Item"]
    row = DomainRow.from_item(item)
    attributes = {name: value for name, value in item.items() if name not in RESERVED_ATTRIBUTES}
    document = {"domain_id": domain_id, "attributes": _plain(attributes), **_notes(row)}
    output.result(document, _tables_of_row(domain_id, attributes, row))


def _notes(row: DomainRow | None) -> dict[str, Any]:
    """What a row says of itself."""
    if row is None or not row.readable:
        return {"is_readable": False}
    return {
        "is_readable": True,
        "event_count": row.state.applied.count,
        "checkpoint": row.state.checkpoint,
        "logic_version": row.logic_version,
        "parked": None if row.parked is None else described_parking(row.parked, reason=True),
        "rebuilding_until": None if row.rebuilding is None else row.rebuilding.until,
    }


def _tables_of_row(domain_id: str, attributes: Mapping[str, Any], row: DomainRow | None) -> Iterator[RenderableType]:
    yield from _attributes(attributes)
    if row is None:
        yield f"{domain_id}: the pipeline did not write this item"
    elif not row.readable:
        yield f"{domain_id}: the pipeline's notes in the row cannot be read"
    else:
        yield f"{domain_id}: {_extent(row.state.applied.count, row.state.checkpoint)}, by logic {row.logic_version}"
        if row.parked is not None:
            parked = row.parked
            place = where(parked.phase, parked.place)
            yield (
                f"Parked since {parked.since}: {parked.cause.value} at {parked.event_name} {parked.event_id},"
                f" {time_of(parked.event_key)}{f', in {place}' if place else ''}, with logic"
                f" {parked.logic_version}: {parked.reason}"
            )
        if row.rebuilding is not None:
            yield f"A rebuild of it runs, or ended without a result; it has ended by {row.rebuilding.until}"


def _show_state(states: States, table: EventsTable, end: Moment, logic: str, output: Output) -> None:
    with output.step("Folding", None) as step:
        for events in states.fold(lambda: table.read(states.domain_id, end.span)):
            step.advance(len(events))
    _set_exit_code(states, output)
    document = {
        "domain_id": states.domain_id,
        "at": end.text,
        "logic": logic,
        "event_count": states.count,
        "checkpoint": states.checkpoint,
        "attributes": _plain(states.attributes) if states.attributes else None,
        "stopped": _stopped(states.stopped),
    }
    output.result(document, _tables_of_state(states, end, logic))


def _tables_of_state(states: States, end: Moment, logic: str) -> Iterator[RenderableType]:
    yield from _attributes(states.attributes)
    when = "Now" if end is NOW else f"At {end.text}"
    if not states.attributes and states.stopped is None:
        erased = f"up to then it has {counted(states.count, 'event')}, erased"
        yield f"{when}: no state of {states.domain_id}: {erased if states.count else 'up to then it has no event'}"
        return
    extent = _extent(states.count, states.checkpoint)
    other = "the row may be by other logic" if end is NOW else "the row of that time may have been another"
    yield f"{when}: {extent}, folded here by {logic} as it is today; {other}"
    yield from _failure(states.stopped)


def _show_changes(states: States, table: EventsTable, begin: Moment, end: Moment, logic: str, output: Output) -> None:
    changes = states.changes(lambda: table.read(states.domain_id, end.span), lambda key: not begin.includes(key))

    def members() -> Iterator[tuple[str, Any]]:
        yield "domain_id", states.domain_id
        yield "from", begin.text
        yield "to", end.text
        yield "logic", logic
        yield (
            "events",
            (
                {
                    "event_key": event.key,
                    "event_id": event.event_id,
                    "event_name": name_of(event),
                    "changes": [each.document() for each in found],
                }
                for event, found in changes
            ),
        )
        yield "stopped", _stopped(states.stopped)
        if states.stopped is not None:
            yield "attributes", _plain(states.attributes)

    def tables() -> Iterator[RenderableType]:
        number = 0

        def rows() -> Iterator[list[str]]:
            nonlocal number
            for event, found in changes:
                number += 1
                of_event = [time_of(event.key), name_of(event), event.event_id]
                for each in found:
                    yield [*of_event, each.attribute, each.before, each.after]
                    of_event = ["", "", ""]
                if not found:
                    yield [*of_event, _NOTHING, "", ""]

        yield from tables_of(("EventTime", "EventName", "EventId", "Attribute", "Before", "After"), rows())
        changed = f"{counted(number, 'event')} after {begin.text} and up to {end.text}"
        yield f"{states.domain_id}: {changed}, folded here by {logic} as it is today"
        if states.stopped is not None:
            yield "The state before the event at which the logic fails:"
            yield from _attributes(states.attributes)
        yield from _failure(states.stopped)

    output.result(members(), tables())
    _set_exit_code(states, output)


def _set_exit_code(states: States, output: Output) -> None:
    if states.stopped is not None:
        output.exit_code = FAILED


def _attributes(attributes: Mapping[str, Any]) -> Iterator[RenderableType]:
    yield from tables_of(
        ("Attribute", "Value"), ((name, shown(value, whole=True) or '""') for name, value in attributes.items())
    )


def _plain(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: plain(value) for name, value in attributes.items()}


def _extent(count: int, checkpoint: str | None) -> str:
    return f"{counted(count, 'event')}{f' up to {checkpoint}' if checkpoint else ''}"


def _failure(stopped: Stopped | None) -> Iterator[RenderableType]:
    if stopped is not None:
        place = where(stopped.phase, stopped.place)
        yield (
            f"The logic fails at {stopped.event_name} {stopped.key}{f', in {place}' if place else ''}: {stopped.reason}"
        )


def _stopped(stopped: Stopped | None) -> dict[str, Any] | None:
    if stopped is None:
        return None
    named = asdict(stopped)
    return {"event_key": named.pop("key"), **named}
