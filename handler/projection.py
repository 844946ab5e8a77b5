"""The projection: stored events into domain rows, converging whatever the order and repetition of delivery.

Invariants that every step here keeps:

- A row's applied events are a subset of the store's, so an equal count and digest over a range of keys mean equal
  sets, and that the same ones of them are erased. An erased event counts, and the domain's logic is not given it.
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

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Protocol

from .budget import AMPLE, Budget
from .domain_row import MIXED, NOTHING, DomainRow, Parked, Rebuilding, Trial
from .fold import Failure
from .folding import FUNCTION_DIED, OUT_OF_TIME, Folding, Recipe, Terms
from .key_set import KeySet, Span
from .marks import START, Mark
from .snapshot import Snapshot
from .stored_event import StoredEvent

_MOST_RACES = 20
"""Lost races after which a domain's events go back to the stream; each loss means that another writer got on."""

_Next = tuple[DomainRow | None, Sequence[tuple[int, Snapshot]]]

_MOST_DEATHS = 2
"""Of processes at one event's trial, after which it is not tried again."""


class RowChanged(Exception):
    """Another writer was faster: the row is not the one that was read."""


class Contention(Exception):
    """A domain's row changed too often to be written. The events stay in the stream."""


class EventStore(Protocol):
    """The append-only events of all domains; reads are strongly consistent and in EventKey order."""

    def read(self, domain_id: str, span: Span) -> Iterable[StoredEvent]:
        """A domain's events whose keys lie in a span."""

    def keys(self, domain_id: str, span: Span) -> Iterable[str]:
        """What stands for each of them in a KeySet."""


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

    def wipe(self, domain_id: str, slot: int) -> None:
        """Leave nothing of a snapshot that lies there."""


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
    untried: bool = False
    """Whether the domain's logic was left alone, since processes died of the events."""

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
        return Outcome.REFOLDED if self.late else Outcome.APPLIED

    @property
    def late(self) -> int:
        """How many of the events lie behind the newest one that the row holds."""
        checkpoint = self.before.state.checkpoint if self.before is not None else None
        return sum(event.key <= checkpoint for event in self.batch) if checkpoint is not None else 0


