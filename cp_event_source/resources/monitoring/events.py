"""Alarms on the events themselves: what they claim, and whether they get into rows.

Not watched: `DuplicateEvents`, `ErasedEvents`, `BatchesRedelivered`, `LateEvents`, `DomainsRefolded`, `DomainsHealed`
and `DomainsRebuilt`, which are what the pipeline is there for; `RepeatedEventIds`, which each fold that reads a pair
counts again, so that one old pair would keep an alarm on; `DomainsReturned`, of which the stream's age tells once it
goes on. `LagFromArrival` is on the dashboard only: what stands still has no lag, it has an age.
"""

from typing import Final

from .metrics import Metric, of_handler
from .specification import AT_ONCE, QUARTERS_OF_AN_HOUR, Alarm, Expression
from .watched import Watched


def _conflicts(watched: Watched) -> Metric:
    return of_handler(watched, watched.persist, "ConflictingEvents")


def _stored_and_not_projected(watched: Watched) -> Expression:
    """How many events were stored in one quarter of an hour, if the projection dealt with none in that or the next: put
    it into its row, found it there, or let it wait at a parked domain object, which has an alarm of its own.

    In one period alone an event may be stored just before its end, and projected right after it. The functions send
    no zeros: FILL makes them. The first period that CloudWatch takes has none before it, there `DIFF_TIME` has no
    value, which counts as 0.
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
    # The stored event was kept, the other one lies in the dead-letter queue. Counted by itself since it may be an
    # attempt to rewrite history.
    Alarm(
        "conflicts",
        "warning",
        0,
        "An event came with the id and time of a stored one, but other content; the stored one was kept.",
        "conflicting-events",
        _conflicts,
        AT_ONCE,
    ),
    # A stream without a reader tells no age, and loses events after 24 hours.
    Alarm(
        "not-projected",
        "grave",
        0,
        "Events are stored, but none gets into a row: after 24 hours the stream loses them.",
        "stored-but-not-projected",
        _stored_and_not_projected,
        QUARTERS_OF_AN_HOUR,
    ),
)
