"""A fold under way: through any number of events in bounded memory, noting marks on its path."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, groupby, islice

from ..domain.failure import Cause, Failure, process_died
from ..domain.fold import fold
from ..domain.logic import DomainLogic
from ..domain.state import INITIAL_STATE, DomainState
from ..events.key_set import KeySet
from ..events.repeated_ids import RepeatedIds
from ..events.stored_event import StoredEvent
from ..values.budget import UNLIMITED, Budget, OutOfTime
from .marks import SLOTS, Mark, Marks, position_between, thinned
from .notes import MAX_PROGRESS_BYTES, Progress
from .rows import DomainRow
from .snapshots import Snapshot


@dataclass(frozen=True, slots=True)
class FoldLimits:
    """How far one fold may go."""

    budget: Budget = UNLIMITED
    untried: str | None = None
    """The key of an event that crashed processes: the fold fails there without running the domain's logic."""


def _ignore(event: StoredEvent) -> None:
    pass


@dataclass(frozen=True, slots=True)
class FoldConfig:
    """What is the same for all folds of one version of the domain's logic."""

    logic: DomainLogic
    version: str
    seconds_per_event: float
    events_per_mark: int
    on_repeated_id: Callable[[StoredEvent], None] = _ignore
    """Called for an event whose EventId another event near it has."""


