"""Batches of the events table's stream, and rebuild requests, onto the projection."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from .aws.domain_table import DomainTable
from .aws.settings import ProjectSettings
from .aws.telemetry import Telemetry, error_class
from .events.domain_event import ContractViolation, check_field
from .events.ids import Ids, ids_of_events
from .events.lag import milliseconds_since
from .events.stored_event import StoredEvent
from .projection.decide import Outcome, Plan, Projection, is_done
from .projection.rebuild import RebuildFailed, Rebuilds
from .projection.rows import DomainRow
from .values.budget import AMPLE, Budget

StreamRecord = Mapping[str, Any]

REBUILD = "REBUILD"
ACCEPT_MISSING_EVENTS = "AcceptMissingEvents"

_LONG_AFTER_SECONDS = 60

_COUNTED_AS = {
    Outcome.PARKED: "DomainsParked",
    Outcome.HEALED: "DomainsHealed",
    Outcome.REFOLDED: "DomainsRefolded",
    Outcome.REDELIVERED: "BatchesRedelivered",
}


class BadRebuildRequest(ValueError):
    """A rebuild request that names no domain of this pipeline. Says which field, and its rule."""


@dataclass(frozen=True, slots=True)
class Project:
    """Takes batches of the stream, and rebuild requests."""

    settings: ProjectSettings
    projection: Projection
    rebuilds: Rebuilds
    rows: DomainTable
    telemetry: Telemetry
    writers: ThreadPoolExecutor
    """Threads to write in: as many as the tables' client has connections."""

    def handle_batch(self, records: Sequence[StreamRecord], budget: Budget = AMPLE) -> dict[str, Any]:
        """Project every domain of a batch, each by itself.

        The domain's logic runs in this thread, where its time limit works; the writes of what it computed go out beside
        it, as many at once as the client has connections.

        Returns:
            The stream's partial-batch reply: the records of the domains that met a fault of the infrastructure, or for
            which no time was left. Lambda delivers again from the first of them on; what had gone well by then is
            recognised.
        """
        shares: dict[str, list[StreamRecord]] = {}
        for record in records:
            if record["eventName"] == "INSERT":
                shares.setdefault(record["dynamodb"]["Keys"]["DomainId"]["S"], []).append(record)
        failed = [record for domain_id in self._failing(shares, budget) for record in shares[domain_id]]
        self.telemetry.flush()
        return {"batchItemFailures": [{"itemIdentifier": _sequence_number(record)} for record in failed]}

    def _failing(self, shares: Mapping[str, Sequence[StreamRecord]], budget: Budget) -> Iterator[str]:
        """Deal with all shares; the domains whose share must be delivered again."""
        probed = _may_crash_the_process(shares)
        left = dict(shares)
        try:
            for rows in self.rows.read_many(list(shares)):
                part = {domain_id: shares[domain_id] for domain_id in rows}
                yield from self._failing_of(part, rows, budget, probed=probed)
                for domain_id in part:  # only now: whatever ended this part before, its domains go back
                    del left[domain_id]
                # only the first domain has all the time there is: one for which what is left is too short, will be it
                budget = replace(budget, whole=False)
        except Exception as error:  # noqa: BLE001  nothing is lost: what is left of the batch is delivered again
            ids = ids_of_events(_image(record) for share in left.values() for record in share)
            self.telemetry.failed("a part of the batch goes back to the stream", error, ids=ids, domains=len(left))
            yield from left

    def _failing_of(
        self,
        shares: Mapping[str, Sequence[StreamRecord]],
        rows: Mapping[str, DomainRow | None],
        budget: Budget,
        *,
        probed: bool,
    ) -> Iterator[str]:
        shared = replace(budget, whole=False)
        under_way: list[tuple[Plan, Future[DomainRow | None]]] = []
        begun: dict[str, float] = {}
        for number, (domain_id, share) in enumerate(shares.items()):
            begun[domain_id] = time.time()
            try:
                budget.check()
                plan = self._planned(share, rows[domain_id], shared if number else budget, probed=probed)
                under_way.append((plan, self.writers.submit(self.projection.carry_out, plan)))
            except Exception as error:  # noqa: BLE001  one domain's fault must not touch the others
                self._returned(domain_id, share, error, begun[domain_id], probed=probed)
                yield domain_id
        for plan, written in under_way:
            domain_id, share = plan.batch[0].domain_id, shares[plan.batch[0].domain_id]
            try:
                now = written.result()
                outcome = plan.outcome if is_done(plan, now) else self.projection.go_on(plan, now, shared)
                if probed and outcome is Outcome.REDELIVERED:
                    self.projection.end_probe(plan.batch[0])
            except Exception as error:  # noqa: BLE001  one domain's fault must not touch the others
                self._returned(domain_id, share, error, begun[domain_id], probed=probed)
                yield domain_id
            else:
                self._dealt_with(plan, len(share), outcome, begun[domain_id])

    def _planned(self, share: Sequence[StreamRecord], row: DomainRow | None, budget: Budget, *, probed: bool) -> Plan:
        events = [StoredEvent.of(record["dynamodb"]["NewImage"]) for record in share]
        if probed:
            row = self.projection.begin_probe(events[0], row)
        return self.projection.plan(events, row, budget, probed=probed)

    def rebuild(self, request: Mapping[str, Any], *, request_id: str = "", budget: Budget = AMPLE) -> dict[str, Any]:
        """Rebuild the domain that a bus event's `detail` names.

        Args:
            request: the detail.
            request_id: Lambda's own; the same when it tries again.
            budget: the time there is.

        Returns:
            What was built; Lambda hands it to the function's destination.

        Raises:
            BadRebuildRequest: the request names no domain of this pipeline.
            RebuildFailed: it cannot be rebuilt now; says why. The row stays as it was.
        """
        begun, ids = time.time(), Ids(correlation_ids=_correlation_ids(request))
        try:
            domain_id = self._requested(request)
            ids = replace(ids, domain_id=domain_id)
            accepts = _accepts_missing_events(request)
            row = self.rebuilds.rebuild(domain_id, request_id=request_id, accept_missing_events=accepts, budget=budget)
        except Exception as error:
            self.telemetry.failed("rebuild failed", error, ids=ids, begun=begun)
            self.telemetry.count("RebuildsFailed")
            if isinstance(error, BadRebuildRequest | RebuildFailed):
                raise
            # Lambda logs the text of what leaves here, and that of another error may hold anything
            raise RebuildFailed(f"met {error_class(error)}; the row stays as it was") from None
        else:
            self.telemetry.info("domain rebuilt", ids=ids, begun=begun, events=row.state.applied.count)
            self.telemetry.count("DomainsRebuilt")
        finally:
            self.telemetry.flush()
        return {
            "DomainName": self.settings.domain_name,
            "DomainId": domain_id,
            "EventCount": row.state.applied.count,
            "Checkpoint": row.state.checkpoint,
            "LogicVersion": row.logic_version,
        }

    def _returned(
        self, domain_id: str, share: Sequence[StreamRecord], error: Exception, begun: float, *, probed: bool
    ) -> None:
        ids = ids_of_events(map(_image, share), domain_id)
        self.telemetry.failed("domain goes back to the stream", error, ids=ids, begun=begun, events=len(share))
        self.telemetry.count("DomainsReturned")
        if probed:
            try:
                self.projection.end_probe(StoredEvent.of(share[0]["dynamodb"]["NewImage"]))
            except Exception as too:  # noqa: BLE001  a note that stays is another process's crash in 15 minutes
                self.telemetry.failed("the note of a crash probe stays", too, ids=ids)

    def _dealt_with(self, plan: Plan, records: int, outcome: Outcome, begun: float) -> None:
        log = self.telemetry.warning if outcome is Outcome.PARKED else self.telemetry.info
        ids = ids_of_events((event.item for event in plan.batch), plan.batch[0].domain_id)
        log(f"domain {outcome.value}", ids=ids, begun=begun, events=records)
        if outcome in _COUNTED_AS:
            self.telemetry.count(_COUNTED_AS[outcome])
        if outcome in {Outcome.PARKED, Outcome.WAITING}:
            self.telemetry.count("EventsWaiting", records)
        if outcome is Outcome.REFOLDED:
            # at least one is: where another writer was faster, the row that was read first may not tell
            self.telemetry.count("LateEvents", max(1, plan.late))
        if outcome in {Outcome.APPLIED, Outcome.REFOLDED, Outcome.HEALED}:
            self.telemetry.count("EventsProjected", records)
            now = time.time()
            for event in plan.batch:
                self._measure("LagFromEventTime", event.key, now)
                self._measure("LagFromArrival", event.arrived_at, now)

    def _measure(self, name: str, since: str | None, now: float) -> None:
        lag = milliseconds_since(since, now) if since is not None else None
        if lag is not None:
            self.telemetry.measure(name, lag)

    def _requested(self, request: Mapping[str, Any]) -> str:
        # what was found is not told: Lambda logs the text of the error, and anybody may have sent anything
        if not isinstance(request, Mapping):
            raise BadRebuildRequest("detail: must be an object")
        for field, expected in (("EventType", REBUILD), ("DomainName", self.settings.domain_name)):
            if request.get(field) != expected:
                raise BadRebuildRequest(f"{field}: must be {expected!r}")
        try:
            domain_id: str = check_field("DomainId", request.get("DomainId"))
        except ContractViolation as error:
            raise BadRebuildRequest(f"DomainId: {error.violations[0].rule}") from None
        return domain_id


