"""The topic that the alarms notify."""

from typing import Final

import pulumi
import pulumi_aws as aws

from .. import arns
from ..policy_documents import document, only_tls
from ..scope import Scope

_TOPIC_ACTIONS: Final = [
    "sns:AddPermission",
    "sns:DeleteTopic",
    "sns:GetDataProtectionPolicy",
    "sns:GetTopicAttributes",
    "sns:ListSubscriptionsByTopic",
    "sns:ListTagsForResource",
    "sns:Publish",
    "sns:PutDataProtectionPolicy",
    "sns:RemovePermission",
    "sns:SetTopicAttributes",
    "sns:Subscribe",
]
"""All actions that a topic's policy may name: SNS takes no wildcard there
(https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html)."""


def create_alarm_topic(scope: Scope, *, key_arn: pulumi.Output[str]) -> aws.sns.Topic:
    """A topic, encrypted with the key. CloudWatch may publish this account's alarms to it; no other service may.

    The key's policy must let CloudWatch use the key. Roles of this account need no statement in the topic's policy.

    It is protected: the subscriptions of others go with a topic, and those who subscribed are not notified.
    """
    topic = aws.sns.Topic(
        scope.child("alarms"),
        region=scope.region,
        kms_master_key_id=key_arn,
        tags=scope.tags,
        opts=scope.options(protect=scope.keep),
    )
    statements = [
        only_tls(_TOPIC_ACTIONS, topic.arn),
        {
            "Sid": "OnlyOurAlarms",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": topic.arn,
            "Condition": {
                "StringEquals": {"aws:SourceAccount": topic.arn.apply(arns.account_of)},
                "ArnLike": {"aws:SourceArn": topic.arn.apply(arns.alarms_beside)},
            },
        },
    ]
    aws.sns.TopicPolicy(
        scope.child("alarms"),
        region=scope.region,
        arn=topic.arn,
        policy=document(statements),
        opts=scope.options(),
    )
    return topic
