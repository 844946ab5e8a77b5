"""SQS's standard queues in memory: delivery at least once and in no order, on a clock that only a test moves.

AWS says (Amazon SQS Developer Guide unless named otherwise):

- "Amazon SQS standard queues", "Amazon SQS visibility timeout": a message may arrive more than once and out of order; a
  received message is hidden until it is deleted or its visibility time-out ends.
- API reference, DeleteMessage: with an old receipt handle the call succeeds, but the message might not be deleted (here
  it never is); a message may be received even after it was deleted, if a copy is left (`copies_left`).
- API reference, SetQueueAttributes: a message whose receive count exceeds `maxReceiveCount` moves to the dead-letter
  queue.
- API reference, SendMessage, MessageAttributeValue: a message has up to 1,048,576 bytes, attributes' names, types and
  values included, up to 10 attributes, neither body nor values empty, and only these characters: #x9, #xA, #xD,
  #x20 to #xD7FF, #xE000 to #xFFFD, #x10000 to #x10FFFF.

Simplified: messages do not expire; a receive finds every visible message (a real short poll may miss some); no delays,
groups, batches of requests, or MD5 of attributes (the SDK does not check it).
"""

import hashlib
import random
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .attribute_values import text_size
from .aws import ACCOUNT, REGION, AwsError, Clock, Counters, Intercept, refuse_unknown

MESSAGE_BYTES = 1024 * 1024
MESSAGE_ATTRIBUTES = 10

_UNSENDABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PARAMETERS = {
    "SendMessage": frozenset({"QueueUrl", "MessageBody", "MessageAttributes"}),
    "ReceiveMessage": frozenset(
        {
            "QueueUrl",
            "MaxNumberOfMessages",
            "VisibilityTimeout",
            "WaitTimeSeconds",
            "AttributeNames",
            "MessageSystemAttributeNames",
            "MessageAttributeNames",
        }
    ),
    "DeleteMessage": frozenset({"QueueUrl", "ReceiptHandle"}),
    "ChangeMessageVisibility": frozenset({"QueueUrl", "ReceiptHandle", "VisibilityTimeout"}),
}


@dataclass(slots=True)
class Message:
    """A message in a queue."""

    id: str
    body: str
    attributes: dict[str, dict[str, Any]]
    sent_at: float
    visible_at: float = 0
    first_received_at: float = 0
    receive_count: int = 0
    receipt_handle: str = ""
    source_arn: str | None = None
    """The queue that the message was in before it became a dead letter."""

    def system_attributes(self) -> dict[str, str]:
        named = {
            "ApproximateReceiveCount": str(self.receive_count),
            "SentTimestamp": str(int(self.sent_at * 1000)),
            "SenderId": "AIDAEXAMPLE",
            "ApproximateFirstReceiveTimestamp": str(int(self.first_received_at * 1000)),
        }
        return named if self.source_arn is None else {**named, "DeadLetterQueueSourceArn": self.source_arn}

    def md5_of_body(self) -> str:
        return hashlib.md5(self.body.encode()).hexdigest()


@dataclass(slots=True)
class Queue:
    """A standard queue. Times are in seconds."""

    name: str
    visibility_timeout: float
    dead_letters: "Queue | None"
    max_receive_count: int
    messages: list[Message] = field(default_factory=list)

    @property
    def arn(self) -> str:
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.name}"

    @property
    def url(self) -> str:
        return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{self.name}"


