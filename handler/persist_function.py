"""The entry point of the persist function, which takes events from the ingest queue to the domain events table."""

from .aws import clients
from .aws.settings import PersistSettings
from .aws.telemetry import Telemetry
from .aws.tracing import Tracing
from .persist import Persist
from .values.clock import Clock
from .values.collector import collector_paused, spare_from_collector
from .values.threads import Threads

_settings = PersistSettings.read()
_clock = Clock()
_tracing = Tracing(_clock, _settings.trace_daemon)
_telemetry = Telemetry(_settings.domain_name, _settings.function_name, _clock, _tracing, log_level=_settings.log_level)
_writers = Threads(clients.CONNECTIONS)

with collector_paused():
    handle = Persist.start(_settings, clients.dynamodb(), clients.sqs(), _telemetry, _writers, _clock).handle
spare_from_collector()
