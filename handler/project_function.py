"""The entry point of the project function, which turns the events table's stream into domain rows and runs rebuilds."""

from .aws import clients
from .aws.settings import ProjectSettings
from .aws.telemetry import Telemetry
from .aws.tracing import Tracing
from .domain import logic
from .project import Project
from .values.clock import Clock
from .values.collector import collector_paused, spare_from_collector
from .values.threads import Threads

_settings = ProjectSettings.read()
_logic = logic.load()
_clock = Clock()
_tracing = Tracing(_clock, _settings.trace_daemon)
_telemetry = Telemetry(_settings.domain_name, _settings.function_name, _clock, _tracing, log_level=_settings.log_level)
_writers = Threads(clients.CONNECTIONS)

with collector_paused():
    handle = Project.start(_settings, _logic, clients.dynamodb(), clients.sqs(), _telemetry, _writers, _clock).handle
spare_from_collector()
