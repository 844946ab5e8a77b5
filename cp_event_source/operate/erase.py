"""`erase`: puts tombstones over events, and rebuilds their objects."""

import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import RenderableType

from cp_event_source.deployed.console import and_more, cell, make_table
from cp_event_source.deployed.counted import counted
from cp_event_source.deployed.errors import CommandError
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.handler.aws.events_table import EventsTable
from cp_event_source.handler.events.key_set import Span, key_of
from cp_event_source.handler.events.stored_event import ERASED, StoredEvent
from cp_event_source.handler.values.clock import Clock
from cp_event_source.operate.checks import check_ids
from cp_event_source.operate.erasure_record import Key, add_to_record, read_record
from cp_event_source.operate.failures import Failures
from cp_event_source.operate.journal import Journal
from cp_event_source.operate.options import FAILED, command
from cp_event_source.operate.output import Output
from cp_event_source.operate.rebuilding import engine_of

_SHOWN: Final = 20

_IS_NOT_ERASED: Final = f"attribute_not_exists({ERASED}) OR attribute_exists(Payload) OR attribute_exists(EventName)"
"""Somebody may have put the attribute on an event and left its content."""


@dataclass
class _Done:
    """What was done, beside the rebuilds."""

    erased: int = 0
    """Events that have a tombstone now, and had none."""
    put: int = 0
    """Tombstones of events that the table lacks."""
    before: int = 0
    """Events that had a tombstone."""


