"""Entry point of the project function: the events table's stream, and rebuild requests, to domain rows."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from .aws import clients
from .aws.domain_table import DomainTable
from .aws.events_table import EventsTable
from .aws.queues import ParkedQueue
from .aws.settings import ProjectSettings
from .aws.snapshots_table import SnapshotsTable
from .aws.telemetry import Telemetry
from .aws.tracing import Tracing
from .domain import logic as domain_logic
from .project import Project, count_repeated_id
from .projection.decide import Projection
from .projection.folding import Recipe
from .projection.rebuild import Rebuilds
from .values.budget import Budget

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
