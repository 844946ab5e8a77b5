"""Stores each ingest message once in the domain events table, or quarantines it unchanged."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
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


_Write = Callable[[], Appended | Rejected]


class _Ended(NamedTuple):
    """The result or the error of a write, and when it ended, which may be long before its report."""

    result: Appended | Rejected | Exception
    at: float


class _Attempt(NamedTuple):
    """A message that is being stored or quarantined."""

    record: SqsRecord
    begun: float
    ids: Ids
    end: Future[_Ended]


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
        to_return = [
            attempt.record["messageId"] for attempt in self._attempts(records, budget) if not self._report(attempt)
        ]
        self.telemetry.flush()
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in to_return]}

    def _attempts(self, records: Sequence[SqsRecord], budget: Budget) -> Iterator[_Attempt]:
        """Begin an attempt with each message, and yield the attempts in the order of the batch.

        An attempt that has ended is yielded before the next one begins. So if a message takes too much memory or time
        and the process dies, the log has the messages before it.
        """
        latest = instant_at(self.clock.now() + self.settings.max_future_skew_seconds)
        writes = _Writes(self.writers if len(records) > 1 else None, budget, self.clock)
        begun: deque[_Attempt] = deque()
        for record in records:
            with collector_paused():
                begun.append(self._begin(record, latest, budget, writes))
            while begun and begun[0].end.done():
                yield begun.popleft()
        yield from begun

    def _begin(self, record: SqsRecord, latest: str, budget: Budget, writes: "_Writes") -> _Attempt:
        """Read a message, and begin to store or to quarantine it."""
        writes.wait_for_room()
        begun, ids, body = self.clock.now(), NO_IDS, record["body"]
        try:
            budget.check()
            item = event_item(body, domain_name=self.settings.domain_name, latest=latest, arrived_at=_sent_at(record))
            ids = ids_of(item)
        except Rejected as rejected:
            end = writes.begin(partial(self._quarantined, body, rejected), body)
            return _Attempt(record, begun, rejected.ids, end)
        except Exception as error:  # noqa: BLE001  an error of one message must not affect the others
            return _Attempt(record, begun, ids, _in_the_past(_Ended(error, self.clock.now())))
        end = writes.begin(partial(self._stored, item, ids, body), body, item["DomainId"]["S"])
        return _Attempt(record, begun, ids, end)

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

    def _report(self, attempt: _Attempt) -> bool:
        """Wait for the end of an attempt, log and count it. False if the message must be delivered again."""
        record, begun, ids, end = attempt
        result, ended = end.result()
        if isinstance(result, Rejected):
            code, size = result.code, len(record["body"])
            self.telemetry.warning("event quarantined", ids=ids, begun=begun, ended=ended, reason_code=code, size=size)
            self.telemetry.count(_METRICS[code])
            return True
        if isinstance(result, Exception):
            message, message_id = "message goes back to the queue", record["messageId"]
            self.telemetry.failed(message, result, ids=ids, begun=begun, ended=ended, message_id=message_id)
            self.telemetry.count("MessagesReturned")
            return False
        message, metric = _APPENDED[result]
        self.telemetry.info(message, ids=ids, begun=begun, ended=ended)
        self.telemetry.count(metric)
        return True


_APPENDED = {
    Appended.STORED: ("event stored", "EventsStored"),
    Appended.DUPLICATE: ("event is stored already", "DuplicateEvents"),
    Appended.ERASED: ("event was erased", "ErasedEvents"),
}


class _Writes:
    """The writes of a batch."""

    def __init__(self, writers: Executor | None, budget: Budget, clock: Clock) -> None:
        """Create it.

        Args:
            writers: the threads; None if there is nothing to do while a message is written.
            budget: the time in which writes may begin.
            clock: the time.
        """
        self._writers = writers
        self._budget = budget
        self._clock = clock
        self._in_progress: set[Future[_Ended]] = set()
        self._newest: dict[str, Future[_Ended]] = {}
        """The write of each domain object that was begun last."""

    def wait_for_room(self) -> None:
        """Wait until a write can begin at once, so that whatever begins in time is also written in time."""
        self._in_progress = {each for each in self._in_progress if not each.done()}
        if len(self._in_progress) >= CONNECTIONS:
            self._in_progress = wait(self._in_progress, return_when=FIRST_COMPLETED).not_done

    def begin(self, write: _Write, body: str, domain_id: str | None = None) -> Future[_Ended]:
        """Begin a write; if it is about a domain object, after the earlier writes of the same object."""
        earlier = None if domain_id is None else self._newest.get(domain_id)
        if earlier is not None and earlier.done():
            earlier = None
        if self._writers is None or len(body) > _MAX_CHARACTERS_IN_A_THREAD:
            end = _in_the_past(self._written(write, earlier))
        else:
            end = self._writers.submit(self._written, write, earlier)
            self._in_progress.add(end)
        if domain_id is not None:
            self._newest[domain_id] = end
        return end

    def _written(self, write: _Write, earlier: Future[_Ended] | None) -> _Ended:
        """Write, after an earlier write that is in progress. Several threads may call it.

        After the wait there must still be time, since it came on top of the message's own time. A thread waits only for
        a write that was begun before its own. So one of the threads always writes.
        """
        result: Appended | Rejected | Exception
        try:
            if earlier is not None:
                wait([earlier])
                self._budget.check()
            result = write()
        except Exception as error:  # noqa: BLE001  an error of one message must not affect the others
            result = error
        return _Ended(result, self._clock.now())


def _in_the_past(ended: _Ended) -> Future[_Ended]:
    future: Future[_Ended] = Future()
    future.set_result(ended)
    return future


def _sent_at(record: SqsRecord) -> str | None:
    """When the message arrived in the queue, by SQS's clock; None if it is not known."""
    milliseconds = record.get("attributes", {}).get("SentTimestamp")
    return None if milliseconds is None else time_text(int(milliseconds) / 1000)
