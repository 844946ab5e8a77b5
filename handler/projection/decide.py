"""The projection: stored events into domain rows, converging whatever the order and repetition of delivery.

Invariants that every step here keeps:

- A row's applied events are a subset of the store's, so an equal count and digest over a range of keys mean equal
  sets, and that the same ones of them are erased. An erased event counts, and the domain's logic is not given it.
- A delivered event is acknowledged only after a conditional write of a row that contains it, on the proof of a row
  just read that it contains it, or after a conditional write to a parked row that notes that it waits. The write
  matters even where nothing else changes: it makes a concurrent healing, which may have read the store before the
  event was there, fail its own.
- The row is read before the store, and after a lost race both are read again. What was decided on one row is decided
  again on the next.
- A row is created only from the store, never from the delivered events alone: they may not be the domain's first.
- A parked row has no fast path: its failed event would be jumped. One for which the time ran out goes on in order,
  by what the store has after its checkpoint; only late events wait for a fold of the whole history.
- A row never loses events: a fold that comes to fewer than the row has is not written.
- A row's marks say what it holds before a place. What is folded anew from a place drops the marks behind it. A snapshot
  is used only if it is, by its own key, count, digest and version, what a mark names; it is made only of a state that
  one version computed as a whole.

What is not promised: a person who deletes a row while a function that was killed still has a request under way, made
when it had found no row, may see that row come back without what was applied since. A rebuild mends it.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Protocol

from ..domain.fold import Failure
from ..events.key_set import KeySet, Span, is_erased_key, key_of
from ..events.stored_event import StoredEvent
from ..values.budget import AMPLE, Budget
from . import crash_probe
from .folding import Folding, Recipe, Terms, process_died
from .marks import START, Mark
from .notes import MAX_NAME_CHARACTERS, Cause, Parked, Rebuilding, now_text
from .rows import MIXED, NOTHING, DomainRow
from .snapshots import Snapshot

_MOST_RACES = 20
"""Lost races after which a domain's events go back to the stream; each loss means that another writer got on."""

_KEYS_A_LOOK = 1_000
"""Keys that are read between two looks at the time."""

