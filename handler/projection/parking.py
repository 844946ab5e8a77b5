"""Decides which note a parked row gets, how it merges with the earlier note, and when to retry a fold."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from ..domain.failure import Cause, Failure, process_died
from ..events.stored_event import StoredEvent
from ..values.clock import Clock
from .marks import START
from .notes import MAX_NAME_CHARACTERS, Parked
from .rows import DomainRow


class Parking(NamedTuple):
    """Makes the parked notes of one version of the domain logic."""

    version: str
    clock: Clock

    def by_failure(
        self, failure: Failure | None, row: DomainRow | None, events: Sequence[StoredEvent]
    ) -> Parked | None:
        """The note if a fold failed at an event; None if it did not fail."""
        if failure is None:
            return None
        parked = self._at(failure, events)
        before = row.parked if row is not None else None
        if before is None:
            return parked
        return replace(
            parked, since=_since(parked, before), waiting_up_to=max(parked.waiting_up_to, before.waiting_up_to)
        )

    def before_late_events(self, parked: Parked, row: DomainRow, events: Sequence[StoredEvent]) -> Parked:
        """The note if a refold failed before the row's checkpoint: the row keeps its state, and all events wait."""
        first = row.parked.waiting_from if row.parked is not None else parked.event_key
        return replace(parked, waiting_from=min(first, parked.event_key, events[0].key))

    def for_missing_events(self, missing: int, row: DomainRow, events: Sequence[StoredEvent]) -> Parked:
        """The note if the store lacks events that the row holds. The pipeline cannot restore them."""
        reason = (
            f"EventsMissing: the store lacks at least {missing} of the {row.state.applied.count} events that the row "
            "holds; it must hold all of them; put them back, or request a rebuild with AcceptMissingEvents true"
        )
        parked = self._at(Failure(events[0], Cause.EVENTS_MISSING, "EventsMissing", reason), events)
        before = row.parked
        if before is None:
            return parked
        waiting = also_waiting(before, events)
        if before.cause is Cause.EVENTS_MISSING:  # it is the same failure, whichever event detects it
            return replace(waiting, logic_version=self.version)
        return replace(parked, waiting_from=waiting.waiting_from, waiting_up_to=waiting.waiting_up_to)

    def for_crashes(self, event: StoredEvent, row: DomainRow) -> Parked:
        """The note if an event crashed processes.

        The object is parked with its current state. Only a fold could find which of its events crashes a process.
        """
        parked = self._at(process_died(event), [event])
        before = row.parked
        if before is not None:
            # an object that is parked for another cause is not parked for a fault of its event, which its row may hold
            is_at_fault = before.cause in {Cause.LOGIC, Cause.PROCESS_DIED}
            first = before if is_at_fault and before.event_key <= parked.event_key else parked
            waiting = also_waiting(before, [event])
            parked = replace(
                parked,
                event_key=first.event_key,
                event_id=first.event_id,
                event_name=first.event_name,
                waiting_from=waiting.waiting_from,
                waiting_up_to=waiting.waiting_up_to,
            )
            parked = replace(parked, since=_since(parked, before))
        if not row.state.applied.count:
            parked = replace(parked, waiting_from=START.key)
        return parked

    def is_worth_retrying(self, parked: Parked, row: DomainRow, events: Sequence[StoredEvent]) -> bool:
        """True if a fold from the first waiting event may end differently than the fold that parked the object."""
        checkpoint = row.state.checkpoint or ""
        other_logic = parked.logic_version != self.version
        match parked.cause:
            case Cause.OUT_OF_TIME:
                # a late event gets a whole invocation and continues the fold where it stopped; events in order do not
                # need that fold; other logic may be faster
                return events[0].key <= checkpoint or (parked.waiting_from <= checkpoint and other_logic)
            case Cause.EVENTS_MISSING:  # an event that is put back arrives late; a deployment is another occasion
                return events[0].key <= checkpoint or other_logic
            case Cause.LOGIC | Cause.PROCESS_DIED:
                # a fold is deterministic: only other logic or an earlier event can end it differently
                return events[0].key < parked.event_key or other_logic

    def _at(self, failure: Failure, events: Sequence[StoredEvent]) -> Parked:
        name = failure.event.item.get("EventName", {}).get("S", "")  # the event may be unreadable
        return Parked(
            event_key=failure.event.key,
            event_id=failure.event.event_id,
            event_name=name[:MAX_NAME_CHARACTERS],
            cause=failure.cause,
            error=failure.error,
            reason=failure.reason,
            since=self.clock.text(),
            logic_version=self.version,
            waiting_from=failure.event.key,  # the row will hold all events before it
            waiting_up_to=events[-1].key,
            phase=failure.phase,
            place=failure.place,
        )


def also_waiting(parked: Parked, events: Sequence[StoredEvent]) -> Parked:
    """The note, extended so that these events also wait."""
    return replace(
        parked,
        waiting_from=min(parked.waiting_from, events[0].key),
        waiting_up_to=max(parked.waiting_up_to, events[-1].key),
    )


def _since(parked: Parked, before: Parked) -> str:
    """Since when the object is parked: a failure that continues keeps its time."""
    return before.since if parked.is_same_failure(before) else parked.since
