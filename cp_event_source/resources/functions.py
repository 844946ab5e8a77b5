"""The two functions, and what feeds each of them."""

import json
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from ..inputs.arguments import SignedCodeArgs
from . import code_archive
from .encryption import EncryptionKey
from .permissions import Execution
from .queues import Queues
from .scope import Scope

PERSIST_TIMEOUT_SECONDS: Final = 90
"""Messages are begun in the first half. It has room for the slowest batch of 6 MB, so that no message is put back for
lack of time alone: each return uses one of queues.MAX_RECEIVE_COUNT. In the second half the last message computes, and
may take two calls of 15 s, their tries and waits included."""
PERSIST_MEMORY_MB: Final = 512

PROJECT_TIMEOUT_SECONDS: Final = 900
"""Lambda's maximum: a late event or a rebuild may fold a long history."""
PROJECT_MEMORY_MB: Final = 1769
"""A whole processor, since folding computes. And room for the largest batches: 6 MB of events, or as many rows as are
read at once, each of 400 KB and all of it small numbers."""

EVENT_TIME_LIMIT_SECONDS: Final = 10
"""How long domain logic may work on one event before its domain is parked. Folding is arithmetic, without
waiting: logic that needs longer hangs."""

PERSIST_BATCH_SIZE: Final = 10
PROJECT_BATCH_SIZE: Final = 100

_MOST_CONCURRENT_BATCHES: Final = 1000
"""Of one queue that Lambda can be told; from 2."""


@dataclass(frozen=True)
class Deployed:
    """How both functions are deployed."""

    key: EncryptionKey
    """What their environment and logs are encrypted with."""
    signed_code: SignedCodeArgs | None
    """Where the code lies, signed; else it is deployed as it is installed here."""
    log_retention_days: int
    keep: bool
    """Whether Pulumi refuses to delete the logs."""


def log_group(scope: Scope, suffix: str, deployed: Deployed) -> aws.cloudwatch.LogGroup:
    """A function's log group. Made here, since the one that Lambda makes itself keeps its logs for ever.

    The logs are the only record of what was done to an event and when. And a function whose log group is gone goes on
    without logging: it may not make one.
    """
    return aws.cloudwatch.LogGroup(
        scope.child(suffix),
        kms_key_id=deployed.key.arn,
        retention_in_days=deployed.log_retention_days,
        tags=scope.tags,
        opts=scope.options(protect=deployed.keep),
    )


def persist_function(
    scope: Scope,
    *,
    execution: Execution,
    logs: aws.cloudwatch.LogGroup,
    domain_name: str,
    domain_events_table: aws.dynamodb.Table,
    queues: Queues,
    max_future_skew_seconds: int,
    deployed: Deployed,
    reserved_concurrency: int | None,
) -> aws.lambda_.Function:
    """Stores events."""
    return _function(
        scope,
        "persist",
        description=f"Stores the events of the domain {domain_name}"[:256],
        handler="handler.persist_function.handle",
        memory_size=PERSIST_MEMORY_MB,
        timeout=PERSIST_TIMEOUT_SECONDS,
        execution=execution,
        logs=logs,
        deployed=deployed,
        reserved_concurrency=reserved_concurrency,
        environment={
            "DOMAIN_NAME": domain_name,
            "DOMAIN_EVENTS_TABLE": domain_events_table.name,
            "INGEST_DEAD_LETTER_QUEUE_URL": queues.ingest_dead_letter.url,
            "MAX_FUTURE_SKEW_SECONDS": str(max_future_skew_seconds),
        },
    )


def project_function(
    scope: Scope,
    *,
    execution: Execution,
    logs: aws.cloudwatch.LogGroup,
    domain_name: str,
    logic_layer: pulumi.Output[str],
    domain_events_table: aws.dynamodb.Table,
    domain_table: aws.dynamodb.Table,
    domain_snapshots_table: aws.dynamodb.Table,
    queues: Queues,
    events_per_snapshot: int,
    deployed: Deployed,
    reserved_concurrency: int | None,
) -> aws.lambda_.Function:
    """Computes the domain's rows with the domain's own logic."""
    return _function(
        scope,
        "project",
        description=f"Computes the rows of the domain {domain_name}"[:256],
        handler="handler.project_function.handle",
        memory_size=PROJECT_MEMORY_MB,
        timeout=PROJECT_TIMEOUT_SECONDS,
        execution=execution,
        logs=logs,
        deployed=deployed,
        reserved_concurrency=reserved_concurrency,
        layers=[logic_layer],
        environment={
            "DOMAIN_NAME": domain_name,
            "DOMAIN_EVENTS_TABLE": domain_events_table.name,
            "DOMAIN_TABLE": domain_table.name,
            "DOMAIN_SNAPSHOTS_TABLE": domain_snapshots_table.name,
            "PARKED_QUEUE_URL": queues.parked.url,
            "LOGIC_VERSION": logic_layer,
            "EVENT_TIME_LIMIT_SECONDS": str(EVENT_TIME_LIMIT_SECONDS),
            "EVENTS_PER_SNAPSHOT": str(events_per_snapshot),
        },
    )


