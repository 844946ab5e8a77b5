"""Alarms on the events themselves: what they claim, and whether they reach rows.

No alarm watches:
- `DuplicateEvents`, `ErasedEvents`, `BatchesRedelivered`, `LateEvents`, `DomainsRefolded`, `DomainsHealed` and
  `DomainsRebuilt`: they count what the pipeline is made for.
- `RepeatedEventIds`: each fold that reads a pair counts it again, so that one old pair would keep an alarm on.
- `DomainsReturned`: if it lasts, the alarm on the stream's age goes off.
- `LagFromArrival`: what stands still has no lag, it has an age. The dashboard shows it.
"""

from typing import Final

from .metrics import Metric, of_handler
from .specification import AT_ONCE, QUARTERS_OF_AN_HOUR, Alarm, Expression
from .watched import Watched


def _conflicts(watched: Watched) -> Metric:
    return of_handler(watched, watched.persist, "ConflictingEvents")


def _stored_and_not_projected(watched: Watched) -> Expression:
    """How many events were stored in a period of 15 minutes, if the projection dealt with none in that and the next
    one.

    It deals with an event if it puts the event into its row, finds it there, or lets it wait at a parked domain object,
    which has an alarm of its own.

    One period is not enough: an event may be stored just before its end, and projected right after it. The functions
    send no zeros, so FILL adds them. The first period that CloudWatch takes has none before it: there `DIFF_TIME` has
    no value, which counts as 0.
    """
    return Expression(
        "IF((DIFF_TIME(stored_now) > 0) AND ((dealt_with_before + dealt_with_now) == 0), stored_before, 0)",
        {
            "stored": of_handler(watched, watched.persist, "EventsStored"),
            "projected": of_handler(watched, watched.project, "EventsProjected"),
            "waiting": of_handler(watched, watched.project, "EventsWaiting"),
            "again": of_handler(watched, watched.project, "BatchesRedelivered"),
        },
        {
            "stored_now": "FILL(stored, 0)",
            "stored_before": "stored_now - DIFF(stored_now)",
            "dealt_with_now": "FILL(projected, 0) + FILL(waiting, 0) + FILL(again, 0)",
            "dealt_with_before": "dealt_with_now - DIFF(dealt_with_now)",
        },
    )


ALARMS: Final = (
    # The stored event was kept, the other one is in the dead-letter queue. It has an alarm of its own since it may be
    # an attempt to rewrite history.
    Alarm(
        "conflicts",
        "warning",
        0,
        "An event has the id and the time of a stored event but other content; the stored event was kept.",
        "conflicting-events",
        _conflicts,
        AT_ONCE,
    ),
    # A stream without a reader reports no age, and loses events after 24 hours.
    Alarm(
        "not-projected",
        "critical",
        0,
        "Events are stored, but none reaches a row: the stream loses them after 24 hours.",
        "stored-but-not-projected",
        _stored_and_not_projected,
        QUARTERS_OF_AN_HOUR,
    ),
)
