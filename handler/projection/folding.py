"""Folds any number of events in bounded memory, and notes marks on the way."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, groupby, islice
from typing import NamedTuple

from ..domain.failure import Cause, Failure, process_died
from ..domain.fold import fold
from ..domain.index_keys import NO_INDEX_KEYS, IndexKeys
from ..domain.logic import DomainLogic
from ..domain.state import INITIAL_STATE, DomainState
from ..events.key_set import KeySet
from ..events.repeated_ids import RepeatedIds
from ..events.stored_event import StoredEvent
from ..values.budget import UNLIMITED, Budget, OutOfTime
from .marks import SLOTS, Mark, Marks, position_between, thinned
from .notes import MAX_PROGRESS_BYTES, Progress
from .rows import MIXED, DomainRow
from .snapshots import Snapshot


class FoldLimits(NamedTuple):
    """How far one fold may go."""

    budget: Budget = UNLIMITED
    untried_key: str | None = None
    """The key of an event that crashed processes: the fold fails there without running domain logic."""


def _ignore(event: StoredEvent) -> None:
    pass


@dataclass(frozen=True, slots=True)
class FoldConfig:
    """The configuration of all folds of one version of the domain logic."""

    logic: DomainLogic
    version: str
    seconds_per_event: float
    events_per_mark: int
    on_repeated_id: Callable[[StoredEvent], None] = _ignore
    """Called with an event if an event near it has the same EventId."""
    index_keys: IndexKeys = field(default_factory=lambda: NO_INDEX_KEYS)
    """The keys of the domain table's indexes."""
    may_end_process: bool = True
    """True if the process ends where the logic hangs and cannot be stopped. A service that decides has other work."""


