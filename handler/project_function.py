"""Entry point of the project function: the events table's stream, and rebuild requests, to domain rows."""

from typing import Any

from . import clients, domain_logic
from .domain_table import DomainTable
from .events_table import EventsTable
from .project import Project
from .projection import Projection
from .queues import ParkedQueue
from .settings import ProjectSettings
from .telemetry import Telemetry


def start() -> Project:
    """Tie the function together from its environment. Raises BrokenSettings, BrokenDomainLogic."""
    settings = ProjectSettings.read()
    logic = domain_logic.load()
    dynamodb = clients.dynamodb()
    rows = DomainTable(dynamodb, settings.domain_table)
    projection = Projection(
        events=EventsTable(dynamodb, settings.events_table),
        rows=rows,
        notices=ParkedQueue(clients.sqs(), settings.parked_queue_url, settings.domain_name),
        logic=logic,
        logic_version=settings.logic_version,
        seconds_per_event=settings.event_time_limit_seconds,
    )
    return Project(
        settings=settings,
        projection=projection,
        rows=rows,
        telemetry=Telemetry(settings.domain_name, settings.function_name),
    )


_project = start()


def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Lambda's call: a batch of the stream, or a rebuild request from the bus."""
    if "Records" in event:
        return _project.handle_batch(event["Records"])
    return _project.rebuild(event["detail"])
