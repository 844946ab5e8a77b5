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
- A row's marks say what it holds before a place. What is folded anew from a place drops the marks behind it. A snapshot
  is used only if it is, by its own key, count, digest and version, what a mark names; it is made only of a state that
  one version computed as a whole.

What is not promised: a person who deletes a row while a function that was killed still has a request under way, made
when it had found no row, may see that row come back without what was applied since. A rebuild mends it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Protocol

from .budget import AMPLE, Budget
from .domain_row import MIXED, NOTHING, DomainRow, Parked, Rebuilding
from .fold import Failure
from .folding import OUT_OF_TIME, Folding, Recipe
from .key_set import KeySet, Span
from .marks import START, Mark
from .snapshot import Snapshot
from .stored_event import StoredEvent

_MOST_RACES = 20
"""Lost races after which a domain's events go back to the stream; each loss means that another writer got on."""

_Next = tuple[DomainRow | None, Sequence[tuple[int, Snapshot]]]

UNDER_TRIAL = "UnderTrial"
"""The `error` of a domain that is parked while an event is tried that may take the process down."""

FUNCTION_DIED = "FunctionDied"
"""The `error` of a domain whose trial was the end of the process: it ran out of memory, hung in C, or exited."""


class RowChanged(Exception):
    """Another writer was faster: the row is not the one that was read."""


class Contention(Exception):
    """A domain's row changed too often to be written. The events stay in the stream."""


class EventStore(Protocol):
    """The append-only events of all domains; reads are strongly consistent and in EventKey order."""

    def read(self, domain_id: str, span: Span) -> Iterable[StoredEvent]:
        """A domain's events whose keys lie in a span."""

    def keys(self, domain_id: str, span: Span) -> Iterable[str]:
        """The EventKeys alone."""


class RowStore(Protocol):
    """The domain table."""

    def read(self, domain_id: str) -> DomainRow | None:
        """The row, strongly consistent."""

    def write(self, row: DomainRow, *, replacing: DomainRow | None) -> None:
        """Write `row` if the table still holds `replacing`. Raises RowChanged if it does not."""


class SnapshotStore(Protocol):
    """The snapshots of all domains."""

    def get(self, domain_id: str, slot: int) -> Snapshot | None:
        """What lies in a slot, strongly consistent."""

    def put(self, domain_id: str, slot: int, snapshot: Snapshot) -> None:
        """Put a snapshot over what lies there."""


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
class Plan:
    """What is to be written for one domain's share of a batch: computed, and nothing written yet."""

    batch: Sequence[StoredEvent]
    """In EventKey order, each event once."""
    before: DomainRow | None
    after: DomainRow | None
    """None where `before` proves that it holds the batch: there is nothing to write."""
    snapshots: Sequence[tuple[int, Snapshot]] = ()
    told: Parked | None = None
    """The parking that was told last, before or by this plan."""
    tells: bool = False
    """Whether this plan tells it."""
    braced: bool = False
    """Whether the domain was parked before it was tried."""

    @property
    def outcome(self) -> Outcome:
        """What it comes to once it is carried out."""
        if self.after is None:
            return Outcome.REDELIVERED
        parked_before = self.before.parked if self.before is not None else None
        if self.after.parked is not None:
            return Outcome.WAITING if self.after.parked.same_cause(parked_before) else Outcome.PARKED
        if parked_before is not None:
            return Outcome.HEALED
        late = self.before is not None and self.batch[0].key <= (self.before.state.checkpoint or "")
        return Outcome.REFOLDED if late else Outcome.APPLIED


