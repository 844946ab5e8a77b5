"""How people notice what happens in the component: alarms, the topic they are published to, and a dashboard.

One module for each thing that is watched holds the alarms on it, as data: which metric, the threshold, what the alarm
means, and the runbook's section. `catalogue` lists all alarms, `metric_alarms` creates them. `graphs` says what the
dashboard shows, `cloudwatch_dashboard` lays it out. `monitoring` creates what the inputs ask for.
"""

from .catalogue import DEFAULT_THRESHOLDS
from .monitoring import Monitoring, create_monitoring
from .watched import Watched

__all__ = ["DEFAULT_THRESHOLDS", "Monitoring", "Watched", "create_monitoring"]
