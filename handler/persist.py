"""Ingest messages into the domain events table: stored once, or quarantined whole."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from .aws.events_table import Appended, EventsTable
from .aws.queues import Quarantine
from .aws.settings import PersistSettings
from .aws.telemetry import Telemetry
from .collector import collector_paused
from .events.event_time import instant_at
from .events.ids import NO_IDS, Ids
from .events.ingest import CONFLICT, CONTRACT_VIOLATION, UNSTORABLE, Rejected, event_item, ids_of
from .values.attribute_value import Item
from .values.budget import AMPLE, Budget

SqsRecord = Mapping[str, Any]

_COUNTED_AS = {
    CONTRACT_VIOLATION: "ContractViolations",
    CONFLICT: "ConflictingEvents",
    UNSTORABLE: "UnstorableEvents",
}


@dataclass(frozen=True, slots=True)
class Persist:
    """Takes batches of the ingest queue."""

    settings: PersistSettings
    events: EventsTable
    quarantine: Quarantine
    telemetry: Telemetry

    def handle(self, records: Sequence[SqsRecord], budget: Budget = AMPLE) -> dict[str, Any]:
        """Store every event of a batch, each by itself.

        Returns:
            SQS's partial-batch reply: the messages to deliver again. These met a fault of the infrastructure, or there
            was no time left for them; what can never be stored is in the dead-letter queue.
        """
        latest = instant_at(time.time() + self.settings.max_future_skew_seconds)
        failed = []
        for record in records:
            with collector_paused():
                taken = self._take(record, latest, budget)
            if not taken:
                failed.append(record["messageId"])
        self.telemetry.flush()
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}

    def _take(self, record: SqsRecord, latest: str, budget: Budget) -> bool:
        """Whether the message is dealt with for good."""
        begun, ids = time.time(), NO_IDS
        try:
            budget.check()
            try:
                item = self._event_item(record, latest)
                ids = ids_of(item)
                self._store(item, ids, begun)
            except Rejected as rejected:
                ids = rejected.ids
                self._set_aside(record["body"], rejected, begun)
        except Exception as error:  # noqa: BLE001  one message's fault must not touch the others
            message_id = record["messageId"]
            self.telemetry.failed("message goes back to the queue", error, ids=ids, begun=begun, message_id=message_id)
            self.telemetry.count("MessagesReturned")
            return False
        return True

    def _event_item(self, record: SqsRecord, latest: str) -> Item:
        return event_item(
            record["body"], domain_name=self.settings.domain_name, latest=latest, arrived_at=_sent_at(record)
        )

    def _store(self, item: Item, ids: Ids, begun: float) -> None:
        match self._append(item, ids):
            case Appended.STORED:
                self.telemetry.info("event stored", ids=ids, begun=begun)
                self.telemetry.count("EventsStored")
            case Appended.DUPLICATE:
                self.telemetry.info("event is stored already", ids=ids, begun=begun)
                self.telemetry.count("DuplicateEvents")
            case Appended.ERASED:
                self.telemetry.info("event was erased", ids=ids, begun=begun)
                self.telemetry.count("ErasedEvents")
            case Appended.CONFLICT:
                reason = "EventId: another event with this DomainId, EventTime and EventId is stored; it was kept"
                raise Rejected(CONFLICT, reason, ids)

    def _append(self, item: Item, ids: Ids) -> Appended:
        try:
            return self.events.append(item)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "ValidationException":
                raise
            # DynamoDB refuses the item itself: to try again would change nothing
            reason = f"the event cannot be stored: {error.response['Error'].get('Message', '')}"
            raise Rejected(UNSTORABLE, reason, ids) from error

    def _set_aside(self, body: str, rejected: Rejected, begun: float) -> None:
        self.quarantine.send(body, rejected)
        self.telemetry.warning(
            "event quarantined", ids=rejected.ids, begun=begun, reason_code=rejected.code, size=len(body)
        )
        self.telemetry.count(_COUNTED_AS[rejected.code])


def _sent_at(record: SqsRecord) -> str | None:
    """When the message came to the queue, by SQS's clock."""
    milliseconds = record.get("attributes", {}).get("SentTimestamp")
    if milliseconds is None:
        return None
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC).isoformat(timespec="milliseconds")
