"""What the component deploys, as far as it costs money.

The numbers are repeated here because the modules that define them need Pulumi. Tests keep them equal to what is
deployed.
"""

from typing import Final

PERSIST_GB: Final = 512 / 1024
PROJECT_GB: Final = 1769 / 1024
"""The functions' memory."""

PERSIST_BATCH: Final = 10
PROJECT_BATCH: Final = 100
"""How many events the functions receive at once, at most."""

EVENTS_PER_SNAPSHOT: Final = 100
LOG_RETENTION_DAYS: Final = 365
DEVELOPMENT_LOG_RETENTION_DAYS: Final = 7
"""Default inputs."""

DATA_KEY_REUSE_SECONDS: Final = 3600
"""How long SQS uses a data key before it asks KMS for another."""

METRICS: Final = ("EventsStored", "EventsProjected", "LagFromArrival", "LagFromEventTime")
"""What the functions send when all is well. Metrics that report trouble cost only in hours with trouble."""

ALARMS: Final = 29
ALARM_METRICS: Final = 41
"""More than there are alarms: some watch several metrics."""
