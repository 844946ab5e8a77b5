"""Passes batches of the events table's stream to the projection, and reports the results."""

import math
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from .aws.domain_table import DomainTable
from .aws.events_table import EventsTable
from .aws.queues import ParkedQueue
from .aws.settings import ProjectSettings
from .aws.snapshots_table import SnapshotsTable
from .aws.telemetry import Telemetry
from .domain.logic import DomainLogic
from .events.ids import Ids, ids_of_events
from .events.lag import milliseconds_since
from .events.stored_event import StoredEvent
from .projection.folding import FoldConfig
from .projection.plan import Outcome, Plan
from .projection.projection import Delivery, Projection, Result
from .projection.stores import Stores
from .values.attribute_value import Item
from .values.budget import UNLIMITED, Budget
from .values.clock import Clock

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient
    from types_boto3_sqs.client import SQSClient

    from .rebuild_requests import RebuildRequests

StreamRecord = Mapping[str, Any]

_FRACTION_OF_TIME = 0.9
"""The fraction of an invocation's time in which work may begin. The rest is for the writes that are in progress."""

_PROBE_AFTER_SECONDS = 60
"""An event that comes alone, and this long after it was stored, may have crashed processes."""

_METRICS = {
    Outcome.PARKED: "DomainsParked",
    Outcome.HEALED: "DomainsHealed",
    Outcome.REFOLDED: "DomainsRefolded",
    Outcome.REDELIVERED: "BatchesRedelivered",
}


