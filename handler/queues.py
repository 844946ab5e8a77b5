"""The queues that the functions send to themselves."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient

    from .domain_row import Parked
    from .ingest import Rejected

_LONGEST_REASON = 2048
"""Characters (ASCII) of a reason: attributes count towards the size of a message, which the body may nearly fill."""


@dataclass(frozen=True, slots=True)
class Quarantine:
    """The ingest dead-letter queue: what cannot be stored, whole, and why."""

    client: "SQSClient"
    queue_url: str
    function_name: str

    def send(self, body: str, rejected: "Rejected") -> None:
        """Keep a message: its body untouched, so that it can go back once its cause is mended.

        Raises:
            botocore.exceptions.ClientError: the queue did not take it (with the reason it may be too large).
        """
        texts = {
            "ReasonCode": rejected.code,
            "Reason": rejected.reason.encode("ascii", "backslashreplace").decode()[:_LONGEST_REASON],
            "QuarantinedAt": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "FunctionName": self.function_name,
        }
        self.client.send_message(
            QueueUrl=self.queue_url,
            MessageBody=body,
            MessageAttributes={name: {"DataType": "String", "StringValue": text} for name, text in texts.items()},
        )


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
            "Error": parked.error,
            "Reason": parked.reason,
            "LogicVersion": parked.logic_version,
            "Since": parked.since,
        }
        self.client.send_message(QueueUrl=self.queue_url, MessageBody=json.dumps(notice))
