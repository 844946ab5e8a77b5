"""Defines a plan: what to write for one domain object's delivered events, and the outcome."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from ..events.stored_event import StoredEvent
from .notes import Parked
from .rows import DomainRow
from .snapshots import Snapshot

Snapshots = Sequence[tuple[int, Snapshot]]
"""Snapshots to put, by slot."""


class Outcome(Enum):
    """The result of one domain object's delivered events."""

    APPLIED = "applied"
    REFOLDED = "refolded"
    REDELIVERED = "redelivered"
    PARKED = "parked"
    WAITING = "waiting"
    HEALED = "healed"


class Next(NamedTuple):
    """A decision: the row to write, and the snapshots to put before it."""

    row: DomainRow | None = None
    """None if there is nothing to write, because the row that was read proves that it holds the events."""
    snapshots: Snapshots = ()
    saw_in_part: bool = False
    """True if the store did not show events of the row's last decision."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to write for one domain object's delivered events. Nothing is written yet."""

    events: Sequence[StoredEvent]
    """At least one event, in EventKey order, without repetitions."""
    before: DomainRow | None
    """The row on which the decision is based."""
    after: DomainRow | None = None
    """None if there is nothing to write."""
    snapshots: Snapshots = ()
    notified: Parked | None = None
    """The last parking that people were notified of, by an earlier plan or by this one."""
    notifies: bool = False
    """True if this plan sends that notice."""

    @property
    def outcome(self) -> Outcome:
        """The result once the plan is carried out."""
        if self.after is None:
            return Outcome.REDELIVERED
        parked_before = self.before.parked if self.before is not None else None
        if self.after.parked is not None:
            if not self.after.parked.is_same_failure(parked_before):
                return Outcome.PARKED
            applied = not self.late and self.events[-1].key <= (self.after.state.checkpoint or "")
            return Outcome.APPLIED if applied else Outcome.WAITING
        if parked_before is not None:
            return Outcome.HEALED
        return Outcome.REFOLDED if self.late else Outcome.APPLIED

    @property
    def late(self) -> int:
        """The number of events that are older than the newest event of the row, or equal to it."""
        checkpoint = self.before.state.checkpoint if self.before is not None else None
        return sum(event.key <= checkpoint for event in self.events) if checkpoint is not None else 0

    def is_carried_out(self, now: DomainRow | None) -> bool:
        """True if the row that the table holds now is the plan's."""
        return self.after is None or (now is not None and now.revision == self.after.revision)
