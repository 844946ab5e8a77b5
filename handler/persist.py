"""Stores each ingest message once in the domain events table, or quarantines it unchanged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .aws.events_table import Appended, EventsTable, ItemRefused
from .aws.queues import Quarantine
from .aws.settings import PersistSettings
from .aws.telemetry import Telemetry
from .events.event_time import instant_at
from .events.ids import NO_IDS, Ids
from .events.ingest import CONFLICT, CONTRACT_VIOLATION, UNSTORABLE, Rejected, event_item, ids_of
from .values.attribute_value import Item
from .values.budget import UNLIMITED, Budget
from .values.clock import Clock, time_text
from .values.collector import collector_paused

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient
    from types_boto3_sqs.client import SQSClient

SqsRecord = Mapping[str, Any]

_METRICS = {
    CONTRACT_VIOLATION: "ContractViolations",
    CONFLICT: "ConflictingEvents",
    UNSTORABLE: "UnstorableEvents",
}


_FRACTION_OF_TIME = 1 / 2
"""The fraction of an invocation's time in which work on a message may begin. The rest is enough for the last message to
compute and to make two calls, each of at most `clients.MAX_CALL_SECONDS`."""


@dataclass(frozen=True, slots=True)
class Persist:
    """Processes batches of the ingest queue."""

    settings: PersistSettings
    events: EventsTable
    quarantine: Quarantine
    telemetry: Telemetry
    clock: Clock

    @classmethod
    def start(
        cls,
        settings: PersistSettings,
        dynamodb: "DynamoDBClient",
        sqs: "SQSClient",
        telemetry: Telemetry,
        clock: Clock,
    ) -> "Persist":
        """Create the function with its table and its queue."""
        return cls(
            settings,
            EventsTable(dynamodb, settings.events_table),
            Quarantine(sqs, settings.dead_letter_queue_url, settings.function_name, clock),
            telemetry,
            clock,
        )

    def handle(self, event: Mapping[str, Any], context: object) -> dict[str, Any]:
        """Handle Lambda's call with a batch of the ingest queue. Returns the messages to deliver again."""
        return self.handle_batch(event["Records"], Budget.of(context, _FRACTION_OF_TIME, self.clock))

    def handle_batch(self, records: Sequence[SqsRecord], budget: Budget = UNLIMITED) -> dict[str, Any]:
        """Store or quarantine each message of a batch. An error of one message does not affect the others.

        Returns:
            SQS's partial-batch reply: the messages to deliver again, because of an error of the infrastructure or
            because no time was left. Messages that can never be stored are in the dead-letter queue.
        """
        latest = instant_at(self.clock.now() + self.settings.max_future_skew_seconds)
        to_return = []
        for record in records:
            with collector_paused():
                done = self._process(record, latest, budget)
            if not done:
                to_return.append(record["messageId"])
        self.telemetry.flush()
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in to_return]}

    def _process(self, record: SqsRecord, latest: str, budget: Budget) -> bool:
        """Store or quarantine a message. False if it must be delivered again."""
        begun, ids = self.clock.now(), NO_IDS
        try:
            budget.check()
            try:
                item = self._event_item(record, latest)
                ids = ids_of(item)
                self._store(item, ids, begun)
            except Rejected as rejected:
                ids = rejected.ids
                self._quarantine(record["body"], rejected, begun)
        except Exception as error:  # noqa: BLE001  an error of one message must not affect the others
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
                reason = (
                    "EventId: must identify one event; found a stored event with this DomainId, EventTime and EventId, "
                    "but other content; the stored event stays; send another event with its own EventId"
                )
                raise Rejected(CONFLICT, reason, ids)

    def _append(self, item: Item, ids: Ids) -> Appended:
        try:
            return self.events.append(item)
        except ItemRefused as error:
            raise Rejected(UNSTORABLE, f"the event cannot be stored: {error}", ids) from error

    def _quarantine(self, body: str, rejected: Rejected, begun: float) -> None:
        self.quarantine.send(body, rejected)
        self.telemetry.warning(
            "event quarantined", ids=rejected.ids, begun=begun, reason_code=rejected.code, size=len(body)
        )
        self.telemetry.count(_METRICS[rejected.code])


def _sent_at(record: SqsRecord) -> str | None:
    """When the message arrived in the queue, by SQS's clock; None if it is not known."""
    milliseconds = record.get("attributes", {}).get("SentTimestamp")
    return None if milliseconds is None else time_text(int(milliseconds) / 1000)
