"""The project function: follows the events table's stream and computes the domain's rows with the domain's logic."""

import json
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from ..handler.domain.index_keys import to_text
from ..handler.events.stored_event import DECIDED
from ..inputs.arguments import Settings
from ..inputs.indexes import Index
from .lambda_function import Description, create_lambda_function
from .policy_documents import allow, follow
from .queues import Queues
from .scope import Scope
from .tables import Tables, index_keys

TIMEOUT_SECONDS: Final = 900
"""Lambda's maximum: a late event or a rebuild may fold a long history."""

BATCH_SIZE: Final = 100

EVENT_TIME_LIMIT_SECONDS: Final = 10
"""How long domain logic may work on one event before its domain object is parked. Folding computes and does not wait:
logic that needs longer hangs."""

_PROJECTED: Final = {"eventName": ["INSERT"], "dynamodb": {"NewImage": {DECIDED: {"S": [{"exists": False}]}}}}
"""New events, without those of decisions: their rows hold them already. An attribute without a text is no leaf, and
`exists` tests leaves."""


@dataclass(frozen=True)
class ProjectFunction:
    """The function, and where the results of its rebuilds go."""

    function: aws.lambda_.Function
    event_bus_destination: aws.lambda_.FunctionEventInvokeConfig


def create_project_function(
    scope: Scope,
    settings: Settings,
    *,
    tables: Tables,
    queues: Queues,
    event_bus_arn: pulumi.Output[str],
    key_arn: pulumi.Output[str],
) -> ProjectFunction:
    """The function that computes the domain's rows.

    It follows and reads the events, reads and writes the rows and their snapshots, and reports what it could not do.

    Lambda retries a batch until the stream drops it after 24 hours: a bounded number of retries would skip events.
    """
    description = Description(
        name="project",
        purpose=f"Computes the rows of the domain {scope.domain_name}",
        handler="handler.project_function.handle",
        memory_mb=settings.functions.project_memory_mb,
        timeout_seconds=TIMEOUT_SECONDS,
        reserved_concurrency=settings.functions.project_reserved_concurrency,
        layers=[settings.logic_layer],
        environment={
            "DOMAIN_NAME": scope.domain_name,
            "DOMAIN_EVENTS_TABLE": tables.domain_events.name,
            "DOMAIN_TABLE": tables.domain.name,
            "DOMAIN_SNAPSHOTS_TABLE": tables.domain_snapshots.name,
            "PARKED_QUEUE_URL": queues.parked.url,
            "LOGIC_VERSION": settings.logic_layer,
            "EVENT_TIME_LIMIT_SECONDS": str(EVENT_TIME_LIMIT_SECONDS),
            "EVENTS_PER_SNAPSHOT": settings.events_per_snapshot.apply(str),
            **_index_keys(settings.domain_table_indexes),
            **_ttl_attribute(settings.domain_table_ttl_attribute),
        },
        rights=[
            *follow("FollowEvents", tables.domain_events.stream_arn),
            allow("ReadEvents", ["dynamodb:Query"], tables.domain_events.arn),
            allow("KeepRows", ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem"], tables.domain.arn),
            # A snapshot is written over, never deleted.
            allow("KeepSnapshots", ["dynamodb:GetItem", "dynamodb:PutItem"], tables.domain_snapshots.arn),
            # The mapping sends to its on-failure queue with the function's role.
            allow("Report", ["sqs:SendMessage"], [queues.parked.arn, queues.projection_dead_letter.arn]),
            # So does the asynchronous invocation's destination.
            allow("ReportRebuilds", ["events:PutEvents"], event_bus_arn),
        ],
        event_source={
            "event_source_arn": tables.domain_events.stream_arn,
            "starting_position": "TRIM_HORIZON",
            "batch_size": BATCH_SIZE,
            "parallelization_factor": 1,
            "bisect_batch_on_function_error": True,
            "maximum_retry_attempts": -1,
            "maximum_record_age_in_seconds": -1,
            "filter_criteria": aws.lambda_.EventSourceMappingFilterCriteriaArgs(
                filters=[aws.lambda_.EventSourceMappingFilterCriteriaFilterArgs(pattern=json.dumps(_PROJECTED))]
            ),
            "destination_config": aws.lambda_.EventSourceMappingDestinationConfigArgs(
                on_failure=aws.lambda_.EventSourceMappingDestinationConfigOnFailureArgs(
                    destination_arn=queues.projection_dead_letter.arn
                )
            ),
        },
    )
    project = create_lambda_function(scope, settings, description, key_arn=key_arn)
    # Results of rebuilds, which invoke the function asynchronously, go to the bus. They make no loop: such a record has
    # no `detail.EventType`, which both rules ask for.
    destination = aws.lambda_.FunctionEventInvokeConfig(
        scope.child("event-bus-destination"),
        region=scope.region,
        function_name=project.function.name,
        destination_config=aws.lambda_.FunctionEventInvokeConfigDestinationConfigArgs(
            on_success=aws.lambda_.FunctionEventInvokeConfigDestinationConfigOnSuccessArgs(destination=event_bus_arn),
            on_failure=aws.lambda_.FunctionEventInvokeConfigDestinationConfigOnFailureArgs(destination=event_bus_arn),
        ),
        opts=scope.options(depends_on=[project.role_policy]),
    )
    return ProjectFunction(project.function, destination)


def _index_keys(indexes: pulumi.Output[tuple[Index, ...]] | None) -> dict[str, pulumi.Output[str]]:
    """So that the function parks an object whose row DynamoDB would refuse."""
    return {} if indexes is None else {"DOMAIN_TABLE_INDEX_KEYS": indexes.apply(index_keys).apply(to_text)}


def _ttl_attribute(name: pulumi.Output[str] | None) -> dict[str, pulumi.Output[str]]:
    """So that no row expires while its object is parked."""
    return {} if name is None else {"DOMAIN_TABLE_TTL_ATTRIBUTE": name}
