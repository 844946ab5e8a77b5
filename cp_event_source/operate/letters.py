"""The messages in the queues that hold what needs a person: why each is there, what it is about, and what to do."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any, Final

from cp_event_source.handler.domain.failure import Cause
from cp_event_source.handler.events.domain_event import ContractViolation, check_field
from cp_event_source.handler.events.ingest import CONFLICT, CONTRACT_VIOLATION, UNSTORABLE
from cp_event_source.handler.rebuild_requests import REBUILD
from cp_event_source.handler.values import exact_json
from cp_event_source.handler.values.clock import time_text
from cp_event_source.operate.hidden_messages import sent_at


class Queue(Enum):
    """A queue that holds what needs a person."""

    INGEST = "ingest"
    PARKED = "parked"
    PROJECTION = "projection"

    @property
    def output(self) -> str:
        """The component's output with its URL."""
        return "parked_queue_url" if self is Queue.PARKED else f"{self.value}_dead_letter_queue_url"

    @property
    def title(self) -> str:
        return "parked queue" if self is Queue.PARKED else f"{self.value} dead-letter queue"


INFRASTRUCTURE: Final = "infrastructure"
"""SQS moved the message here, since the persist function put it back ten times."""

REBUILD_REQUEST: Final = "rebuild-request"
"""The bus could not deliver a rebuild request to the project function."""

EXPIRED_BATCH: Final = "expired-batch"
"""Lambda gave up a batch of the stream when it expired."""

UNKNOWN: Final = "unknown"
"""The pipeline did not send this."""

CAUSES: Final = frozenset(cause.value for cause in Cause)

_REMEDIES: Final = {
    CONTRACT_VIOLATION: "fix the producer; correct a single event: {command} --edit MESSAGE_ID",
    CONFLICT: "if the new event is right too, it is another event; give it its own EventId: {command} --edit"
    " MESSAGE_ID",
    UNSTORABLE: "store large content elsewhere, and put its address into the event: {command} --edit MESSAGE_ID",
    INFRASTRUCTURE: "find the fault in the persist function's log; then {command} --redrive --reason {reason}",
    REBUILD_REQUEST: "let the bus invoke the project function again; run the rebuilds: {command} --redrive --reason"
    " {reason}",
    EXPIRED_BATCH: "fix the project function; then cp-event-source rebuild --drifted; then {command} --queue projection"
    " --export FILE --delete",
    Cause.LOGIC.value: "deploy logic that can apply the event; then cp-event-source heal",
    Cause.PROCESS_DIED.value: "deploy logic that does not crash; then cp-event-source heal",
    Cause.OUT_OF_TIME.value: "cp-event-source heal, which continues until the whole history is folded",
    Cause.EVENTS_MISSING.value: "put the events back; then cp-event-source heal",
    UNKNOWN: "the pipeline did not send this: {command} --queue {queue} --reason {reason} --show",
}
_OF_THE_BUS: Final = (
    "the bus could not deliver this; {command} --reason {reason} --show says why; then {command} --redrive --reason"
    " {reason}"
)


def remedy(queue: Queue, reason: str) -> str:
    """What to do about the messages of a queue that have a reason."""
    text = _REMEDIES.get(reason, _OF_THE_BUS if queue is Queue.INGEST else _REMEDIES[UNKNOWN])
    return text.format(command="cp-event-source dead-letters", queue=queue.value, reason=reason)


@dataclass(frozen=True)
class Letter:
    """A message in one of the queues."""

    queue: Queue
    message_id: str
    sent_at: float
    """POSIX seconds by SQS's clock."""
    attributes: Mapping[str, str]
    """What its sender says about it."""
    body: str

    @classmethod
    def of(cls, queue: Queue, message: Mapping[str, Any]) -> "Letter":
        """A message as SQS's client returns it."""
        attributes = {name: _text(value) for name, value in message.get("MessageAttributes", {}).items()}
        return cls(queue, message["MessageId"], sent_at(message), attributes, message["Body"])

    @property
    def reason(self) -> str:
        """Why it is in the queue, as a short code."""
        if self.queue is Queue.INGEST:
            if self.detail.get("EventType") == REBUILD:
                return REBUILD_REQUEST
            return self.attributes.get("ReasonCode") or self.attributes.get("ERROR_CODE") or INFRASTRUCTURE
        if self.queue is Queue.PARKED:
            cause = self.content.get("Cause")
            return cause if isinstance(cause, str) and cause in CAUSES else UNKNOWN
        return EXPIRED_BATCH if self.batch else UNKNOWN

    @property
    def domain_id(self) -> str | None:
        """The object that it is about, if it says it."""
        return self._field("DomainId")

    @cached_property
    def content(self) -> Mapping[str, Any]:
        """The body's JSON object; empty if it is something else."""
        try:
            value = exact_json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def detail(self) -> Mapping[str, Any]:
        """The event in a message of the bus."""
        detail = self.content.get("detail")
        return detail if isinstance(detail, dict) else {}

    @property
    def batch(self) -> Mapping[str, Any]:
        """Where in the stream a batch that expired was."""
        batch = self.content.get("DDBStreamBatchInfo")
        return batch if isinstance(batch, dict) else {}

    def summary(self) -> dict[str, Any]:
        """Its ids and its time, for a list."""
        return {
            "message_id": self.message_id,
            "sent_at": time_text(self.sent_at),
            "domain_id": self.domain_id,
            "event_id": self._field("EventId"),
            "event_name": self._field("EventName"),
        }

    def description(self, *, payload: bool) -> dict[str, Any]:
        """All about it; with `payload` its body, too. The texts of reasons may show values of the event."""
        about: dict[str, Any] = {"queue": self.queue.value, "reason": self.reason, **self.summary()}
        about["correlation_id"] = self._field("CorrelationId")
        about["attributes"] = dict(self.attributes)
        if self.queue is Queue.PARKED and self.reason != UNKNOWN:
            about["notice"] = dict(self.content)
        if self.batch:
            about["batch"] = dict(self.batch)
        return {**about, "body": self.body} if payload else about

    def _field(self, name: str) -> str | None:
        fields = self.content if self.queue is Queue.PARKED else self.detail
        try:
            value: str | None = check_field(name, fields.get(name))
        except ContractViolation:
            return None
        return value


def _text(attribute: Mapping[str, Any]) -> str:
    if "BinaryValue" in attribute:
        return base64.b64encode(attribute["BinaryValue"]).decode()
    return str(attribute.get("StringValue", ""))
