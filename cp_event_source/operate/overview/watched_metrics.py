"""The metrics that `status` reads, with the dimensions that each service gives them."""

from collections.abc import Iterable
from typing import Final

from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.handler.aws.telemetry import NAMESPACE
from cp_event_source.operate.overview.metric_data import Metric
from cp_event_source.operate.overview.resource_names import (
    FUNCTIONS,
    INGEST,
    PERSIST,
    PROJECT,
    QUEUES,
    RULES,
    TABLES,
    function_name,
    queue_name,
    rule_of,
    table_name,
)
from cp_event_source.operate.selection import PARKED_INDEX

STORED: Final = "EventsStored"
DUPLICATES: Final = "DuplicateEvents"
ERASED: Final = "ErasedEvents"
QUARANTINED: Final = ("ContractViolations", "UnstorableEvents", "ConflictingEvents")
PROJECTED: Final = "EventsProjected"
WAITING: Final = "EventsWaiting"
REDELIVERED: Final = "BatchesRedelivered"
RETURNED: Final = {PERSIST: "MessagesReturned", PROJECT: "DomainsReturned"}
REBUILT: Final = "DomainsRebuilt"
REBUILDS_FAILED: Final = "RebuildsFailed"

COUNTED: Final = {
    PERSIST: (STORED, DUPLICATES, ERASED, *QUARANTINED, RETURNED[PERSIST]),
    PROJECT: (PROJECTED, WAITING, REDELIVERED, RETURNED[PROJECT], REBUILT, REBUILDS_FAILED),
}
"""The counts that each function sends. Here they have these names themselves."""

LAG: Final = "LagFromArrival"
LAG_MEDIAN: Final = "lag_median"
LAG_MAXIMUM: Final = "lag_maximum"
ITERATOR_AGE: Final = "iterator_age"
INGEST_AGE: Final = "ingest_age"


def invocations(function: str) -> str:
    return f"{function}_invocations"


def duration(function: str) -> str:
    """Milliseconds of all invocations together."""
    return f"{function}_duration"


def errors(function: str) -> str:
    return f"{function}_errors"


def log_bytes(function: str) -> str:
    return f"{function}_log_bytes"


def read_units(table: str) -> str:
    return f"{table}_read_units"


def write_units(table: str) -> str:
    return f"{table}_write_units"


def sent(queue: str) -> str:
    return f"{queue}_sent"


def empty_receives(queue: str) -> str:
    return f"{queue}_empty_receives"


def matched(rule: str) -> str:
    return f"{rule}_matched"


INDEX: Final = "parked_index"


def metrics_of(pipeline: Pipeline, log_groups: Iterable[tuple[str, str]]) -> dict[str, Metric]:
    """The metrics, by the names that the functions above give them.

    Args:
        pipeline: the pipeline.
        log_groups: the function and the name of its log group, of each log group that is known.

    Raises:
        MissingOutputError: an output that names a resource is missing.
    """
    metrics: dict[str, Metric] = {}
    for function in FUNCTIONS:
        dimensions = {"FunctionName": function_name(pipeline, function)}
        metrics[invocations(function)] = Metric("AWS/Lambda", "Invocations", dimensions)
        metrics[duration(function)] = Metric("AWS/Lambda", "Duration", dimensions)
        metrics[errors(function)] = Metric("AWS/Lambda", "Errors", dimensions)
        own = {"DomainName": pipeline.domain_name, **dimensions}
        metrics |= {name: Metric(NAMESPACE, name, own) for name in COUNTED[function]}
        if function == PROJECT:
            metrics[ITERATOR_AGE] = Metric("AWS/Lambda", "IteratorAge", dimensions, "Maximum")
            metrics[LAG_MEDIAN] = Metric(NAMESPACE, LAG, own, "p50")
            metrics[LAG_MAXIMUM] = Metric(NAMESPACE, LAG, own, "Maximum")
    for queue in QUEUES:
        dimensions = {"QueueName": queue_name(pipeline, queue)}
        metrics[sent(queue)] = Metric("AWS/SQS", "NumberOfMessagesSent", dimensions)
        metrics[empty_receives(queue)] = Metric("AWS/SQS", "NumberOfEmptyReceives", dimensions)
        if queue == INGEST:
            metrics[INGEST_AGE] = Metric("AWS/SQS", "ApproximateAgeOfOldestMessage", dimensions, "Maximum")
    tables = {table: {"TableName": table_name(pipeline, table)} for table in TABLES}
    tables[INDEX] = {**tables["domain"], "GlobalSecondaryIndexName": PARKED_INDEX}
    for table, dimensions in tables.items():
        metrics[read_units(table)] = Metric("AWS/DynamoDB", "ConsumedReadCapacityUnits", dimensions)
        metrics[write_units(table)] = Metric("AWS/DynamoDB", "ConsumedWriteCapacityUnits", dimensions)
    for rule in RULES:
        metrics[matched(rule)] = Metric("AWS/Events", "TriggeredRules", rule_of(pipeline, rule).dimensions)
    for function, group in log_groups:
        metrics[log_bytes(function)] = Metric("AWS/Logs", "IncomingBytes", {"LogGroupName": group})
    return metrics
