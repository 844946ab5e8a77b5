"""Decides which row follows the one that was read. It reads the store and runs domain logic, but writes nothing.

Every decision keeps these invariants:

- A row's applied events are a subset of the stored events. So an equal count and digest over a range of keys mean equal
  sets with the same erased events. An erased event counts, but domain logic does not get it.
- A row is created from the store, never from the delivered events alone: they may not be the object's first events.
- A parked row has no fast path, because that would skip its failed event. A row that ran out of time continues in order
  with the stored events after its checkpoint; only late events wait for a fold of the whole history.
- A row never loses events: a fold that ends with fewer events than the row has is not written, nor one that did not
  read the events of the row's last decision.
- A row's marks say what it holds before a position. A refold from a position drops the marks after it. A snapshot is
  used only if its position, count, digest and version equal those that a mark names. A snapshot is made only of a state
  that one version computed completely.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from ..domain.failure import Cause
from ..domain.state import INITIAL_STATE, DomainState
from ..events.key_set import Span
from ..events.stored_event import StoredEvent
from ..values.clock import Clock
from .crash_probe import remaining_probes
from .folding import FoldConfig, Folding, FoldLimits
from .lookups import newest_snapshot, row_has_all, still_true, up_to
from .marks import START, Mark
from .notes import CrashProbe, Parked, Rebuilding, noting_change
from .parking import Parking, also_waiting
from .plan import Next
from .rows import DomainRow
from .stores import Stores

MAX_LOOKS: Final = 8
"""How often the store is read if it does not show the row's last decision. With the pauses it takes about 1 s; the
store shows a decision in milliseconds. What it does not show then, a person has removed."""

Events = Sequence[StoredEvent]
"""One domain object's delivered events: at least one, in EventKey order, without repetitions."""


