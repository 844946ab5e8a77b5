"""Alarms on rebuilds: those that fail, and too many requests."""

from typing import Final

from .metrics import Metric, of_function, of_handler, of_rule
from .specification import AT_ONCE, ONCE_IN_A_LONG_RUN, Alarm
from .watched import Watched

_REQUESTS_IN_FIVE_MINUTES: Final = 100
"""More than an operator sends who fixes some objects by hand. Each rebuild may read an object's whole history."""


def _failed(watched: Watched) -> Metric:
    return of_handler(watched, watched.project, "RebuildsFailed")


def _dropped(watched: Watched) -> Metric:
    return of_function(watched.project, "AsyncEventsDropped")


def _requests(watched: Watched) -> Metric:
    return of_rule(watched, watched.routes.rebuild_rule, "TriggeredRules")


ALARMS: Final = (
    # The row stays as it was. Each attempt counts; Lambda makes three.
    Alarm(
        "rebuilds-failed",
        "warning",
        0,
        "A rebuild failed; the row stays as it was.",
        "a-rebuild-failed",
        _failed,
        AT_ONCE,
    ),
    # Also if the function could not count, since it was throttled for hours or crashed.
    Alarm(
        "rebuilds-dropped",
        "warning",
        0,
        "Lambda gave up a rebuild request: it failed three times, or waited for too long.",
        "a-rebuild-failed",
        _dropped,
        ONCE_IN_A_LONG_RUN,
    ),
    # Whoever may put events on the bus may request rebuilds.
    Alarm(
        "rebuild-requests",
        "warning",
        _REQUESTS_IN_FIVE_MINUTES,
        "Unusually many rebuilds are requested: they cost reads and time, and may be an attack.",
        "many-rebuild-requests",
        _requests,
        AT_ONCE,
    ),
)
