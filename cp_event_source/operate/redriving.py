"""Sends dead letters back: events to the ingest queue, rebuild requests to the project function."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.deployed.rebuild import Rebuilt
from cp_event_source.handler.rebuild_requests import ACCEPT_MISSING_EVENTS
from cp_event_source.operate.hidden_messages import HiddenMessages, failures
from cp_event_source.operate.letters import REBUILD_REQUEST, Letter
from cp_event_source.operate.rebuilding import invoker

MAX_SEND_BYTES: Final = 1024 * 1024
"""SQS's maximum for all messages of one call, and for one message."""

_REBUILD_SECONDS: Final = 16 * 60
"""How long a request is hidden while its rebuild runs: longer than Lambda lets a function run."""

_MOST_REASONS: Final = 100


class Redrive:
    """Sends messages back, and deletes each only when it is accepted.

    A process that is killed between the two leaves a message in both queues. The pipeline recognises an event that is
    stored, and a rebuild that runs again changes nothing.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self.sent = 0
        """The events that the ingest queue has, and that are no dead letters now."""
        self.rebuilt = 0
        self.failed = 0
        """The messages that stay in the dead-letter queue."""
        self.reasons: list[dict[str, str]] = []
        """The first of them, each with its reason."""
        self._pipeline = pipeline
        self._sqs = pipeline.clients("sqs")

    def redrive(self, letters: Sequence[Letter], hidden: HiddenMessages) -> None:
        """Send messages back, up to ten, which are hidden.

        Raises:
            botocore.exceptions.ClientError: AWS refuses all of it; what is left stays in the dead-letter queue.
        """
        for part in _calls([letter for letter in letters if letter.reason != REBUILD_REQUEST]):
            self.sent += self._done(part, self._send(part), hidden)
        requests = [letter for letter in letters if letter.reason == REBUILD_REQUEST]
        for number, letter in enumerate(requests):
            hidden.keep_hidden([each.message_id for each in requests[number:]], _REBUILD_SECONDS)
            refused = self._rebuild(letter)
            if refused is None:
                self.rebuilt += self._done([letter], {}, hidden)
            else:
                self._fail(letter, refused)

    def _send(self, letters: Sequence[Letter]) -> dict[str, str]:
        """Send events to the ingest queue. Returns AWS's code for each that it does not take."""
        reply: Any = self._sqs.send_message_batch(
            QueueUrl=self._pipeline.output("ingest_queue_url"),
            Entries=[{"Id": str(number), "MessageBody": letter.body} for number, letter in enumerate(letters)],
        )
        return failures([letter.message_id for letter in letters], reply)

    def _done(self, letters: Sequence[Letter], refused: dict[str, str], hidden: HiddenMessages) -> int:
        """Delete what was accepted. Returns how many messages are done."""
        accepted = [letter for letter in letters if letter.message_id not in refused]
        undeleted = hidden.delete([letter.message_id for letter in accepted])
        for letter in letters:
            if letter.message_id in refused:
                self._fail(letter, f"the ingest queue does not take it: {refused[letter.message_id]}")
            elif letter.message_id in undeleted:
                reason = undeleted[letter.message_id]
                self._fail(letter, f"it is sent back, and could not be deleted here: {reason}")
        return len(accepted) - len(undeleted)

    def _rebuild(self, letter: Letter) -> str | None:
        """Run a rebuild request. Returns why it failed; None if the object is rebuilt."""
        if letter.domain_id is None or letter.detail.get("DomainName") != self._pipeline.domain_name:
            return "the request names no object of this domain"
        accepts = letter.detail.get(ACCEPT_MISSING_EVENTS) is True
        ended = invoker(self._pipeline, 1, accept_missing_events=accepts)(letter.domain_id)
        return None if isinstance(ended, Rebuilt) else ended.reason

    def _fail(self, letter: Letter, reason: str) -> None:
        """A message stays."""
        self.failed += 1
        if len(self.reasons) < _MOST_REASONS:
            self.reasons.append({"message_id": letter.message_id, "reason": reason})


def _calls(letters: Sequence[Letter]) -> Iterator[list[Letter]]:
    """The messages in parts that fit into one call."""
    part: list[Letter] = []
    size = 0
    for letter in letters:
        bytes_of_it = len(letter.body.encode())
        if part and size + bytes_of_it > MAX_SEND_BYTES:
            yield part
            part, size = [], 0
        part.append(letter)
        size += bytes_of_it
    if part:
        yield part
