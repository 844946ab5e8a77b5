"""The persist function: takes events from the ingest queue and stores them in the events table."""

from typing import Final

import pulumi
import pulumi_aws as aws

from ..inputs.arguments import Settings
from .lambda_function import Description, create_lambda_function
from .policy_documents import allow
from .queues import Queues
from .scope import Scope
from .tables import Tables

TIMEOUT_SECONDS: Final = 90
"""The function begins messages in the first half. That is enough for the slowest batch of 6 MB, so that no message goes
back to the queue for lack of time alone: each return uses one of queues.MAX_RECEIVE_COUNT. In the second half the last
message is computed, with at most two calls of 15 s, their retries and waits included."""

BATCH_SIZE: Final = 10

_MAX_CONCURRENT_BATCHES: Final = 1000
"""Lambda's maximum for one queue; its minimum is 2."""


def create_persist_function(
    scope: Scope, settings: Settings, *, tables: Tables, queues: Queues, key_arn: pulumi.Output[str]
) -> aws.lambda_.Function:
    """The function that stores events.

    It takes from the ingest queue, adds to the events table, and puts aside in the ingest dead-letter queue.

    Lambda's pollers do not look at the function's reserved concurrency: each batch that Lambda throttles would count as
    a delivery, and the tenth sends a message to the dead-letter queue. So the mapping has the limit, too.
    """
    reserved = settings.functions.persist_reserved_concurrency
    description = Description(
        name="persist",
        purpose=f"Stores the events of the domain {scope.domain_name}",
        handler="handler.persist_function.handle",
        memory_mb=settings.functions.persist_memory_mb,
        timeout_seconds=TIMEOUT_SECONDS,
        reserved_concurrency=reserved,
        environment={
            "DOMAIN_NAME": scope.domain_name,
            "DOMAIN_EVENTS_TABLE": tables.domain_events.name,
            "INGEST_DEAD_LETTER_QUEUE_URL": queues.ingest_dead_letter.url,
            "MAX_FUTURE_SKEW_SECONDS": settings.max_future_skew_seconds.apply(str),
        },
        rights=[
            allow(
                "TakeEvents",
                ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
                queues.ingest.arn,
            ),
            allow("StoreEvents", ["dynamodb:PutItem"], tables.domain_events.arn),
            allow("PutAside", ["sqs:SendMessage"], queues.ingest_dead_letter.arn),
        ],
        event_source={
            "event_source_arn": queues.ingest.arn,
            "batch_size": BATCH_SIZE,
            "scaling_config": (
                aws.lambda_.EventSourceMappingScalingConfigArgs(
                    maximum_concurrency=reserved.apply(lambda number: min(number, _MAX_CONCURRENT_BATCHES))
                )
                if reserved is not None
                else None
            ),
        },
    )
    return create_lambda_function(scope, settings, description, key_arn=key_arn).function
