"""Checks that events give the same rows in every process: with another clock, hash seed, time zone, and environment."""

import sys
import time
from collections.abc import Collection, Sequence
from typing import Final

from ...handler.events.stored_event import StoredEvent
from ...handler.values.attribute_value import Item
from ..events import describe
from ..extra import need
from ..fresh import Call, Failed, call_all
from ..layer import Layer, load
from .tracks import Track, parting, tracks

_REMEDY: Final = (
    "the logic must give the same row each time: use event_time, not the clock, and no random number, no environment "
    "and no order of a set"
)

_DAY: Final = 86_400

_PLACES: Final = (
    # the first is like Lambda
    ({"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8", "HOME": "/nowhere", "USER": "one"}, 0),
    ({"PYTHONHASHSEED": "1", "TZ": "<+0545>-5:45", "LC_ALL": "de_DE.UTF-8", "HOME": "/", "USER": "two"}, 1100),
    ({"PYTHONHASHSEED": "2", "TZ": "NST3:30NDT,M3.2.0,M11.1.0", "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"}, -400),
    ({"PYTHONHASHSEED": "3", "TZ": "<+13>-13", "LC_ALL": "POSIX", "HOSTNAME": "other"}, 12_000),
)
"""The environments of the interpreters, and by how many days their clocks differ from this one. The order of a set of
two texts is the same in all four with a chance of one in eight. The time zones need no files of the system."""


def check_deterministic(layer: Layer, histories: Collection[Sequence[StoredEvent]]) -> None:
    """Fold the histories in fresh interpreters that differ in all but the events, and compare the rows.

    Args:
        layer: the layer.
        histories: the histories, each in EventKey order.

    Raises:
        AssertionError: a row differs; the message names the attribute and the event.
        MissingExtra: time-machine is not installed.
        Failed: an interpreter ended without a result.
    """
    __tracebackhide__ = True
    need("time_machine")
    listed = [list(history) for history in histories]
    items = [[event.item for event in history] for history in listed]
    results = call_all(
        [
            Call(tracks_elsewhere, (str(layer.folder), items, layer.seconds_per_event, days), environment)
            for environment, days in _PLACES
        ]
    )
    for result in results:
        if isinstance(result, Failed):
            raise result
    found: dict[str, list[str]] = {}
    for number, history in enumerate(listed):
        for other in results[1:]:
            differs = parting(results[0][number], other[number], ("once", "again"))
            if differs is not None:
                event = history[differs.index]
                found.setdefault(event.domain_id, [f"{event.domain_id}, after {describe(event)}:", *differs.lines])
    if found:
        lines = ["folded again in another process, the events give another row:"]
        lines += ["\n  ".join(each) for each in found.values()]
        raise AssertionError("\n".join([*lines, _REMEDY]))


def tracks_elsewhere(
    folder: str, histories: Sequence[Sequence[Item]], seconds_per_event: float, days: int
) -> list[Track]:
    """Run in another interpreter: the tracks of histories, with a clock that is some days ahead."""
    sys.modules["pytest"] = None  # type: ignore[assignment]  # time-machine would import it, which takes half a second
    import time_machine

    with time_machine.travel(time.time() + days * _DAY):  # a datetime would also set the time zone
        layer = load(folder, seconds_per_event=seconds_per_event)
        return tracks(layer, [[StoredEvent.of(item) for item in history] for history in histories])
