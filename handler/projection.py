"""The projection: stored events into domain rows, converging whatever the order and repetition of delivery.

Invariants that every step here keeps:

- A row's applied events are a subset of the store's, so an equal count and digest over a range of keys mean equal
  sets.
- A delivered event is acknowledged only after a conditional write of a row that contains it, on the proof of a row
  just read that it contains it, or after a conditional write to a parked row that notes that it waits. The write
  matters even where nothing else changes: it makes a concurrent healing, which may have read the store before the
  event was there, fail its own.
- The row is read before the store, and after a lost race both are read again.
- A row is created only from the store, never from the delivered events alone: they may not be the domain's first.
- A parked row has no fast path: its failed event would be jumped.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from typing import Protocol

from .domain_logic import DomainLogic
from .domain_row import MIXED, NOTHING, DomainRow, KeySet, Parked
from .fold import Failure, Folded, fold
from .stored_event import StoredEvent

_MOST_RACES = 20
"""Lost races after which a domain's events go back to the stream; each loss means that another writer got on."""


class RowChanged(Exception):
    """Another writer was faster: the row is not the one that was read."""


class Contention(Exception):
    """A domain's row changed too often to be written. The events stay in the stream."""


class RebuildFailed(Exception):
    """A domain could not be rebuilt; its row stays as it was."""


class EventStore(Protocol):
    """The append-only events of all domains; reads are strongly consistent and in EventKey order."""

    def read(self, domain_id: str, *, up_to: str | None = None) -> Iterable[StoredEvent]:
        """A domain's events, up to and including the key `up_to`."""

    def keys(self, domain_id: str, *, up_to: str) -> Iterable[str]:
        """The EventKeys alone."""


class RowStore(Protocol):
    """The domain table."""

    def read(self, domain_id: str) -> DomainRow | None:
        """The row, strongly consistent."""

    def write(self, row: DomainRow, *, replacing: DomainRow | None) -> None:
        """Write `row` if the table still holds `replacing`. Raises RowChanged if it does not."""


class ParkedNotices(Protocol):
    """Where people learn of parked domains."""

    def send(self, domain_id: str, parked: Parked) -> None:
        """Tell that a domain is parked."""


class Outcome(Enum):
    """What became of one domain's share of a batch."""

    APPLIED = "applied"
    REFOLDED = "refolded"
    REDELIVERED = "redelivered"
    PARKED = "parked"
    WAITING = "waiting"
    HEALED = "healed"


