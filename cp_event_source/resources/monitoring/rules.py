"""Alarms on the two rules: what EventBridge could not hand over.

EventBridge counts a failed delivery once it gives up, after 24 hours of tries, or at once where trying again is
useless (a missing right, a queue that is gone). Not watched: `ThrottledRules`, since it tries again.
"""

from typing import Final

from .metrics import Metric, of_rule
from .specification import AT_ONCE, Alarm
from .watched import Watched


def _events_failed(watched: Watched) -> Metric:
    return of_rule(watched, watched.routes.domain_event_rule, "FailedInvocations")


def _events_lost(watched: Watched) -> Metric:
    return of_rule(watched, watched.routes.domain_event_rule, "InvocationsFailedToBeSentToDlq")


def _requests_failed(watched: Watched) -> Metric:
    return of_rule(watched, watched.routes.rebuild_rule, "FailedInvocations")


def _requests_lost(watched: Watched) -> Metric:
    return of_rule(watched, watched.routes.rebuild_rule, "InvocationsFailedToBeSentToDlq")


ALARMS: Final = (
    # It went to the dead-letter queue instead.
    Alarm(
        "domain-event-rule-failures",
        "warning",
        0,
        "EventBridge could not hand a domain event to the ingest queue, and will not try again.",
        "the-bus-cannot-deliver",
        _events_failed,
        AT_ONCE,
    ),
    # There is no other copy, unless the producer or an archive has one.
    Alarm(
        "domain-event-rule-losses",
        "grave",
        0,
        "EventBridge lost a domain event: neither the ingest queue nor its dead-letter queue took it.",
        "the-bus-cannot-deliver",
        _events_lost,
        AT_ONCE,
    ),
    Alarm(
        "rebuild-rule-failures",
        "warning",
        0,
        "EventBridge could not hand a rebuild request to the project function, and will not try again.",
        "the-bus-cannot-deliver",
        _requests_failed,
        AT_ONCE,
    ),
    # A request is no data: it can be made again. But the dead-letter queue is shared with the events' rule.
    Alarm(
        "rebuild-rule-losses",
        "warning",
        0,
        "EventBridge lost a rebuild request: neither the project function nor the dead-letter queue took it.",
        "the-bus-cannot-deliver",
        _requests_lost,
        AT_ONCE,
    ),
)
