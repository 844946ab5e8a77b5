"""Checks that an object is the same before and after it was stored."""

from collections.abc import Collection, Sequence
from typing import Any, Final

from ...handler.events.stored_event import StoredEvent
from ..given import must_end
from ..layer import Layer
from ..pictures import Difference, Picture, differences, picture_of

_STORAGE: Final = ("from_dynamo_item", "to_dynamo_item", "round trip")
"""The phases that take an object through storage."""


def check_round_trip(layer: Layer, histories: Collection[Sequence[StoredEvent]], ignored: Collection[str]) -> None:
    """Compare each object, after each event, with what storage gives back.

    Args:
        layer: the layer.
        histories: the histories, each in EventKey order.
        ignored: names of attributes that may differ.

    Raises:
        AssertionError: with a line for each attribute that comes back as another value or type, and with each object
            that cannot be stored or read back.
    """
    __tracebackhide__ = True
    found: dict[str, str] = {}
    for history in histories:
        for path, line in _Comparison(layer.reloaded(), ignored).of(history).items():
            found.setdefault(path, line)
    if found:
        raise AssertionError("\n".join(found.values()))


class _Comparison:
    """Compares the objects of one fold. The fold itself takes each object through storage."""

    def __init__(self, layer: Layer, ignored: Collection[str]) -> None:
        self._layer = layer
        self._ignored = ignored
        self._found: dict[str, str] = {}
        self._event_name = ""
        self._class_name = ""
        self._applied: Picture | None = None

    def of(self, history: Sequence[StoredEvent]) -> dict[str, str]:
        """What differs, by its path: at each path the first difference."""
        logic = self._layer.logic
        logic.on_applied, logic.on_read_back = self._take, self._compare
        try:
            ended = must_end(self._layer.fold(history), history)
        finally:
            logic.on_applied = logic.on_read_back = None
        stop = ended.stop
        if stop is not None and stop.failure.phase in _STORAGE and not self._found:
            number = next(index for index, event in enumerate(history, 1) if event.key == stop.failure.event.key)
            return {stop.failure.reason: stop.text(number, len(history))}
        return self._found

    def _take(self, event: StoredEvent, applied: Any) -> None:
        self._event_name, self._class_name = event.event_name, type(applied).__name__
        self._applied = picture_of(applied)  # now: to_dynamo_item may change the object

    def _compare(self, again: Any) -> None:
        applied, self._applied = self._applied, None
        if applied is None:
            return
        for each in differences(applied, picture_of(again), self._class_name):
            if not {step.partition("[")[0] for step in each.path.split(".")[1:]} & set(self._ignored):
                self._found.setdefault(each.path, self._line(each))

    def _line(self, each: Difference) -> str:
        after = f"after {self._event_name}"
        if each.before is None:
            return f"{each.path}: is missing, and comes back as {each.after} {after}; set it in create_new or in apply"
        if each.after is None:
            return (
                f"{each.path}: {each.before} does not come back {after}; "
                "put it into the row in to_dynamo_item, and read it in from_dynamo_item"
            )
        return f"{each.path}: {each.before} comes back as {each.after} {after}; convert it in from_dynamo_item"
