"""The input `monitoring`: whom alarms notify, and what is watched."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, NotRequired, TypedDict

import pulumi

from . import arn_patterns, checks
from .checks import Check
from .later import Later

MAX_ALARM_ACTIONS: Final = 4
"""An alarm takes five actions, and the topic is one of them."""

_TOPIC: Final = checks.an_arn(arn_patterns.TOPIC, "the ARN of an SNS topic", "arn:aws:sns:REGION:ACCOUNT:NAME")
_ACTION: Final = checks.an_arn(arn_patterns.ANY, "an ARN", "arn:aws:SERVICE:...")


class MonitoringArgs(TypedDict):
    """Alarms and dashboard."""

    alarms: NotRequired[bool]
    """Whether there are alarms. Default true, in a development stack false."""

    alarm_topic_arn: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that alarms notify; its policy, and that of its key, must let CloudWatch publish. Without it
    the component makes a topic of its own."""

    alarm_actions: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """ARNs of the actions that alarms take besides notifying the topic, at most four."""

    alarm_thresholds: NotRequired[pulumi.Input[dict[str, pulumi.Input[float]]]]
    """Thresholds instead of the default ones, by the alarm's name, in the unit of its metric."""

    dashboard: NotRequired[bool]
    """Whether there is a CloudWatch dashboard. Default true, in a development stack false."""


@dataclass(frozen=True)
class MonitoringSettings:
    """The checked input."""

    alarms: bool
    alarm_topic: pulumi.Output[str] | None
    alarm_actions: pulumi.Output[list[str]]
    alarm_thresholds: pulumi.Output[dict[str, float]]
    dashboard: bool

    @property
    def makes_topic(self) -> bool:
        """Whether the component makes a topic of its own."""
        return self.alarms and self.alarm_topic is None


def monitoring(alarm_names: Collection[str]) -> Check:
    """The check of the input. Whether there are alarms and a dashboard must be known at once.

    Args:
        alarm_names: the alarms that `alarm_thresholds` may name.
    """
    return checks.fields(
        _fields(alarm_names), "a dictionary with alarms, dashboard and the like", plain={"alarms", "dashboard"}
    )


def monitoring_settings(
    name: str, given: MonitoringArgs, alarm_names: Collection[str], *, development: bool
) -> MonitoringSettings:
    """The settings that a checked input describes."""
    known = {field: value for field, value in given.items() if value is not None}
    later = Later(known, _fields(alarm_names), within=f"{name}.")
    return MonitoringSettings(
        alarms=bool(known.get("alarms", not development)),
        alarm_topic=later.if_given("alarm_topic_arn"),
        alarm_actions=later.value("alarm_actions", []),
        alarm_thresholds=later.value("alarm_thresholds", {}),
        dashboard=bool(known.get("dashboard", not development)),
    )


def _fields(alarm_names: Collection[str]) -> dict[str, Check]:
    return {
        "alarms": checks.flag,
        "alarm_topic_arn": _TOPIC,
        "alarm_actions": checks.each(_ACTION, "actions", MAX_ALARM_ACTIONS),
        "alarm_thresholds": checks.thresholds(alarm_names),
        "dashboard": checks.flag,
    }
