"""Entry point of the project function: the events table's stream, and rebuild requests, to domain rows."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from . import clients, domain_logic
from .budget import Budget
from .domain_table import DomainTable
from .events_table import EventsTable
from .folding import Recipe
from .project import Project, count_repeated_id
from .projection import Projection
from .queues import ParkedQueue
from .rebuild import Rebuilds
from .settings import ProjectSettings
from .snapshots_table import SnapshotsTable
from .telemetry import Telemetry
from .tracing import Tracing

_SHARE_OF_TIME = 0.9
"""Of what Lambda gives: the rest is for the writes that are under way when it is over."""


def start() -> Project:
    """Tie the function together from its environment. Raises BrokenSettings, BrokenDomainLogic."""
    settings = ProjectSettings.read()
    logic = domain_logic.load()
    dynamodb = clients.dynamodb()
    events = EventsTable(dynamodb, settings.events_table)
    rows = DomainTable(dynamodb, settings.domain_table)
    snapshots = SnapshotsTable(dynamodb, settings.snapshots_table)
    telemetry = Telemetry(settings.domain_name, settings.function_name, Tracing(settings.trace_daemon))
    recipe = Recipe(
        logic,
        settings.logic_version,
        settings.event_time_limit_seconds,
        settings.events_per_snapshot,
        on_repeated_id=partial(count_repeated_id, telemetry),
    )
    notices = ParkedQueue(clients.sqs(), settings.parked_queue_url, settings.domain_name)
    return Project(
        settings=settings,
        projection=Projection(events, rows, snapshots, notices, recipe),
        rebuilds=Rebuilds(events, rows, snapshots, recipe),
        rows=rows,
        telemetry=telemetry,
        writers=ThreadPoolExecutor(clients.CONNECTIONS),
    )


_project = start()


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Lambda's call: a batch of the stream, or a rebuild request from the bus."""
    budget = Budget.of(context, _SHARE_OF_TIME)
    if "Records" in event:
        return _project.handle_batch(event["Records"], budget)
    return _project.rebuild(event["detail"], request_id=getattr(context, "aws_request_id", ""), budget=budget)