class SQS:
    """The queues of one account. Calls are atomic, also between threads. The hook runs outside of the lock."""

    def __init__(self, clock: Clock | None = None, rng: random.Random | None = None, *, copies_left: float = 0) -> None:
        self.clock = clock or Clock()
        self.copies_left = copies_left
        """The probability that a deletion leaves a copy, which is delivered again."""
        self.counters = Counters()
        self.intercept: Intercept | None = None
        self.queues: dict[str, Queue] = {}
        self._rng = rng or random.Random(0)
        self._ids = 0
        self._lock = threading.Lock()
        self._operations: dict[str, Callable[[Queue, Mapping[str, Any]], dict[str, Any]]] = {
            "SendMessage": self._send,
            "ReceiveMessage": self._receive,
            "DeleteMessage": self._delete,
            "ChangeMessageVisibility": self._change_visibility,
        }

    def create_queue(
        self,
        name: str,
        *,
        visibility_timeout: float = 30,
        dead_letter_queue: str | None = None,
        max_receive_count: int = 10,
    ) -> str:
        """Create a queue. `dead_letter_queue` is the URL of its dead-letter queue. Returns the queue's URL."""
        dead_letters = None if dead_letter_queue is None else self.queues[dead_letter_queue]
        queue = Queue(name, visibility_timeout, dead_letters, max_receive_count)
        self.queues[queue.url] = queue
        return queue.url

    def handle(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """The reply to a request. Both have the form of the SDK's client (binary values are bytes).

        Raises:
            AwsError: SQS replies with an error.
        """
        effect = self._operations.get(operation)
        if effect is None:
            raise NotImplementedError(operation)
        refuse_unknown(operation, request, _PARAMETERS[operation])
        queue = self.queues.get(request["QueueUrl"])
        if queue is None:
            raise AwsError(
                "QueueDoesNotExist",
                "The specified queue does not exist.",
                query_code="AWS.SimpleQueueService.NonExistentQueue",
            )
        self.counters.usage[queue.name, operation].calls += 1
        if self.intercept is not None:
            self.intercept(operation, request, "before")
        try:
            with self._lock:
                return effect(queue, request)
        finally:
            if self.intercept is not None:
                self.intercept(operation, request, "after")

    def continue_from(self, other: "SQS") -> None:
        """Hold the messages of another account with equal queues."""
        self._ids = other._ids
        for url, queue in other.queues.items():
            self.queues[url].messages += [replace(message) for message in queue.messages]

    def messages(self, queue_url: str) -> list[Message]:
        """All messages of a queue, visible or not, oldest first. For tests; it does not count as a call."""
        return list(self.queues[queue_url].messages)

    def visible(self, queue_url: str) -> int:
        """How many messages a receive can find now."""
        return sum(message.visible_at <= self.clock.now for message in self.queues[queue_url].messages)

    def take(self, queue_url: str, most: int, *, hidden_for: float | None = None) -> list[Message]:
        """Receive up to `most` messages, in any order. Not counted: Lambda's poller calls this, not the function."""
        queue = self.queues[queue_url]
        visible = [message for message in queue.messages if message.visible_at <= self.clock.now]
        taken: list[Message] = []
        for message in self._rng.sample(visible, len(visible)):
            if len(taken) == most:
                break
            if queue.dead_letters is not None and message.receive_count >= queue.max_receive_count:
                queue.messages.remove(message)
                queue.dead_letters.messages.append(message)
                message.source_arn = queue.arn
                continue
            message.receive_count += 1
            message.first_received_at = message.first_received_at or self.clock.now
            message.visible_at = self.clock.now + (queue.visibility_timeout if hidden_for is None else hidden_for)
            message.receipt_handle = self._new_id()
            taken.append(message)
        return taken

    def delete(self, queue_url: str, receipt_handle: str) -> None:
        """Delete the message whose last receive gave this handle, if the message is still there."""
        queue = self.queues[queue_url]
        if self._rng.random() >= self.copies_left:
            queue.messages[:] = [each for each in queue.messages if each.receipt_handle != receipt_handle]

    def _send(self, queue: Queue, request: Mapping[str, Any]) -> dict[str, Any]:
        body: str = request["MessageBody"]
        attributes = {name: dict(value) for name, value in request.get("MessageAttributes", {}).items()}
        _check(body, attributes)
        message = Message(self._new_id(), body, attributes, self.clock.now)
        queue.messages.append(message)
        return {"MessageId": message.id, "MD5OfMessageBody": message.md5_of_body()}

    def _receive(self, queue: Queue, request: Mapping[str, Any]) -> dict[str, Any]:
        most: int = request.get("MaxNumberOfMessages", 1)
        if not 1 <= most <= 10:
            raise _invalid_parameter("MaxNumberOfMessages must be between 1 and 10")
        taken = self.take(queue.url, most, hidden_for=request.get("VisibilityTimeout"))
        self.counters.usage[queue.name, "ReceiveMessage"].items += len(taken)
        asked = {*request.get("AttributeNames", ()), *request.get("MessageSystemAttributeNames", ())}
        names = set(request.get("MessageAttributeNames", ()))
        messages = []
        for message in taken:
            received: dict[str, Any] = {
                "MessageId": message.id,
                "ReceiptHandle": message.receipt_handle,
                "MD5OfBody": message.md5_of_body(),
                "Body": message.body,
            }
            if attributes := _named(message.system_attributes(), asked):
                received["Attributes"] = attributes
            if attributes := _named(message.attributes, names):
                received["MessageAttributes"] = {name: dict(value) for name, value in attributes.items()}
            messages.append(received)
        return {"Messages": messages} if messages else {}

    def _delete(self, queue: Queue, request: Mapping[str, Any]) -> dict[str, Any]:
        if not request["ReceiptHandle"]:
            raise AwsError("ReceiptHandleIsInvalid", "The input receipt handle is invalid.")
        self.delete(queue.url, request["ReceiptHandle"])
        return {}

    def _change_visibility(self, queue: Queue, request: Mapping[str, Any]) -> dict[str, Any]:
        for message in queue.messages:
            if message.receipt_handle == request["ReceiptHandle"] and message.visible_at > self.clock.now:
                message.visible_at = self.clock.now + request["VisibilityTimeout"]
                return {}
        raise AwsError("MessageNotInflight", "The message is not in flight.")

    def _new_id(self) -> str:
        self._ids += 1
        return f"00000000-0000-4000-8000-{self._ids:012}"


def _named(attributes: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return attributes if names & {"All", ".*"} else {name: attributes[name] for name in attributes if name in names}


def _check(body: str, attributes: Mapping[str, Mapping[str, Any]]) -> None:
    if not body:
        raise AwsError("MissingRequiredParameterException", "MessageBody is missing", query_code="MissingParameter")
    if len(attributes) > MESSAGE_ATTRIBUTES:
        raise _invalid_parameter(f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum")
    size = 0
    texts = [body]
    for name, attribute in attributes.items():
        value = attribute.get("StringValue", attribute.get("BinaryValue"))
        if not value:
            raise _invalid_parameter(f"Message attribute {name!r} must contain a non-empty value")
        texts += [name, attribute["DataType"]]
        if isinstance(value, str):
            texts.append(value)
        else:
            size += len(value)
    if any(map(_UNSENDABLE.search, texts)):
        raise AwsError("InvalidMessageContents", "Invalid characters were found")
    size += sum(map(text_size, texts))
    if size > MESSAGE_BYTES:
        raise _invalid_parameter(
            f"One or more parameters are invalid. Message must be shorter than {MESSAGE_BYTES} bytes."
        )


def _invalid_parameter(message: str) -> AwsError:
    return AwsError("InvalidParameterValueException", message, query_code="InvalidParameterValue")
