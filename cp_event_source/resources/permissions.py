"""The functions' roles: what each may do, and nothing more.

No wildcard stands for an action; for a resource only where AWS knows none: X-Ray and `dynamodb:ListStreams`
cannot be limited, and a log group's streams get their names at run time.
"""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from .encryption import EncryptionKey
from .policy_documents import Statement, allow, document, follow
from .queues import Queues
from .scope import Scope


@dataclass(frozen=True)
class Execution:
    """What a function runs with. Depend on the policy as well: the role alone may do nothing."""

    role: aws.iam.Role
    policy: aws.iam.RolePolicy


def persist_execution(
    scope: Scope,
    *,
    log_group: aws.cloudwatch.LogGroup,
    domain_events_table: aws.dynamodb.Table,
    queues: Queues,
    key: EncryptionKey,
) -> Execution:
    """Takes from the ingest queue, adds to the events table, puts aside in the ingest dead-letter queue."""
    return _execution(
        scope,
        "persist-role",
        [
            allow(
                "TakeEvents",
                ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
                queues.ingest.arn,
            ),
            allow("StoreEvents", ["dynamodb:PutItem"], domain_events_table.arn),
            allow("PutAside", ["sqs:SendMessage"], queues.ingest_dead_letter.arn),
            *_common(log_group, key),
        ],
    )


def project_execution(
    scope: Scope,
    *,
    log_group: aws.cloudwatch.LogGroup,
    domain_events_table: aws.dynamodb.Table,
    domain_table: aws.dynamodb.Table,
    domain_snapshots_table: aws.dynamodb.Table,
    queues: Queues,
    event_bus_arn: pulumi.Output[str],
    key: EncryptionKey,
) -> Execution:
    """Follows and reads the events, reads and writes the rows and their snapshots, reports what it could not do."""
    return _execution(
        scope,
        "project-role",
        [
            *follow("FollowEvents", domain_events_table.stream_arn),
            allow("ReadEvents", ["dynamodb:Query"], domain_events_table.arn),
            allow(
                "KeepRows",
                ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem"],
                domain_table.arn,
            ),
            # A snapshot is written over, never deleted.
            allow("KeepSnapshots", ["dynamodb:GetItem", "dynamodb:PutItem"], domain_snapshots_table.arn),
            # The mapping sends to its on-failure queue with the function's role.
            allow("Report", ["sqs:SendMessage"], [queues.parked.arn, queues.projection_dead_letter.arn]),
            # So does the asynchronous invocation's destination.
            allow("ReportRebuilds", ["events:PutEvents"], event_bus_arn),
            *_common(log_group, key),
        ],
    )


def _execution(scope: Scope, suffix: str, statements: list[Statement]) -> Execution:
    role = aws.iam.Role(
        scope.child(suffix),
        assume_role_policy=document(
            [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ]
        ),
        tags=scope.tags,
        opts=scope.options(),
    )
    policy = aws.iam.RolePolicy(scope.child(suffix), role=role.name, policy=document(statements), opts=scope.options())
    return Execution(role, policy)


def _common(log_group: aws.cloudwatch.LogGroup, key: EncryptionKey) -> list[Statement]:
    return [
        # To read tables, streams and queues, and the function's own environment; and to write to queues.
        allow("UseKey", ["kms:Decrypt", "kms:GenerateDataKey"], key.arn),
        allow("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], pulumi.Output.concat(log_group.arn, ":*")),
        allow("Trace", ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "*"),
    ]