def persist_mapping(
    scope: Scope,
    *,
    function: aws.lambda_.Function,
    execution: Execution,
    queues: Queues,
    reserved_concurrency: int | None,
) -> aws.lambda_.EventSourceMapping:
    """Ingest queue to persist function.

    Lambda's pollers do not look at the function's reserved concurrency: each batch that it throttles would count as a
    delivery, and the tenth sends a message to the dead-letter queue. So they are told the limit themselves.
    """
    return aws.lambda_.EventSourceMapping(
        scope.child("persist"),
        function_name=function.arn,
        event_source_arn=queues.ingest.arn,
        batch_size=PERSIST_BATCH_SIZE,
        function_response_types=["ReportBatchItemFailures"],
        scaling_config=(
            aws.lambda_.EventSourceMappingScalingConfigArgs(
                maximum_concurrency=min(reserved_concurrency, _MOST_CONCURRENT_BATCHES)
            )
            if reserved_concurrency
            else None
        ),
        tags=scope.tags,
        # Lambda refuses the mapping while the role may not read its source.
        opts=scope.options(depends_on=[execution.policy]),
    )


def project_mapping(
    scope: Scope,
    *,
    function: aws.lambda_.Function,
    execution: Execution,
    domain_events_table: aws.dynamodb.Table,
    queues: Queues,
) -> aws.lambda_.EventSourceMapping:
    """The events table's stream to the project function.

    Retries go on until the stream drops the batch after its 24 hours: a bounded number would skip events.
    """
    return aws.lambda_.EventSourceMapping(
        scope.child("project"),
        function_name=function.arn,
        event_source_arn=domain_events_table.stream_arn,
        starting_position="TRIM_HORIZON",
        batch_size=PROJECT_BATCH_SIZE,
        parallelization_factor=1,
        bisect_batch_on_function_error=True,
        maximum_retry_attempts=-1,
        maximum_record_age_in_seconds=-1,
        function_response_types=["ReportBatchItemFailures"],
        filter_criteria=aws.lambda_.EventSourceMappingFilterCriteriaArgs(
            filters=[
                aws.lambda_.EventSourceMappingFilterCriteriaFilterArgs(pattern=json.dumps({"eventName": ["INSERT"]}))
            ]
        ),
        destination_config=aws.lambda_.EventSourceMappingDestinationConfigArgs(
            on_failure=aws.lambda_.EventSourceMappingDestinationConfigOnFailureArgs(
                destination_arn=queues.projection_dead_letter.arn
            )
        ),
        tags=scope.tags,
        opts=scope.options(depends_on=[execution.policy]),
    )


def event_bus_destination(
    scope: Scope,
    *,
    function: aws.lambda_.Function,
    execution: Execution,
    event_bus_arn: pulumi.Output[str],
) -> aws.lambda_.FunctionEventInvokeConfig:
    """Results of rebuilds, which invoke the function asynchronously, to the bus.

    No loop: such a record has no `detail.EventType`, which both rules ask for.
    """
    return aws.lambda_.FunctionEventInvokeConfig(
        scope.child("event-bus-destination"),
        function_name=function.name,
        destination_config=aws.lambda_.FunctionEventInvokeConfigDestinationConfigArgs(
            on_success=aws.lambda_.FunctionEventInvokeConfigDestinationConfigOnSuccessArgs(destination=event_bus_arn),
            on_failure=aws.lambda_.FunctionEventInvokeConfigDestinationConfigOnFailureArgs(destination=event_bus_arn),
        ),
        opts=scope.options(depends_on=[execution.policy]),
    )


def _function(
    scope: Scope,
    suffix: str,
    *,
    description: str,
    handler: str,
    memory_size: int,
    timeout: int,
    execution: Execution,
    logs: aws.cloudwatch.LogGroup,
    deployed: Deployed,
    reserved_concurrency: int | None,
    environment: dict[str, pulumi.Input[str]],
    layers: list[pulumi.Input[str]] | None = None,
) -> aws.lambda_.Function:
    signed = deployed.signed_code
    return aws.lambda_.Function(
        scope.child(suffix),
        description=description,
        runtime="python3.14",
        # Cheaper than x86_64; the code is pure Python.
        architectures=["arm64"],
        handler=handler,
        code=None if signed else code_archive.archive(),
        s3_bucket=signed["s3_bucket"] if signed else None,
        s3_key=signed["s3_key"] if signed else None,
        s3_object_version=signed["s3_object_version"] if signed else None,
        code_signing_config_arn=signed["code_signing_config_arn"] if signed else None,
        layers=layers,
        memory_size=memory_size,
        timeout=timeout,
        reserved_concurrent_executions=reserved_concurrency,
        role=execution.role.arn,
        kms_key_arn=deployed.key.arn,
        environment=aws.lambda_.FunctionEnvironmentArgs(variables=environment),
        logging_config=aws.lambda_.FunctionLoggingConfigArgs(log_format="JSON", log_group=logs.name),
        tracing_config=aws.lambda_.FunctionTracingConfigArgs(mode="Active"),
        tags=scope.tags,
        opts=scope.options(depends_on=[execution.policy]),
    )
