"""Sends messages to the queues that the functions themselves write to."""

import json
import re
from typing import TYPE_CHECKING, NamedTuple

from ..values.clock import Clock

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient

    from ..events.ingest import Rejected
    from ..projection.notes import Parked

_MAX_REASON_CHARACTERS = 2048
"""The maximum ASCII characters of a reason."""

_MAX_MESSAGE_BYTES = 1024 * 1024
"""The maximum bytes of a message, including its attributes' names, types and values: the limit of SQS and of the
queues."""


class Quarantine(NamedTuple):
    """The ingest dead-letter queue: it keeps messages that cannot be stored, unchanged, with the reason."""

    client: "SQSClient"
    queue_url: str
    function_name: str
    clock: Clock

    def send(self, body: str, rejected: "Rejected") -> None:
        """Keep a message. Its body is unchanged, so that you can send it again once its cause is fixed.

        Raises:
            botocore.exceptions.ClientError: the queue did not take it.
        """
        texts = {
            "ReasonCode": rejected.code,
            "QuarantinedAt": self.clock.text(),
            "FunctionName": self.function_name,
        }
        # a body that is too large to be stored nearly fills the message, and the reason gets the remaining bytes
        bytes_left = _MAX_MESSAGE_BYTES - len(body.encode("utf-8", "surrogatepass")) - _size({**texts, "Reason": ""})
        reason = _printable(rejected.reason)[: max(0, min(bytes_left, _MAX_REASON_CHARACTERS))]
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
    """The bytes that message attributes take."""
    return sum(len(name) + len(_ATTRIBUTE_TYPE) + len(text.encode()) for name, text in attributes.items())


def _printable(text: str) -> str:
    """`text` in printable ASCII, which SQS accepts and no terminal interprets. Other characters are escaped."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text.encode("ascii", "backslashreplace").decode())


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class ParkedQueue(NamedTuple):
    """The parked queue, which triggers the alarm for parked domain objects. The rows are the truth, not the notices."""

    client: "SQSClient"
    queue_url: str
    domain_name: str

    def send(self, domain_id: str, parked: "Parked") -> None:
        """Send the notice that a domain object is parked, and why.

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
            "Phase": parked.phase,
            "Place": parked.place,
            "Reason": parked.reason,
            "LogicVersion": parked.logic_version,
            "Since": parked.since,
        }
        self.client.send_message(QueueUrl=self.queue_url, MessageBody=json.dumps(notice))
