"""`dead-letters`: lists, shows, sends back, corrects and exports what needs a person."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import RenderableType

from cp_event_source.deployed.console import cell, make_table
from cp_event_source.deployed.counted import counted
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.deployed.queue_messages import waiting
from cp_event_source.handler.values import exact_json
from cp_event_source.handler.values.clock import Clock, time_text
from cp_event_source.operate.editing import edit
from cp_event_source.operate.exporting import Export
from cp_event_source.operate.hidden_messages import HiddenMessages
from cp_event_source.operate.json_text import indented
from cp_event_source.operate.letters import CAUSES, EXPIRED_BATCH, Letter, Queue, remedy
from cp_event_source.operate.options import FAILED, command
from cp_event_source.operate.output import Output
from cp_event_source.operate.redriving import Redrive

_FIRST_ONES: Final = 3
"""The messages of each group that a list names."""

_MAX_SHOWN: Final = 50
"""The messages that --show shows. A body may have 1 MB."""

_AGAIN: Final = "give the same command again; what is done is done"


@dataclass(frozen=True)
class _Choice:
    """Which messages are meant."""

    message_ids: frozenset[str]
    reason: str | None
    domain_id: str | None

    def has(self, letter: Letter) -> bool:
        return (
            (not self.message_ids or letter.message_id in self.message_ids)
            and self.reason in {None, letter.reason}
            and self.domain_id in {None, letter.domain_id}
        )


@dataclass
class _Reading:
    """The messages that are meant, as they are read from the queues."""

    pipeline: Pipeline
    queues: Sequence[Queue]
    choice: _Choice
    output: Output
    clock: Clock
    looked: list[dict[str, Any]] = field(default_factory=list)
    """How far each queue was read."""
    found: set[str] = field(default_factory=set)
    """The messages given by id that were there."""

    def each(self, doing: str, work: Callable[[HiddenMessages, list[Letter]], None]) -> None:
        """Do some work with the messages, up to ten at a time. They are hidden until their queue is read."""
        sqs = self.pipeline.clients("sqs")
        urls = {queue: self.pipeline.output(queue.output) for queue in self.queues}
        with self.output.step(doing, sum(waiting(sqs, url) for url in urls.values())) as step:
            for queue, url in urls.items():
                with HiddenMessages(sqs, url, self.clock) as hidden:
                    for messages in hidden.batches():
                        letters = [Letter.of(queue, message) for message in messages]
                        work(hidden, list(filter(self.choice.has, letters)))
                        step.advance(len(letters))
                        self.found |= self.choice.message_ids & {letter.message_id for letter in letters}
                        if self._has_all:
                            return
                self._note(queue, hidden)

    @property
    def not_found(self) -> list[str]:
        return sorted(self.choice.message_ids - self.found)

    @property
    def _has_all(self) -> bool:
        """True if messages were given by id, and all were there."""
        return bool(self.choice.message_ids) and not self.not_found

    def _note(self, queue: Queue, hidden: HiddenMessages) -> None:
        self.looked.append(
            {
                "queue": queue.value,
                "looked_at": hidden.looked_at,
                "about": hidden.about,
                "whole": hidden.is_whole,
                "hidden_by_others": hidden.hidden_by_others,
            }
        )

    def how_far(self) -> Iterator[str]:
        """How far the queues were read, for people."""
        for queue, each in zip(self.queues, self.looked, strict=False):
            if each["whole"]:
                text = f"Looked at the whole {queue.title}: {counted(each['looked_at'], 'message')}"
            else:
                text = (
                    f"Looked at {each['looked_at']:,} of about {each['about']:,} messages of the {queue.title};"
                    " SQS hides at most 120,000 at a time"
                )
            if each["hidden_by_others"]:
                text += f"; another reader has hidden {each['hidden_by_others']:,} for now"
            yield text
        for message_id in self.not_found:
            yield f"{message_id}: not found; it is gone, or another reader has hidden it for now"


@command("dead-letters")
def dead_letters(
    pipeline: Pipeline,
    output: Output,
    message_ids: Annotated[list[str] | None, typer.Argument(metavar="MESSAGE_ID", help="Messages.")] = None,
    *,
    queue: Annotated[Queue | None, typer.Option("--queue", help="Only messages of this queue.")] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="CODE", help="Only messages with this reason, as the list has it.")
    ] = None,
    domain_id: Annotated[
        str | None, typer.Option("--id", metavar="DOMAIN_ID", help="Only messages about this domain object.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All messages, for an action.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Show the messages, each by itself.")] = False,
    payload: Annotated[
        bool, typer.Option("--payload", help="With --show: also the bodies, which may be personal data.")
    ] = False,
    redrive: Annotated[
        bool,
        typer.Option(
            "--redrive", help="Send events back to the ingest queue, and run rebuild requests. Only --queue ingest."
        ),
    ] = False,
    edit_one: Annotated[
        bool,
        typer.Option("--edit", help="Open one event in $VISUAL or $EDITOR, and send the corrected event in its place."),
    ] = False,
    source: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="With --edit: the corrected event.")
    ] = None,
    export: Annotated[
        Path | None, typer.Option("--export", metavar="FILE", help="Write the messages to a new file, one a line.")
    ] = None,
    delete: Annotated[
        bool, typer.Option("--delete", help="With --export: delete each message when it is on the disk.")
    ] = False,
) -> None:
    """List what needs a person, by queue and reason, and what to do about it; or act on the messages named.

    The list changes nothing. Its exit code is 1 if there are messages, 0 if there are none.
    """
    choice = _Choice(frozenset(message_ids or ()), reason, domain_id)
    actions = {"--show": show, "--redrive": redrive, "--edit": edit_one, "--export": export is not None}
    action = _one_of(actions)
    for option, needed in (
        ("--payload" if payload else "", "--show"),
        ("--from" if source is not None else "", "--edit"),
        ("--delete" if delete else "", "--export"),
    ):
        if option and action != needed:
            raise typer.BadParameter(f"{option}: must be given with {needed}; got {action or 'it alone'}")
    _check_choice(action, choice, queue, everything=everything)
    queues = [Queue.INGEST] if redrive else [queue] if queue is not None else list(Queue)
    reading = _Reading(pipeline, queues, choice, output, Clock())
    if edit_one:
        (message_id,) = choice.message_ids
        sent = edit(pipeline, message_id, source, output, reading.clock)
        output.result(
            {"domain_name": pipeline.domain_name, "message_id": message_id, "sent_as": sent},
            [f"Sent the corrected event to the ingest queue as message {sent}, and deleted {message_id}"],
        )
    elif redrive:
        _redrive(reading)
    elif export is not None:
        _export(reading, export, delete=delete)
    elif show:
        _show(reading, payload=payload)
    else:
        _list(reading)
    if reading.not_found and not edit_one:
        output.exit_code = FAILED


def _one_of(actions: dict[str, bool]) -> str | None:
    given = [action for action, is_given in actions.items() if is_given]
    if len(given) > 1:
        raise typer.BadParameter(f"at most one of {', '.join(actions)} must be given; got {', '.join(given)}")
    return given[0] if given else None


def _check_choice(action: str | None, choice: _Choice, queue: Queue | None, *, everything: bool) -> None:
    """Raises typer.BadParameter: it is not clear which messages are meant, or the action is not for them."""
    is_narrow = bool(choice.message_ids or choice.reason or choice.domain_id)
    if everything and (is_narrow or queue is not None):
        raise typer.BadParameter("--all: must be given without MESSAGE_ID, --queue, --reason and --id; got both")
    if action == "--edit" and (len(choice.message_ids) != 1 or choice.reason or choice.domain_id):
        raise typer.BadParameter(
            f"--edit: must be given with one MESSAGE_ID and no other selection; got {len(choice.message_ids)}"
        )
    if action is not None and not (is_narrow or queue is not None or everything):
        raise typer.BadParameter(
            f"{action}: must be given with MESSAGE_ID, --queue, --reason, --id or --all; got none of them"
        )
    if action in {"--redrive", "--edit"}:
        if queue is Queue.PARKED or choice.reason in CAUSES:
            raise typer.BadParameter(
                f"{action}: must be for the ingest dead-letter queue; for parked objects, run heal"
            )
        if queue is Queue.PROJECTION or choice.reason == EXPIRED_BATCH:
            raise typer.BadParameter(
                f"{action}: must be for the ingest dead-letter queue; for batches that expired, run rebuild --drifted"
            )


@dataclass
class _Group:
    """The messages of one queue that have one reason."""

    count: int = 0
    events: int = 0
    """The events in the batches that expired."""
    oldest: float = float("inf")
    newest: float = 0.0
    first: list[dict[str, Any]] = field(default_factory=list)

    def add(self, letter: Letter) -> None:
        self.count += 1
        size = letter.batch.get("batchSize")
        self.events += size if isinstance(size, int) else 0
        self.oldest, self.newest = min(self.oldest, letter.sent_at), max(self.newest, letter.sent_at)
        if len(self.first) < _FIRST_ONES:
            batch = {"batch": dict(letter.batch)} if letter.batch else {}
            self.first.append({**letter.summary(), **batch})


def _list(reading: _Reading) -> None:
    groups: dict[tuple[Queue, str], _Group] = {}

    def add(_: HiddenMessages, letters: list[Letter]) -> None:
        for letter in letters:
            groups.setdefault((letter.queue, letter.reason), _Group()).add(letter)

    reading.each("Looking", add)
    order = sorted(groups.items(), key=lambda each: (list(Queue).index(each[0][0]), -each[1].count, each[0][1]))
    document = {
        "domain_name": reading.pipeline.domain_name,
        "count": sum(group.count for group in groups.values()),
        "queues": reading.looked,
        "groups": [
            {
                "queue": queue.value,
                "reason": reason,
                "count": group.count,
                **({"events": group.events} if group.events else {}),
                "oldest": time_text(group.oldest),
                "newest": time_text(group.newest),
                "first": group.first,
                "remedy": remedy(queue, reason),
            }
            for (queue, reason), group in order
        ],
    }
    reading.output.result(document, _list_tables(reading, document))
    if groups or any(each["hidden_by_others"] or not each["whole"] for each in reading.looked):
        reading.output.exit_code = FAILED


def _list_tables(reading: _Reading, document: dict[str, Any]) -> Iterator[RenderableType]:
    groups = document["groups"]
    if groups:
        table = make_table("Queue", "Reason", "Messages", "Oldest", "Newest")
        for group in groups:
            number = f"{group['count']:,}"
            if "events" in group:
                number += f" ({counted(group['events'], 'event')})"
            times = (_short(group["oldest"]), _short(group["newest"]))
            table.add_row(*map(cell, (group["queue"], group["reason"], number, *times)))
        yield table
        for group in groups:
            yield f"{group['reason']}: {group['remedy']}"
            for each in group["first"]:
                yield f"  {each['message_id']} {_about(each)}".rstrip()
            if group["count"] > len(group["first"]):
                yield f"  ... and {group['count'] - len(group['first']):,} more"
    else:
        yield _nothing(reading)
    yield from reading.how_far()


def _nothing(reading: _Reading) -> str:
    if reading.choice != _Choice(frozenset(), None, None):
        return "No message matches"
    if any(each["hidden_by_others"] for each in reading.looked):
        return "No message is visible; another reader has hidden some: look again in 15 minutes"
    return "The queues are empty"


def _about(message: dict[str, Any]) -> str:
    batch = message.get("batch")
    if batch:
        return f"stored up to {batch.get('approximateArrivalOfLastRecord')}"
    return " ".join(filter(None, (message["event_name"], message["domain_id"])))


def _show(reading: _Reading, *, payload: bool) -> None:
    shown: list[dict[str, Any]] = []
    count = 0

    def add(_: HiddenMessages, letters: list[Letter]) -> None:
        nonlocal count
        count += len(letters)
        shown.extend(each.description(payload=payload) for each in letters[: _MAX_SHOWN - len(shown)])

    reading.each("Looking", add)
    document = {"domain_name": reading.pipeline.domain_name, "count": count, "messages": shown}
    reading.output.result(document, _show_tables(reading, document))


def _show_tables(reading: _Reading, document: dict[str, Any]) -> Iterator[RenderableType]:
    messages = document["messages"]
    for message in messages:
        table = make_table("Field", "Value")
        more = {**message.pop("attributes"), **message.pop("notice", {}), **message.pop("batch", {})}
        body = message.pop("body", None)
        for name, value in {**message, **more}.items():
            if value is not None:
                table.add_row(cell(name), cell(value if isinstance(value, str) else exact_json.dumps(value)))
        yield table
        if body is not None:
            yield _laid_out(body)
    if document["count"] > len(messages):
        yield f"... and {document['count'] - len(messages):,} more; --export FILE writes all to a file"
    yield from reading.how_far()


def _laid_out(body: str) -> str:
    try:
        exact_json.loads(body)
    except ValueError:
        return body
    return indented(body)


def _redrive(reading: _Reading) -> None:
    output = reading.output
    output.how_to_continue = _AGAIN
    later = 0
    redrive = Redrive(reading.pipeline)

    def send_back(hidden: HiddenMessages, letters: list[Letter]) -> None:
        nonlocal later
        earlier = [letter for letter in letters if letter.sent_at < hidden.began_at]
        later += len(letters) - len(earlier)
        if earlier:
            hidden.let_the_start_pass()
            redrive.redrive(earlier, hidden)

    reading.each("Sending back", send_back)
    document = {
        "domain_name": reading.pipeline.domain_name,
        "sent": redrive.sent,
        "rebuilt": redrive.rebuilt,
        "failed": redrive.failed,
        "reasons": redrive.reasons,
        "came_later": later,
        "not_found": reading.not_found,
    }
    output.result(document, _redrive_tables(reading, document))
    if redrive.failed:
        output.exit_code = FAILED


def _redrive_tables(reading: _Reading, document: dict[str, Any]) -> Iterator[RenderableType]:
    if document["reasons"]:
        table = make_table("MessageId", "Stays in the queue, because")
        for each in document["reasons"]:
            table.add_row(cell(each["message_id"]), cell(each["reason"]))
        yield table
    yield (
        f"Sent {counted(document['sent'], 'event')} to the ingest queue, ran {counted(document['rebuilt'], 'rebuild')},"
        f" {document['failed']:,} failed"
    )
    if document["came_later"]:
        yield f"{document['came_later']:,} came while the command ran, or came back: they stay; list them"
    yield from reading.how_far()


def _export(reading: _Reading, file: Path, *, delete: bool) -> None:
    output = reading.output
    output.how_to_continue = "give the same command again, with another file; what is in this file is complete"
    deleted = 0
    undeleted: dict[str, str] = {}
    with Export(file) as to:

        def write(hidden: HiddenMessages, letters: list[Letter]) -> None:
            nonlocal deleted
            to.write(letters)
            if delete:
                failed = hidden.delete([letter.message_id for letter in letters])
                deleted += len(letters) - len(failed)
                undeleted.update(failed)

        reading.each("Exporting", write)
    document = {
        "domain_name": reading.pipeline.domain_name,
        "exported": to.count,
        "deleted": deleted,
        "not_deleted": undeleted,
        "not_found": reading.not_found,
    }
    what = f"Wrote {counted(to.count, 'message')} to {file}, deleted {deleted:,}"
    output.result(document, [what if to.count else "Nothing was selected", *reading.how_far()])
    if undeleted:
        output.exit_code = FAILED


def _short(time: str) -> str:
    """A time without its milliseconds."""
    return f"{time[:19]}Z"
