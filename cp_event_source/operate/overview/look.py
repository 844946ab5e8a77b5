"""Looks at a deployed pipeline: every part by itself, so that one that cannot be read hides no other."""

import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, ParamSpec, TypeVar

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004

from cp_event_source.deployed.errors import CommandError
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.handler.projection.rows import PARKED_SINCE
from cp_event_source.handler.values.clock import Clock
from cp_event_source.operate.overview.metric_data import Series, read_metrics
from cp_event_source.operate.overview.resource_names import (
    FUNCTIONS,
    PERSIST,
    QUEUES,
    RULES,
    TABLES,
    function_name,
    queue_name,
    queue_url,
    rule_of,
    table_name,
)
from cp_event_source.operate.overview.snapshot import Alarm, Depth, Function, Parked, Snapshot, Source, Stage, Unknown
from cp_event_source.operate.overview.watched_metrics import metrics_of
from cp_event_source.operate.pace import Pace
from cp_event_source.operate.scan import scan
from cp_event_source.operate.selection import PARKED_INDEX

MAX_COUNTED: Final = 10_000
"""Parked objects that are counted. Above, the number changes nothing."""

_READ_UNITS_PER_SECOND: Final = 100.0

_QUICK: Final = {"connect_timeout": 5, "read_timeout": 20}
"""Seconds. An address that does not answer makes its parts unknown."""

_SECTION: Final = re.compile(r"docs/runbook\.md#([a-z0-9-]+)")
_SEVERITY: Final = re.compile(r"(warning|critical): ")

P = ParamSpec("P")
T = TypeVar("T")


def look_at(pipeline: Pipeline, clock: Clock) -> Snapshot:
    """The pipeline as it is now."""
    quick = {
        service: pipeline.clients.with_settings(service, **_QUICK)
        for service in ("cloudwatch", "dynamodb", "events", "lambda", "sqs")
    }
    now = clock.now()
    with ThreadPoolExecutor() as pool:

        def begin(read: Callable[P, T], *given: P.args, **named: P.kwargs) -> "Future[T | Unknown]":
            return pool.submit(_known, partial(read, *given, **named))

        functions = {each: begin(_function, quick["lambda"], pipeline, each) for each in FUNCTIONS}
        sources = {each: begin(_source, quick["lambda"], pipeline, each) for each in FUNCTIONS}
        reserved = {each: begin(_reserved, quick["lambda"], pipeline, each) for each in FUNCTIONS}
        rules = {each: begin(_rule, quick["events"], pipeline, each) for each in RULES}
        queues = {each: begin(_depth, quick["sqs"], pipeline, each) for each in QUEUES}
        parked = begin(_parked, quick["dynamodb"], pipeline, clock)
        alarms = begin(_alarms, quick["cloudwatch"], pipeline)
        log_groups = [
            (name, known.log_group)
            for name, each in functions.items()
            if isinstance(known := each.result(), Function) and known.log_group
        ]
        metrics = begin(_metrics, quick["cloudwatch"], pipeline, log_groups, now)
        return Snapshot(
            domain_name=pipeline.domain_name,
            at=now,
            rules=_results(rules),
            stages={
                each: Stage(functions[each].result(), sources[each].result(), reserved[each].result())
                for each in FUNCTIONS
            },
            metrics=metrics.result(),
            queues=_results(queues),
            parked=parked.result(),
            alarms=alarms.result(),
            is_emulated=pipeline.clients.endpoint is not None,
        )


def _results(futures: "Mapping[str, Future[T]]") -> dict[str, T]:
    return {name: each.result() for name, each in futures.items()}


def _known(read: Callable[[], T]) -> T | Unknown:
    """What is read, or why it cannot be. An error that concerns all parts, such as no credentials, is raised."""
    try:
        return read()
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code.startswith("AccessDenied"):
            return Unknown(f"no right to {error.operation_name}; auditor_policy_arn gives it")
        return Unknown(str(error))
    except (ConnectionError, HTTPClientError, CommandError) as error:
        return Unknown(str(error))


def _function(client: Any, pipeline: Pipeline, function: str) -> Function:
    known = client.get_function_configuration(FunctionName=function_name(pipeline, function))
    environment = known.get("Environment", {})
    return Function(
        state=known.get("State", ""),
        state_code=known.get("StateReasonCode") or "",
        update=known.get("LastUpdateStatus", ""),
        memory_mb=known["MemorySize"],
        code_sha256=known["CodeSha256"],
        layers=[layer["Arn"] for layer in known.get("Layers") or []],
        log_group=known.get("LoggingConfig", {}).get("LogGroup", ""),
        logic_version=environment.get("Variables", {}).get("LOGIC_VERSION"),
        logic_version_error=environment.get("Error", {}).get("Message", "the function has none"),
        modified=known.get("LastModified", ""),
    )


