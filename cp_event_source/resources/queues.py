"""The four queues, and who may write to them."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from . import arns
from .encryption import EncryptionKey
from .policy_documents import document, only_tls
from .scope import Scope

RETENTION_SECONDS = 14 * 24 * 3600
"""SQS's maximum. What waits in a queue is lost after it."""

MAX_RECEIVE_COUNT = 10
"""Deliveries before SQS itself moves a message to the dead-letter queue: enough for an outage of an hour at a
visibility time-out of nine minutes."""

DATA_KEY_REUSE_SECONDS = 3600
"""How long SQS uses a data key before it asks KMS for another: each call costs."""


@dataclass(frozen=True)
class Queues:
    """The component's queues."""

    ingest: aws.sqs.Queue
    """Events from the bus, waiting to be stored."""
    ingest_dead_letter: aws.sqs.Queue
    """Events that cannot be stored, or that EventBridge could not deliver."""
    parked: aws.sqs.Queue
    """A message for each event that domain logic failed at."""
    projection_dead_letter: aws.sqs.Queue
    """Metadata of stream batches that were given up."""


def queues(scope: Scope, *, consumer_timeout_seconds: int, key: EncryptionKey, keep: bool) -> Queues:
    """The queues, without their policies.

    With `keep` Pulumi does not delete them: a queue takes its messages along, and no alarm counts messages that are
    gone. What waits in the ingest queue is stored nowhere else, nor is a dead letter; without the notices in the parked
    queue nobody looks at the parked objects.
    """
    ingest_dead_letter = _queue(scope, "ingest-dead-letter", key, keep=keep)
    return Queues(
        ingest=_queue(
            scope,
            "ingest",
            key,
            keep=keep,
            # Lambda asks for six times the function's time-out: a batch may be retried while it is throttled.
            visibility_timeout_seconds=6 * consumer_timeout_seconds,
            redrive_policy=pulumi.Output.json_dumps(
                {"deadLetterTargetArn": ingest_dead_letter.arn, "maxReceiveCount": MAX_RECEIVE_COUNT}
            ),
        ),
        ingest_dead_letter=ingest_dead_letter,
        parked=_queue(scope, "parked", key, keep=keep),
        projection_dead_letter=_queue(scope, "projection-dead-letter", key, keep=keep),
    )


def queue_policy(
    scope: Scope, suffix: str, queue: aws.sqs.Queue, *, writers: Sequence[aws.cloudwatch.EventRule] = ()
) -> aws.sqs.QueuePolicy:
    """Nobody without TLS; of EventBridge only the rules given. Roles of this account need no statement."""
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
        queue_url=queue.url,
        policy=document(statements),
        opts=scope.options(),
    )


def _queue(
    scope: Scope,
    suffix: str,
    key: EncryptionKey,
    *,
    keep: bool,
    visibility_timeout_seconds: pulumi.Input[int] | None = None,
    redrive_policy: pulumi.Input[str] | None = None,
) -> aws.sqs.Queue:
    return aws.sqs.Queue(
        scope.child(suffix),
        message_retention_seconds=RETENTION_SECONDS,
        # The queue's own limit is 256 KB by default, an event on the bus may have 1 MB.
        max_message_size=1024 * 1024,
        kms_master_key_id=key.arn,
        kms_data_key_reuse_period_seconds=DATA_KEY_REUSE_SECONDS,
        visibility_timeout_seconds=visibility_timeout_seconds,
        redrive_policy=redrive_policy,
        tags=scope.tags,
        opts=scope.options(protect=keep),
    )