_NextRow = tuple[DomainRow, Sequence[tuple[int, Snapshot]]]
_Next = tuple[DomainRow | None, Sequence[tuple[int, Snapshot]]]


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
    probed: bool = False
    """True if the batch is one event that may have crashed processes."""

    @property
    def outcome(self) -> Outcome:
        """What it comes to once it is carried out."""
        if self.after is None:
            return Outcome.REDELIVERED
        parked_before = self.before.parked if self.before is not None else None
        if self.after.parked is not None:
            if not self.after.parked.is_same(parked_before):
                return Outcome.PARKED
            applied = not self.late and self.batch[-1].key <= (self.after.state.checkpoint or "")
            return Outcome.APPLIED if applied else Outcome.WAITING
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
            plan = self.plan(plan.batch, now, budget, told=plan.told, probed=plan.probed)
            now = self.carry_out(plan)
        raise Contention(f"the row changed {_MOST_RACES} times while it was computed")

    def plan(
        self,
        batch: Sequence[StoredEvent],
        row: DomainRow | None,
        budget: Budget = AMPLE,
        *,
        told: Parked | None = None,
        probed: bool = False,
    ) -> Plan:
        """What is to be written for delivered events, by a row just read. Runs the domain's logic, writes nothing.

        Args:
            batch, row, budget: as `project`.
            told: a parking that was told already.
            probed: True if the batch is one event that may have crashed processes. It is not tried if the row has it,
                or says that enough of them crashed.

        Raises OutOfTime, as `project`.
        """
        ordered = sorted({event.key: event for event in batch}.values(), key=lambda event: event.key)
        after, snapshots = self._next_row(row, ordered, Terms(budget), probed=probed)
        if after is not None and row is not None and row.probes:
            after = replace(after, probes=crash_probe.without(after.probes, {event.key for event in ordered}))
        if after is None or after.parked is None:
            return Plan(ordered, row, after, snapshots, told, probed=probed)
        known = any(after.parked.is_same(each) for each in (row.parked if row else None, told))
        told = told if known else after.parked
        return Plan(ordered, row, after, snapshots, told, tells=not known, probed=probed)

    def begin_probe(self, event: StoredEvent, row: DomainRow | None) -> DomainRow | None:
        """Note in the row that an event is tried that may have crashed processes; the row that the table holds then.

        Whatever comes of it, but for the end of the process, ends in a write of the row that drops the note.
        """
        if row is not None and row.readable and self._has(row, event):
            return row
        after = crash_probe.noted(row, event, version=self.recipe.version, process=self.process)
        return row if after is None else replaced(self.rows, row, after)

    def end_probe(self, event: StoredEvent) -> None:
        """Drop this process's note of an event, if it is still there."""
        row = self.rows.read(event.domain_id)
        after = crash_probe.taken_back(row, event, process=self.process)
        if after is not None:
            replaced(self.rows, row, after)

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
        self, row: DomainRow | None, batch: Sequence[StoredEvent], terms: Terms, *, probed: bool = False
    ) -> _Next:
        """The row that should follow `row`, None where `row` proves that it has all of `batch`; and its snapshots."""
        if probed and row is not None and row.readable:
            if self._has(row, batch[0]):  # looked up, not folded: that may be what crashes the process
                return None, ()
            if crash_probe.has_crashed_enough(row, batch[0], version=self.recipe.version, process=self.process):
                return self._untried(row, batch[0])
        if row is None or not row.readable or (row.parked is None and row.state.checkpoint is None):
            # to the very end: a row deleted or spoilt may have held, and acknowledged, events after the batch's
            readable = row if row is not None and row.readable else None
            return self._refolded(batch[0].domain_id, readable, batch, Span(), terms)
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

    def _has(self, row: DomainRow, event: StoredEvent) -> bool:
        """True if a row proves that it holds an event. The domain's logic is not run."""
        if event.key > (row.state.checkpoint or ""):
            return False
        around = _around(row, [event])
        return self._holds(row.domain_id, around.before.applied, around.span, around.applied)

    def _untried(self, row: DomainRow, event: StoredEvent) -> _Next:
        """The object parked where it is: at which of its events a process crashes, only a process could tell."""
        parked = self._parked_at(process_died(event), [event])
        before = row.parked
        if before is not None:
            first = before if before.event_key <= parked.event_key else parked
            parked = replace(
                parked,
                event_key=first.event_key,
                event_id=first.event_id,
                event_name=first.event_name,
                waiting_from=min(before.waiting_from, event.key),
                waiting_up_to=max(before.waiting_up_to, event.key),
            )
            parked = replace(parked, since=before.since if parked.is_same(before) else parked.since)
        if not row.state.applied.count:
            parked = replace(parked, waiting_from=START.key)
        return row.followed_by(parked=parked, rebuilding=_noting(row, parked.waiting_from)), ()

    def _advanced(self, row: DomainRow, fresh: Sequence[StoredEvent], terms: Terms) -> _Next:
        """The fast path: events newer than all that the row holds, on top of it."""
        folding = Folding.on_top_of(row, self.recipe, terms)
        folding.apply(fresh)
        if folding.was_misled:
            span = Span(start=fresh[0].key, up_to=fresh[-1].key)
            return self._refolded(row.domain_id, row, fresh, span, terms)
        parked = self._parked(folding.failure, row, fresh)
        return self._on_top(row, folding, parked, row.rebuilding if parked is None else _noting(row, fresh[0].key))

    def _on_top(
        self, row: DomainRow, folding: Folding, parked: Parked | None, rebuilding: Rebuilding | None
    ) -> _NextRow:
        """The row that a fold on top of `row` came to."""
        version = self.recipe.version if folding.whole else MIXED
        marks, snapshots = folding.placed(row)
        after = DomainRow(
            row.domain_id,
            folding.state,
            version if folding.state is not row.state else row.logic_version,
            parked,
            marks=marks,
            rebuilding=rebuilding,
            progress=row.progress,
            probes=row.probes,
        )
        return after, snapshots

    def _past_parking(self, row: DomainRow, parked: Parked, batch: Sequence[StoredEvent], terms: Terms) -> _Next:
        if parked.cause is Cause.PROCESS_DIED and parked.logic_version == self.recipe.version:
            terms = replace(terms, deadly=parked.event_key)
        retries = self._is_worth_retrying(row, parked, batch)
        if parked.cause is Cause.OUT_OF_TIME and not retries:
            gone_on = self._gone_on(row, parked, batch, terms)
            if gone_on is not None:
                return gone_on
            retries = True
        if retries:
            # from the first that waits to the very end: all of them are in the store, acknowledged
            first = min(parked.waiting_from, batch[0].key)
            return self._refolded(row.domain_id, row, batch, Span(start=first), terms)
        waiting = replace(
            parked,
            waiting_from=min(parked.waiting_from, batch[0].key),
            waiting_up_to=max(parked.waiting_up_to, batch[-1].key),
        )
        return row.followed_by(parked=waiting, rebuilding=_noting(row, batch[0].key)), ()

    def _is_worth_retrying(self, row: DomainRow, parked: Parked, batch: Sequence[StoredEvent]) -> bool:
        """True if a fold from the first waiting event may end otherwise than the one that parked the object."""
        checkpoint = row.state.checkpoint or ""
        match parked.cause:
            case Cause.OUT_OF_TIME:
                # a late event has a whole invocation, and takes the fold up where it was cut short; events in order
                # need none of it, and other logic may be faster
                late_ones_wait = parked.waiting_from <= checkpoint
                return batch[0].key <= checkpoint or (late_ones_wait and parked.logic_version != self.recipe.version)
            case Cause.EVENTS_MISSING:  # what is put back comes as a late event; a deployment is a time to look, too
                return batch[0].key <= checkpoint or parked.logic_version != self.recipe.version
            case Cause.LOGIC | Cause.PROCESS_DIED:
                # a fold is deterministic: only other logic or an earlier event can end it otherwise
                return parked.logic_version != self.recipe.version or batch[0].key < parked.event_key

    def _gone_on(self, row: DomainRow, parked: Parked, batch: Sequence[StoredEvent], terms: Terms) -> _Next | None:
        """A row for which the time ran out, taken on in order; None where this version cannot read it.

        Nothing was wrong with its events. All that lies after the checkpoint comes from the store, since some of it may
        wait; late events go on waiting.
        """
        checkpoint = row.state.checkpoint or ""
        folding = Folding.on_top_of(row, self.recipe, terms)
        folding.apply(self.events.read(row.domain_id, Span(after=row.state.checkpoint)))
        if folding.was_misled:
            return None
        after = self._parked(folding.failure, row, batch)
        if parked.waiting_from <= checkpoint:
            if after is None:
                after = replace(parked, waiting_up_to=checkpoint)
            after = replace(after, waiting_from=parked.waiting_from)
        next_row, snapshots = self._on_top(row, folding, after, _noting(row, checkpoint))
        return replace(next_row, probes=crash_probe.outside(row.probes, checkpoint, folding.state)), snapshots

    def _with_late(
        self, row: DomainRow, batch: Sequence[StoredEvent], late: Sequence[StoredEvent], terms: Terms
    ) -> _Next | None:
        """The row with late events folded in their places; None where it has them already."""
        checkpoint = row.state.checkpoint or ""
        around = _around(row, late)
        lo, doubtful = around.before, around.span
        newest = max(checkpoint, batch[-1].key)  # not the store's head: every event still in flight would be a late one
        base, folding = self._base(row.domain_id, row, late[0].key, terms)
        if base.key != lo.key:  # no snapshot near: look first, the way is long
            if self._holds(row.domain_id, lo.applied, doubtful, around.applied):
                return None
            folding.apply(self.events.read(row.domain_id, Span(start=base.key, up_to=newest)))
            return self._after_refold(row.domain_id, row, batch, base.key, folding)
        folding.apply(self.events.read(row.domain_id, doubtful))
        if (
            folding.state.applied == around.applied
            if folding.failure is None
            else self._holds(row.domain_id, lo.applied, doubtful, around.applied)
        ):
            return None
        rest = Span(start=doubtful.before, up_to=newest) if doubtful.before else Span(after=checkpoint, up_to=newest)
        if folding.failure is None and (doubtful.before or newest > checkpoint):
            folding.apply(self.events.read(row.domain_id, rest))
        return self._after_refold(row.domain_id, row, batch, base.key, folding)

    def _refolded(
        self, domain_id: str, row: DomainRow | None, batch: Sequence[StoredEvent], span: Span, terms: Terms
    ) -> _Next:
        """The row folded again from the newest state that holds nothing of a span, to the span's end."""
        base, folding = self._base(domain_id, row, span.start, terms)
        folding.apply(self.events.read(domain_id, replace(span, start=base.key)))
        return self._after_refold(domain_id, row, batch, base.key, folding)

    def _after_refold(
        self, domain_id: str, row: DomainRow | None, batch: Sequence[StoredEvent], position: str, folding: Folding
    ) -> _Next:
        """The row after a fold of what the store has from a position on."""
        rebuilding = _noting(row, position)
        missing = folding.missing(row)
        if row is not None and missing is not None:
            return row.followed_by(parked=self._parked_for_missing(missing, row, batch), rebuilding=rebuilding), ()
        parked = self._parked(folding.failure, row, batch)
        if row is not None and parked is not None and parked.event_key <= (row.state.checkpoint or ""):
            # the row never goes backwards: it keeps its last good state, and all of the batch waits
            before = row.parked.waiting_from if row.parked is not None else parked.event_key
            parked = replace(parked, waiting_from=min(before, parked.event_key, batch[0].key))
            after = row.followed_by(parked=parked, rebuilding=rebuilding)
            if parked.cause is not Cause.OUT_OF_TIME:
                return after, ()
            progress, snapshots = folding.progress(row)
            return replace(after, progress=progress), snapshots
        marks, snapshots = folding.placed(row)
        version = self.recipe.version if folding.whole else MIXED
        probes = crash_probe.outside(row.probes, position, folding.state) if row is not None else ()
        after = DomainRow(domain_id, folding.state, version, parked, marks=marks, rebuilding=rebuilding, probes=probes)
        if row is not None and row.progress is not None and row.progress.logic_version != version:
            after = replace(after, progress=row.progress)  # other logic's, which may be taken up yet
        return after, snapshots

    def _base(self, domain_id: str, row: DomainRow | None, changed_from: str, terms: Terms) -> tuple[Mark, Folding]:
        """The newest state of this version's own to fold from, and a fold that begins there.

        The row's snapshots hold what the row holds: one that has nothing from where the row is to change. Those of an
        unfinished fold hold what the store held, and serve while it holds the same.
        """
        base, folding = START, Folding(self.recipe, NOTHING, terms)
        if row is not None:
            version = self.recipe.version
            met_erased = False
            kept = newest_kept(self.snapshots, domain_id, up_to(row.known_marks(), changed_from), version)
            near = kept[0][-1] if kept is not None else START
            begun = up_to(row.marks_of_progress(version), row.state.checkpoint or "")
            begun = [mark for mark in begun if mark.key > near.key]
            if begun:
                held, met_erased = still_held(self.events, domain_id, begun, terms.budget, after=near)
                kept = newest_kept(self.snapshots, domain_id, held, version) or kept
            if kept is not None:
                marks, snapshot = kept
                base = marks[-1]
                folding = Folding(self.recipe, snapshot.state, terms, marks=marks, met_erased=met_erased)
        folding.look_at(row)
        return base, folding

    def _holds(self, domain_id: str, before: KeySet, span: Span, applied: KeySet) -> bool:
        """True if a row that holds `before` up to a span, and `applied` up to its end, holds all that is stored."""
        stored = before
        for key in self.events.keys(domain_id, span):
            stored = stored.plus(key)
        return stored == applied

    def _parked(self, failure: Failure | None, row: DomainRow | None, batch: Sequence[StoredEvent]) -> Parked | None:
        if failure is None:
            return None
        parked = self._parked_at(failure, batch)
        before = row.parked if row is not None else None
        if before is None:
            return parked
        since = before.since if parked.is_same(before) else parked.since
        return replace(parked, since=since, waiting_up_to=max(parked.waiting_up_to, before.waiting_up_to))

    def _parked_for_missing(self, missing: int, row: DomainRow, batch: Sequence[StoredEvent]) -> Parked:
        """The object parked since the store lost events: the row has what only their return can give it again."""
        reason = (
            f"EventsMissing: the store lacks at least {missing} of the {row.state.applied.count} events that the row "
            "holds; put them back, or ask for a rebuild that accepts it"
        )
        parked = self._parked_at(Failure(batch[0], Cause.EVENTS_MISSING, "EventsMissing", reason), batch)
        before = row.parked
        if before is None:
            return parked
        waiting_from = min(before.waiting_from, parked.waiting_from)
        waiting_up_to = max(before.waiting_up_to, parked.waiting_up_to)
        if before.cause is Cause.EVENTS_MISSING:  # one failure, whichever events come to find it
            parked = replace(before, logic_version=self.recipe.version)
        return replace(parked, waiting_from=waiting_from, waiting_up_to=waiting_up_to)

    def _parked_at(self, failure: Failure, batch: Sequence[StoredEvent]) -> Parked:
        name = failure.event.item.get("EventName", {}).get("S", "")  # the event itself may be unreadable
        return Parked(
            event_key=failure.event.key,
            event_id=failure.event.event_id,
            event_name=name[:MAX_NAME_CHARACTERS],
            cause=failure.cause,
            error=failure.error,
            reason=failure.reason,
            since=now_text(),
            logic_version=self.recipe.version,
            waiting_from=failure.event.key,  # the row will hold all before it
            waiting_up_to=batch[-1].key,
        )


