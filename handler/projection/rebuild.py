"""Rebuilds a domain object: folds it again from its first event, while its events keep arriving.

A rebuild does not stop the object. It writes a note into the row and folds the stored events page by page to the end,
while deliveries continue. Then it writes its result over the row, on the condition that the row has not changed.
Otherwise it makes another round from where it is. A delivery extends the note if its event is not in order after the
row's checkpoint: a late event, or one that waits because the object is parked. The note then holds the lowest position
of such events. So the result cannot lack an event that was acknowledged in the meantime. Each round

- goes back to a state of the rebuild before the position in the note, because events after that position may be unread;
- goes back to a state up to the checkpoint that the row had in the previous round, because events after it arrive
  without a note;
- reads from there to the end, after it has read the row on whose revision its write depends.

A round reads the events that arrived since the last round, and some hundred more, however long the history is. So a
rebuild catches up with a busy object.

Several rebuilds can fold a history that takes longer than one invocation: a rebuild that runs out of time keeps its
states as snapshots and names them in the row (`Progress`). The next rebuild with the same version continues there.

A rebuild also removes the traces of erased events: it folds the row from the remaining events, and wipes earlier
snapshots, which may hold erased content.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..domain.failure import Cause, Failure
from ..domain.state import INITIAL_STATE
from ..events.key_set import Span
from ..values.budget import UNLIMITED, Budget
from ..values.clock import Clock
from .decide import MAX_LOOKS
from .folding import FoldConfig, Folding, FoldLimits
from .lookups import newest_snapshot, still_true, up_to
from .marks import SLOTS, Mark
from .notes import MAX_INVOCATION_SECONDS, Rebuilding, is_pending
from .rows import DomainRow
from .snapshots import Snapshot
from .stores import Stores, write_over

_MAX_ROUNDS: Final = 1000
"""The maximum rounds. Each further round means that another writer was faster."""

_MAX_TRIES_TO_WITHDRAW: Final = 20

_AFTER_ALL_KEYS: Final = "\U0010ffff"
"""A position after all keys."""


class RebuildFailed(Exception):
    """A domain object could not be rebuilt. The message says if its row is unchanged.

    Lambda's answer has the name of the class. So who requests rebuilds learns from it what to do next.
    """


class AnotherRebuildRuns(RebuildFailed):
    """Another rebuild of the object runs, or was killed a short time ago. A repetition may succeed after it."""


class RebuildUnfinished(RebuildFailed):
    """The history takes several invocations, and what is folded is kept. A repetition continues there."""


class RebuildInterrupted(RebuildFailed):
    """Something outside of the domain logic failed. A repetition may succeed."""


class EventsMissing(RebuildFailed):
    """The store lacks events that the row holds."""


@dataclass(frozen=True, slots=True)
class Rebuilds:
    """Rebuilds with one version of the domain logic."""

    stores: Stores
    config: FoldConfig
    clock: Clock

    def rebuild(
        self,
        domain_id: str,
        *,
        request_id: str = "",
        accept_missing_events: bool = False,
        budget: Budget = UNLIMITED,
    ) -> DomainRow:
        """Fold a domain object again from its first event. Readers see the old row until the new row is complete.

        Args:
            domain_id: the domain object.
            request_id: the id of the request. If Lambda delivers it again after a crash, the new run replaces the old.
            accept_missing_events: True if the new row may have fewer events, because they were removed on purpose.
            budget: the available time.

        Returns:
            The new row, which has been written.

        Raises:
            RebuildFailed: no event is stored for the object, or the logic fails at an event: the row is unchanged.
            EventsMissing, AnotherRebuildRuns, RebuildUnfinished: the row is unchanged.
            RebuildInterrupted: the time was over, and the row is unchanged; or the row is new, but an earlier snapshot
                with erased content could not be wiped.
        """
        return _Rebuild(self, domain_id, request_id, budget, accepts_missing_events=accept_missing_events).run()


class _Rebuild:
    def __init__(
        self, rebuilds: Rebuilds, domain_id: str, request_id: str, budget: Budget, *, accepts_missing_events: bool
    ) -> None:
        self._events = rebuilds.stores.events
        self._rows = rebuilds.stores.rows
        self._snapshots = rebuilds.stores.snapshots
        self._config = rebuilds.config
        self._clock = rebuilds.clock
        self._domain_id = domain_id
        self._request_id = request_id
        self._accepts_missing_events = accepts_missing_events
        self._limits = FoldLimits(budget)
        self._note = self._new_note()
        self._begun = False
        self._folding = self._from_nothing()
        self._earlier_marks: list[Mark] | None = None
        """The marks of an earlier rebuild that this one can go back to; None before it has looked for them."""
        self._covered_to = ""
        """The position up to which the row's note reports every event that arrives after the store was read."""
        self._has_fewer = False
        """True if the new row has fewer events than the old one."""

    @property
    def _cursor(self) -> str:
        return self._folding.state.checkpoint or ""

    def run(self) -> DomainRow:
        row = self._rows.read(self._domain_id)
        lost = 0
        for _ in range(_MAX_ROUNDS):
            if self._limits.budget.is_over():
                break
            after = self._next(row)
            row = write_over(self._rows, row, after)
            is_written = row is not None and row.revision == after.revision
            if is_written and after.rebuilding is None:
                if self._folding.met_erased or self._has_fewer:
                    self._wipe_snapshots_beside(after)
                return after
            lost = 0 if is_written else lost + 1
            if lost > 1:
                self._clock.back_off(lost - 1)
                row = self._rows.read(self._domain_id)  # a row from before the pause would lose the next race
        self._withdraw()
        raise RebuildInterrupted(
            "the time was over before the rebuild finished; the row stays as it was; request it again"
        )

    def _next(self, row: DomainRow | None) -> DomainRow:
        """The row to write over `row`: the result, or the row with a note that the rebuild continues."""
        if row is None or not row.readable:
            self._folding = self._from_nothing()
            return self._result(row)
        note = row.rebuilding
        if note is None or note.run != self._note.run:
            self._refuse_if_another_runs(note)
            self._note, self._earlier_marks = self._new_note(), None
            return row.followed_by(rebuilding=self._note)
        self._begun = True
        if self._earlier_marks is None:  # only now, since from here on the note reports what arrives
            self._begin(row)
        elif self._cursor > self._covered_to:
            self._go_back(self._covered_to)
        if note.changed_from is not None and note.changed_from <= self._cursor:
            self._go_back(note.changed_from)
            return row.followed_by(rebuilding=self._note)
        # No note reports events that arrive in order after the checkpoint. If the row is parked or holds no event yet,
        # a note reports all events that arrive.
        self._covered_to = (row.state.checkpoint or _AFTER_ALL_KEYS) if row.parked is None else _AFTER_ALL_KEYS
        return self._result(row)

    def _result(self, row: DomainRow | None) -> DomainRow:
        for look in range(1, MAX_LOOKS + 1):
            self._read_to_the_end(row)
            if not self._folding.hidden or look == MAX_LOOKS:
                break
            self._clock.back_off(look)
        missing = self._folding.missing(row, as_many_suffice=True)
        if row is not None and missing is not None and not self._accepts_missing_events:
            self._withdraw()
            raise EventsMissing(
                f"the store lacks at least {missing} of the {row.state.applied.count} events that the row holds; "
                "the row stays as it was; put them back, or, if they were removed on purpose, request a rebuild with "
                "AcceptMissingEvents true"
            )
        failure = self._folding.failure
        if failure is not None:
            kept = failure.cause is Cause.OUT_OF_TIME and self._keep(row)
            self._withdraw()
            raise (RebuildUnfinished if kept else RebuildFailed)(_why(failure, kept=kept))
        if not self._folding.state.applied.count:
            self._withdraw()
            raise RebuildFailed("no event is stored for this DomainId; the row stays as it was; check the DomainId")
        self._has_fewer = missing is not None
        marks, snapshots = self._folding.marks_and_snapshots(row)
        self._put(snapshots)
        return DomainRow(self._domain_id, self._folding.state, self._config.version, marks=marks)

    def _read_to_the_end(self, row: DomainRow | None) -> None:
        """Fold to the end of the store: the row must also get events that the stream lost."""
        decided = min(row.unseen, default=None) if row is not None else None
        if decided is not None and decided <= self._cursor:
            self._go_back(decided)  # the store may not have shown them
        self._folding.compare_with(row)
        self._folding.apply(self._events.read(self._domain_id, Span(after=self._folding.state.checkpoint)))

    def _begin(self, row: DomainRow) -> None:
        """Start where an earlier rebuild stopped, as far as the store still holds what it held then."""
        marks = row.marks_of_progress(self._config.version)
        self._earlier_marks, met_erased = (
            still_true(self._events, self._domain_id, marks, self._limits.budget) if marks else ([], False)
        )
        self._folding = self._continued_before(_AFTER_ALL_KEYS, met_erased=met_erased)

    def _go_back(self, position: str) -> None:
        """Go back to a state that holds no event from a position on: of this rebuild, or of an earlier one."""
        self._earlier_marks = up_to(self._earlier_marks or (), position)  # later ones may lack events
        if not self._folding.rewind(position):
            self._folding = self._continued_before(position, met_erased=self._folding.met_erased)

    def _continued_before(self, position: str, *, met_erased: bool) -> Folding:
        earlier = up_to(self._earlier_marks or (), position)
        kept = newest_snapshot(self._snapshots, self._domain_id, earlier, self._config.version)
        if kept is None:
            return self._from_nothing(met_erased=met_erased)
        marks, snapshot = kept
        # without the last mark, as in Folding.rewind: the fold continues after the state's newest event
        return Folding(self._config, snapshot.state, self._limits, marks=marks[:-1], met_erased=met_erased)

    def _keep(self, row: DomainRow | None) -> bool:
        """Keep the states for the next rebuild and name them in the row. False if there is nothing to keep."""
        for _ in range(_MAX_TRIES_TO_WITHDRAW):
            if row is not None and (row.rebuilding is None or row.rebuilding.run != self._note.run):
                return False
            progress, snapshots = self._folding.progress(row)
            if progress is None:
                return False
            self._put(snapshots)
            before = row or DomainRow(self._domain_id, INITIAL_STATE, self._config.version)
            after = before.followed_by(rebuilding=None, progress=progress)
            row = write_over(self._rows, row, after)
            if row is not None and row.revision == after.revision:
                return True
        return False

    def _put(self, snapshots: Sequence[tuple[int, Snapshot]]) -> None:
        for slot, snapshot in snapshots:
            self._snapshots.put(self._domain_id, slot, snapshot)

    def _wipe_snapshots_beside(self, row: DomainRow) -> None:
        """Wipe all slots that the row does not list, since an earlier row may have used any of them."""
        listed = {mark.slot for mark in row.marks.read()}
        try:
            for slot in SLOTS:
                if slot not in listed:
                    self._snapshots.wipe(self._domain_id, slot)
        except Exception as error:  # noqa: BLE001  the operator must know, whatever the error is
            raise RebuildInterrupted(
                "the row is rebuilt, but earlier snapshots of erased events may be left "
                f"(met {type(error).__name__}); request the rebuild again"
            ) from None

    def _refuse_if_another_runs(self, note: Rebuilding | None) -> None:
        # the last run of a request replaces its other runs: they crashed, or Lambda delivered the request twice
        same = bool(self._request_id) and note is not None and note.request_id == self._request_id and not self._begun
        if note is not None and not same and is_pending(note.until, self._clock):
            raise AnotherRebuildRuns(
                f"another rebuild of this domain object is running, until {note.until} at the latest; "
                "request the rebuild again after that"
            )

    def _withdraw(self) -> None:
        """Remove the note, so that another request need not wait until it expires."""
        row = self._rows.read(self._domain_id)
        for _ in range(_MAX_TRIES_TO_WITHDRAW):
            if row is None or row.rebuilding is None or row.rebuilding.run != self._note.run:
                return
            after = row.followed_by(rebuilding=None)
            row = write_over(self._rows, row, after)

    def _new_note(self) -> Rebuilding:
        until = self._clock.text(later_by=min(MAX_INVOCATION_SECONDS, self._limits.budget.seconds_left()))
        return Rebuilding(self._request_id, secrets.token_hex(4), until)

    def _from_nothing(self, *, met_erased: bool = False) -> Folding:
        return Folding(self._config, INITIAL_STATE, self._limits, met_erased=met_erased)


def _why(failure: Failure, *, kept: bool) -> str:
    if failure.cause is Cause.OUT_OF_TIME:
        then = "what is folded is kept; request the rebuild again to continue there" if kept else "nothing is kept"
        return f"the history is too long to fold in one invocation ({failure.reason}); the row stays as it was; {then}"
    where = "".join(f", {text}" for text in (failure.phase, failure.place) if text)
    return (
        f"the domain logic fails with {failure.error} at the event {failure.event.event_id} "
        f"(EventKey {failure.event.key}){where}; the row stays as it was; fix the logic and request the rebuild again"
    )