class Decide(NamedTuple):
    """Makes decisions with one version of the domain logic."""

    stores: Stores
    config: FoldConfig
    parking: Parking
    clock: Clock

    def next_row(self, row: DomainRow | None, events: Events, limits: FoldLimits) -> Next:
        """The row to write over `row`, so that it holds the delivered events or notes that they wait."""
        for look in range(1, MAX_LOOKS):
            following = self._next_row(row, events, limits)
            if not following.saw_in_part or _was_waited_for(row):
                return following
            self.clock.back_off(look)  # the row need not be read again: the write is conditional on it
        return self._next_row(row, events, limits)

    def _next_row(self, row: DomainRow | None, events: Events, limits: FoldLimits) -> Next:
        match row:
            case None | DomainRow(readable=False):
                return self.start(None, events, limits)
            case DomainRow(parked=Parked() as parked):
                return self._retry_or_wait(row, parked, events, limits)
            case DomainRow(state=DomainState(checkpoint=str(checkpoint))):
                late = [event for event in events if event.key <= checkpoint]
                if not late:
                    return self._advance(row, events, limits)
                inserted = self._insert(row, events, late, limits)
                if inserted.row is None and len(late) < len(events):  # the late events are redelivered
                    return self._advance(row, events[len(late) :], limits)
                return inserted
            case _:  # the row holds a crash probe, and no event yet
                return self.start(row, events, limits)

    def start(self, row: DomainRow | None, events: Events, limits: FoldLimits) -> Next:
        """Fold all stored events: a row that a person deleted or edited may have held later events than these."""
        return self._refold(events[0].domain_id, row, events, Span(), limits)

    def _advance(self, row: DomainRow, fresh: Events, limits: FoldLimits) -> Next:
        """The fast path: apply events that are newer than all events of the row."""
        folding = Folding.on_top_of(row, self.config, limits)
        folding.apply(fresh)
        if folding.failed_on_other_version:
            return self._refold(row.domain_id, row, fresh, Span(start=fresh[0].key, up_to=fresh[-1].key), limits)
        parked = self.parking.by_failure(folding.failure, row, fresh)
        rebuilding = row.rebuilding if parked is None else self._noting(row, fresh[0].key)
        return self._on_top(row, folding, parked, rebuilding, row.probes)

    def _insert(self, row: DomainRow, events: Events, late: Events, limits: FoldLimits) -> Next:
        """Fold late events in at their positions. There is nothing to write if the row has them already."""
        checkpoint = row.state.checkpoint or ""
        part = row.history_part(late[0].key, late[-1].key)
        newest = max(checkpoint, events[-1].key)  # not the newest stored: events in flight would become late ones
        base, folding = self._base(row.domain_id, row, late[0].key, limits)
        if base.key != part.before.key:  # no snapshot is near and the fold is long: first check if it is needed
            if row_has_all(self.stores.events, row.domain_id, part):
                return Next()
            self._fold(folding, row.domain_id, Span(start=base.key, up_to=newest))
            return self._after_refold(row.domain_id, row, events, base.key, folding)
        self._fold(folding, row.domain_id, part.span)
        has_all = (
            folding.state.applied == part.applied
            if folding.failure is None
            else row_has_all(self.stores.events, row.domain_id, part)
        )
        if has_all:
            return Next()
        end = part.span.before
        if folding.failure is None and (end or newest > checkpoint):
            rest = Span(start=end, up_to=newest) if end else Span(after=checkpoint, up_to=newest)
            self._fold(folding, row.domain_id, rest)
        return self._after_refold(row.domain_id, row, events, base.key, folding)

    def _retry_or_wait(self, row: DomainRow, parked: Parked, events: Events, limits: FoldLimits) -> Next:
        """Retry the fold if it may end differently now; otherwise note that the events wait."""
        if parked.cause is Cause.PROCESS_DIED and parked.logic_version == self.config.version:
            limits = limits._replace(untried_key=parked.event_key)
        retries = self.parking.is_worth_retrying(parked, row, events)
        if parked.cause is Cause.OUT_OF_TIME and not retries:
            advanced = self._advance_parked(row, parked, events, limits)
            if advanced is not None:
                return advanced
            retries = True
        if retries:
            # from the first waiting event to the end of the store: waiting events are stored and acknowledged
            first = min(parked.waiting_from, events[0].key)
            return self._refold(row.domain_id, row, events, Span(start=first), limits)
        waiting = also_waiting(parked, events)
        return Next(row.followed_by(parked=waiting, rebuilding=self._noting(row, events[0].key)))

    def _advance_parked(self, row: DomainRow, parked: Parked, events: Events, limits: FoldLimits) -> Next | None:
        """Apply events in order to a row that ran out of time. Late events keep waiting.

        Reads all events after the checkpoint from the store, since some of them may wait.

        Returns:
            None if this version cannot read the row.
        """
        checkpoint = row.state.checkpoint or ""
        folding = Folding.on_top_of(row, self.config, limits)
        self._fold(folding, row.domain_id, Span(after=row.state.checkpoint))
        if folding.failed_on_other_version:
            return None
        still = self.parking.by_failure(folding.failure, row, events)
        if parked.waiting_from <= checkpoint:
            if still is None:
                still = replace(parked, waiting_up_to=checkpoint)
            still = replace(still, waiting_from=parked.waiting_from)
        probes = remaining_probes(row.probes, checkpoint, folding.state)
        return self._on_top(row, folding, still, self._noting(row, checkpoint), probes)

    def _refold(self, domain_id: str, row: DomainRow | None, events: Events, span: Span, limits: FoldLimits) -> Next:
        """Fold again from the newest state that holds no event of a span, to the end of the span."""
        base, folding = self._base(domain_id, row, span.start, limits)
        self._fold(folding, domain_id, span._replace(start=base.key))
        return self._after_refold(domain_id, row, events, base.key, folding)

    def _after_refold(
        self, domain_id: str, row: DomainRow | None, events: Events, position: str, folding: Folding
    ) -> Next:
        """The row after a fold of the stored events from a position on."""
        parked = self.parking.by_failure(folding.failure, row, events)
        version = folding.logic_version
        if row is None:
            marks, snapshots = folding.marks_and_snapshots(None)
            return Next(DomainRow(domain_id, folding.state, version, parked, marks=marks), snapshots)
        rebuilding = self._noting(row, position)
        missing = folding.missing(row)
        if missing is not None:
            parked = self.parking.for_missing_events(missing, row, events)
            return Next(row.followed_by(parked=parked, rebuilding=rebuilding), saw_in_part=folding.hidden > 0)
        if parked is not None and parked.event_key <= (row.state.checkpoint or ""):
            # a row never goes backwards: it keeps its last good state
            parked = self.parking.before_late_events(parked, row, events)
            after = row.followed_by(parked=parked, rebuilding=rebuilding)
            if parked.cause is not Cause.OUT_OF_TIME:
                return Next(after)
            progress, snapshots = folding.progress(row)
            return Next(replace(after, progress=progress), snapshots)
        marks, snapshots = folding.marks_and_snapshots(row)
        probes = remaining_probes(row.probes, position, folding.state)
        after = DomainRow(domain_id, folding.state, version, parked, marks=marks, rebuilding=rebuilding, probes=probes)
        if row.progress is not None and row.progress.logic_version != version:
            after = replace(after, progress=row.progress)  # the other version may still continue its fold
        return Next(after, snapshots)

    def _on_top(
        self,
        row: DomainRow,
        folding: Folding,
        parked: Parked | None,
        rebuilding: Rebuilding | None,
        probes: tuple[CrashProbe, ...],
    ) -> Next:
        """The row after a fold on top of it."""
        marks, snapshots = folding.marks_and_snapshots(row)
        after = DomainRow(
            row.domain_id,
            folding.state,
            folding.logic_version if folding.state is not row.state else row.logic_version,
            parked,
            marks=marks,
            rebuilding=rebuilding,
            progress=row.progress,
            probes=probes,
            unseen=row.unseen,
        )
        return Next(after, snapshots)

    def _base(
        self, domain_id: str, row: DomainRow | None, changed_from: str, limits: FoldLimits
    ) -> tuple[Mark, Folding]:
        """The newest mark whose state this version can fold from, and a fold that starts there.

        The row's snapshots hold what the row holds: one is usable if it has no event from `changed_from` on. The
        snapshots of an unfinished fold hold what the store showed: one is usable while the store still shows that, and
        not from the row's last decision on, which it may not show yet.
        """
        if row is None:
            return START, Folding(self.config, INITIAL_STATE, limits)
        version = self.config.version
        met_erased = False
        kept = newest_snapshot(self.stores.snapshots, domain_id, up_to(row.known_marks(), changed_from), version)
        near = kept[0][-1] if kept is not None else START
        unfinished = up_to(row.marks_of_progress(version), min([row.state.checkpoint or "", *row.unseen]))
        unfinished = [mark for mark in unfinished if mark.key > near.key]
        if unfinished:
            held, met_erased = still_true(self.stores.events, domain_id, unfinished, limits.budget, after=near)
            kept = newest_snapshot(self.stores.snapshots, domain_id, held, version) or kept
        if kept is None:
            base, folding = START, Folding(self.config, INITIAL_STATE, limits)
        else:
            marks, snapshot = kept
            base = marks[-1]
            folding = Folding(self.config, snapshot.state, limits, marks=marks, met_erased=met_erased)
        folding.compare_with(row)
        return base, folding

    def _fold(self, folding: Folding, domain_id: str, span: Span) -> None:
        folding.apply(self.stores.events.read(domain_id, span))

    def _noting(self, row: DomainRow, position: str) -> Rebuilding | None:
        return noting_change(row.rebuilding, position, self.clock)


def _was_waited_for(row: DomainRow | None) -> bool:
    """True if the fold that parked the object has waited for the last decision: none was made since then."""
    return row is not None and row.parked is not None and row.parked.cause is Cause.EVENTS_MISSING
