"""A fold under way: through any number of events in bounded memory, noting marks on its path."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, islice

from .budget import AMPLE, Budget, OutOfTime
from .domain_logic import DomainLogic
from .domain_row import NOTHING, DomainRow, DomainState
from .fold import Failure, fold
from .marks import SLOTS, Mark, Marks, place_between, thinned
from .snapshot import Snapshot
from .stored_event import StoredEvent

OUT_OF_TIME = "OutOfTime"
"""The `error` of a failure that is not the logic's: the fold needs more time than one invocation has."""


FUNCTION_DIED = "FunctionDied"
"""The `error` of a failure that the process did not outlive: it ran out of memory, hung in C, or exited."""


@dataclass(frozen=True, slots=True)
class Terms:
    """On which a fold is made."""

    budget: Budget = AMPLE
    deadly: str | None = None
    """The key of an event of which the process died: it counts as failed, untried."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What one version of the domain's logic folds with."""

    logic: DomainLogic
    version: str
    seconds_per_event: float
    events_per_mark: int


@dataclass(slots=True)
class Folding:
    """A state and the events applied to it so far.

    A mark is noted every so many events, with the state there if this version computed all of it. Thinned at once,
    marks and states stay few however long the path.
    """

    recipe: Recipe
    state: DomainState
    terms: Terms
    whole: bool = True
    """Whether this version computed the whole state."""
    marks: tuple[Mark, ...] = ()
    failure: Failure | None = None
    met_erased: bool = False
    """Whether events were erased on the path."""
    _unread: Marks | None = None
    """The marks of the row below, as long as none was noted on top of them."""
    _noted: dict[str, DomainState] = field(default_factory=dict)
    _cut_at: StoredEvent | None = None

    @classmethod
    def on_top_of(cls, row: DomainRow, recipe: Recipe, terms: Terms) -> "Folding":
        """A fold that goes on from a row."""
        return cls(recipe, row.state, terms, whole=row.logic_version == recipe.version, _unread=row.marks)

    @property
    def was_misled(self) -> bool:
        """Whether it failed on a state that another version wrote: today's may not be able to read what that wrote."""
        return self.failure is not None and not self.whole and self.failure.error != OUT_OF_TIME

    def apply(self, events: Iterable[StoredEvent]) -> None:
        """Go on through events, in EventKey order, to their end or to the first that fails.

        Raises:
            OutOfTime: the time is over, and was not the whole of an invocation's.
        """
        spacing = self.recipe.events_per_mark
        ahead = self._permitted(events)
        for first in ahead:
            count = self.state.applied.count
            if count and count % spacing == 0:
                self._note(first.key)
            to_the_next_mark = chain([first], islice(ahead, spacing - count % spacing - 1))
            folded = fold(
                self.recipe.logic, self.state, to_the_next_mark, seconds_per_event=self.recipe.seconds_per_event
            )
            self.state, self.failure = folded.state, folded.failure
            if self.failure is not None:
                return
        if self._cut_at is not None:
            self.failure = self._cut_short(self._cut_at)

    def rewind(self, place: str) -> None:
        """Back to the newest noted state that holds nothing from a place on, or to nothing."""
        self.marks = tuple(mark for mark in self.marks if mark.key <= place and mark.key in self._noted)
        self.state = self._noted[self.marks[-1].key] if self.marks else NOTHING
        self.failure = None

    def placed(self, row: DomainRow | None) -> tuple[Marks, list[tuple[int, Snapshot]]]:
        """The marks for the row that follows `row`, and the snapshots to put, by slot, before it is written.

        A slot that `row` lists is not used again: what lies there serves until `row` is written over.
        """
        if self._unread is not None:
            return self._unread, []
        # one noted just before the event that failed lies beyond: there the row may still grow
        self.marks = tuple(mark for mark in self.marks if mark.key <= (self.state.checkpoint or ""))
        snapshots: list[tuple[int, Snapshot]] = []
        if self._noted:
            listed = {mark.slot for mark in row.marks.read()} if row is not None else set()
            taken = listed | {mark.slot for mark in self.marks}
            free = (slot for slot in SLOTS if slot not in taken)
            marks = list(self.marks)
            for index, mark in enumerate(marks):
                state = self._noted.get(mark.key)
                if state is None or (mark.slot is not None and mark.slot not in listed):
                    continue
                slot = next(free, None)
                marks[index] = replace(mark, slot=slot)
                if slot is not None:
                    snapshots.append((slot, Snapshot(mark.key, state, self.recipe.version)))
            self.marks = tuple(marks)
        return Marks.of(self.marks), snapshots

    def _note(self, key: str) -> None:
        if self._unread is not None:
            self.marks, self._unread = self._unread.read(), None
        if self.marks and self.marks[-1].applied == self.state.applied:
            return  # where the fold began, from the snapshot of this very mark
        place = place_between(self.state.checkpoint or "", key)
        marks = (*self.marks, Mark(place, self.state.applied))
        self.marks = thinned(marks, self.state.applied.count + 1, self.recipe.events_per_mark)
        if self.whole:
            self._noted[place] = self.state
            self._noted = {mark.key: self._noted[mark.key] for mark in self.marks if mark.key in self._noted}

    def _permitted(self, events: Iterable[StoredEvent]) -> Iterator[StoredEvent]:
        for event in events:
            if self._is_deadly(event) or self.terms.budget.is_over():
                self._cut_at = event
                return
            self.met_erased |= event.is_erased
            yield event

    def _is_deadly(self, event: StoredEvent) -> bool:
        return event.key == self.terms.deadly and not event.is_erased

    def _cut_short(self, event: StoredEvent) -> Failure:
        if self._is_deadly(event):
            reason = f"{FUNCTION_DIED}: the function's process ended each time it applied the event; see its logs"
            return Failure(event, FUNCTION_DIED, reason)
        if not self.terms.budget.whole:
            raise OutOfTime
        reason = f"{OUT_OF_TIME}: {self.state.applied.count} events folded, and the time of an invocation is over"
        return Failure(event, OUT_OF_TIME, reason)