@dataclass(frozen=True, slots=True)
class Projection:
    """Projects with one version of the domain's logic."""

    events: EventStore
    rows: RowStore
    snapshots: SnapshotStore
    notices: ParkedNotices
    recipe: Recipe
    process: str = field(default_factory=lambda: secrets.token_hex(4))
    """A random token of the process that this runs in."""

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
            plan = self.plan(plan.batch, now, budget, told=plan.told, untried=plan.untried)
            now = self.carry_out(plan)
        raise Contention(f"the row changed {_MOST_RACES} times while it was computed")

    def plan(
        self,
        batch: Sequence[StoredEvent],
        row: DomainRow | None,
        budget: Budget = AMPLE,
        *,
        told: Parked | None = None,
        untried: bool = False,
    ) -> Plan:
        """What is to be written for delivered events, by a row just read. Runs the domain's logic, writes nothing.

        Args:
            batch, row, budget: as `project`.
            told: a parking that was told already.
            untried: whether processes died of the events, so that their domain is to be parked at them untried.

        Raises OutOfTime, as `project`.
        """
        ordered = sorted({event.key: event for event in batch}.values(), key=lambda event: event.key)
        after, snapshots = self._untried(row, ordered) if untried else self._next_row(row, ordered, Terms(budget))
        if after is None or after.parked is None:
            return Plan(ordered, row, after, snapshots, told, untried=untried)
        known = any(after.parked.same_cause(each) for each in (row.parked if row else None, told))
        told = told if known else after.parked
        return Plan(ordered, row, after, snapshots, told, tells=not known, untried=untried)

    def begin_trial(self, event: StoredEvent, row: DomainRow | None) -> tuple[DomainRow | None, bool]:
        """Note in the row that an event is tried of which the process may have died before.

        Whatever comes of it, but for the end of the process, ends in a write of the row, which drops the note.

        Returns:
            The row that the table holds then, to plan on; and whether processes have died of the event, so that it is
            not to be tried again.
        """
        noted = row.trial if row is not None and row.readable else None
        same = noted is not None and (noted.event_key, noted.logic_version) == (event.key, self.recipe.version)
        deaths = noted.deaths + (noted.process != self.process) if noted is not None and same else 0
        if deaths >= _MOST_DEATHS:
            return row, True
        trial = Trial(event.key, self.process, self.recipe.version, deaths)
        if row is None or not row.readable:
            after = DomainRow(event.domain_id, NOTHING, self.recipe.version, trial=trial)
        else:
            after = row.followed_by(trial=trial)
        return replaced(self.rows, row, after), False

    def end_trial(self, domain_id: str) -> None:
        """Drop the note of this process's trial, if it is still there."""
        row = self.rows.read(domain_id)
        if row is not None and row.trial is not None and row.trial.process == self.process:
            replaced(self.rows, row, row.followed_by())

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

    def _next_row(self, row: DomainRow | None, batch: Sequence[StoredEvent], terms: Terms) -> _Next:
        """The row that should follow `row`, None where `row` proves that it has all of `batch`; and its snapshots."""
        if row is None or not row.readable or (row.parked is None and row.state.checkpoint is None):
            # to the very end: a row deleted or spoilt may have held, and acknowledged, events after the batch's
            return self._refolded(batch[0].domain_id, None, batch, Span(), terms)
        if row.parked is not None:
            return self._past_parking(row, row.parked, batch, terms)
        checkpoint = row.state.checkpoint or ""
        late = [event for event in batch if event.key <= checkpoint]
        if late:
            refolded = self._with_late(row, batch, late, terms)
            if refolded is not None:
                return refolded
            if len(late) == len(batch):
                return None, ()
        return self._advanced(row, batch[len(late) :], terms)

    def _untried(self, row: DomainRow | None, batch: Sequence[StoredEvent]) -> _Next:
        """The domain parked where it is: in which of its events a process dies, only a process could tell."""
        first, last = batch[0], batch[-1]
        reason = f"{FUNCTION_DIED}: the function's process ended each time it came to apply the event; see its logs"
        if row is None or not row.readable:
            row = DomainRow(first.domain_id, NOTHING, self.recipe.version)
        before = row.parked or self._parked_at(Failure(first, FUNCTION_DIED, reason), batch)
        parked = replace(
            before,
            error=FUNCTION_DIED,
            reason=reason,
            logic_version=self.recipe.version,
            waiting_from=min(before.waiting_from, first.key) if row.state.applied.count else START.key,
            waiting_up_to=max(before.waiting_up_to, last.key),
        )
        return row.followed_by(parked=parked, rebuilding=_told_rebuild(row, parked.waiting_from)), ()

    def _advanced(self, row: DomainRow, fresh: Sequence[StoredEvent], terms: Terms) -> _Next:
        """The fast path: events newer than all that the row holds, on top of it."""
        folding = Folding.on_top_of(row, self.recipe, terms)
        folding.apply(fresh)
        if folding.was_misled:
            span = Span(start=fresh[0].key, up_to=fresh[-1].key)
            return self._refolded(row.domain_id, row, fresh, span, terms)
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

    def _past_parking(self, row: DomainRow, parked: Parked, batch: Sequence[StoredEvent], terms: Terms) -> _Next:
        if parked.error == FUNCTION_DIED and parked.logic_version == self.recipe.version:
            terms = replace(terms, deadly=parked.event_key)
        checkpoint = row.state.checkpoint or ""
        was_cut_short = parked.error == OUT_OF_TIME and checkpoint < min(parked.waiting_from, batch[0].key)
        if was_cut_short:  # nothing of it was wrong: on from where the time was over
            folding = Folding.on_top_of(row, self.recipe, terms)
            folding.apply(self.events.read(row.domain_id, Span(after=checkpoint)))
            if not folding.was_misled:
                return self._after_refold(row.domain_id, row, batch, checkpoint, folding)
        if was_cut_short or self._is_worth_retrying(parked, batch):
            # from the first that waits to the very end: all of them are in the store, acknowledged
            return self._refolded(row.domain_id, row, batch, Span(start=min(parked.waiting_from, batch[0].key)), terms)
        waiting = replace(
            parked,
            waiting_from=min(parked.waiting_from, batch[0].key),
            waiting_up_to=max(parked.waiting_up_to, batch[-1].key),
        )
        return row.followed_by(parked=waiting, rebuilding=_told_rebuild(row, batch[0].key)), ()

    def _with_late(
        self, row: DomainRow, batch: Sequence[StoredEvent], late: Sequence[StoredEvent], terms: Terms
    ) -> _Next | None:
        """The row with late events folded in their places; None where it has them already."""
        marks = row.marks.read()
        checkpoint = row.state.checkpoint or ""
        older = [mark for mark in marks if mark.key <= late[0].key]
        newer = [mark for mark in marks if mark.key > late[-1].key]
        lo = older[-1] if older else START
        applied = newer[0].applied if newer else row.state.applied
        doubtful = Span(start=lo.key, before=newer[0].key) if newer else Span(start=lo.key, up_to=checkpoint)

        base, folding = self._base(row.domain_id, marks, late[0].key, terms)
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
        return self._after_refold(row.domain_id, row, batch, base.key, folding)

    def _refolded(
        self, domain_id: str, row: DomainRow | None, batch: Sequence[StoredEvent], span: Span, terms: Terms
    ) -> _Next:
        """The row folded anew from the newest snapshot that holds nothing of a span, to the span's end."""
        marks = row.marks.read() if row is not None else ()
        base, folding = self._base(domain_id, marks, span.start, terms)
        folding.apply(self.events.read(domain_id, replace(span, start=base.key)))
        return self._after_refold(domain_id, row, batch, base.key, folding)

    def _after_refold(
        self, domain_id: str, row: DomainRow | None, batch: Sequence[StoredEvent], place: str, folding: Folding
    ) -> _Next:
        """The row after a fold of what the store has from a place on."""
        parked = self._parked(folding.failure, row, batch)
        rebuilding = _told_rebuild(row, place)
        if row is not None and parked is not None and parked.event_key <= (row.state.checkpoint or ""):
            # the row never goes backwards: it keeps its last good state, and all of the batch waits
            before = row.parked.waiting_from if row.parked is not None else parked.event_key
            parked = replace(parked, waiting_from=min(before, parked.event_key, batch[0].key))
            return row.followed_by(parked=parked, rebuilding=rebuilding), ()
        marks, snapshots = folding.placed(row)
        version = self.recipe.version if folding.whole else MIXED
        return DomainRow(domain_id, folding.state, version, parked, marks=marks, rebuilding=rebuilding), snapshots

    def _base(self, domain_id: str, marks: tuple[Mark, ...], place: str, terms: Terms) -> tuple[Mark, Folding]:
        """The newest state of this version's own that holds nothing from a place on, and a fold that begins there."""
        for number in range(len(marks), 0, -1):
            mark = marks[number - 1]
            if mark.key > place or mark.slot is None:
                continue
            snapshot = self.snapshots.get(domain_id, mark.slot)
            if snapshot is None or not snapshot.is_of(mark):
                continue
            if snapshot.logic_version != self.recipe.version:
                break  # a row lists snapshots of one version only: the last that folded it from its first event
            return mark, Folding(self.recipe, snapshot.state, terms, marks=marks[:number])
        return START, Folding(self.recipe, NOTHING, terms)

    def _holds(self, domain_id: str, before: KeySet, span: Span, applied: KeySet) -> bool:
        """Whether a row that holds `before` up to a span, and `applied` up to its end, holds all that is stored."""
        stored = before
        for key in self.events.keys(domain_id, span):
            stored = stored.plus(key)
        return stored == applied

    def _is_worth_retrying(self, parked: Parked, batch: Sequence[StoredEvent]) -> bool:
        # a fold is deterministic: only other logic or an earlier event can end it otherwise
        return parked.logic_version != self.recipe.version or batch[0].key < parked.event_key

    def _parked(self, failure: Failure | None, row: DomainRow | None, batch: Sequence[StoredEvent]) -> Parked | None:
        if failure is None:
            return None
        parked = self._parked_at(failure, batch)
        before = row.parked if row is not None else None
        if before is None:
            return parked
        since = before.since if parked.same_cause(before) else parked.since
        return replace(parked, since=since, waiting_up_to=max(parked.waiting_up_to, before.waiting_up_to))

    def _parked_at(self, failure: Failure, batch: Sequence[StoredEvent]) -> Parked:
        return Parked(
            event_key=failure.event.key,
            event_id=failure.event.event_id,
            event_name=failure.event.item.get("EventName", {}).get("S", ""),  # the event itself may be unreadable
            error=failure.error,
            reason=failure.reason,
            since=now_text(),
            logic_version=self.recipe.version,
            waiting_from=failure.event.key,  # the row will hold all before it
            waiting_up_to=batch[-1].key,
        )


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
