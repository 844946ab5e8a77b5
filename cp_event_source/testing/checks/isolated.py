"""Checks that no object's data reaches the row of another object that the same process folds."""

from collections.abc import Collection, Sequence
from typing import Final

from ...handler.events.stored_event import StoredEvent
from ...handler.values.attribute_value import Item
from ..events import describe
from ..fresh import Call, Failed, call_all, in_a_fork
from ..layer import Layer, load
from .tracks import Track, Tracker, parting, track

_REMEDY: Final = (
    "an object's data must be in the object alone: keep none in classes, default arguments, modules or caches, which "
    "all objects of a process share"
)


def check_isolated(layer: Layer, histories: Collection[Sequence[StoredEvent]]) -> None:
    """Fold each object alone in a process, and all of them in one process in different sequences; compare the rows.

    Each object also gets a companion: another object with the same events but the last one.

    Args:
        layer: the layer.
        histories: the histories, each in EventKey order.

    Raises:
        AssertionError: a row differs; the message names the attribute and the event.
        Failed: the interpreter ended without a result.
    """
    __tracebackhide__ = True
    listed = [*map(list, histories)]
    listed += [_companion(history) for history in listed]
    items = [[event.item for event in history] for history in listed]
    (result,) = call_all([Call(alone_and_together, (str(layer.folder), items, layer.seconds_per_event))])
    if isinstance(result, Failed):
        raise result
    alone, together = result
    found: dict[str, list[str]] = {}
    for sequence, shared in together.items():
        for number, history in enumerate(listed):
            differs = parting(alone[number], shared[number], ("alone", sequence))
            if differs is not None:
                event = history[differs.index]
                found.setdefault(event.domain_id, [f"{event.domain_id}, after {describe(event)}:", *differs.lines])
    if found:
        lines = ["folded in one process with other objects, an object gets another row than alone:"]
        lines += ["\n  ".join(each) for each in found.values()]
        raise AssertionError("\n".join([*lines, _REMEDY]))


def alone_and_together(
    folder: str, histories: Sequence[Sequence[Item]], seconds_per_event: float
) -> tuple[list[Track], dict[str, list[Track]]]:
    """Run in another interpreter: the tracks of each history in a process of its own, and of all in one."""
    layer = load(folder, seconds_per_event=seconds_per_event)
    listed = [[StoredEvent.of(item) for item in history] for history in histories]
    alone = [in_a_fork(track, layer, history) for history in listed]
    sequences = {"by turns": _by_turns, "one after the other": _in_sequence, "in reverse": _in_reverse}
    return alone, {name: in_a_fork(run, layer, listed) for name, run in sequences.items()}


def _by_turns(layer: Layer, histories: Sequence[Sequence[StoredEvent]]) -> list[Track]:
    trackers = [Tracker(layer, history) for history in histories]
    while not all(tracker.is_over for tracker in trackers):
        for tracker in trackers:
            tracker.advance()
    return [tracker.track for tracker in trackers]


def _in_sequence(layer: Layer, histories: Sequence[Sequence[StoredEvent]]) -> list[Track]:
    return [track(layer, history) for history in histories]


def _in_reverse(layer: Layer, histories: Sequence[Sequence[StoredEvent]]) -> list[Track]:
    return _in_sequence(layer, histories[::-1])[::-1]


def _companion(history: Sequence[StoredEvent]) -> list[StoredEvent]:
    """Another object with the same events, but the last one if there are several."""
    domain_id = f"{history[0].domain_id}-companion"
    return [StoredEvent.of({**event.item, "DomainId": {"S": domain_id}}) for event in history[: len(history) - 1 or 1]]
