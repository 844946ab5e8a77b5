"""Alarms on rebuilds: those that fail, and those that nobody should have asked for."""

from typing import Final

from .metrics import Metric, of_function, of_handler, of_rule
from .specification import AT_ONCE, ONCE_IN_A_LONG_RUN, Alarm
from .watched import Watched

_REQUESTS_IN_FIVE_MINUTES: Final = 100
"""Of an operator who mends some objects by hand there are fewer. Each may read an object's whole history."""


def _failed(watched: Watched) -> Metric:
    return of_handler(watched, watched.project, "RebuildsFailed")


def _dropped(watched: Watched) -> Metric:
    return of_function(watched.project, "AsyncEventsDropped")


def _requests(watched: Watched) -> Metric:
    return of_rule(watched, watched.routes.rebuild_rule, "TriggeredRules")


ALARMS: Final = (
    # The row stays as it was. Each try counts; Lambda makes three.
    Alarm(
        "rebuilds-failed",
        "warning",
        0,
        "A rebuild failed; the row stays as it was.",
        "a-rebuild-failed",
        _failed,
        AT_ONCE,
    ),
    # Also where the function had no chance to count: it was throttled for hours, or died.
    Alarm(
        "rebuilds-dropped",
        "warning",
        0,
        "Lambda gave up a rebuild request: it failed three times, or waited for too long.",
        "a-rebuild-failed",
        _dropped,
        ONCE_IN_A_LONG_RUN,
    ),
    # Whoever may put events on the bus may ask for rebuilds.
    Alarm(
        "rebuild-requests",
        "warning",
        _REQUESTS_IN_FIVE_MINUTES,
        "Unusually many rebuilds are asked for: they cost reads and time, and may be an attack.",
        "many-rebuild-requests",
        _requests,
        AT_ONCE,
    ),
)
