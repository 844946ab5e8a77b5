"""Batches of the events table's stream, and rebuild requests, onto the projection."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .domain_event import shown
from .domain_row import DomainRow
from .domain_table import DomainTable
from .projection import Outcome, Projection
from .settings import ProjectSettings
from .stored_event import StoredEvent
from .telemetry import Telemetry

StreamRecord = Mapping[str, Any]

REBUILD = "REBUILD"

_COUNTED_AS = {
    Outcome.PARKED: "DomainsParked",
    Outcome.HEALED: "DomainsHealed",
    Outcome.REFOLDED: "DomainsRefolded",
    Outcome.REDELIVERED: "BatchesRedelivered",
}


class BadRebuildRequest(ValueError):
    """A rebuild request that names no domain of this pipeline. Says which field, and what was found."""


@dataclass(frozen=True, slots=True)
class Project:
    """Takes batches of the stream, and rebuild requests."""

    settings: ProjectSettings
    projection: Projection
    rows: DomainTable
    telemetry: Telemetry

    def handle_batch(self, records: Sequence[StreamRecord]) -> dict[str, Any]:
        """Project every domain of a batch, each by itself.

        Returns:
            The stream's partial-batch reply: the records of the domains that met a fault of the infrastructure.
            Lambda delivers again from the first of them on; what had gone well by then is recognised.
        """
        shares: dict[str, list[StreamRecord]] = {}
        for record in records:
            if record["eventName"] == "INSERT":
                shares.setdefault(record["dynamodb"]["Keys"]["DomainId"]["S"], []).append(record)
        try:
            rows = self.rows.read_many(list(shares))
        except Exception as error:  # noqa: BLE001  nothing is lost: the whole batch is delivered again
            self.telemetry.failed("rows cannot be read; the batch goes back", error, domains=len(shares))
            failed = list(records)
        else:
            failed = [
                record
                for domain_id, share in shares.items()
                if not self._project(domain_id, share, rows[domain_id])
                for record in share
            ]
        self.telemetry.flush()
        return {"batchItemFailures": [{"itemIdentifier": _sequence_number(record)} for record in failed]}

    def rebuild(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Rebuild the domain that a bus event's `detail` names.

        Returns:
            What was built; Lambda hands it to the function's destination.

        Raises:
            BadRebuildRequest: the request names no domain of this pipeline.
            RebuildFailed: nothing is stored for it, or its logic fails; the row stays as it was.
        """
        domain_id = self._requested(request)
        try:
            row = self.projection.rebuild(domain_id)
        except Exception as error:
            self.telemetry.failed("rebuild failed", error, domain_id=domain_id)
            self.telemetry.count("RebuildsFailed")
            raise
        else:
            self.telemetry.info("domain rebuilt", domain_id=domain_id, events=row.state.applied.count)
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

    def _project(self, domain_id: str, share: Sequence[StreamRecord], row: DomainRow | None) -> bool:
        """Whether the domain's share of the batch is dealt with."""
        try:
            events = [StoredEvent.of(record["dynamodb"]["NewImage"]) for record in share]
            outcome = self.projection.project(events, row)
        except Exception as error:  # noqa: BLE001  one domain's fault must not touch the others
            self.telemetry.failed("domain goes back to the stream", error, domain_id=domain_id, events=len(share))
            self.telemetry.count("DomainsReturned")
            return False
        log = self.telemetry.warning if outcome is Outcome.PARKED else self.telemetry.info
        log(f"domain {outcome.value}", domain_id=domain_id, events=len(share))
        if outcome in _COUNTED_AS:
            self.telemetry.count(_COUNTED_AS[outcome])
        if outcome in {Outcome.APPLIED, Outcome.REFOLDED, Outcome.HEALED}:
            self.telemetry.count("EventsProjected", len(share))
        return True

    def _requested(self, request: Mapping[str, Any]) -> str:
        for field, expected in (("EventType", REBUILD), ("DomainName", self.settings.domain_name)):
            if request.get(field) != expected:
                raise BadRebuildRequest(f"{field}: must be {expected!r}; found {shown(request.get(field))}")
        domain_id = request.get("DomainId")
        if not isinstance(domain_id, str) or not domain_id:
            raise BadRebuildRequest(f"DomainId: must be a non-empty string; found {shown(domain_id)}")
        return domain_id


def _sequence_number(record: StreamRecord) -> str:
    number: str = record["dynamodb"]["SequenceNumber"]
    return number
