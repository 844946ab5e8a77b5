"""Checks rebuild requests from the bus, runs the rebuilds, and reports the results."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from .aws.telemetry import Telemetry, error_class
from .events.domain_event import ContractViolation, check_field
from .events.ids import Ids
from .projection.rebuild import RebuildFailed, RebuildInterrupted, Rebuilds
from .values.budget import UNLIMITED, Budget
from .values.clock import Clock

REBUILD: Final = "REBUILD"
ACCEPT_MISSING_EVENTS: Final = "AcceptMissingEvents"


class BadRebuildRequest(ValueError):
    """A rebuild request does not name a domain object of this pipeline. The message names the field and its rule."""


class RebuildRequests(NamedTuple):
    """Processes rebuild requests for one domain."""

    domain_name: str
    rebuilds: Rebuilds
    telemetry: Telemetry
    clock: Clock

    def handle(self, request: Mapping[str, Any], *, request_id: str = "", budget: Budget = UNLIMITED) -> dict[str, Any]:
        """Rebuild the domain object that a bus event's `detail` names.

        Args:
            request: the detail.
            request_id: Lambda's id of the request, which is the same if Lambda retries it.
            budget: the available time.

        Returns:
            A description of the new row. Lambda sends it to the function's destination.

        Raises:
            BadRebuildRequest: the request does not name a domain object of this pipeline.
            RebuildFailed: the object cannot be rebuilt now. The message says why, and if the row is unchanged.
        """
        begun, ids = self.clock.now(), Ids(correlation_ids=_correlation_ids(request))
        try:
            domain_id = self._requested(request)
            ids = ids._replace(domain_id=domain_id)
            accepts = _accepts_missing_events(request)
            row = self.rebuilds.rebuild(domain_id, request_id=request_id, accept_missing_events=accepts, budget=budget)
        except Exception as error:
            self.telemetry.failed("rebuild failed", error, ids=ids, begun=begun)
            self.telemetry.count("RebuildsFailed")
            if isinstance(error, BadRebuildRequest | RebuildFailed):
                raise
            # Lambda logs the text of an error that leaves here, and the text of another error may hold anything
            raise RebuildInterrupted(
                f"met {error_class(error)}; the row stays as it was; request the rebuild again"
            ) from None
        else:
            self.telemetry.info("domain object rebuilt", ids=ids, begun=begun, events=row.state.applied.count)
            self.telemetry.count("DomainsRebuilt")
        finally:
            self.telemetry.flush()
        return {
            "DomainName": self.domain_name,
            "DomainId": domain_id,
            "EventCount": row.state.applied.count,
            "Checkpoint": row.state.checkpoint,
            "LogicVersion": row.logic_version,
        }

    def _requested(self, request: Mapping[str, Any]) -> str:
        # the message does not show the value: Lambda logs the message, and the request may hold anything
        if not isinstance(request, Mapping):
            raise BadRebuildRequest("detail: must be an object")
        for field, expected in (("EventType", REBUILD), ("DomainName", self.domain_name)):
            if request.get(field) != expected:
                raise BadRebuildRequest(f"{field}: must be {expected!r}")
        try:
            domain_id: str = check_field("DomainId", request.get("DomainId"))
        except ContractViolation as error:
            raise BadRebuildRequest(f"DomainId: {error.violations[0].rule}") from None
        return domain_id


def _accepts_missing_events(request: Mapping[str, Any]) -> bool:
    """True if the new row may have fewer events than the old one, because they were removed on purpose."""
    accepts = request.get(ACCEPT_MISSING_EVENTS, False)
    if not isinstance(accepts, bool):
        raise BadRebuildRequest(f"{ACCEPT_MISSING_EVENTS}: must be true or false")
    return accepts


def _correlation_ids(request: Any) -> tuple[str, ...]:
    """The CorrelationId of a rebuild request, if it is valid; otherwise none."""
    try:
        correlation_id = check_field("CorrelationId", request["CorrelationId"])
    except (ContractViolation, KeyError, TypeError):
        return ()
    return () if correlation_id is None else (correlation_id,)
