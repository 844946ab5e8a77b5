"""The key that encrypts everything at rest, and who may use it."""

from typing import Final

import pulumi
import pulumi_aws as aws

from . import arns
from .policy_documents import Statement, document
from .scope import Scope

LOG_GROUPS: Final = ("persist-logs", "project-logs")
"""The functions' log groups, by their suffixes."""

_ALARMS: Final = "AlarmsPublish"

_DELETION_WINDOW_DAYS: Final = 30
"""KMS's maximum: for so long you can cancel the deletion of a key, and with it that of all events."""
_MIN_DELETION_WINDOW_DAYS: Final = 7

_DNS_SUFFIXES: Final = {"aws-cn": "amazonaws.com.cn"}
"""Of the regional service principals, for the partitions where it is not `amazonaws.com`."""


def create_encryption_key(
    scope: Scope, given: pulumi.Output[str] | None, *, beside: pulumi.Output[str], has_topic: bool
) -> pulumi.Output[str]:
    """The ARN of the key given, else of a key of the component's own that is rotated every year.

    The component's own key is protected from deletion: without it, nothing that it encrypted can be read.

    Args:
        scope: the component's.
        given: the ARN of a key.
        beside: the ARN of a resource in the account and region deployed to.
        has_topic: whether it also encrypts a topic that alarms notify.
    """
    if given is not None:
        return given

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
            *(
                statement
                for statement in key_policy_statements(partition=partition, region=region, account=account)
                if has_topic or statement["Sid"] != _ALARMS
            ),
        ]

    return aws.kms.Key(
        scope.child("key"),
        region=scope.region,
        description=f"What the event source {scope.name} stores and sends",
        enable_key_rotation=True,
        deletion_window_in_days=_DELETION_WINDOW_DAYS if scope.keep else _MIN_DELETION_WINDOW_DAYS,
        policy=document(beside.apply(statements)),
        tags=scope.tags,
        opts=scope.options(protect=scope.keep),
    ).arn


def key_policy_statements(*, partition: str, region: str, account: str) -> list[Statement]:
    """What the policy of a key must allow AWS's services, so that the key can be given as `kms_key_arn`.

    The policy also needs what every key's policy needs: the statement of the root user, by which the account's own
    policies decide. The functions' rights to the key are in their roles. DynamoDB and Lambda use the key by grants that
    whoever deploys makes.

    Args:
        partition: as in its ARNs: `aws`, `aws-cn`, `aws-us-gov`.
        region: the region that the component is deployed to.
        account: the number of the account that the component is deployed to.

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
            "Sid": _ALARMS,
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
                "kms:Encrypt",
                "kms:GenerateDataKey*",
                "kms:ReEncryptFrom",
                "kms:ReEncryptTo",
            ],
            "Resource": "*",
            # Of AWS's example, without DescribeKey: that has no encryption context, so it could never be allowed here.
            # By a part of the name, without the component's: a log group keeps its name when the component is renamed.
            "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": log_groups}},
        },
    ]