@dataclass(slots=True)
class Folding:
    """A state and the events applied to it so far.

    The fold notes a mark every `events_per_mark` events, with the state there if this version computed all of it. It
    thins marks and states at once, so that they stay few however many events there are.
    """

    config: FoldConfig
    state: DomainState
    limits: FoldLimits
    whole: bool = True
    """True if this version computed the whole state."""
    marks: tuple[Mark, ...] = ()
    failure: Failure | None = None
    met_erased: bool = False
    """True if the fold met an erased event."""
    row_end: str = ""
    """The checkpoint of the row that is folded again. The fold compares the store with the row up to there."""
    unseen: set[str] = field(default_factory=set)
    """The keys of that row's last decision that the fold must read, and that the store has not shown yet."""
    _held_at_row_end: KeySet | None = None
    _undecoded: Marks | None = None
    """The encoded marks of the row that the fold starts from, until the fold notes its first mark."""
    _noted: dict[str, DomainState] = field(default_factory=dict)
    """The states at marks that this fold noted, by the mark's position."""
    _stopped_at: StoredEvent | None = None
    """The event before which the fold stopped, since it must not be tried or the time is over."""
    _ids: RepeatedIds = field(default_factory=RepeatedIds)

    @classmethod
    def on_top_of(cls, row: DomainRow, config: FoldConfig, limits: FoldLimits) -> "Folding":
        """A fold that continues from a row."""
        folding = cls(config, row.state, limits, whole=row.logic_version == config.version, _undecoded=row.marks)
        if row.state.checkpoint is not None:
            folding._ids = RepeatedIds(row.state.checkpoint.partition("#")[2])
        return folding

    @property
    def failed_on_other_version(self) -> bool:
        """True if the fold failed on a state of another version, which this version may not be able to read."""
        return self.failure is not None and not self.whole and self.failure.cause is Cause.LOGIC

    @property
    def logic_version(self) -> str:
        """The version that computed the state; MIXED if several did."""
        return self.config.version if self.whole else MIXED

    def apply(self, events: Iterable[StoredEvent]) -> None:
        """Apply events, in EventKey order, until their end or until one fails.

        Raises:
            OutOfTime: the time is over, and the work did not have a whole invocation.
        """
        if not self.row_end:
            self._apply(events)
            return
        seen = self._seeing(events) if self.unseen else events
        for beyond, part in groupby(seen, lambda event: event.key > self.row_end):
            if beyond and self._held_at_row_end is None:
                self._held_at_row_end = self.state.applied
            self._apply(part)
            if self.failure is not None:
                return

    def missing(self, row: DomainRow | None, *, as_many_suffice: bool = False) -> int | None:
        """The minimum number of the row's events that the store lacks; None if no event is known to be missing.

        A row's events are a subset of the stored events. So up to the row's checkpoint the fold has at least as many
        events as the row; if it has the same number, they are the same events. An erased event counts, but under
        another key than before it was erased. The check cannot detect a loss if as many late events are folded in at
        the same time, except of events of the row's last decision.

        Args:
            row: the row that is folded again.
            as_many_suffice: True if it is enough that the number of events is equal. A person may have put an event
                back over its tombstone, and it then counts under another key.
        """
        if row is None or not row.readable:
            return None
        hidden = self.hidden
        if self.failure is not None and self.failure.event.key <= (row.state.checkpoint or ""):
            return hidden or None  # the fold did not reach the row's checkpoint
        held = self.state.applied if self._held_at_row_end is None else self._held_at_row_end
        fewer = row.state.applied.count - held.count
        missing = max(fewer, hidden)
        if missing > 0:
            return missing
        others = fewer == 0 and held != row.state.applied and not self.met_erased
        return 1 if others and not as_many_suffice else None

    @property
    def hidden(self) -> int:
        """How many events of the row's last decision the fold did not meet, and should have.

        They may be why the logic fails at a later event. If the time is over before the row's checkpoint, nothing
        depends on them: the row keeps its state and their names.
        """
        failure = self.failure
        if failure is None or failure.event.key > self.row_end:
            return len(self.unseen)
        return sum(key < failure.event.key for key in self.unseen) if failure.cause is not Cause.OUT_OF_TIME else 0

    def compare_with(self, row: DomainRow | None) -> None:
        """Compare the fold with this row from now on."""
        self.row_end = (row.state.checkpoint or "") if row is not None else ""
        self._held_at_row_end = None
        held_up_to = self.state.checkpoint or ""
        self.unseen = {key for key in row.unseen if key > held_up_to} if row is not None else set()

    def rewind(self, position: str) -> bool:
        """Go back to the newest noted state that holds no event from a position on.

        The fold drops the mark of that state and notes it again when it continues: events may have arrived between the
        state's newest event and the mark's position, and the new mark must count them.

        Returns:
            False if there is no such state. Then the fold goes back to the initial state.
        """
        self.failure = None
        self._ids = RepeatedIds()
        noted = [number for number, mark in enumerate(self.marks) if mark.key <= position and mark.key in self._noted]
        if not noted:
            self.marks, self.state = (), INITIAL_STATE
            return False
        self.state = self._noted[self.marks[noted[-1]].key]
        self.marks = self.marks[: noted[-1]]
        return True

    def marks_and_snapshots(self, row: DomainRow | None) -> tuple[Marks, list[tuple[int, Snapshot]]]:
        """The marks of the row that follows `row`, and the snapshots to put before that row is written, by slot.

        It does not use a slot that `row` lists: the snapshot there is needed until `row` is written over.
        """
        if self._undecoded is not None:
            return self._undecoded, []
        # a mark just before the failed event is after the checkpoint, where the row may still get late events
        self.marks = tuple(mark for mark in self.marks if mark.key <= (self.state.checkpoint or ""))
        snapshots = self._give_slots(row)
        return Marks.of(self.marks), snapshots

    def progress(self, row: DomainRow | None) -> tuple[Progress | None, list[tuple[int, Snapshot]]]:
        """The progress of an unfinished fold, from which a later fold can continue, and the snapshots to put."""
        if not self.whole or not self.marks:
            return None, []
        snapshots = self._give_slots(row)
        return Progress(self.config.version, Marks.of(self.marks, MAX_PROGRESS_BYTES)), snapshots

    def _give_slots(self, row: DomainRow | None) -> list[tuple[int, Snapshot]]:
        """Give slots to the marks whose states this fold noted and which have no slot yet.

        Returns:
            The snapshots to put, by slot.
        """
        listed = row.slots() if row is not None else set()
        taken = listed | {mark.slot for mark in self.marks}
        free = (slot for slot in SLOTS if slot not in taken)
        marks = list(self.marks)
        snapshots: list[tuple[int, Snapshot]] = []
        for index, mark in enumerate(marks):
            state = self._noted.get(mark.key)
            if state is None or (mark.slot is not None and mark.slot not in listed):
                continue
            slot = next(free, None)
            marks[index] = replace(mark, slot=slot)
            if slot is not None:
                snapshots.append((slot, Snapshot(mark.key, state, self.config.version)))
        self.marks = tuple(marks)
        return snapshots

    def _seeing(self, events: Iterable[StoredEvent]) -> Iterator[StoredEvent]:
        for event in events:
            self.unseen.discard(event.key)
            yield event

    def _apply(self, events: Iterable[StoredEvent]) -> None:
        spacing = self.config.events_per_mark
        ahead = self._until_stopped(events)
        for first in ahead:
            count = self.state.applied.count
            if count and count % spacing == 0:
                self._note(first.key)
            to_the_next_mark = chain([first], islice(ahead, spacing - count % spacing - 1))
            folded = fold(
                self.config.logic,
                self.state,
                to_the_next_mark,
                seconds_per_event=self.config.seconds_per_event,
                index_keys=self.config.index_keys,
                may_end_process=self.config.may_end_process,
            )
            self.state, self.failure = folded.state, folded.failure
            if self.failure is not None:
                return
        if self._stopped_at is not None:
            self.failure = self._failure_at_stop(self._stopped_at)

    def _note(self, key: str) -> None:
        if self._undecoded is not None:
            self.marks, self._undecoded = self._undecoded.read(), None
        if self.marks and self.marks[-1].applied == self.state.applied:
            return  # the fold started from the snapshot of this mark
        position = position_between(self.state.checkpoint or "", key)
        marks = (*self.marks, Mark(position, self.state.applied))
        self.marks = thinned(marks, self.state.applied.count + 1, self.config.events_per_mark)
        if self.whole:
            self._noted[position] = self.state
            self._noted = {mark.key: self._noted[mark.key] for mark in self.marks if mark.key in self._noted}

    def _until_stopped(self, events: Iterable[StoredEvent]) -> Iterator[StoredEvent]:
        untried, is_over, is_repeated = self.limits.untried_key, self.limits.budget.is_over, self._ids.add
        for event in events:
            if is_over() or (event.key == untried and self._is_untried(event)):
                self._stopped_at = event
                return
            if event.is_erased:
                self.met_erased = True
            elif is_repeated(event.event_id):
                self.config.on_repeated_id(event)
            yield event

    def _is_untried(self, event: StoredEvent) -> bool:
        return event.key == self.limits.untried_key and not event.is_erased

    def _failure_at_stop(self, event: StoredEvent) -> Failure:
        if self._is_untried(event):
            return process_died(event)
        if not self.limits.budget.whole:
            raise OutOfTime
        if self._undecoded is None and self.state.applied.count:
            self._note(event.key)  # so that a fold that continues makes progress, however few events it applied
        count = self.state.applied.count
        reason = f"OutOfTime: {count} events folded, and the time of an invocation is over"
        return Failure(event, Cause.OUT_OF_TIME, "OutOfTime", reason)
