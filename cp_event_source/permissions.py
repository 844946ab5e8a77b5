"""The functions' roles: what each may do, and nothing more.

No wildcard stands for an action; for a resource only where AWS knows none: X-Ray and `dynamodb:ListStreams`
cannot be limited, and a log group's streams get their names at run time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from .queues import Queues
from .scope import Scope

Statement = dict[str, Any]


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
) -> Execution:
    """Takes from the ingest queue, adds to the events table, puts aside in the ingest dead-letter queue."""
    return _execution(
        scope,
        "persist-role",
        [
            _allow(
                "TakeEvents",
                ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
                queues.ingest.arn,
            ),
            _allow("StoreEvents", ["dynamodb:PutItem"], domain_events_table.arn),
            _allow("PutAside", ["sqs:SendMessage"], queues.ingest_dead_letter.arn),
            *_observability(log_group),
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
) -> Execution:
    """Follows and reads the events, reads and writes the rows and their snapshots, reports what it could not do."""
    return _execution(
        scope,
        "project-role",
        [
            _allow(
                "FollowEvents",
                ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
                domain_events_table.stream_arn,
            ),
            _allow("FindStreams", ["dynamodb:ListStreams"], "*"),
            _allow("ReadEvents", ["dynamodb:GetItem", "dynamodb:Query"], domain_events_table.arn),
            _allow(
                "KeepRows",
                ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem"],
                domain_table.arn,
            ),
            # A snapshot is written over, never deleted.
            _allow("KeepSnapshots", ["dynamodb:GetItem", "dynamodb:PutItem"], domain_snapshots_table.arn),
            # The mapping sends to its on-failure queue with the function's role.
            _allow("Report", ["sqs:SendMessage"], [queues.parked.arn, queues.projection_dead_letter.arn]),
            # So does the asynchronous invocation's destination.
            _allow("ReportRebuilds", ["events:PutEvents"], event_bus_arn),
            *_observability(log_group),
        ],
    )


def _execution(scope: Scope, suffix: str, statements: Sequence[Statement]) -> Execution:
    role = aws.iam.Role(
        scope.child(suffix),
        assume_role_policy=_document(
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
    policy = aws.iam.RolePolicy(scope.child(suffix), role=role.name, policy=_document(statements), opts=scope.options())
    return Execution(role, policy)


def _observability(log_group: aws.cloudwatch.LogGroup) -> list[Statement]:
    return [
        _allow("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], pulumi.Output.concat(log_group.arn, ":*")),
        _allow("Trace", ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "*"),
    ]


def _allow(sid: str, actions: list[str], resources: pulumi.Input[str] | Sequence[pulumi.Input[str]]) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}


def _document(statements: Sequence[Statement]) -> pulumi.Output[str]:
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})
