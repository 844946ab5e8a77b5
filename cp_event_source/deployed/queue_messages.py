"""Messages of a queue that nothing consumes, read without removing them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_HIDDEN_SECONDS: Final = 30
"""How long a message that was read is hidden if returning it fails."""


@dataclass(frozen=True)
class Message:
    """A message: its body, and its attributes as texts."""

    body: str
    attributes: Mapping[str, str]


def peek(sqs: Any, queue_url: str) -> list[Message]:
    """All messages of a queue. They are hidden from other readers only during the call."""
    messages: dict[str, Message] = {}
    handles = []
    while True:
        received = sqs.receive_message(
            QueueUrl=queue_url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=_HIDDEN_SECONDS,
            WaitTimeSeconds=0,
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        if not received:
            break
        for message in received:
            handles.append(message["ReceiptHandle"])
            attributes = {
                name: value.get("StringValue", "") for name, value in message.get("MessageAttributes", {}).items()
            }
            messages[message["MessageId"]] = Message(message["Body"], attributes)
    for handle in handles:
        sqs.change_message_visibility(QueueUrl=queue_url, ReceiptHandle=handle, VisibilityTimeout=0)
    return list(messages.values())


def waiting(sqs: Any, queue_url: str) -> int:
    """How many messages a queue holds: visible, being worked on, and delayed."""
    names = (
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    )
    attributes = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=list(names))["Attributes"]
    return sum(int(attributes.get(name, 0)) for name in names)
