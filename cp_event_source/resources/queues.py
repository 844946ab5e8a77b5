"""The four queues, and who may write to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from . import arns
from .json_text import json_text
from .policy_documents import document, only_tls
from .scope import Scope

RETENTION_SECONDS: Final = 14 * 24 * 3600
"""SQS's maximum. Then SQS deletes a message that still waits."""

MAX_RECEIVE_COUNT: Final = 10
"""Deliveries before SQS itself moves a message to the dead-letter queue: enough for an outage of an hour at a
visibility time-out of nine minutes."""

DATA_KEY_REUSE_SECONDS: Final = 3600
"""How long SQS uses a data key before it asks KMS for another one: each request costs."""

_MAX_MESSAGE_BYTES: Final = 1024 * 1024
"""As large as an event on the bus may be; a queue's default is 256 KB."""


@dataclass(frozen=True)
class Queues:
    """The component's queues."""

    ingest: aws.sqs.Queue
    """Events from the bus that wait to be stored."""
    ingest_dead_letter: aws.sqs.Queue
    """Events that cannot be stored, or that EventBridge could not deliver."""
    parked: aws.sqs.Queue
    """A message for each event that domain logic failed at."""
    projection_dead_letter: aws.sqs.Queue
    """Metadata of stream batches that Lambda gave up."""


def create_queues(
    scope: Scope,
    *,
    ingest_timeout_seconds: int,
    ingest_window_seconds: pulumi.Output[int] | None = None,
    key_arn: pulumi.Output[str],
) -> Queues:
    """The queues, encrypted with the key, without their policies.

    They are protected: a queue takes its messages along, and no alarm counts messages that are gone. The events in the
    ingest queue and the dead letters are stored nowhere else; without the messages in the parked queue nobody looks at
    the parked objects.

    Args:
        scope: the component's.
        ingest_timeout_seconds: the time-out of the function that takes from the ingest queue. Lambda asks for a
            visibility time-out of six times that, since a batch may be retried while Lambda throttles it.
        ingest_window_seconds: for how long messages wait, received, for others.
        key_arn: the key's ARN.
    """
    ingest_dead_letter = _queue(scope, "ingest-dead-letter", key_arn)
    invisible = 6 * ingest_timeout_seconds
    return Queues(
        ingest=_queue(
            scope,
            "ingest",
            key_arn,
            visibility_timeout_seconds=(
                invisible
                if ingest_window_seconds is None
                else ingest_window_seconds.apply(lambda window: invisible + window)
            ),
            redrive_policy=json_text(
                {"deadLetterTargetArn": ingest_dead_letter.arn, "maxReceiveCount": MAX_RECEIVE_COUNT}
            ),
        ),
        ingest_dead_letter=ingest_dead_letter,
        parked=_queue(scope, "parked", key_arn),
        projection_dead_letter=_queue(scope, "projection-dead-letter", key_arn),
    )


def create_queue_policy(
    scope: Scope, suffix: str, queue: aws.sqs.Queue, *, writers: Sequence[aws.cloudwatch.EventRule] = ()
) -> aws.sqs.QueuePolicy:
    """Denies everybody without TLS; of EventBridge it lets in only the rules given. Roles of this account need no
    statement."""
    statements = [only_tls("sqs:*", queue.arn)]
    if writers:
        statements.append(
            {
                "Sid": "OnlyOurRules",
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue.arn,
                "Condition": {
                    "ArnEquals": {"aws:SourceArn": [rule.arn for rule in writers]},
                    "StringEquals": {"aws:SourceAccount": queue.arn.apply(arns.account_of)},
                },
            }
        )
    return aws.sqs.QueuePolicy(
        scope.child(suffix),
        region=scope.region,
        queue_url=queue.url,
        policy=document(statements),
        opts=scope.options(),
    )


def _queue(
    scope: Scope,
    suffix: str,
    key_arn: pulumi.Output[str],
    *,
    visibility_timeout_seconds: pulumi.Input[int] | None = None,
    redrive_policy: pulumi.Output[str] | None = None,
) -> aws.sqs.Queue:
    return aws.sqs.Queue(
        scope.child(suffix),
        region=scope.region,
        message_retention_seconds=RETENTION_SECONDS,
        max_message_size=_MAX_MESSAGE_BYTES,
        kms_master_key_id=key_arn,
        kms_data_key_reuse_period_seconds=DATA_KEY_REUSE_SECONDS,
        visibility_timeout_seconds=visibility_timeout_seconds,
        redrive_policy=redrive_policy,
        tags=scope.tags,
        opts=scope.options(protect=scope.keep),
    )
