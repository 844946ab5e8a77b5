"""Checks of the alarms', the topic's and the logs' controls."""

from collections.abc import Mapping

from ...deployment import ACCOUNT, PARTITION, REGION, Deployment, Registration, arn, physical
from ...policies import Request, allows, principals, values
from ...removals import Removal, dropped, further_statement, no_statement, other_statement, put, unprotected, unset
from .check import (
    ANYBODY,
    CLOUDWATCH,
    ENCRYPTED,
    OTHER_ACCOUNT,
    OTHER_ROOT,
    Check,
    all_of,
    arn_of,
    both,
    each_has,
    encrypted,
    other_key,
    output,
    protected,
    refuses_without_tls,
    some_of,
    topic_policy,
)
from .options import GIVEN_TOPIC


def alarms_notify(deployment: Deployment) -> None:
    topic = output(deployment, "alarm_topic_arn")
    for alarm in some_of(deployment, "MetricAlarm"):
        assert alarm.inputs.get("actionsEnabled") is True, alarm.name
        assert topic in alarm.inputs.get("alarmActions", []), alarm.name
    for own in all_of(deployment, "Topic"):
        assert may_publish(deployment, own, ACCOUNT), "CloudWatch may not publish"


def topic_is_not_public(deployment: Deployment) -> None:
    for topic in all_of(deployment, "Topic"):
        policy = topic_policy(deployment, topic)
        assert policy, "without a policy of its own it has SNS's"
        for statement in policy:
            if statement["Effect"] == "Allow":
                assert principals(statement) == [CLOUDWATCH]
                assert values(statement["Action"]) == ["sns:Publish"]
        assert not may_publish(deployment, topic, OTHER_ACCOUNT)
        assert not may_publish(deployment, topic, ACCOUNT, source=arn("events", "rule/another"))


def may_publish(deployment: Deployment, topic: Registration, account: str, source: str | None = None) -> bool:
    alarm = source or f"arn:{PARTITION}:cloudwatch:{REGION}:{account}:alarm:{physical('files-alarm-parked')}"
    context = {"aws:SourceAccount": account, "aws:SourceArn": alarm, "aws:SecureTransport": "true"}
    return allows(topic_policy(deployment, topic), Request("sns:Publish", arn_of(topic), CLOUDWATCH, context))


def topic_asks_for_tls(deployment: Deployment) -> None:
    actions = ("sns:Publish", "sns:Subscribe", "sns:SetTopicAttributes", "sns:DeleteTopic")
    for topic in all_of(deployment, "Topic"):
        assert refuses_without_tls(topic_policy(deployment, topic), actions, arn_of(topic))


def logs_are_kept(deployment: Deployment) -> None:
    groups = {physical(each.name) for each in some_of(deployment, "LogGroup")}
    for function in some_of(deployment, "Function"):
        assert function.inputs.get("loggingConfig", {}).get("logGroup") in groups, f"{function.name}: Lambda makes one"
    each_has("LogGroup", lambda days: days != {} and days >= 365, "retentionInDays")(deployment)


CHECKS: Mapping[str, Check] = {
    "alarms-notify": Check(
        alarms_notify,
        (
            Removal("without action", "MetricAlarm", unset("alarmActions")),
            Removal("no action", "MetricAlarm", put([], "alarmActions")),
            Removal("another's topic", "MetricAlarm", put([GIVEN_TOPIC], "alarmActions")),
            Removal("off", "MetricAlarm", put(False, "actionsEnabled")),
            Removal("which CloudWatch may not publish to", "TopicPolicy", no_statement("OnlyOurAlarms")),
        ),
    ),
    "topic-encrypted": Check(encrypted("Topic", *ENCRYPTED["Topic"]), other_key("Topic")),
    "topic-not-public": Check(
        topic_is_not_public,
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
        topic_asks_for_tls,
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
        both(protected("Topic"), protected("LogGroup")),
        (
            Removal("not protected by Pulumi", "Topic", unprotected),
            Removal("not protected by Pulumi", "LogGroup", unprotected),
        ),
    ),
    "log-retention": Check(
        logs_are_kept,
        (
            Removal("for ever", "LogGroup", unset("retentionInDays")),
            Removal("for half a year", "LogGroup", put(180, "retentionInDays")),
            Removal("not there", "LogGroup", dropped),
            Removal("in a group of Lambda's", "Function", unset("loggingConfig", "logGroup")),
        ),
    ),
    "logs-encrypted": Check(encrypted("LogGroup", *ENCRYPTED["LogGroup"]), other_key("LogGroup")),
}
