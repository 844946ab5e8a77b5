"""Stores each ingest message once in the domain events table, or quarantines it unchanged."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from .aws.clients import CONNECTIONS
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

_MAX_CHARACTERS_IN_A_THREAD = 64 * 1024
"""A longer message is stored before work on the next one begins: it takes more time to compute than to wait, and ten of
them at once would take too much memory."""


class _Attempt(NamedTuple):
    """A message that is being stored or quarantined."""

    record: SqsRecord
    begun: float
    ids: Ids
    done: Future[Appended | Rejected]


class Persist(NamedTuple):
    """Processes batches of the ingest queue."""

    settings: PersistSettings
    events: EventsTable
    quarantine: Quarantine
    telemetry: Telemetry
    clock: Clock
    writers: Executor
    """The threads in which messages are stored."""

    @classmethod
    def start(
        cls,
        settings: PersistSettings,
        dynamodb: "DynamoDBClient",
        sqs: "SQSClient",
        telemetry: Telemetry,
        writers: Executor,
        clock: Clock,
    ) -> "Persist":
        """Create the function with its table and its queue.

        Args:
            settings: the function's environment.
            dynamodb, sqs: AWS's clients.
            telemetry: the function's logs and metrics.
            writers: the threads that write: as many as `clients.CONNECTIONS`.
            clock: the time.
        """
        return cls(
            settings,
            EventsTable(dynamodb, settings.events_table),
            Quarantine(sqs, settings.dead_letter_queue_url, settings.function_name, clock),
            telemetry,
            clock,
            writers,
        )

    def handle(self, event: Mapping[str, Any], context: object) -> dict[str, Any]:
        """Handle Lambda's call with a batch of the ingest queue. Returns the messages to deliver again."""
        return self.handle_batch(event["Records"], Budget.of(context, _FRACTION_OF_TIME, self.clock))

    def handle_batch(self, records: Sequence[SqsRecord], budget: Budget = UNLIMITED) -> dict[str, Any]:
        """Store or quarantine each message of a batch. An error of one message does not affect the others.

        This thread reads the messages; others write, side by side. The events of one domain object are stored in the
        order of the batch. Otherwise many of them would come to the table's stream after newer ones, and the project
        function reads the store for each such late event.

        Returns:
            SQS's partial-batch reply: the messages to deliver again, because of an error of the infrastructure or
            because no time was left. Messages that can never be stored are in the dead-letter queue.
        """
        latest = instant_at(self.clock.now() + self.settings.max_future_skew_seconds)
        writes = _Writes(self.writers if len(records) > 1 else None, budget)
        attempts = []
        for record in records:
            with collector_paused():
                attempts.append(self._begin(record, latest, budget, writes))
        to_return = [attempt.record["messageId"] for attempt in attempts if not self._is_reported(attempt)]
        self.telemetry.flush()
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in to_return]}

    def _begin(self, record: SqsRecord, latest: str, budget: Budget, writes: "_Writes") -> _Attempt:
        """Read a message, and begin to store or to quarantine it."""
        writes.wait_for_room()
        begun, ids, body = self.clock.now(), NO_IDS, record["body"]
        try:
            budget.check()
            item = event_item(body, domain_name=self.settings.domain_name, latest=latest, arrived_at=_sent_at(record))
            ids = ids_of(item)
        except Rejected as rejected:
            done = writes.begin(partial(self._quarantined, body, rejected), body)
            return _Attempt(record, begun, rejected.ids, done)
        except Exception as error:  # noqa: BLE001  an error of one message must not affect the others
            failed: Future[Appended | Rejected] = Future()
            failed.set_exception(error)
            return _Attempt(record, begun, ids, failed)
        done = writes.begin(partial(self._stored, item, ids, body), body, item["DomainId"]["S"])
        return _Attempt(record, begun, ids, done)

    def _stored(self, item: Item, ids: Ids, body: str) -> Appended | Rejected:
        """Store an event, or quarantine its message. Several threads may call it."""
        try:
            appended = self.events.append(item)
        except ItemRefused as error:
            return self._quarantined(body, Rejected(UNSTORABLE, f"the event cannot be stored: {error}", ids))
        if appended is Appended.CONFLICT:
            reason = (
                "EventId: must identify one event; found a stored event with this DomainId, EventTime and EventId, "
                "but other content; the stored event stays; send another event with its own EventId"
            )
            return self._quarantined(body, Rejected(CONFLICT, reason, ids))
        return appended

    def _quarantined(self, body: str, rejected: Rejected) -> Rejected:
        self.quarantine.send(body, rejected)
        return rejected

    def _is_reported(self, attempt: _Attempt) -> bool:
        """Log and count the result of an attempt. False if the message must be delivered again."""
        record, begun, ids, done = attempt
        try:
            result = done.result()
        except Exception as error:  # noqa: BLE001  an error of one message must not affect the others
            message_id = record["messageId"]
            self.telemetry.failed("message goes back to the queue", error, ids=ids, begun=begun, message_id=message_id)
            self.telemetry.count("MessagesReturned")
            return False
        if isinstance(result, Rejected):
            self.telemetry.warning(
                "event quarantined", ids=ids, begun=begun, reason_code=result.code, size=len(record["body"])
            )
            self.telemetry.count(_METRICS[result.code])
        else:
            message, metric = _APPENDED[result]
            self.telemetry.info(message, ids=ids, begun=begun)
            self.telemetry.count(metric)
        return True