@command("erase")
def erase(
    pipeline: Pipeline,
    output: Output,
    domain_id: Annotated[str | None, typer.Argument(metavar="ID", help="The DomainId.")] = None,
    event_ids: Annotated[
        list[str] | None, typer.Argument(metavar="EVENT_ID", help="Which events; by default all of the object.")
    ] = None,
    *,
    record: Annotated[
        Path | None,
        typer.Option("--record", metavar="FILE", help="File to which it adds what it erases, before it does."),
    ] = None,
    again: Annotated[
        Path | None,
        typer.Option("--again", metavar="FILE", help="Erase again all that this record has, as after a restore."),
    ] = None,
    from_domain: Annotated[
        str | None,
        typer.Option("--from-domain", metavar="NAME", help="With --again: the domain's name in the record."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Erase without asking.")] = False,
) -> None:
    """Erase events: put tombstones over them, and rebuild the object without them. It cannot be undone.

    Exit code 1 if an object was not rebuilt: its row and its snapshots may still hold what the events said.
    """
    if again is not None:
        if domain_id is not None or record is not None:
            raise typer.BadParameter("--again: must be given without ID and --record, since the record has all")
        keys = _recorded(pipeline, again, from_domain, output)
        question = f"Erase {counted(len(keys), 'event')} that {again} records, as far as they are not erased?"
    else:
        if domain_id is None or record is None:
            raise typer.BadParameter(
                f"ID and --record must be given, or --again; got no {'ID' if domain_id is None else '--record'}"
            )
        if from_domain is not None:
            raise typer.BadParameter("--from-domain: must be given with --again; got it alone")
        check_ids([domain_id])
        chosen = _chosen(pipeline, domain_id, event_ids or [])
        _show(output, chosen)
        keys = [Key(domain_id, event.key) for event in chosen]
        question = f"Erase {counted(len(keys), 'event')} of {domain_id}?"
    _confirm(question, yes=yes)
    if record is not None and domain_id is not None:
        add_to_record(record, pipeline.domain_name, keys, whole=None if event_ids else domain_id)
    output.how_to_continue = "give the command again"
    with Journal(None, {}) as journal:
        done = _erase(pipeline, keys, journal, output)
        engine_of(pipeline, output, Clock()).run(journal, output)
        _report(output, journal, done)


def _chosen(pipeline: Pipeline, domain_id: str, event_ids: Sequence[str]) -> list[StoredEvent]:
    """The events of an object that are meant. An EventId may be there at several times: then all are meant."""
    table = EventsTable(pipeline.clients("dynamodb"), pipeline.events_table)
    stored = list(_without_payloads(table, domain_id))
    if not stored:
        raise CommandError(f"ID: must be an object with events; none is stored for {domain_id!r}; nothing is erased")
    missing = set(event_ids) - {event.event_id for event in stored}
    if missing:
        raise CommandError(
            f"EVENT_ID: must be an event of {domain_id!r}; not stored: {', '.join(sorted(missing))}; nothing is erased"
        )
    return [event for event in stored if not event_ids or event.event_id in event_ids]


def _without_payloads(table: EventsTable, domain_id: str) -> Iterator[StoredEvent]:
    """The events with only their keys, names and tombstones, so that memory stays small."""
    for event in table.read(domain_id, Span()):
        kept = {name: event.item[name] for name in ("DomainId", "EventKey", "EventName", ERASED) if name in event.item}
        yield StoredEvent.of(kept)


def _show(output: Output, events: Sequence[StoredEvent]) -> None:
    table = make_table("EventTime", "EventName", "EventId")
    for event in events[:_SHOWN]:
        name = "(erased)" if event.is_erased else event.item.get("EventName", {}).get("S", "")
        table.add_row(*map(cell, (event.key.partition("#")[0], name, event.event_id)))
    output.console.print(table)
    for more in and_more(len(events) - _SHOWN, "event"):
        output.console.print(more)


def _confirm(question: str, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise typer.BadParameter("--yes: must be given if nobody can be asked; the standard input is no terminal")
    try:
        is_confirmed = typer.confirm(f"{question} It cannot be undone.", err=True)
    except typer.Abort:  # Ctrl-C
        raise KeyboardInterrupt from None
    if not is_confirmed:
        raise CommandError("nothing is erased")


def _recorded(pipeline: Pipeline, record: Path, from_domain: str | None, output: Output) -> list[Key]:
    """The keys in a record, each once, and all events of objects that were erased whole, from before that."""
    recorded = read_record(record, from_domain or pipeline.domain_name)
    if recorded.others:
        output.note(f"Left out {counted(recorded.others, 'line')} of other domains")
    for number in recorded.torn:
        output.error(f"--again: line {number} of {record} is no line of a record; nothing is erased for it")
        output.exit_code = FAILED
    keys = dict.fromkeys(recorded.keys)
    table = EventsTable(pipeline.clients("dynamodb"), pipeline.events_table)
    for domain_id, before in recorded.whole.items():
        keys |= dict.fromkeys(Key(domain_id, key_of(each)) for each in table.keys(domain_id, Span(before=before)))
    return list(keys)


def _erase(pipeline: Pipeline, keys: Sequence[Key], journal: Journal, output: Output) -> _Done:
    """Put the tombstones; the journal gets the objects whose events they erase."""
    dynamodb, done = pipeline.clients("dynamodb"), _Done()
    with output.step("Erasing", len(keys)) as step:
        for key in keys:
            journal.add([key.domain_id])
            try:
                old = dynamodb.put_item(
                    TableName=pipeline.events_table,
                    Item={
                        "DomainId": {"S": key.domain_id},
                        "EventKey": {"S": key.event_key},
                        ERASED: {"S": Clock().text()},
                    },
                    ConditionExpression=_IS_NOT_ERASED,
                    ReturnValues="ALL_OLD",
                ).get("Attributes")
            except dynamodb.exceptions.ConditionalCheckFailedException:
                done.before += 1
            else:
                done.erased, done.put = done.erased + bool(old), done.put + (not old)
            step.advance()
    return done


def _report(output: Output, journal: Journal, done: _Done) -> None:
    failures = Failures.of(journal, output)
    document = {
        "erased": done.erased,
        "erased_before": done.before,
        "tombstones_of_missing_events": done.put,
        "objects": journal.count(),
        "rebuilt": journal.count() - failures.count,
        "failed": failures.listed,
        "next": list(_next(journal, failures, output)),
    }
    if failures.count:
        output.exit_code = FAILED
    output.result(document, _tables(document, failures))


def _next(journal: Journal, failures: Failures, output: Output) -> Iterator[str]:
    """What is left to do, as commands for the object, or for all objects."""
    objects = [domain_id for domain_id, _ in islice(journal.objects(), 2)]
    named = shlex.quote(objects[0]) if len(objects) == 1 else "ID"
    if failures.count:
        yield (
            f"The rows of {counted(failures.count, 'object')} still hold what the erased events said: see why, fix it,"
            f" and then: {output.command(f'rebuild {named}')}"
        )
    yield f"A function that ran meanwhile may have left a snapshot; in 15 minutes: {output.command(f'rebuild {named}')}"
    yield f"Queues may hold the events, too: {output.command(f'dead-letters --id {named}')}"


def _tables(document: dict[str, Any], failures: Failures) -> Iterator[RenderableType]:
    yield from failures.table()
    yield (
        f"Erased {counted(document['erased'], 'event')}, {document['erased_before']} before;"
        f" rebuilt {counted(document['rebuilt'], 'object')}, failed {failures.count}"
    )
    if document["tombstones_of_missing_events"]:
        yield f"Put {counted(document['tombstones_of_missing_events'], 'tombstone')} for events that the table lacks"
    yield from document["next"]
