"""A snapshot of a pipeline in which all is well, for tests that change one thing."""

from dataclasses import replace
from typing import Any, Final

from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.operate.overview import watched_metrics as names
from cp_event_source.operate.overview.metric_data import Point, Series
from cp_event_source.operate.overview.resource_names import DOMAIN_EVENTS, FUNCTIONS, PERSIST, PROJECT, QUEUES, REBUILDS
from cp_event_source.operate.overview.snapshot import Alarm, Depth, Function, Parked, Snapshot, Source, Stage

NOW: Final = 1_767_225_600.0
LAYER: Final = "arn:aws:lambda:eu-west-1:123456789012:layer:file-domain:7"
EMPTY: Final = Depth(0, 0, 0)
HERE: Final = "eu-west-1:123456789012"

OUTPUTS: Final = {
    "domain_name": "File",
    "domain_events_table_name": "files-domain-events",
    "domain_events_stream_arn": f"arn:aws:dynamodb:{HERE}:table/files-domain-events/stream/1",
    "domain_table_name": "files-domain",
    "domain_snapshots_table_name": "files-domain-snapshots",
    "domain_event_rule_arn": f"arn:aws:events:{HERE}:rule/files-bus/files-domain-event",
    "domain_event_lambda_rule_arn": f"arn:aws:events:{HERE}:rule/files-bus/files-rebuild",
    "persist_function_arn": f"arn:aws:lambda:{HERE}:function:files-persist",
    "project_function_arn": f"arn:aws:lambda:{HERE}:function:files-project",
    "ingest_queue_arn": f"arn:aws:sqs:{HERE}:files-ingest",
    **{f"{queue}_queue_url": f"https://sqs.example/1/files-{queue.replace('_', '-')}" for queue in QUEUES},
}


def pipeline(clients: Any = None) -> Pipeline:
    return Pipeline("files", OUTPUTS, clients)


def function(name: str, **changes: Any) -> Function:
    is_project = name == PROJECT
    known = Function(
        state="Active",
        state_code="",
        update="Successful",
        memory_mb=1769 if is_project else 512,
        code_sha256="abc",
        layers=[LAYER] if is_project else [],
        log_group=f"files-{name}-logs",
        logic_version=LAYER if is_project else None,
        logic_version_error="the function has none",
        modified="2026-01-01T00:00:00Z",
    )
    return replace(known, **changes)


def stage(name: str, **changes: Any) -> Stage:
    source = Source("u-1", "Enabled", "User action", "OK" if name == PROJECT else "")
    return replace(Stage(function(name), source, None), **changes)


def series(*points: tuple[float, float]) -> Series:
    """Points by how many seconds ago their period began."""
    return Series(tuple(Point(NOW - ago, value) for ago, value in points))


def all_metrics(**changed: Series) -> dict[str, Series]:
    """A quiet pipeline's metrics: none has a point."""
    groups = [(name, f"files-{name}-logs") for name in FUNCTIONS]
    return dict.fromkeys(names.metrics_of(pipeline(), groups), Series()) | changed


def snapshot(**changes: Any) -> Snapshot:
    known = Snapshot(
        domain_name="File",
        at=NOW,
        rules={DOMAIN_EVENTS: "ENABLED", REBUILDS: "ENABLED"},
        stages={PERSIST: stage(PERSIST), PROJECT: stage(PROJECT)},
        metrics=all_metrics(),
        queues=dict.fromkeys(QUEUES, EMPTY),
        parked=Parked(0, is_all=True, oldest_since=None),
        alarms=[Alarm("files-alarm-parked", "OK", "", "warning", "a-domain-object-is-parked")],
    )
    return replace(known, **changes)


def with_stage(name: str, **changes: Any) -> Snapshot:
    stages = snapshot().stages
    return snapshot(stages={**stages, name: replace(stages[name], **changes)})


def with_queue(name: str, depth: Any) -> Snapshot:
    return snapshot(queues={**snapshot().queues, name: depth})


def with_metrics(depth: Depth = EMPTY, /, **changed: Series) -> Snapshot:
    """A snapshot with some metrics, and a depth of the ingest queue."""
    return replace(with_queue("ingest", depth), metrics=all_metrics(**changed))
