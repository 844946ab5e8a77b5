"""Reads a queue that nothing consumes: its messages are hidden while a command works on them, and then shown again."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from typing import Any, Final

from cp_event_source.deployed.batches import batches
from cp_event_source.handler.values.clock import Clock

MAX_HELD: Final = 100_000
"""The messages that are held at a time. SQS hides about 120,000, and then returns no others."""

HIDDEN_SECONDS: Final = 900
"""How long a message is hidden if the process is killed before it shows it again."""

AT_ONCE: Final = 10
"""The maximum of SQS for one call."""

_WAIT_SECONDS: Final = 1
"""A receive that waits asks all of SQS's servers: if it finds nothing, nothing is visible."""

_MAX_IDLE: Final = 10
"""The receives in a row that find only messages which are held already or came after the start."""


class HiddenMessages:
    """The messages of a queue. A context manager: at its end, all messages that are left are visible again.

    Args:
        sqs: the client.
        queue_url: the queue.
        clock: the time, if SQS does not say it.
    """

    def __init__(self, sqs: Any, queue_url: str, clock: Clock) -> None:
        self.looked_at = 0
        self.is_whole = False
        """True if the queue had no other visible messages from before the start."""
        self.about = 0
        """The messages at the start, by SQS's own approximate count."""
        self.hidden_by_others = 0
        """How many of them other readers had hidden."""
        self.began_at = 0.0
        """The start by SQS's clock, which also stamps messages: POSIX seconds, rounded up."""
        self._sqs = sqs
        self._url = queue_url
        self._clock = clock
        self._entered = 0.0
        self._receiver = ThreadPoolExecutor(1)
        self._receiving: Future[list[Mapping[str, Any]]] | None = None
        self._handles: dict[str, str] = {}
        """The receipt handles of what is hidden. A message that comes again has the newest one."""

    def __enter__(self) -> "HiddenMessages":
        counts = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        reply = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=list(counts))
        visible, self.hidden_by_others = (int(reply["Attributes"].get(name, 0)) for name in counts)
        self.about = visible + self.hidden_by_others
        self._entered = self._clock.monotonic()
        date = reply.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
        self.began_at = 1 + (parsedate_to_datetime(date).timestamp() if date else self._clock.now())
        return self

    def __exit__(self, *_: object) -> None:
        if self._receiving is not None:  # an interruption came while SQS looked, and it hides what it finds
            for message in self._receiving.result():
                self._handles[message["MessageId"]] = message["ReceiptHandle"]
        self._receiver.shutdown()
        for message_ids in batches(self._handles, AT_ONCE):
            self._hide(message_ids, 0)

    def batches(self) -> Iterator[Sequence[Mapping[str, Any]]]:
        """The messages, each once, as SQS's client returns them, with all attributes; up to ten at a time.

        It ends when none is left, or when MAX_HELD are held. It ends also if new ones arrive all the time.
        """
        idle, repeated = 0, False
        while len(self._handles) < MAX_HELD:
            self._receiving = self._receiver.submit(self._receive)
            received = self._receiving.result()
            self._receiving = None
            fresh = [message for message in received if message["MessageId"] not in self._handles]
            self._handles |= {message["MessageId"]: message["ReceiptHandle"] for message in received}
            self.looked_at += len(fresh)
            if any(sent_at(message) < self.began_at for message in fresh):
                idle, repeated = 0, False
            else:
                idle, repeated = idle + 1, repeated or len(fresh) < len(received)
            if fresh:
                yield fresh
            if not received:
                self.is_whole = len(self._handles) + self.hidden_by_others < MAX_HELD
                return
            if idle == _MAX_IDLE:
                self.is_whole = not repeated
                return

    def _receive(self) -> list[Mapping[str, Any]]:
        reply = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=AT_ONCE,
            VisibilityTimeout=HIDDEN_SECONDS,
            WaitTimeSeconds=_WAIT_SECONDS,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        messages: list[Mapping[str, Any]] = reply.get("Messages", [])
        return messages

    def let_the_start_pass(self) -> None:
        """Wait, less than a second, until every message that is sent from now on is later than `began_at`."""
        self._clock.sleep(max(0.0, self._entered + 1 - self._clock.monotonic()))

    def delete(self, message_ids: Sequence[str]) -> dict[str, str]:
        """Delete messages, up to ten. Returns AWS's code for each that is not deleted, by its id."""
        if not message_ids:
            return {}
        entries = [
            {"Id": str(number), "ReceiptHandle": self._handles[message_id]}
            for number, message_id in enumerate(message_ids)
        ]
        failed = failures(message_ids, self._sqs.delete_message_batch(QueueUrl=self._url, Entries=entries))
        for message_id in message_ids:
            if message_id not in failed:
                del self._handles[message_id]
        return failed

    def keep_hidden(self, message_ids: Sequence[str], seconds: int) -> None:
        """Hide messages, up to ten, for a time from now on."""
        self._hide(message_ids, seconds)

    def _hide(self, message_ids: Sequence[str], seconds: int) -> None:
        """A message that is gone or visible already is left out by SQS."""
        self._sqs.change_message_visibility_batch(
            QueueUrl=self._url,
            Entries=[
                {"Id": str(number), "ReceiptHandle": self._handles[message_id], "VisibilityTimeout": seconds}
                for number, message_id in enumerate(message_ids)
            ],
        )


def failures(message_ids: Sequence[str], reply: Mapping[str, Any]) -> dict[str, str]:
    """AWS's codes in the reply to a batch whose entries have the messages' positions as ids."""
    return {message_ids[int(entry["Id"])]: str(entry["Code"]) for entry in reply.get("Failed", [])}


def sent_at(message: Mapping[str, Any]) -> float:
    """When a message was sent: POSIX seconds by SQS's clock; 0 if it is not known."""
    return int(message.get("Attributes", {}).get("SentTimestamp", 0)) / 1000
