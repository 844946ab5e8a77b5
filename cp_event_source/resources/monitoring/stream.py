"""Alarms on the projection's delay behind the events table's stream, which keeps events for 24 hours.

The age is that of the last event of a batch when Lambda passes the batch to the function, in milliseconds. A reader
that is off reports no age: `not-projected` watches that.
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
    # Four of the longest invocations: a single long fold holds up its shard for less.
    Alarm(
        "stream-age",
        "warning",
        _HOUR,
        "The projection is far behind: rows do not show the newest events.",
        "the-projection-falls-behind",
        _age,
        QUARTERS_OF_AN_HOUR,
    ),
    # Half of the stream's 24 hours: the other half is left to fix it.
    Alarm(
        "stream-age-grave",
        "critical",
        12 * _HOUR,
        "The projection is so far behind that the stream is about to lose events: it keeps them for 24 hours.",
        "the-projection-falls-behind",
        _age,
        QUARTERS_OF_AN_HOUR,
    ),
    # Without the record of a batch nothing says which rows lack events; without that of a rebuild nobody is notified of
    # its result. The metric does not say which it was.
    Alarm(
        "destination-failures",
        "critical",
        0,
        "Lambda could not deliver its report on a batch that it gave up, or on a rebuild: the report is lost.",
        "a-report-could-not-be-delivered",
        _undelivered,
        ONCE_IN_A_LONG_RUN,
    ),
)