@dataclass(frozen=True)
class Project:
    """Processes batches of the stream, and passes rebuild requests on."""

    domain_name: str
    stores: Stores
    config: FoldConfig
    projection: Projection
    rows: DomainTable
    telemetry: Telemetry
    clock: Clock

    @classmethod
    def start(
        cls,
        settings: ProjectSettings,
        logic: DomainLogic,
        dynamodb: "DynamoDBClient",
        sqs: "SQSClient",
        telemetry: Telemetry,
        writers: Executor,
        clock: Clock,
    ) -> "Project":
        """Create the function with its tables and its queue.

        Args:
            settings: the function's environment.
            logic: the domain logic.
            dynamodb, sqs: AWS's clients.
            telemetry: the function's logs and metrics.
            writers: the threads that write rows: as many as `clients.CONNECTIONS`.
            clock: the time.
        """
        rows = DomainTable(dynamodb, settings.domain_table, clock, settings.index_keys, settings.ttl_attribute)
        stores = Stores(
            EventsTable(dynamodb, settings.events_table), rows, SnapshotsTable(dynamodb, settings.snapshots_table)
        )
        config = FoldConfig(
            logic,
            settings.logic_version,
            settings.event_time_limit_seconds,
            settings.events_per_snapshot,
            on_repeated_id=partial(count_repeated_id, telemetry),
            index_keys=settings.index_keys,
        )
        notices = ParkedQueue(sqs, settings.parked_queue_url, settings.domain_name)
        return cls(
            settings.domain_name,
            stores,
            config,
            Projection(stores, notices, config, clock, writers),
            rows,
            telemetry,
            clock,
        )

    @cached_property
    def rebuild_requests(self) -> "RebuildRequests":
        """The rebuild requests. Most processes get none, so their code is not imported at a cold start."""
        from .projection.rebuild import Rebuilds
        from .rebuild_requests import RebuildRequests

        rebuilds = Rebuilds(self.stores, self.config, self.clock)
        return RebuildRequests(self.domain_name, rebuilds, self.telemetry, self.clock)

    def handle(self, event: Mapping[str, Any], context: object) -> dict[str, Any]:
        """Handle Lambda's call with a batch of the stream, or with a rebuild request from the bus."""
        budget = Budget.of(context, _FRACTION_OF_TIME, self.clock)
        if "Records" in event:
            return self.handle_batch(event["Records"], budget)
        request_id = getattr(context, "aws_request_id", "")
        return self.rebuild_requests.handle(event["detail"], request_id=request_id, budget=budget)

    def handle_batch(self, records: Sequence[StreamRecord], budget: Budget = UNLIMITED) -> dict[str, Any]:
        """Project every domain object of a batch. An error of one object does not affect the others.

        Returns:
            The stream's partial-batch reply: the records of the objects that failed because of an error of the
            infrastructure or because no time was left. Lambda delivers all records from the first of them on again. The
            projection recognises those that it has applied.
        """
        by_object: dict[str, list[StreamRecord]] = {}
        for record in records:
            if record["eventName"] == "INSERT":
                by_object.setdefault(record["dynamodb"]["Keys"]["DomainId"]["S"], []).append(record)
        failed = [record for domain_id in self._failed_objects(by_object, budget) for record in by_object[domain_id]]
        self.telemetry.flush()
        return {"batchItemFailures": [{"itemIdentifier": _sequence_number(record)} for record in failed]}

    def _failed_objects(self, by_object: Mapping[str, Sequence[StreamRecord]], budget: Budget) -> Iterator[str]:
        """Project all objects' records. Yields the objects whose records must be delivered again."""
        may_crash = self._may_crash(by_object)
        left = dict(by_object)
        try:
            for rows in self.rows.read_many(list(by_object)):
                deliveries = [
                    Delivery(domain_id, [_image(record) for record in by_object[domain_id]], row, may_crash)
                    for domain_id, row in rows.items()
                ]
                for result in self.projection.project(deliveries, budget):
                    if not self._reported(result):
                        yield result.delivery.domain_id
                for domain_id in rows:  # only now, so that these objects go back if an error comes before
                    del left[domain_id]
                budget = budget.shared()
        except Exception as error:  # noqa: BLE001  nothing is lost: the rest of the batch is delivered again
            ids = ids_of_events(_image(record) for records in left.values() for record in records)
            self.telemetry.failed("a part of the batch goes back to the stream", error, ids=ids, objects=len(left))
            yield from left

    def _reported(self, result: Result) -> bool:
        """Log and count a result. False if it must be delivered again."""
        if result.plan is None:
            self._report_return(result)
        else:
            self._report_outcome(result, result.plan)
        return result.plan is not None

    def _report_return(self, result: Result) -> None:
        delivery = result.delivery
        ids = ids_of_events(delivery.images, delivery.domain_id)
        error, *others = result.errors
        self.telemetry.failed(
            "domain object goes back to the stream", error, ids=ids, begun=result.begun, events=len(delivery.images)
        )
        self.telemetry.count("DomainsReturned")
        for other in others:
            self.telemetry.failed("the note of a crash probe stays", other, ids=ids)

    def _report_outcome(self, result: Result, plan: Plan) -> None:
        outcome, events = plan.outcome, len(result.delivery.images)
        log = self.telemetry.warning if outcome is Outcome.PARKED else self.telemetry.info
        ids = ids_of_events((event.item for event in plan.events), result.delivery.domain_id)
        failed_at = _failed_at(plan) if outcome is Outcome.PARKED else {}
        log(f"domain object {outcome.value}", ids=ids, begun=result.begun, events=events, **failed_at)
        if outcome in _METRICS:
            self.telemetry.count(_METRICS[outcome])
        if outcome in (Outcome.PARKED, Outcome.WAITING):
            self.telemetry.count("EventsWaiting", events)
        if outcome is Outcome.REFOLDED:
            # at least one event is late: if another writer was faster, the row that was read first does not show it
            self.telemetry.count("LateEvents", max(1, plan.late))
        if outcome in (Outcome.APPLIED, Outcome.REFOLDED, Outcome.HEALED):
            self.telemetry.count("EventsProjected", events)
            now = self.clock.now()
            for event in plan.events:
                self._measure("LagFromEventTime", event.key, now)
                self._measure("LagFromArrival", event.arrived_at, now)

    def _measure(self, name: str, since: str | None, now: float) -> None:
        lag = milliseconds_since(since, now) if since is not None else None
        if lag is not None:
            self.telemetry.measure(name, lag)

    def _may_crash(self, by_object: Mapping[str, Sequence[StreamRecord]]) -> bool:
        """True if an event comes alone and more than _PROBE_AFTER_SECONDS after it was stored.

        An event that crashes the process does so, because Lambda delivers its batch again, halved each time. Other
        batches are rarely both: batches of a backlog are full.
        """
        if [len(records) for records in by_object.values()] != [1]:
            return False
        ((record,),) = by_object.values()
        stored_at: float = record["dynamodb"].get("ApproximateCreationDateTime", math.inf)
        return self.clock.now() - stored_at > _PROBE_AFTER_SECONDS


def _failed_at(plan: Plan) -> dict[str, Any]:
    """Where the domain logic failed, without the error's text, which may hold values of the payload."""
    parked = plan.after.parked if plan.after is not None else None
    if parked is None:
        return {}
    fields = {"failed_event_id": parked.event_id, "error": parked.error, "phase": parked.phase, "place": parked.place}
    return {name: text for name, text in fields.items() if text}


def count_repeated_id(telemetry: Telemetry, event: StoredEvent) -> None:
    """Report an event with the EventId of an event near it: perhaps one event that is stored with two times."""
    telemetry.warning("EventId is stored at two times", ids=Ids(event_id=event.event_id, domain_id=event.domain_id))
    telemetry.count("RepeatedEventIds")


def _image(record: StreamRecord) -> Item:
    image: Item = record["dynamodb"].get("NewImage", {})
    return image


def _sequence_number(record: StreamRecord) -> str:
    number: str = record["dynamodb"]["SequenceNumber"]
    return number