@dataclass(frozen=True, slots=True)
class Projection:
    """Projects with one version of the domain's logic."""

    events: EventStore
    rows: RowStore
    notices: ParkedNotices
    logic: DomainLogic
    logic_version: str
    seconds_per_event: float

    def project(self, batch: Sequence[StoredEvent], row: DomainRow | None) -> Outcome:
        """Bring one domain's row up to date with delivered events.

        Costs one conditional write where the events are newer than the row's checkpoint.

        Args:
            batch: stored events of one domain, at least one, in any order, repetitions allowed.
            row: the domain's row, read (strongly consistent) after the events were stored.

        Raises:
            Contention: the row changed too often meanwhile.
        """
        ordered = sorted({event.key: event for event in batch}.values(), key=lambda event: event.key)
        domain_id = ordered[0].domain_id
        told: Parked | None = None
        for _ in range(_MOST_RACES):
            after = self._next_row(domain_id, row, ordered)
            if after is None:
                return Outcome.REDELIVERED
            causes_known = (row.parked if row else None, told)
            if after.parked is not None and not any(after.parked.same_cause(known) for known in causes_known):
                # before the row: a notice of a parking that did not come about does less harm than one in silence
                self.notices.send(domain_id, after.parked)
                told = after.parked
            now = self._replace(row, after)
            if now is not None and now.revision == after.revision:
                return _outcome(row, after, ordered)
            row = now
        raise Contention(f"the row changed {_MOST_RACES} times while it was computed")

    def rebuild(self, domain_id: str) -> DomainRow:
        """Fold a domain anew from its first event; readers see the old row until the new one is whole.

        Raises:
            RebuildFailed: nothing is stored for the domain, or its logic fails at an event. The row stays as it was.
            Contention: the row changed too often meanwhile.
        """
        row = self.rows.read(domain_id)
        for _ in range(_MOST_RACES):
            folded = self._fold_from_nothing(domain_id, up_to=None)
            if folded.failure is not None:
                failed = folded.failure
                raise RebuildFailed(
                    f"the domain's logic fails with {failed.error} at the event {failed.event.event_id} "
                    f"(EventKey {failed.event.key}); the row stays as it was"
                )
            if folded.state is NOTHING:
                raise RebuildFailed("no event is stored for this DomainId")
            after = DomainRow(domain_id, folded.state, self.logic_version)
            row = self._replace(row, after)
            if row is not None and row.revision == after.revision:
                return after
        raise Contention(f"the row changed {_MOST_RACES} times while it was rebuilt")

    def _next_row(self, domain_id: str, row: DomainRow | None, batch: Sequence[StoredEvent]) -> DomainRow | None:
        """The row that should follow `row`; None where `row` proves that it has all of `batch`."""
        newest = batch[-1].key
        if row is None or not row.readable:
            # to the very end: a row deleted or spoilt may have held, and acknowledged, events after the batch's
            return self._refolded(domain_id, None, batch, up_to=None)
        if row.parked is not None:
            if self._is_worth_retrying(row.parked, batch):
                # to the very end: events before it wait in the store, acknowledged
                return self._refolded(domain_id, row, batch, up_to=None)
            waiting = replace(row.parked, waiting_up_to=max(row.parked.waiting_up_to, newest))
            return DomainRow(domain_id, row.state, row.logic_version, waiting)
        checkpoint = row.state.checkpoint or ""
        fresh = [event for event in batch if event.key > checkpoint]
        if len(fresh) < len(batch):
            if not self._has_all(domain_id, checkpoint, row.state.applied):
                # not to the store's head: that would make every event still in flight a late one
                return self._refolded(domain_id, row, batch, up_to=max(checkpoint, newest))
            if not fresh:
                return None
        return self._advanced(row, fresh)

    def _advanced(self, row: DomainRow, fresh: Sequence[StoredEvent]) -> DomainRow:
        folded = fold(self.logic, row.state, fresh, seconds_per_event=self.seconds_per_event)
        if folded.failure is not None and row.logic_version != self.logic_version:
            # a row that an earlier version wrote may be what today's cannot read: its own would be
            return self._refolded(row.domain_id, row, fresh, up_to=fresh[-1].key)
        version = row.logic_version if folded.state is row.state else self._version_on_top_of(row)
        return DomainRow(row.domain_id, folded.state, version, self._parked(folded.failure, row, fresh))

    def _refolded(
        self, domain_id: str, row: DomainRow | None, batch: Sequence[StoredEvent], *, up_to: str | None
    ) -> DomainRow:
        folded = self._fold_from_nothing(domain_id, up_to=up_to)
        parked = self._parked(folded.failure, row, batch)
        if row is not None and parked is not None and parked.event_key <= (row.state.checkpoint or ""):
            # the row never goes backwards: it keeps its last good state
            return DomainRow(domain_id, row.state, row.logic_version, parked)
        return DomainRow(domain_id, folded.state, self.logic_version, parked)

    def _fold_from_nothing(self, domain_id: str, *, up_to: str | None) -> Folded:
        stored = self.events.read(domain_id, up_to=up_to)
        return fold(self.logic, NOTHING, stored, seconds_per_event=self.seconds_per_event)

    def _has_all(self, domain_id: str, checkpoint: str, applied: KeySet) -> bool:
        stored = KeySet()
        for key in self.events.keys(domain_id, up_to=checkpoint):
            stored = stored.plus(key)
        return stored == applied

    def _is_worth_retrying(self, parked: Parked, batch: Sequence[StoredEvent]) -> bool:
        # a fold is deterministic: only other logic or an earlier event can end it otherwise
        return parked.logic_version != self.logic_version or batch[0].key < parked.event_key

    def _version_on_top_of(self, row: DomainRow) -> str:
        return self.logic_version if row.logic_version == self.logic_version else MIXED

    def _parked(self, failure: Failure | None, row: DomainRow | None, batch: Sequence[StoredEvent]) -> Parked | None:
        if failure is None:
            return None
        before = row.parked if row is not None else None
        parked = Parked(
            event_key=failure.event.key,
            event_id=failure.event.event_id,
            event_name=failure.event.item.get("EventName", {}).get("S", ""),  # the event itself may be unreadable
            error=failure.error,
            reason=failure.reason,
            since=datetime.now(UTC).isoformat(timespec="milliseconds"),
            logic_version=self.logic_version,
            waiting_up_to=max(batch[-1].key, before.waiting_up_to if before else ""),
        )
        return replace(parked, since=before.since) if before and parked.same_cause(before) else parked

    def _replace(self, row: DomainRow | None, after: DomainRow) -> DomainRow | None:
        """Write `after` over `row`; the row that the table holds then: `after`, or a faster writer's."""
        try:
            self.rows.write(after, replacing=row)
        except RowChanged:
            # the write that was faster may be this very one, its reply lost and the call tried again
            return self.rows.read(after.domain_id)
        return after


def _outcome(before: DomainRow | None, after: DomainRow, batch: Sequence[StoredEvent]) -> Outcome:
    was_parked = before is not None and before.parked is not None
    if after.parked is not None:
        same = before is not None and after.parked.same_cause(before.parked)
        return Outcome.WAITING if same else Outcome.PARKED
    if was_parked:
        return Outcome.HEALED
    late = before is not None and batch[0].key <= (before.state.checkpoint or "")
    return Outcome.REFOLDED if late else Outcome.APPLIED
