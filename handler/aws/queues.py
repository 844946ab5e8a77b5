"""The queues that the functions send to themselves."""

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..values.clock import Clock

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient

    from ..events.ingest import Rejected
    from ..projection.notes import Parked

_MAX_REASON_CHARACTERS = 2048
"""Characters (ASCII) of a reason."""

_MAX_MESSAGE_BYTES = 1024 * 1024
"""Bytes of a message, its attributes' names, types and values included (SQS's limit, and the queues')."""


@dataclass(frozen=True, slots=True)
class Quarantine:
    """The ingest dead-letter queue: what cannot be stored, whole, and why."""

    client: "SQSClient"
    queue_url: str
    function_name: str
    clock: Clock

    def send(self, body: str, rejected: "Rejected") -> None:
        """Keep a message: its body untouched, so that it can go back once its cause is mended.

        Raises:
            botocore.exceptions.ClientError: the queue did not take it.
        """
        texts = {
            "ReasonCode": rejected.code,
            "QuarantinedAt": self.clock.text(),
            "FunctionName": self.function_name,
        }
        # the body nearly fills the message where it is too large to be stored: the reason has to do with what is left
        room = _MAX_MESSAGE_BYTES - len(body.encode("utf-8", "surrogatepass")) - _size({**texts, "Reason": ""})
        reason = _printable(rejected.reason)[: max(0, min(room, _MAX_REASON_CHARACTERS))]
        if reason:
            texts["Reason"] = reason
        self.client.send_message(
            QueueUrl=self.queue_url,
            MessageBody=body,
            MessageAttributes={
                name: {"DataType": _ATTRIBUTE_TYPE, "StringValue": text} for name, text in texts.items()
            },
        )


_ATTRIBUTE_TYPE = "String"


def _size(attributes: dict[str, str]) -> int:
    """Bytes that message attributes take."""
    return sum(len(name) + len(_ATTRIBUTE_TYPE) + len(text.encode()) for name, text in attributes.items())


def _printable(text: str) -> str:
    """`text` in ASCII that SQS takes and no terminal acts on: other characters escaped."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text.encode("ascii", "backslashreplace").decode())


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class ParkedQueue:
    """The alarm's memory of parked domains. The rows are the truth; this queue only tells of them."""

    client: "SQSClient"
    queue_url: str
    domain_name: str

    def send(self, domain_id: str, parked: "Parked") -> None:
        """Tell that a domain is parked, and why.

        Raises:
            botocore.exceptions.ClientError: the queue did not take it.
        """
        notice = {
            "DomainName": self.domain_name,
            "DomainId": domain_id,
            "EventKey": parked.event_key,
            "EventId": parked.event_id,
            "EventName": parked.event_name,
            "Cause": parked.cause.value,
            "Error": parked.error,
            "Reason": parked.reason,
            "LogicVersion": parked.logic_version,
            "Since": parked.since,
        }
        self.client.send_message(QueueUrl=self.queue_url, MessageBody=json.dumps(notice))
