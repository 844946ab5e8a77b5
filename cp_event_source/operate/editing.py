"""Corrects one event of the ingest dead-letter queue by hand, and sends it to the ingest queue."""

import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from cp_event_source.deployed.errors import CommandError
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.handler.events.event_time import instant_at
from cp_event_source.handler.events.ingest import Rejected, event_item
from cp_event_source.handler.values import exact_json
from cp_event_source.handler.values.clock import Clock
from cp_event_source.operate.hidden_messages import HiddenMessages
from cp_event_source.operate.json_text import compact, indented
from cp_event_source.operate.letters import REBUILD_REQUEST, Letter, Queue
from cp_event_source.operate.output import Output
from cp_event_source.operate.redriving import MAX_SEND_BYTES

_DEFAULT_EDITOR: Final = "vi"


class EditError(CommandError):
    """The event was not sent."""


def edit(pipeline: Pipeline, message_id: str, file: Path | None, output: Output, clock: Clock) -> str:
    """Send a corrected event, and then delete the message that it replaces. Returns the id of the new message.

    Nothing is hidden while the editor is open: the message is received again before the event is sent.

    Args:
        pipeline: the pipeline.
        message_id: the message.
        file: the corrected body, a bus event; None opens an editor.
        output: says where the edited event is, if it is not sent.
        clock: the time.

    Raises:
        EditError: the message is not there, or the event breaks the contract.
    """
    if file is not None:
        return _replace(pipeline, message_id, _checked(pipeline, message_id, file, clock), clock)
    with _hidden(pipeline, clock) as hidden:
        letter = _find(hidden, message_id)
    if letter.reason == REBUILD_REQUEST:
        raise EditError(
            f"{message_id}: must be an event; it is a rebuild request; run the command rebuild, or --redrive"
        )
    with _temporary_file(letter, output) as edited:
        before = edited.read_bytes()
        _open_editor(edited)
        if edited.read_bytes() == before:
            edited.unlink()
            raise EditError(f"{message_id}: must be changed in the editor; it is as it was; nothing is sent")
        return _replace(pipeline, message_id, _checked(pipeline, message_id, edited, clock), clock)


def _replace(pipeline: Pipeline, message_id: str, body: str, clock: Clock) -> str:
    with _hidden(pipeline, clock) as hidden:
        _find(hidden, message_id)
        sent: Any = pipeline.clients("sqs").send_message(QueueUrl=pipeline.output("ingest_queue_url"), MessageBody=body)
        if code := hidden.delete([message_id]).get(message_id):
            raise EditError(f"{message_id}: the corrected event is sent, and the old one could not be deleted: {code}")
    return str(sent["MessageId"])


def _hidden(pipeline: Pipeline, clock: Clock) -> HiddenMessages:
    return HiddenMessages(pipeline.clients("sqs"), pipeline.output(Queue.INGEST.output), clock)


def _find(hidden: HiddenMessages, message_id: str) -> Letter:
    for messages in hidden.batches():
        for message in messages:
            if message["MessageId"] == message_id:
                return Letter.of(Queue.INGEST, message)
    raise EditError(
        f"{message_id}: must be in the {Queue.INGEST.title}; it is gone, or another reader has hidden it for now;"
        " nothing is sent"
    )


def _checked(pipeline: Pipeline, message_id: str, file: Path, clock: Clock) -> str:
    """The body in a file, checked as the persist function checks it."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise EditError(f"{file}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise EditError(f"{file}: must be UTF-8: {error.reason}") from error
    settings = pipeline.clients("lambda").get_function_configuration(
        FunctionName=pipeline.output("persist_function_arn")
    )
    seconds_ahead = int(settings["Environment"]["Variables"]["MAX_FUTURE_SKEW_SECONDS"])
    try:
        event_item(text, domain_name=pipeline.domain_name, latest=instant_at(clock.now() + seconds_ahead))
    except Rejected as rejected:
        raise EditError(
            f"{file}: {rejected.reason}; nothing is sent; correct the file, and run `cp-event-source dead-letters"
            f" --edit {message_id} --from {shlex.quote(str(file))}`"
        ) from rejected
    body = compact(text)
    if (size := len(body.encode())) > MAX_SEND_BYTES:
        raise EditError(f"{file}: must be at most {MAX_SEND_BYTES:,} bytes without its spaces; got {size:,}")
    return body


@contextmanager
def _temporary_file(letter: Letter, output: Output) -> Iterator[Path]:
    """A file with the message's body, which only its owner may read. It stays if the event is not sent."""
    number, name = tempfile.mkstemp(prefix=f"dead-letter-{letter.message_id}-", suffix=".json")
    file = Path(name)
    with os.fdopen(number, "w", encoding="utf-8") as opened:
        opened.write(_editable(letter.body))
    try:
        yield file
    except BaseException:
        if file.exists():
            output.note(f"The edited event is in {file}. Delete the file when you no longer need it.")
        raise
    file.unlink()


def _editable(body: str) -> str:
    try:
        exact_json.loads(body)
    except ValueError:
        return body
    return f"{indented(body)}\n"


def _open_editor(file: Path) -> None:
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or _DEFAULT_EDITOR
    before = signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C is the editor's
    try:
        ended = subprocess.run([*shlex.split(command), str(file)], check=False).returncode  # noqa: S603
    except (OSError, ValueError) as error:
        raise EditError(
            f"$VISUAL or $EDITOR: must be a command that edits a file; got {command!r}, which does not start: {error}"
        ) from error
    finally:
        signal.signal(signal.SIGINT, before)
    if ended:
        raise EditError(f"{command}: must end with exit code 0; got {ended}; nothing is sent")
