"""Checks of the alarms', the topic's and the logs' controls."""

from collections.abc import Mapping

from ...deployment import ACCOUNT
from ...removals import Removal, dropped, further_statement, no_statement, other_statement, put, unprotected, unset
from .check import (
    ANYBODY,
    OTHER_ROOT,
    Check,
    kept,
    other_key,
)
from .options import GIVEN_TOPIC

CHECKS: Mapping[str, Check] = {
    "alarms-notify": Check(
        kept("alarms-notify"),
        (
            Removal("without action", "MetricAlarm", unset("alarmActions")),
            Removal("no action", "MetricAlarm", put([], "alarmActions")),
            Removal("another's topic", "MetricAlarm", put([GIVEN_TOPIC], "alarmActions")),
            Removal("off", "MetricAlarm", put(False, "actionsEnabled")),
            Removal("which CloudWatch may not publish to", "TopicPolicy", no_statement("OnlyOurAlarms")),
        ),
    ),
    "topic-encrypted": Check(kept("topic-encrypted"), other_key("Topic")),
    "topic-not-public": Check(
        kept("topic-not-public"),
        (
            Removal("SNS's policy", "TopicPolicy", dropped),
            Removal("anybody's", "TopicPolicy", further_statement(Principal="*", Action="sns:Publish")),
            Removal("another's", "TopicPolicy", further_statement(Principal={"AWS": OTHER_ROOT}, Action="sns:Publish")),
            Removal("any account's", "TopicPolicy", further_statement(Principal=ANYBODY, Action="sns:Subscribe")),
            Removal("all alarms", "TopicPolicy", other_statement("OnlyOurAlarms", Condition=None)),
            Removal(
                "all of the account's",
                "TopicPolicy",
                other_statement("OnlyOurAlarms", Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}}),
            ),
        ),
    ),
    "topic-tls": Check(
        kept("topic-tls"),
        (
            Removal("without policy", "TopicPolicy", dropped),
            Removal("without", "TopicPolicy", no_statement("OnlyTls")),
            Removal("for publishing alone", "TopicPolicy", other_statement("OnlyTls", Action="sns:Publish")),
            Removal(
                "the other way round",
                "TopicPolicy",
                other_statement("OnlyTls", Condition={"Bool": {"aws:SecureTransport": "true"}}),
            ),
        ),
    ),
    "topic-and-logs-protected": Check(
        kept("topic-and-logs-protected"),
        (
            Removal("not protected by Pulumi", "Topic", unprotected),
            Removal("not protected by Pulumi", "LogGroup", unprotected),
        ),
    ),
    "log-retention": Check(
        kept("log-retention"),
        (
            Removal("for ever", "LogGroup", unset("retentionInDays")),
            Removal("for half a year", "LogGroup", put(180, "retentionInDays")),
            Removal("not there", "LogGroup", dropped),
            Removal("in a group of Lambda's", "Function", unset("loggingConfig", "logGroup")),
        ),
    ),
    "logs-encrypted": Check(kept("logs-encrypted"), other_key("LogGroup")),
}