def count_repeated_id(telemetry: Telemetry, event: StoredEvent) -> None:
    """An event whose EventId another event near it has: one event, perhaps, stored and applied under two times."""
    telemetry.warning("EventId is stored under two times", ids=Ids(event_id=event.event_id, domain_id=event.domain_id))
    telemetry.count("RepeatedEventIds")


def _may_crash_the_process(shares: Mapping[str, Sequence[StreamRecord]]) -> bool:
    """Whether an event comes alone, and long after it was stored.

    So does one of whose logic the process dies: Lambda tries its batch again, halved each time. Other batches are
    rarely both: in a backlog they are full.
    """
    if [len(share) for share in shares.values()] != [1]:
        return False
    ((record,),) = shares.values()
    stored_at: float = record["dynamodb"].get("ApproximateCreationDateTime", math.inf)
    return time.time() - stored_at > _LONG_AFTER_SECONDS


def _accepts_missing_events(request: Mapping[str, Any]) -> bool:
    """Whether the new row may have fewer events than the old one, since they were removed on purpose."""
    accepts = request.get(ACCEPT_MISSING_EVENTS, False)
    if not isinstance(accepts, bool):
        raise BadRebuildRequest(f"{ACCEPT_MISSING_EVENTS}: must be true or false")
    return accepts


def _correlation_ids(request: Any) -> tuple[str, ...]:
    """That of a rebuild request, if it has one such as an event might have."""
    try:
        correlation_id = check_field("CorrelationId", request["CorrelationId"])
    except (ContractViolation, KeyError, TypeError):
        return ()
    return () if correlation_id is None else (correlation_id,)


def _image(record: StreamRecord) -> Mapping[str, Any]:
    image: Mapping[str, Any] = record["dynamodb"].get("NewImage", {})
    return image


def _sequence_number(record: StreamRecord) -> str:
    number: str = record["dynamodb"]["SequenceNumber"]
    return number