@dataclass(frozen=True, slots=True)
class _Around:
    """What a row knows of the part of its history in which late events lie."""

    before: Mark
    """The newest mark that is not after any of them."""
    span: Span
    """From there to the next mark after them, or to the row's checkpoint."""
    applied: KeySet
    """What the row holds up to the span's end."""


def _around(row: DomainRow, late: Sequence[StoredEvent]) -> _Around:
    marks = row.known_marks()
    older = [mark for mark in marks if mark.key <= late[0].key]
    newer = [mark for mark in marks if mark.key > late[-1].key]
    before = older[-1] if older else START
    if newer:
        return _Around(before, Span(start=before.key, before=newer[0].key), newer[0].applied)
    return _Around(before, Span(start=before.key, up_to=row.state.checkpoint), row.state.applied)


def newest_kept(
    snapshots: SnapshotStore, domain_id: str, marks: Sequence[Mark], version: str
) -> tuple[tuple[Mark, ...], Snapshot] | None:
    """The marks up to the newest one whose state lies in a snapshot of one version, and that snapshot; None if none.

    A row lists snapshots of one version only, that of the last that folded it from its first event: where the first to
    be found is another's, so are the others.
    """
    for number in range(len(marks), 0, -1):
        mark = marks[number - 1]
        snapshot = snapshots.get(domain_id, mark.slot) if mark.slot is not None else None
        if snapshot is None or not snapshot.is_of(mark):
            continue
        return (tuple(marks[:number]), snapshot) if snapshot.logic_version == version else None
    return None


