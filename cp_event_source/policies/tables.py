"""Policies on the tables, and on tags."""

from collections.abc import Iterator
from typing import Final

from .policy import EachPolicy, all_of, encrypted, has, protected
from .resource import Resource

TAGGABLE: Final = (
    *("EventBus", "EventRule", "EventSourceMapping", "Function", "Key", "LogGroup", "MetricAlarm"),
    *("Policy", "Queue", "Role", "Table", "Topic"),
)
"""The kinds of the component's resources that can have tags."""


def _tagged(resource: Resource) -> Iterator[str]:
    for name in ("cp-event-source:component", "cp-event-source:domain"):
        if not resource.get("tags", name):
            yield f"tags must have {name}; found nothing"


POLICIES: Final = (
    EachPolicy("on-demand-capacity", ("Table",), has("billingMode", must_be="PAY_PER_REQUEST")),
    EachPolicy("point-in-time-recovery", ("Table",), has("pointInTimeRecovery", "enabled", must_be=True)),
    EachPolicy("deletion-protection", ("Table",), all_of(has("deletionProtectionEnabled", must_be=True), protected)),
    EachPolicy("tables-encrypted", ("Table",), all_of(has("serverSideEncryption", "enabled", must_be=True), encrypted)),
    EachPolicy("tags", TAGGABLE, _tagged),
)
