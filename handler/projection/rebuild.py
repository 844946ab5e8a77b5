"""A rebuild: one domain object folded again from its first event, while its events keep arriving.

A rebuild does not stop the object. It writes a note into the row, folds the store page by page to the end beside the
deliveries, and then writes its result over the row, on the condition that nobody wrote in between. Otherwise it makes
another round from where it is. Deliveries extend the note whenever they take in an event that is not in order after the
row's checkpoint: a late one, or one that waits because the object is parked. They note from which position on. So the
result cannot lack an event that was acknowledged in the meantime. Each round

- goes back to a state of the rebuild before the position in the note: what came in from there on may be unread;
- goes back to a state up to the checkpoint that the row had in the round before: after it, events come in without a
  note;
- reads from there to the end, after it has read the row on whose revision its write depends.

A round costs what came in since the last one, and some hundred events, however long the history is: a rebuild catches
up with a busy object.

A history that takes longer than one invocation is folded in several: a rebuild that runs out of time keeps its states
as snapshots and names them in the row (`Progress`). The next rebuild with the same logic continues there.

For an object with erased events a rebuild also removes their traces: its row is folded from what remains, and earlier
snapshots, which may hold what was erased, are wiped.
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
from .folding import FoldConfig, Folding, FoldLimits
from .lookups import newest_snapshot, still_true, up_to
from .marks import SLOTS, Mark
from .notes import MAX_INVOCATION_SECONDS, Rebuilding, is_pending
from .rows import DomainRow
from .snapshots import Snapshot
from .stores import Stores, write_over

_MAX_ROUNDS: Final = 1000
"""Each follows on a write that was faster."""

_MAX_TRIES_TO_WITHDRAW: Final = 20

_ALL_KEYS: Final = "\U0010ffff"
"""A place after every key."""


class RebuildFailed(Exception):
    """A domain object could not be rebuilt. Says whether its row is as it was."""


@dataclass(frozen=True, slots=True)
class Rebuilds:
    """Rebuilds with one version of the domain's logic."""

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
        """Fold a domain object again from its first event; readers see the old row until the new one is whole.

        Args:
            domain_id: whose row.
            request_id: one that Lambda delivers again for a try that died takes that try's place.
            accept_missing_events: True if events were removed on purpose, so that the new row may have fewer.
            budget: the time there is.

        Returns:
            The new row, written.

        Raises:
            RebuildFailed: nothing is stored for the domain, the store lacks events that the row holds, its logic fails
                at an event, another rebuild of it is under way, or the time is over: the row stays as it was. Or the
                row is new, and an earlier snapshot of what was erased could not be written over.
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
        self._earlier: list[Mark] | None = None
        """The marks of an earlier rebuild's fold that this one can go back to; None before it has looked for any."""
        self._sure = ""
        """Up to here, the row's note tells of whatever comes in after it was read from the store."""
        self._has_fewer = False
        """True if the new row has fewer events than the old one."""

    @property
    def _cursor(self) -> str:
        return self._folding.state.checkpoint or ""

    def run(self) -> DomainRow:
        row = self._rows.read(self._domain_id)
        for _ in range(_MAX_ROUNDS):
            if self._limits.budget.is_over():
                break
            after = self._next(row)
            row = write_over(self._rows, row, after)
            if row is not None and row.revision == after.revision and after.rebuilding is None:
                if self._folding.met_erased or self._has_fewer:
                    self._wipe_snapshots_beside(after)
                return after
        self._withdraw()
        raise RebuildFailed("the time was over before a round came to its end undisturbed; the row stays as it was")

    def _next(self, row: DomainRow | None) -> DomainRow:
        """What to write over `row`: the result, or a note that there is more to do."""
        if row is None or not row.readable:
            self._folding = self._from_nothing()
            return self._result(row)
        note = row.rebuilding
        if note is None or note.run != self._note.run:
            self._refuse_if_another_runs(note)
            self._note, self._earlier = self._new_note(), None
            return row.followed_by(rebuilding=self._note)
        self._begun = True
        if self._earlier is None:  # only now: whatever is taken in from here on, the note tells of
            self._begin(row)
        elif self._cursor > self._sure:
            self._go_back(self._sure)
        if note.changed_from is not None and note.changed_from <= self._cursor:
            self._go_back(note.changed_from)
            return row.followed_by(rebuilding=self._note)
        # What comes in after the checkpoint in order is told by no note; of a parked row, all that comes in is, and of
        # one that holds nothing yet.
        self._sure = (row.state.checkpoint or _ALL_KEYS) if row.parked is None else _ALL_KEYS
        return self._result(row)

    def _result(self, row: DomainRow | None) -> DomainRow:
        self._folding.compare_with(row)
        # to the very end: what the stream lost would else never be in the row
        self._folding.apply(self._events.read(self._domain_id, Span(after=self._folding.state.checkpoint)))
        missing = self._folding.missing(row, as_many_suffice=True)
        if row is not None and missing is not None and not self._accepts_missing_events:
            self._withdraw()
            raise RebuildFailed(
                f"the store lacks at least {missing} of the {row.state.applied.count} events that the row holds; "
                "the row stays as it was. Put them back; or, if they were removed on purpose, ask with "
                "AcceptMissingEvents true"
            )
        failure = self._folding.failure
        if failure is not None:
            kept = failure.cause is Cause.OUT_OF_TIME and self._keep(row)
            self._withdraw()
            raise RebuildFailed(_why(failure, kept=kept))
        if not self._folding.state.applied.count:
            self._withdraw()
            raise RebuildFailed("no event is stored for this DomainId")
        self._has_fewer = missing is not None
        marks, snapshots = self._folding.placed(row)
        self._put(snapshots)
        return DomainRow(self._domain_id, self._folding.state, self._config.version, marks=marks)

    def _begin(self, row: DomainRow) -> None:
        """From where an earlier rebuild's time was over, as far as the store holds what it held then."""
        marks = row.marks_of_progress(self._config.version)
        self._earlier, met_erased = (
            still_true(self._events, self._domain_id, marks, self._limits.budget) if marks else ([], False)
        )
        self._folding = self._taken_up(_ALL_KEYS)
        self._folding.met_erased = met_erased

    def _go_back(self, position: str) -> None:
        """To a state that holds nothing from a position on: this rebuild's own, or of the one that it took up."""
        self._earlier = up_to(self._earlier or (), position)  # those after it may lack what came in since
        if not self._folding.rewind(position):
            met_erased = self._folding.met_erased
            self._folding = self._taken_up(position)
            self._folding.met_erased = met_erased

    def _taken_up(self, position: str) -> Folding:
        earlier = up_to(self._earlier or (), position)
        kept = newest_snapshot(self._snapshots, self._domain_id, earlier, self._config.version)
        if kept is None:
            return self._from_nothing()
        marks, snapshot = kept
        # without the last mark, as in Folding.rewind: the fold goes on from the state's newest event
        return Folding(self._config, snapshot.state, self._limits, marks=marks[:-1])

    def _keep(self, row: DomainRow | None) -> bool:
        """Keep the states so far for the next rebuild, and name them in the row; False if there is nothing to keep."""
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
        """In whatever slot the row does not list, for any may have been used once."""
        listed = {mark.slot for mark in row.marks.read()}
        try:
            for slot in SLOTS:
                if slot not in listed:
                    self._snapshots.wipe(self._domain_id, slot)
        except Exception as error:  # noqa: BLE001  whatever it is, somebody has to know
            raise RebuildFailed(
                "the row is rebuilt, but earlier snapshots of what was erased may be left "
                f"(met {type(error).__name__}); ask again"
            ) from None

    def _refuse_if_another_runs(self, note: Rebuilding | None) -> None:
        # of one request the last run counts: the others are dead, or this one delivered twice
        same = bool(self._request_id) and note is not None and note.request_id == self._request_id and not self._begun
        if note is not None and not same and is_pending(note.until, self._clock):
            raise RebuildFailed(f"another rebuild of this domain is under way, until {note.until} at the latest")

    def _withdraw(self) -> None:
        """Take the note back, so that another request need not wait for its end."""
        row = self._rows.read(self._domain_id)
        for _ in range(_MAX_TRIES_TO_WITHDRAW):
            if row is None or row.rebuilding is None or row.rebuilding.run != self._note.run:
                return
            after = row.followed_by(rebuilding=None)
            row = write_over(self._rows, row, after)

    def _new_note(self) -> Rebuilding:
        until = self._clock.text(later_by=min(MAX_INVOCATION_SECONDS, self._limits.budget.seconds_left()))
        return Rebuilding(self._request_id, secrets.token_hex(4), until)

    def _from_nothing(self) -> Folding:
        return Folding(self._config, INITIAL_STATE, self._limits)


def _why(failure: Failure, *, kept: bool) -> str:
    if failure.cause is Cause.OUT_OF_TIME:
        then = "what is folded is kept: ask again, and the rebuild goes on from there" if kept else "nothing is kept"
        return (
            f"the history is too long to be folded in the time there is ({failure.reason}); the row stays as it was; "
            f"{then}"
        )
    return (
        f"the domain's logic fails with {failure.error} at the event {failure.event.event_id} "
        f"(EventKey {failure.event.key}); the row stays as it was"
    )