@dataclass(frozen=True, slots=True)
class Projection:
    """Projects with one version of the domain's logic."""

    events: EventStore
    rows: RowStore
    snapshots: SnapshotStore
    notices: ParkedNotices
    recipe: Recipe

    def project(self, batch: Sequence[StoredEvent], row: DomainRow | None, budget: Budget = AMPLE) -> Outcome:
        """Bring one domain's row up to date with delivered events.

        Costs one conditional write where the events are newer than the row's checkpoint.

        Args:
            batch: stored events of one domain, at least one, in any order, repetitions allowed.
            row: the domain's row, read (strongly consistent) after the events were stored.
            budget: the time there is.

        Raises:
            Contention: the row changed too often meanwhile.
            OutOfTime: the time is over, and was not the whole of an invocation's.
        """
        plan = self.plan(batch, row, budget)
        return self.go_on(plan, self.carry_out(plan), budget)

    def go_on(self, plan: Plan, now: DomainRow | None, budget: Budget = AMPLE) -> Outcome:
        """After a plan was tried: done, or planned anew on the row that is there now. Raises as `project`."""
        for _ in range(_MOST_RACES):
            if is_done(plan, now):
                return plan.outcome
            plan = self.plan(plan.batch, now, budget, told=plan.told, braced=plan.braced)
            now = self.carry_out(plan)
        raise Contention(f"the row changed {_MOST_RACES} times while it was computed")

    def plan(
        self,
        batch: Sequence[StoredEvent],
        row: DomainRow | None,
        budget: Budget = AMPLE,
        *,
        told: Parked | None = None,
        braced: bool = False,
    ) -> Plan:
        """What is to be written for delivered events, by a row just read. Runs the domain's logic, writes nothing.

        Args:
            batch, row, budget: as `project`.
            told: a parking that was told already.
            braced: whether `row` was parked for this trial, by `brace`.

        Raises OutOfTime, as `project`.
        """
        ordered = sorted({event.key: event for event in batch}.values(), key=lambda event: event.key)
        after, snapshots = self._next_row(ordered[0].domain_id, row, ordered, budget, braced=braced)
        if after is None or after.parked is None:
            return Plan(ordered, row, after, snapshots, told, braced=braced)
        known = any(after.parked.same_cause(each) for each in (row.parked if row else None, told))
        told = told if known else after.parked
        return Plan(ordered, row, after, snapshots, told, tells=not known, braced=braced)

    def brace(self, event: StoredEvent, row: DomainRow | None) -> tuple[DomainRow | None, bool]:
        """Park a domain before an event is tried that may have taken the process down before.

        If it does so again, the domain stands parked, and the event's next delivery finds that and lets the stream go
        on. If not, the plan made upon the row returned heals it.

        Returns:
            The row that the table holds then, and whether it was parked for this trial.
        """
        key = event.key
        if row is not None and row.readable and row.parked is not None:
            if not self._is_worth_retrying(row, row.parked, [event]):
                return row, False
            key = min(key, row.parked.event_key)
        under_trial = Parked(
            event_key=key,
            event_id=event.event_id,
            event_name=event.item.get("EventName", {}).get("S", ""),
            error=UNDER_TRIAL,
            reason=f"{UNDER_TRIAL}: the function is trying the event, and may have died of it before",
            since=now_text(),
            logic_version=self.recipe.version,
            waiting_from=min(key, row.parked.waiting_from if row and row.parked else key),
            waiting_up_to=max(event.key, row.parked.waiting_up_to if row and row.parked else ""),
        )
        if row is None or not row.readable:
            after = DomainRow(event.domain_id, NOTHING, self.recipe.version, under_trial)
        else:
            after = row.followed_by(parked=under_trial, rebuilding=_told_rebuild(row, key))
        now = replaced(self.rows, row, after)
        return now, now is not None and now.revision == after.revision

    def carry_out(self, plan: Plan) -> DomainRow | None:
        """Write a plan; safe to call for several domains at once.

        Returns:
            The row that the table holds then: the plan's, or a faster writer's.
        """
        if plan.after is None:
            return plan.before
        domain_id = plan.after.domain_id
        if plan.tells and plan.told is not None:
            # before the row: a notice of a parking that did not come about does less harm than one in silence
            self.notices.send(domain_id, plan.told)
        for slot, snapshot in plan.snapshots:  # before the row that lists them
            self.snapshots.put(domain_id, slot, snapshot)
        return replaced(self.rows, plan.before, plan.after)

    def _next_row(
        self, domain_id: str, row: DomainRow | None, batch: Sequence[StoredEvent], budget: Budget, *, braced: bool
    ) -> _Next:
        """The row that should follow `row`, None where `row` proves that it has all of `batch`; and its snapshots."""
        if row is None or not row.readable:
            # to the very end: a row deleted or spoilt may have held, and acknowledged, events after the batch's
            return self._refolded(domain_id, None, batch, Span(), budget)
        if row.parked is not None:
            return self._past_parking(row, row.parked, batch, budget, braced=braced)
        checkpoint = row.state.checkpoint or ""
        late = [event for event in batch if event.key <= checkpoint]
        if late:
            refolded = self._with_late(row, batch, late, budget)
            if refolded is not None:
                return refolded
            if len(late) == len(batch):
                return None, ()
        return self._advanced(row, batch[len(late) :], budget)

    def _advanced(self, row: DomainRow, fresh: Sequence[StoredEvent], budget: Budget) -> _Next:
        """The fast path: events newer than all that the row holds, on top of it."""
        folding = Folding.on_top_of(row, self.recipe, budget)
        folding.apply(fresh)
        if folding.failure is not None and not folding.whole and folding.failure.error != OUT_OF_TIME:
            # what an earlier version wrote may be what today's cannot read: its own would be
            span = Span(start=fresh[0].key, up_to=fresh[-1].key)
            return self._refolded(row.domain_id, row, fresh, span, budget)
        version = self.recipe.version if folding.whole else MIXED
        parked = self._parked(folding.failure, row, fresh)
        marks, snapshots = folding.placed(row)
        after = DomainRow(
            row.domain_id,
            folding.state,
            version if folding.state is not row.state else row.logic_version,
            parked,
            marks=marks,
            rebuilding=_told_rebuild(row, fresh[0].key) if parked is not None else row.rebuilding,
        )
        return after, snapshots

    def _past_parking(
        self, row: DomainRow, parked: Parked, batch: Sequence[StoredEvent], budget: Budget, *, braced: bool
    ) -> _Next:
        if (braced and parked.error == UNDER_TRIAL) or self._is_worth_retrying(row, parked, batch):
            # from the first that waits to the very end: all of them are in the store, acknowledged
            return self._refolded(row.domain_id, row, batch, Span(start=min(parked.waiting_from, batch[0].key)), budget)
        if parked.error == UNDER_TRIAL:
            reason = f"{FUNCTION_DIED}: the function's process ended while the event was applied; see its logs"
            parked = replace(parked, error=FUNCTION_DIED, reason=reason)
        waiting = replace(
            parked,
            waiting_from=min(parked.waiting_from, batch[0].key),
            waiting_up_to=max(parked.waiting_up_to, batch[-1].key),
        )
        return row.followed_by(parked=waiting, rebuilding=_told_rebuild(row, batch[0].key)), ()

    def _with_late(
        self, row: DomainRow, batch: Sequence[StoredEvent], late: Sequence[StoredEvent], budget: Budget
    ) -> _Next | None:
        """The row with late events folded in their places; None where it has them already."""
        marks = row.marks.read()
        checkpoint = row.state.checkpoint or ""
        older = [mark for mark in marks if mark.key <= late[0].key]
        newer = [mark for mark in marks if mark.key > late[-1].key]
        lo = older[-1] if older else START
        applied = newer[0].applied if newer else row.state.applied
        doubtful = Span(start=lo.key, before=newer[0].key) if newer else Span(start=lo.key, up_to=checkpoint)

        base, folding = self._base(row, late[0].key, budget)
        if base.key != lo.key:  # no snapshot near: look first, the way is long
            if self._holds(row.domain_id, lo.applied, doubtful, applied):
                return None
            doubtful = replace(doubtful, start=base.key)
        folding.apply(self.events.read(row.domain_id, doubtful))
        if base.key == lo.key and (
            folding.state.applied == applied
            if folding.failure is None
            else self._holds(row.domain_id, lo.applied, doubtful, applied)
        ):
            return None
        newest = max(checkpoint, batch[-1].key)
        rest = Span(start=newer[0].key, up_to=newest) if newer else Span(after=checkpoint, up_to=newest)
        # not to the store's head: that would make every event still in flight a late one
        if folding.failure is None and (newer or newest > checkpoint):
            folding.apply(self.events.read(row.domain_id, rest))
        return self._after_refold(row.domain_id, row, batch, base, folding)

    def _refolded(
        self, domain_id: str, row: DomainRow | None, batch: Sequence[StoredEvent], span: Span, budget: Budget
    ) -> _Next:
        """The row folded anew from the newest snapshot that holds nothing of a span, to the span's end."""
        base, folding = self._base(row, span.start, budget)
        folding.apply(self.events.read(domain_id, replace(span, start=base.key)))
        return self._after_refold(domain_id, row, batch, base, folding)

    def _after_refold(
        self, domain_id: str, row: DomainRow | None, batch: Sequence[StoredEvent], base: Mark, folding: Folding
    ) -> _Next:
        parked = self._parked(folding.failure, row, batch)
        rebuilding = _told_rebuild(row, base.key)
        if row is not None and parked is not None and parked.event_key <= (row.state.checkpoint or ""):
            # the row never goes backwards: it keeps its last good state, and all of the batch waits
            before = row.parked.waiting_from if row.parked is not None else parked.event_key
            parked = replace(parked, waiting_from=min(before, parked.event_key, batch[0].key))
            return row.followed_by(parked=parked, rebuilding=rebuilding), ()
        marks, snapshots = folding.placed(row)
        after = DomainRow(domain_id, folding.state, self.recipe.version, parked, marks=marks, rebuilding=rebuilding)
        return after, snapshots

    def _base(self, row: DomainRow | None, place: str, budget: Budget) -> tuple[Mark, Folding]:
        """The newest state of this version's own that holds nothing from a place on, and a fold that begins there."""
        marks = row.marks.read() if row is not None else ()
        for number in range(len(marks), 0, -1):
            mark = marks[number - 1]
            if row is None or mark.key > place or mark.slot is None:
                continue
            snapshot = self.snapshots.get(row.domain_id, mark.slot)
            if snapshot is None or not snapshot.is_of(mark):
                continue
            if snapshot.logic_version != self.recipe.version:
                break  # a row lists snapshots of one version only: the last that folded it from its first event
            return mark, Folding(self.recipe, snapshot.state, budget, marks=marks[:number])
        return START, Folding(self.recipe, NOTHING, budget)

    def _holds(self, domain_id: str, before: KeySet, span: Span, applied: KeySet) -> bool:
        """Whether a row that holds `before` up to a span, and `applied` up to its end, holds all that is stored."""
        stored = before
        for key in self.events.keys(domain_id, span):
            stored = stored.plus(key)
        return stored == applied

    def _is_worth_retrying(self, row: DomainRow, parked: Parked, batch: Sequence[StoredEvent]) -> bool:
        # a fold is deterministic: only other logic or an earlier event can end it otherwise; or, where it was time
        # that ran out, what was folded and kept until then
        return (
            parked.logic_version != self.recipe.version
            or batch[0].key < parked.event_key
            or (parked.error == OUT_OF_TIME and parked.event_key > (row.state.checkpoint or ""))
        )

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
            since=now_text(),
            logic_version=self.recipe.version,
            waiting_from=failure.event.key,  # the row will hold all before it
            waiting_up_to=max(batch[-1].key, before.waiting_up_to if before else ""),
        )
        return replace(parked, since=before.since) if before and parked.same_cause(before) else parked


def is_done(plan: Plan, now: DomainRow | None) -> bool:
    """Whether a plan was carried out, by the row that the table held after it was tried."""
    return plan.after is None or (now is not None and now.revision == plan.after.revision)


def replaced(rows: RowStore, row: DomainRow | None, after: DomainRow) -> DomainRow | None:
    """Write `after` over `row`; the row that the table holds then: `after`, or a faster writer's."""
    try:
        rows.write(after, replacing=row)
    except RowChanged:
        # the write that was faster may be this very one, its reply lost and the call tried again
        return rows.read(after.domain_id)
    return after


def now_text(*, later_by: float = 0) -> str:
    """The time now, or so many seconds later: UTC, ISO 8601, of one width, to be compared as text."""
    return (datetime.now(UTC) + timedelta(seconds=later_by)).isoformat(timespec="milliseconds")


def _told_rebuild(row: DomainRow | None, place: str) -> Rebuilding | None:
    """The note of a rebuild under way, with the place from which on there may be events that it has not read."""
    note = row.rebuilding if row is not None else None
    if note is None or note.until < now_text():  # it died: nobody reads the note any more
        return None
    return replace(note, changed_from=place if note.changed_from is None else min(place, note.changed_from))
