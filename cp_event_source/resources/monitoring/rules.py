"""Alarms on the two rules: what EventBridge could not deliver.

EventBridge counts a failed delivery when it gives up: after 24 hours of retries, or at once if a retry is useless (a
missing right, a queue that is gone). No alarm watches `ThrottledRules`, since EventBridge retries.
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
    # The event went to the dead-letter queue instead.
    Alarm(
        "domain-event-rule-failures",
        "warning",
        0,
        "EventBridge could not deliver a domain event to the ingest queue, and does not retry.",
        "the-bus-cannot-deliver",
        _events_failed,
        AT_ONCE,
    ),
    # There is no other copy, unless the producer or an archive has one.
    Alarm(
        "domain-event-rule-losses",
        "critical",
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
        "EventBridge could not deliver a rebuild request to the project function, and does not retry.",
        "the-bus-cannot-deliver",
        _requests_failed,
        AT_ONCE,
    ),
    # A request can be sent again. But both rules share the dead-letter queue.
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