def up_to(marks: Sequence[Mark], position: str) -> list[Mark]:
    """Those of the marks that hold nothing from a position on."""
    return [mark for mark in marks if mark.key <= position]


def still_held(
    events: EventStore, domain_id: str, marks: Sequence[Mark], budget: Budget, *, after: Mark = START
) -> tuple[list[Mark], bool]:
    """The marks before which the store holds now what they say, and whether erased events are before the last of them.

    Reads the keys of the history up to the last mark, or as far as there is time. Without that look a fold that is
    taken up would not know of what came late, or was erased, since it was left. The look begins after a mark of the
    row whose state would be folded from anyway: before it the row may count what is erased by now.
    """
    held: list[Mark] = []
    stored, met_erased = after.applied, False
    left = list(marks)
    for counted in events.keys(domain_id, Span(start=after.key, before=marks[-1].key)):
        key = key_of(counted)
        while left[0].key <= key:
            if left[0].applied != stored:
                return held, met_erased
            held.append(left.pop(0))
        stored = stored.plus(counted)
        met_erased = met_erased or is_erased_key(counted)
        if stored.count % _KEYS_A_LOOK == 0 and budget.is_over():
            return held, met_erased
    return held + [mark for mark in left if mark.applied == stored][:1], met_erased


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


def _noting(row: DomainRow | None, position: str) -> Rebuilding | None:
    """The note of a rebuild under way, when events were taken in from a position on that it may have read past.

    Every write says so but that of events in order on a row that is not parked.
    """
    note = row.rebuilding if row is not None else None
    if note is None or note.until < now_text():  # it died: nobody reads the note any more
        return None
    return replace(note, changed_from=position if note.changed_from is None else min(position, note.changed_from))