_APPENDED = {
    Appended.STORED: ("event stored", "EventsStored"),
    Appended.DUPLICATE: ("event is stored already", "DuplicateEvents"),
    Appended.ERASED: ("event was erased", "ErasedEvents"),
}


class _Writes:
    """The writes of a batch."""

    def __init__(self, writers: Executor | None, budget: Budget) -> None:
        """Create it.

        Args:
            writers: the threads; None if there is nothing to do while a message is written.
            budget: the time in which writes may begin.
        """
        self._writers = writers
        self._budget = budget
        self._in_progress: set[Future[Appended | Rejected]] = set()
        self._newest: dict[str, Future[Appended | Rejected]] = {}
        """The write of each domain object that was begun last."""

    def wait_for_room(self) -> None:
        """Wait until a write can begin at once, so that whatever begins in time is also written in time."""
        self._in_progress = {each for each in self._in_progress if not each.done()}
        if len(self._in_progress) >= CONNECTIONS:
            self._in_progress = wait(self._in_progress, return_when=FIRST_COMPLETED).not_done

    def begin(
        self, write: Callable[[], Appended | Rejected], body: str, domain_id: str | None = None
    ) -> Future[Appended | Rejected]:
        """Begin a write; if it is about a domain object, after the earlier writes of the same object."""
        earlier = None if domain_id is None else self._newest.get(domain_id)
        if earlier is not None and not earlier.done():
            write = partial(self._after, earlier, write)
        if self._writers is None or len(body) > _MAX_CHARACTERS_IN_A_THREAD:
            done = _at_once(write)
        else:
            done = self._writers.submit(write)
            self._in_progress.add(done)
        if domain_id is not None:
            self._newest[domain_id] = done
        return done

    def _after(
        self, earlier: Future[Appended | Rejected], write: Callable[[], Appended | Rejected]
    ) -> Appended | Rejected:
        """Wait for an earlier write, and write if there is still time: the wait came on top of the message's time.

        A thread waits only for a write that was begun before its own. So one of the threads always writes.
        """
        wait([earlier])
        self._budget.check()
        return write()


def _at_once(write: Callable[[], Appended | Rejected]) -> Future[Appended | Rejected]:
    done: Future[Appended | Rejected] = Future()
    try:
        done.set_result(write())
    except Exception as error:  # noqa: BLE001  whoever asks for the result gets it
        done.set_exception(error)
    return done


def _sent_at(record: SqsRecord) -> str | None:
    """When the message arrived in the queue, by SQS's clock; None if it is not known."""
    milliseconds = record.get("attributes", {}).get("SentTimestamp")
    return None if milliseconds is None else time_text(int(milliseconds) / 1000)