def _source(client: Any, pipeline: Pipeline, function: str) -> Source | None:
    """The mapping from the ingest queue, or from the stream. Somebody may have added others."""
    wanted = pipeline.output("ingest_queue_arn" if function == PERSIST else "domain_events_stream_arn")
    pages = client.get_paginator("list_event_source_mappings").paginate(FunctionName=function_name(pipeline, function))
    for page in pages:
        for each in page["EventSourceMappings"]:
            if each["EventSourceArn"] == wanted:
                return Source(
                    each["UUID"],
                    each["State"],
                    each.get("StateTransitionReason") or "",
                    each.get("LastProcessingResult") or "",
                )
    return None


def _reserved(client: Any, pipeline: Pipeline, function: str) -> int | None:
    reply = client.get_function_concurrency(FunctionName=function_name(pipeline, function))
    reserved: int | None = reply.get("ReservedConcurrentExecutions")
    return reserved


def _rule(client: Any, pipeline: Pipeline, rule: str) -> str:
    known = rule_of(pipeline, rule)
    return str(client.describe_rule(Name=known.name, EventBusName=known.bus)["State"])


def _depth(client: Any, pipeline: Pipeline, queue: str) -> Depth:
    names = ("", "NotVisible", "Delayed")
    attributes = [f"ApproximateNumberOfMessages{name}" for name in names]
    reply = client.get_queue_attributes(QueueUrl=queue_url(pipeline, queue), AttributeNames=attributes)
    return Depth(*(int(reply["Attributes"].get(name, 0)) for name in attributes))


def _parked(client: Any, pipeline: Pipeline, clock: Clock) -> Parked:
    """By the index, which holds nothing but parked objects."""
    count, oldest = 0, None
    pace = Pace(_READ_UNITS_PER_SECOND, clock)
    for page in scan(client, table_name(pipeline, "domain"), pace, segments=1, IndexName=PARKED_INDEX):
        count += len(page.items)
        oldest = min([*filter(None, [oldest]), *(item[PARKED_SINCE]["S"] for item in page.items)], default=None)
        if count > MAX_COUNTED:
            return Parked(MAX_COUNTED, is_all=False, oldest_since=oldest)
    return Parked(count, is_all=True, oldest_since=oldest)


def _metrics(
    client: Any, pipeline: Pipeline, log_groups: Sequence[tuple[str, str]], now: float
) -> Mapping[str, Series]:
    return read_metrics(client, metrics_of(pipeline, log_groups), now)


def _alarms(client: Any, pipeline: Pipeline) -> Sequence[Alarm]:
    """The alarms on metrics of the pipeline's resources: the component's, and those of somebody's own.

    An alarm's name does not say which component it belongs to. The names of resources are unique in their region.
    """
    ours = {
        *(("FunctionName", function_name(pipeline, each)) for each in FUNCTIONS),
        *(("QueueName", queue_name(pipeline, each)) for each in QUEUES),
        *(("TableName", table_name(pipeline, each)) for each in TABLES),
        *(("RuleName", rule_of(pipeline, each).name) for each in RULES),
    }
    pages = client.get_paginator("describe_alarms").paginate(
        AlarmTypes=["MetricAlarm"], PaginationConfig={"PageSize": 100}
    )
    return [_alarm(each) for page in pages for each in page["MetricAlarms"] if not ours.isdisjoint(_dimensions(each))]


def _dimensions(alarm: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Of all metrics that an alarm watches: one, or those of its expression."""
    metrics = [alarm, *(query.get("MetricStat", {}).get("Metric", {}) for query in alarm.get("Metrics", []))]
    return {(pair["Name"], pair["Value"]) for metric in metrics for pair in metric.get("Dimensions", [])}


def _alarm(described: Mapping[str, Any]) -> Alarm:
    text = described.get("AlarmDescription") or ""
    severity, section = _SEVERITY.match(text), _SECTION.search(text)
    since = described.get("StateUpdatedTimestamp")
    return Alarm(
        name=described["AlarmName"],
        state=described["StateValue"],
        since=since.astimezone(UTC).isoformat(timespec="seconds") if isinstance(since, datetime) else "",
        severity=severity[1] if severity else None,
        section=section[1] if section else None,
    )
