"""Alarms, their topic and the dashboard, as the inputs ask for them."""

from dataclasses import dataclass

import pulumi

from ...inputs.monitoring import MonitoringSettings
from ..scope import Scope
from .cloudwatch_dashboard import create_dashboard, dashboard_url
from .metric_alarms import create_alarms
from .topic import create_alarm_topic
from .watched import Watched


@dataclass(frozen=True)
class Monitoring:
    """Where people are notified, and where they look."""

    alarm_topic_arn: pulumi.Output[str] | None
    """None if there are neither alarms nor a topic given."""
    dashboard_url: pulumi.Output[str] | None
    """None if there is no dashboard."""


def create_monitoring(
    scope: Scope, settings: MonitoringSettings, watched: Watched, *, key_arn: pulumi.Output[str]
) -> Monitoring:
    """The alarms on what is watched, their topic unless one is given, and the dashboard."""
    topic_arn = settings.alarm_topic
    if settings.alarms:
        if topic_arn is None:
            topic_arn = create_alarm_topic(scope, key_arn=key_arn).arn
        alarms = create_alarms(
            scope,
            watched,
            topic_arn=topic_arn,
            actions=settings.alarm_actions,
            thresholds=settings.alarm_thresholds,
        )
    else:
        alarms = []
    dashboard = create_dashboard(scope, watched, alarms=alarms) if settings.dashboard else None
    return Monitoring(topic_arn, dashboard_url(dashboard) if dashboard else None)
