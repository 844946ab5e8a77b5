"""Alarms on how far the projection is behind the events table's stream, which keeps events for 24 hours.

The age is that of the last event of a batch when Lambda hands it over, in milliseconds. A reader that is off tells
none: for that there is `not-projected`.
"""

from typing import Final

from .metrics import Metric, of_function
from .specification import ONCE_IN_A_LONG_RUN, QUARTERS_OF_AN_HOUR, Alarm
from .watched import Watched

_HOUR: Final = 3600 * 1000


def _age(watched: Watched) -> Metric:
    return of_function(watched.project, "IteratorAge", "Maximum")


def _undelivered(watched: Watched) -> Metric:
    return of_function(watched.project, "DestinationDeliveryFailures")


ALARMS: Final = (
    # Four runs of the longest kind: a long fold may hold up its shard that long, a working projection does not.
    Alarm(
        "stream-age",
        "warning",
        _HOUR,
        "The projection is far behind: rows do not show the newest events.",
        "the-projection-falls-behind",
        _age,
        QUARTERS_OF_AN_HOUR,
    ),
    # Half of the stream's 24 hours: as much again is left to mend it.
    Alarm(
        "stream-age-grave",
        "grave",
        12 * _HOUR,
        "The projection is so far behind that the stream is about to lose events: it keeps them for 24 hours.",
        "the-projection-falls-behind",
        _age,
        QUARTERS_OF_AN_HOUR,
    ),
    # Of the stream: nothing then tells which rows lack events. Of a rebuild: nobody hears of its result. The metric
    # does not say which.
    Alarm(
        "destination-failures",
        "grave",
        0,
        "Lambda could not report what became of a batch that was given up, or of a rebuild: its record is lost.",
        "a-report-could-not-be-delivered",
        _undelivered,
        ONCE_IN_A_LONG_RUN,
    ),
)
