"""The key that everything at rest is encrypted with, and who may use it."""

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from . import arns
from .policy_documents import Statement, document
from .scope import Scope

LOG_GROUPS: Final = ("persist-logs", "project-logs")
"""The functions' log groups, by their suffixes."""

_DELETION_WINDOW_DAYS: Final = 30
"""KMS's maximum: so long a key that was deleted by mistake, and with it all events, can be had back."""
_SHORTEST_DELETION_WINDOW_DAYS: Final = 7


@dataclass(frozen=True)
class EncryptionKey:
    """The key of the component's own, or the one given."""

    resource: aws.kms.Key | None
    """None when the key was given."""
    arn: pulumi.Output[str]


def encryption_key(
    scope: Scope, given: pulumi.Output[str] | None, *, beside: pulumi.Output[str], keep: bool
) -> EncryptionKey:
    """The key given by ARN, else one of our own that is rotated every year.

    Args:
        beside: the ARN of a resource in the account and region deployed to.
        keep: whether the key is protected from deletion: without it, what it encrypted is lost.
    """
    if given is not None:
        return EncryptionKey(None, given)

    def statements(arn: str) -> list[Statement]:
        partition, region, account = arns.place_of(arn)
        return [
            {
                # The account's own policies decide who else may use the key: the functions' roles, and who deploys.
                "Sid": "AccountDecides",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
                "Action": "kms:*",
                "Resource": "*",
            },
            *key_policy_statements(partition=partition, region=region, account=account),
        ]

    own = aws.kms.Key(
        scope.child("key"),
        description=f"What the event source {scope.name} stores and sends",
        enable_key_rotation=True,
        deletion_window_in_days=_DELETION_WINDOW_DAYS if keep else _SHORTEST_DELETION_WINDOW_DAYS,
        policy=document(beside.apply(statements)),
        tags=scope.tags,
        opts=scope.options(protect=keep),
    )
    return EncryptionKey(own, own.arn)


def key_policy_statements(*, partition: str, region: str, account: str) -> list[Statement]:
    """What the policy of a key must allow AWS's services, so that it can be given as `kms_key_arn`.

    Beside these it needs what every key does: that the account's own policies decide (the root user's statement). The
    functions' rights to the key are in their roles; DynamoDB and Lambda use it by grants that who deploys makes.

    Args:
        partition: as in its ARNs: `aws`, `aws-cn`, `aws-us-gov`.
        region: that it is deployed to.
        account: that it is deployed to.

    Returns:
        Statements for the key's policy document: EventBridge writes to the queues, CloudWatch publishes alarms to the
        topic, CloudWatch Logs keeps the functions' log groups.
    """
    of_this_account = {"StringEquals": {"aws:SourceAccount": account}}
    log_groups = [f"arn:{partition}:logs:{region}:{account}:log-group:*-{suffix}*" for suffix in LOG_GROUPS]
    return [
        {
            "Sid": "EventBridgeWritesToQueues",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"],
            "Resource": "*",
            "Condition": of_this_account,
        },
        {
            "Sid": "AlarmsPublish",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
            "Condition": of_this_account,
        },
        {
            "Sid": "LogGroups",
            "Effect": "Allow",
            "Principal": {"Service": f"logs.{region}.{_DNS_SUFFIXES.get(partition, 'amazonaws.com')}"},
            "Action": [
                "kms:Decrypt",
                "kms:DescribeKey",
                "kms:Encrypt",
                "kms:GenerateDataKey*",
                "kms:ReEncryptFrom",
                "kms:ReEncryptTo",
            ],
            "Resource": "*",
            # By a part of the name. Not the component's: a log group keeps its name when the component gets another.
            "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": log_groups}},
        },
    ]


_DNS_SUFFIXES: Final = {"aws-cn": "amazonaws.com.cn"}
"""Of the regional service principals, where it is not the usual."""
