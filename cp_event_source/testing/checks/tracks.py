"""The rows of a history after each event, and where two such tracks part."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...handler.domain.state import INITIAL_STATE
from ...handler.events.stored_event import StoredEvent
from ...handler.values.attribute_value import Item
from ..differences import row_differences
from ..given import must_end
from ..layer import Layer


@dataclass(frozen=True, slots=True)
class Track:
    """What one history gave, event by event."""

    rows: tuple[Item, ...]
    """The row after each event that could be applied."""
    parked: str = ""
    """The class of the error at the next event; empty if all events could be applied."""
    reason: str = ""
    """The error's text."""


class Tracker:
    """Folds one history event by event, each upon the row of the event before it."""

    def __init__(self, layer: Layer, history: Sequence[StoredEvent]) -> None:
        self._layer = layer
        self._history = history
        self._state = INITIAL_STATE
        self.track = Track(())

    @property
    def is_over(self) -> bool:
        """True if there is no event that could be applied."""
        return bool(self.track.parked) or len(self.track.rows) == len(self._history)

    def advance(self, events: int = 1) -> None:
        """Fold the next events."""
        for _ in range(events):
            if self.is_over:
                return
            ended = must_end(self._layer.fold([self._history[len(self.track.rows)]], self._state), self._history)
            self._state = ended.state
            if ended.stop is None:
                self.track = Track((*self.track.rows, ended.state.attributes))
            else:
                failure = ended.stop.failure
                self.track = Track(self.track.rows, failure.error, failure.reason)


def track(layer: Layer, history: Sequence[StoredEvent]) -> Track:
    """The track of a history.

    Args:
        layer: the layer.
        history: the events, in EventKey order.
    """
    tracker = Tracker(layer, history)
    tracker.advance(len(history))
    return tracker.track


@dataclass(frozen=True, slots=True)
class Parting:
    """The first event after which two tracks differ."""

    index: int
    """The event's index in the history."""
    lines: tuple[str, ...]
    """What differs: a line for each attribute."""

    @property
    def paths(self) -> tuple[str, ...]:
        """The attributes that differ."""
        return tuple(line.partition(":")[0] for line in self.lines)


def parting(one: Track, other: Track, names: tuple[str, str], without: frozenset[str] = frozenset()) -> Parting | None:
    """Where two tracks of one history part; None if they do not.

    Args:
        one, other: the tracks.
        names: what to call them.
        without: attributes that may differ.
    """
    for index, (left, right) in enumerate(zip(one.rows, other.rows, strict=False)):
        if left != right:
            lines = [line for line in row_differences(left, right, names) if line.partition(":")[0] not in without]
            if lines:
                return Parting(index, tuple(lines))
    if (len(one.rows), one.parked) == (len(other.rows), other.parked):
        return None
    index = min(len(one.rows), len(other.rows))
    return Parting(index, (f"the event: {names[0]} {_end(one, index)}, {names[1]} {_end(other, index)}",))


def _end(of: Track, index: int) -> str:
    return "is applied" if len(of.rows) > index else f"parks the object ({of.reason})"