@dataclass(slots=True)
class Folding:
    """A state and the events applied to it so far.

    A mark is noted every so many events, with the state there if this version computed all of it. Thinned at once,
    marks and states stay few however long the path.
    """

    config: FoldConfig
    state: DomainState
    limits: FoldLimits
    whole: bool = True
    """True if this version computed the whole state."""
    marks: tuple[Mark, ...] = ()
    failure: Failure | None = None
    met_erased: bool = False
    """True if events were erased on the path."""
    row_end: str = ""
    """The checkpoint of the row that is folded again: what the store holds up to there is compared with the row."""
    _held_at_row_end: KeySet | None = None
    _unread: Marks | None = None
    """The marks of the row below, as long as none was noted on top of them."""
    _noted: dict[str, DomainState] = field(default_factory=dict)
    _cut_at: StoredEvent | None = None
    _ids: RepeatedIds = field(default_factory=RepeatedIds)

    @classmethod
    def on_top_of(cls, row: DomainRow, config: FoldConfig, limits: FoldLimits) -> "Folding":
        """A fold that goes on from a row."""
        folding = cls(config, row.state, limits, whole=row.logic_version == config.version, _unread=row.marks)
        if row.state.checkpoint is not None:
            folding._ids = RepeatedIds(row.state.checkpoint.partition("#")[2])
        return folding

    @property
    def failed_on_other_version(self) -> bool:
        """True if it failed on a state that another version wrote: this one may not be able to read it."""
        return self.failure is not None and not self.whole and self.failure.cause is Cause.LOGIC

    def apply(self, events: Iterable[StoredEvent]) -> None:
        """Go on through events, in EventKey order, to their end or to the first that fails.

        Raises:
            OutOfTime: the time is over, and was not the whole of an invocation's.
        """
        if not self.row_end:
            self._apply(events)
            return
        for beyond, part in groupby(events, lambda event: event.key > self.row_end):
            if beyond and self._held_at_row_end is None:
                self._held_at_row_end = self.state.applied
            self._apply(part)
            if self.failure is not None:
                return

    def missing(self, row: DomainRow | None, *, as_many_suffice: bool = False) -> int | None:
        """How many events the row holds that the store lacks, at least; None if none is known to be missing.

        What a row holds is a part of what is stored, so that up to the row's checkpoint the fold has as many events or
        more, and if as many, the same. An erased event counts, but is not the same as before. What cannot be seen is a
        loss that as many late events make up for, folded in at the same time.

        Args:
            row: the row that is folded again.
            as_many_suffice: True if as many events will do, whichever they are: a person may have put an event back
                over its tombstone, which counts as another.
        """
        if row is None or not row.readable:
            return None
        if self.failure is not None and self.failure.event.key <= (row.state.checkpoint or ""):
            return None  # it did not come past all that the row holds
        held = self.state.applied if self._held_at_row_end is None else self._held_at_row_end
        missing = row.state.applied.count - held.count
        if missing > 0:
            return missing
        others = missing == 0 and held != row.state.applied and not self.met_erased
        return 1 if others and not as_many_suffice else None

    def compare_with(self, row: DomainRow | None) -> None:
        """Compare with this row from here on."""
        self.row_end = (row.state.checkpoint or "") if row is not None else ""
        self._held_at_row_end = None

    def rewind(self, position: str) -> bool:
        """Back to the newest noted state that holds nothing from a position on; False if there is none: to nothing.

        The mark there is dropped, and noted again where the fold goes on: events may have come in between the state's
        newest event and the mark's position, and will be in the state then.
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

    def placed(self, row: DomainRow | None) -> tuple[Marks, list[tuple[int, Snapshot]]]:
        """The marks for the row that follows `row`, and the snapshots to put, by slot, before it is written.

        A slot that `row` lists is not used again: what lies there serves until `row` is written over.
        """
        if self._unread is not None:
            return self._unread, []
        # one noted just before the event that failed lies beyond: there the row may still grow
        self.marks = tuple(mark for mark in self.marks if mark.key <= (self.state.checkpoint or ""))
        snapshots = self._give_slots(row)
        return Marks.of(self.marks), snapshots

    def progress(self, row: DomainRow | None) -> tuple[Progress | None, list[tuple[int, Snapshot]]]:
        """What an unfinished fold can be taken up from: its marks, and the snapshots to put."""
        if not self.whole or not self.marks:
            return None, []
        snapshots = self._give_slots(row)
        return Progress(self.config.version, Marks.of(self.marks, MAX_PROGRESS_BYTES)), snapshots

    def _give_slots(self, row: DomainRow | None) -> list[tuple[int, Snapshot]]:
        """Slots for the marks whose states were noted here and lie in none yet; the snapshots to put into them."""
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

    def _apply(self, events: Iterable[StoredEvent]) -> None:
        spacing = self.config.events_per_mark
        ahead = self._permitted(events)
        for first in ahead:
            count = self.state.applied.count
            if count and count % spacing == 0:
                self._note(first.key)
            to_the_next_mark = chain([first], islice(ahead, spacing - count % spacing - 1))
            folded = fold(
                self.config.logic, self.state, to_the_next_mark, seconds_per_event=self.config.seconds_per_event
            )
            self.state, self.failure = folded.state, folded.failure
            if self.failure is not None:
                return
        if self._cut_at is not None:
            self.failure = self._cut_short(self._cut_at)

    def _note(self, key: str) -> None:
        if self._unread is not None:
            self.marks, self._unread = self._unread.read(), None
        if self.marks and self.marks[-1].applied == self.state.applied:
            return  # where the fold began, from the snapshot of this very mark
        place = position_between(self.state.checkpoint or "", key)
        marks = (*self.marks, Mark(place, self.state.applied))
        self.marks = thinned(marks, self.state.applied.count + 1, self.config.events_per_mark)
        if self.whole:
            self._noted[place] = self.state
            self._noted = {mark.key: self._noted[mark.key] for mark in self.marks if mark.key in self._noted}

    def _permitted(self, events: Iterable[StoredEvent]) -> Iterator[StoredEvent]:
        for event in events:
            if self._is_untried(event) or self.limits.budget.is_over():
                self._cut_at = event
                return
            if event.is_erased:
                self.met_erased = True
            elif self._ids.add(event.event_id):
                self.config.on_repeated_id(event)
            yield event

    def _is_untried(self, event: StoredEvent) -> bool:
        return event.key == self.limits.untried and not event.is_erased

    def _cut_short(self, event: StoredEvent) -> Failure:
        if self._is_untried(event):
            return process_died(event)
        if not self.limits.budget.whole:
            raise OutOfTime
        if self._unread is None and self.state.applied.count:
            self._note(event.key)  # so that a fold that is taken up again gets on, however little it came to
        count = self.state.applied.count
        reason = f"OutOfTime: {count} events folded, and the time of an invocation is over"
        return Failure(event, Cause.OUT_OF_TIME, "OutOfTime", reason)
