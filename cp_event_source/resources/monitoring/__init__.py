"""What the component tells of itself: alarms, the topic they are published to, and a dashboard.

One module for each thing that is watched holds the alarms on it, as data: which metric, when it is too much, what that
means, and the runbook's section. `catalogue` lists them all, `metric_alarms` makes them; `graphs` is what the dashboard
shows, `cloudwatch_dashboard` lays it out.
"""

from .catalogue import DEFAULT_THRESHOLDS
from .cloudwatch_dashboard import dashboard, dashboard_url
from .metric_alarms import alarms
from .topic import alarm_topic
from .watched import Watched

__all__ = ["DEFAULT_THRESHOLDS", "Watched", "alarm_topic", "alarms", "dashboard", "dashboard_url"]
