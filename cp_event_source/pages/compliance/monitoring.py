"""Controls on alarms, the topic and logs."""

from typing import Final

from .control import Control, Default, Standards

CONTROLS: Final = (
    Control(
        key="alarms-notify",
        asks="There are alarms; each is on and notifies the topic",
        why="Messages in a dead-letter queue are lost after 14 days unless somebody looks.",
        property="`cloudwatch.MetricAlarm`: `actions_enabled`, `alarm_actions`",
        status=Default(off_in_development=True),
        standards=Standards(
            security_hub=("CloudWatch.15", "CloudWatch.17"),
            cdk_nag=("NIST.800.53.R5-CloudWatchAlarmAction",),
            checkov=("CKV_AWS_319",),
        ),
    ),
    Control(
        key="topic-encrypted",
        asks="The alarms' topic is encrypted with the key",
        why="If SNS's own key encrypted it, CloudWatch could not publish to it.",
        property="`sns.Topic`: `kms_master_key_id`",
        status=Default(),
        standards=Standards(
            security_hub=("SNS.1",), cdk_nag=("NIST.800.53.R5-SNSEncryptedKMS",), checkov=("CKV_AWS_26",)
        ),
    ),
    Control(
        key="topic-not-public",
        asks="Only this account's alarms are published to the topic",
        why="Otherwise anybody could wake people with false alarms.",
        property="`sns.TopicPolicy`: `aws:SourceAccount` and `aws:SourceArn`",
        status=Default(),
        standards=Standards(security_hub=("SNS.4",), checkov=("CKV_AWS_169", "CKV_AWS_385")),
    ),
    Control(
        key="topic-tls",
        asks="The topic refuses requests without TLS",
        why="An alarm reveals where the system has a problem.",
        property="`sns.TopicPolicy`: `Deny` where `aws:SecureTransport` is false",
        status=Default(),
        standards=Standards(cdk_nag=("AwsSolutions-SNS3",)),
    ),
    Control(
        key="topic-and-logs-protected",
        asks="The alarms' topic and the logs are not deleted by mistake",
        why="A deleted topic loses its subscriptions, a deleted log group its logs. Alarms and functions do not stop.",
        property="`sns.Topic` and `cloudwatch.LogGroup`: Pulumi's `protect`",
        status=Default(off_in_development=True),
    ),
    Control(
        key="log-retention",
        asks="Logs are kept for a year",
        why=(
            "You may need an event's log lines long after the event. A log group that Lambda makes itself keeps them "
            "for ever."
        ),
        property="`cloudwatch.LogGroup`: `retention_in_days=365`, for each function",
        status=Default(off_in_development=True),
        standards=Standards(
            security_hub=("CloudWatch.16",),
            cdk_nag=("NIST.800.53.R5-CloudWatchLogGroupRetentionPeriod",),
            checkov=("CKV_AWS_66", "CKV_AWS_338"),
        ),
    ),
    Control(
        key="logs-encrypted",
        asks="Logs are encrypted with the key",
        why="Logs hold ids, and ids can identify people.",
        property="`cloudwatch.LogGroup`: `kms_key_id`",
        status=Default(),
        standards=Standards(cdk_nag=("NIST.800.53.R5-CloudWatchLogGroupEncrypted",), checkov=("CKV_AWS_158",)),
    ),
)
