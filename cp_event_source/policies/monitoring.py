"""Policies on the alarms, their topic and the logs."""

from collections.abc import Iterator
from typing import Final

from .documents import Request, actions, allows, principals
from .policy import (
    CLOUDWATCH,
    EachPolicy,
    PipelinePolicy,
    encrypted,
    has,
    protected,
    refuses_without_tls,
    shown,
)
from .resource import Pipeline, Resource


def _alarms_notify(pipeline: Pipeline) -> Iterator[tuple[Resource, str]]:
    topics = pipeline.by_arn("Topic")
    if not pipeline.all_of("MetricAlarm"):
        yield pipeline.component, "must have alarms; found none"
    for alarm in pipeline.all_of("MetricAlarm"):
        yield from ((alarm, each) for each in has("actionsEnabled", must_be=True)(alarm))
        notified = set(alarm.get("alarmActions") or ())
        if not notified or not topics.keys() <= notified:
            yield alarm, f"alarmActions must name the pipeline's topic; found {shown(sorted(notified))}"
    for topic in topics.values():
        if not _may_publish(pipeline, topic, pipeline.account):
            yield topic, "the topic's policy must allow sns:Publish to this account's alarms"


def _topic_not_public(pipeline: Pipeline) -> Iterator[tuple[Resource, str]]:
    for topic in pipeline.all_of("Topic"):
        policy = pipeline.topic_policy(topic)
        if not policy:
            yield topic, "must have a policy; found nothing, so the topic has SNS's own"
        for statement in policy:
            about = (principals(statement), actions(statement))
            if statement["Effect"] == "Allow" and about != ([CLOUDWATCH], ["sns:Publish"]):
                yield topic, f"the topic's policy allows {shown(statement['Action'])} to {principals(statement)}"
        rule = f"arn:{pipeline.partition}:events:{pipeline.region}:{pipeline.account}:rule/another"
        if _may_publish(pipeline, topic, pipeline.other_account) or _may_publish(
            pipeline, topic, pipeline.account, rule
        ):
            yield topic, "the topic's policy must let in this account's alarms alone"


def _may_publish(pipeline: Pipeline, topic: Resource, account: str, source: str | None = None) -> bool:
    alarm = source or f"arn:{pipeline.partition}:cloudwatch:{pipeline.region}:{account}:alarm:any"
    context = {"aws:SourceAccount": account, "aws:SourceArn": alarm, "aws:SecureTransport": "true"}
    return allows(pipeline.topic_policy(topic), Request("sns:Publish", topic.known("arn"), CLOUDWATCH, context))


def _topic_refuses_without_tls(pipeline: Pipeline) -> Iterator[tuple[Resource, str]]:
    refused = ("sns:Publish", "sns:Subscribe", "sns:SetTopicAttributes", "sns:DeleteTopic")
    for topic in pipeline.all_of("Topic"):
        if not refuses_without_tls(pipeline, pipeline.topic_policy(topic), refused, topic.known("arn")):
            yield topic, "the topic's policy must deny everything to everybody without TLS"


def _logs_are_kept(pipeline: Pipeline) -> Iterator[tuple[Resource, str]]:
    groups = {each.known("name") for each in pipeline.all_of("LogGroup")}
    for function in pipeline.all_of("Function"):
        found = function.get("loggingConfig", "logGroup")
        if found not in groups:
            yield function, f"loggingConfig.logGroup must be a log group of the pipeline; found {shown(found)}"
    for group in pipeline.all_of("LogGroup"):
        if (group.get("retentionInDays") or 0) < 365:
            yield group, f"retentionInDays must be at least 365; found {shown(group.get('retentionInDays'))}"


POLICIES: Final = (
    PipelinePolicy("alarms-notify", _alarms_notify),
    EachPolicy("topic-encrypted", ("Topic",), encrypted),
    PipelinePolicy("topic-not-public", _topic_not_public),
    PipelinePolicy("topic-tls", _topic_refuses_without_tls),
    EachPolicy("topic-and-logs-protected", ("Topic", "LogGroup"), protected),
    PipelinePolicy("log-retention", _logs_are_kept),
    EachPolicy("logs-encrypted", ("LogGroup",), encrypted),
)
