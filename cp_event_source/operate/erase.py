"""`erase`: puts tombstones over events, and rebuilds their objects."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from cp_event_source.deployed.console import and_more, cell, make_table
from cp_event_source.deployed.counted import counted
from cp_event_source.deployed.errors import CommandError
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.handler.aws.events_table import EventsTable
from cp_event_source.handler.events.key_set import Span
from cp_event_source.handler.events.stored_event import ERASED, StoredEvent
from cp_event_source.handler.projection.notes import is_event_key
from cp_event_source.handler.values.clock import Clock
from cp_event_source.operate.checks import broken_rule, check_ids
from cp_event_source.operate.failures import Failures
from cp_event_source.operate.journal import Journal
from cp_event_source.operate.options import FAILED, command
from cp_event_source.operate.output import Output
from cp_event_source.operate.rebuilding import engine_of

_SHOWN = 20


@dataclass(frozen=True)
class _Key:
    """The key of an event to erase."""

    domain_id: str
    event_key: str


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
    yes: Annotated[bool, typer.Option("--yes", help="Erase without asking.")] = False,
) -> None:
    """Erase events: put tombstones over them, and rebuild the object without them. It cannot be undone.

    Exit code 1 if an object was not rebuilt: its row and its snapshots may still hold what the events said.
    """
    if again is not None:
        if domain_id is not None or record is not None:
            raise typer.BadParameter(
                "--again: must be given without ID and --record, since the record has all; got both"
            )
        keys = list(_recorded(again, pipeline.domain_name))
        question = f"Erase {counted(len(keys), 'event')} that {again} records, as far as they are not erased?"
    else:
        if domain_id is None or record is None:
            raise typer.BadParameter(
                f"ID and --record must be given, or --again; got no {'ID' if domain_id is None else '--record'}"
            )
        check_ids([domain_id])
        chosen = _chosen(pipeline, domain_id, event_ids or [])
        _show(output, chosen)
        keys = [_Key(domain_id, event.key) for event in chosen]
        question = f"Erase {counted(len(keys), 'event')} of {domain_id}?"
    _confirm(question, yes=yes)
    if record is not None:
        _note(record, pipeline.domain_name, keys)
    output.how_to_continue = "give the command again"
    with Journal(None, {}) as journal:
        if domain_id is not None:
            journal.add([domain_id])
        done = _erase(pipeline, keys, journal, output, only_stored=again is None)
        engine_of(pipeline, output, Clock()).run(journal, output)
        _report(output, journal, done)


def _chosen(pipeline: Pipeline, domain_id: str, event_ids: Sequence[str]) -> list[StoredEvent]:
    """The events of an object that are meant. An EventId may be there at several times: then all are meant."""
    table = EventsTable(pipeline.clients("dynamodb"), pipeline.output("domain_events_table_name"))
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
    if output.json:
        return
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
    if not typer.confirm(f"{question} It cannot be undone.", err=True):
        raise CommandError("nothing is erased")


def _note(record: Path, domain_name: str, keys: Sequence[_Key]) -> None:
    """Add the keys to a record, and bring it to the disk."""
    at = Clock().text()
    lines = "".join(
        json.dumps({"DomainName": domain_name, "DomainId": key.domain_id, "EventKey": key.event_key, "RecordedAt": at})
        + "\n"
        for key in keys
    )
    try:
        descriptor = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise CommandError(f"--record: {record} cannot be written: {error.strerror}; nothing is erased") from error


def _recorded(record: Path, domain_name: str) -> Iterator[_Key]:
    """The keys in a record, each once."""
    seen: set[_Key] = set()
    try:
        with record.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                key = _key(line, domain_name)
                if key is None:
                    raise CommandError(
                        f"--again: line {number} of {record} must be a line that `erase --record` wrote for the domain"
                        f" {domain_name!r}; nothing is erased"
                    )
                if key not in seen:
                    seen.add(key)
                    yield key
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"--again: {record} cannot be read: {error}; nothing is erased") from error


def _key(line: str, domain_name: str) -> _Key | None:
    try:
        value: Any = json.loads(line)
        key = _Key(value["DomainId"], value["EventKey"])
        is_one = value["DomainName"] == domain_name and is_event_key(key.event_key) and not broken_rule(key.domain_id)
    except (ValueError, LookupError, TypeError):
        return None
    return key if is_one else None


def _erase(pipeline: Pipeline, keys: Sequence[_Key], journal: Journal, output: Output, *, only_stored: bool) -> _Done:
    """Put the tombstones; the journal gets the objects whose events they erase."""
    dynamodb, done = pipeline.clients("dynamodb"), _Done()
    condition = f"attribute_not_exists({ERASED})" + (" AND attribute_exists(EventKey)" if only_stored else "")
    with output.step("Erasing", len(keys)) as step:
        for key in keys:
            journal.add([key.domain_id])
            try:
                old = dynamodb.put_item(
                    TableName=pipeline.output("domain_events_table_name"),
                    Item={
                        "DomainId": {"S": key.domain_id},
                        "EventKey": {"S": key.event_key},
                        ERASED: {"S": Clock().text()},
                    },
                    ConditionExpression=condition,
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
    }
    output.exit_code = FAILED if failures.count else 0
    output.result(document, _tables(document, failures))


def _tables(document: dict[str, Any], failures: Failures) -> Iterator[RenderableType]:
    yield from failures.table()
    yield (
        f"Erased {counted(document['erased'], 'event')}, {document['erased_before']} before;"
        f" rebuilt {counted(document['rebuilt'], 'object')}, failed {failures.count}"
    )
    if document["tombstones_of_missing_events"]:
        yield f"Put {counted(document['tombstones_of_missing_events'], 'tombstone')} for events that the table lacks"
    yield "A function that ran meanwhile may have left a snapshot: rebuild again in 15 minutes"
    yield "Queues may hold the events, too: `cp-event-source dead-letters --id ID`"
