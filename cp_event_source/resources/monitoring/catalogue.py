"""All alarms, and their default thresholds."""

from collections.abc import Mapping
from typing import Final

from . import events, functions, queues, rebuilds, rules, stream, tables
from .specification import Alarm

ALARMS: Final[tuple[Alarm, ...]] = (
    *queues.ALARMS,
    *events.ALARMS,
    *stream.ALARMS,
    *functions.ALARMS,
    *rules.ALARMS,
    *rebuilds.ALARMS,
    *tables.ALARMS,
)

DEFAULT_THRESHOLDS: Final[Mapping[str, float]] = {alarm.name: alarm.threshold for alarm in ALARMS}
"""By the alarm's name, in the unit of its metric (seconds for SQS, milliseconds for Lambda, else a count): the highest
value that is still right."""
