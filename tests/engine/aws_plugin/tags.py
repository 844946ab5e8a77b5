"""Tags: those of the provider on every resource that can have some, and their changes."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from cp_event_source.deployed.clients import Clients

Tags = Mapping[str, str]
State = Mapping[str, Any]
"""A resource's inputs and outputs, under Pulumi's names."""


def _pairs(tags: Tags, key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    return [{key: name, value: text} for name, text in tags.items()]


def _retag_table(clients: Clients, state: State, gone: list[str], tags: Tags) -> None:
    dynamodb = clients("dynamodb")
    if gone:
        dynamodb.untag_resource(ResourceArn=state["arn"], TagKeys=gone)
    if tags:
        dynamodb.tag_resource(ResourceArn=state["arn"], Tags=_pairs(tags))


def _retag_queue(clients: Clients, state: State, gone: list[str], tags: Tags) -> None:
    sqs = clients("sqs")
    if gone:
        sqs.untag_queue(QueueUrl=state["url"], TagKeys=gone)
    if tags:
        sqs.tag_queue(QueueUrl=state["url"], Tags=dict(tags))


def _retag_role(clients: Clients, state: State, gone: list[str], tags: Tags) -> None:
    iam = clients("iam")
    if gone:
        iam.untag_role(RoleName=state["name"], TagKeys=gone)
    if tags:
        iam.tag_role(RoleName=state["name"], Tags=_pairs(tags))


def _retag_policy(clients: Clients, state: State, gone: list[str], tags: Tags) -> None:
    iam = clients("iam")
    if gone:
        iam.untag_policy(PolicyArn=state["arn"], TagKeys=gone)
    if tags:
        iam.tag_policy(PolicyArn=state["arn"], Tags=_pairs(tags))


def _retag_key(clients: Clients, state: State, gone: list[str], tags: Tags) -> None:
    kms = clients("kms")
    if gone:
        kms.untag_resource(KeyId=state["keyId"], TagKeys=gone)
    if tags:
        kms.tag_resource(KeyId=state["keyId"], Tags=_pairs(tags, "TagKey", "TagValue"))


def _retag_log_group(clients: Clients, state: State, gone: list[str], tags: Tags) -> None:
    logs = clients("logs")
    if gone:
        logs.untag_resource(resourceArn=state["arn"], tagKeys=gone)
    if tags:
        logs.tag_resource(resourceArn=state["arn"], tags=dict(tags))


def _retag_in_lambda(clients: Clients, state: State, gone: list[str], tags: Tags) -> None:
    client = clients("lambda")
    if gone:
        client.untag_resource(Resource=state["arn"], TagKeys=gone)
    if tags:
        client.tag_resource(Resource=state["arn"], Tags=dict(tags))


def _retag_by(service: str, arn: str) -> "Retag":
    """For the services that take an ARN and a list of keys and values; `arn` is the service's name of the ARN."""

    def retag(clients: Clients, state: State, gone: list[str], tags: Tags) -> None:
        client = clients(service)
        if gone:
            client.untag_resource(**{arn: state["arn"]}, TagKeys=gone)
        if tags:
            client.tag_resource(**{arn: state["arn"]}, Tags=_pairs(tags))

    return retag


Retag = Callable[[Clients, State, list[str], Tags], None]

RETAG: Final[dict[str, Retag]] = {
    "aws:cloudwatch/eventBus:EventBus": _retag_by("events", "ResourceARN"),
    "aws:cloudwatch/eventRule:EventRule": _retag_by("events", "ResourceARN"),
    "aws:cloudwatch/logGroup:LogGroup": _retag_log_group,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _retag_by("cloudwatch", "ResourceARN"),
    "aws:dynamodb/table:Table": _retag_table,
    "aws:iam/policy:Policy": _retag_policy,
    "aws:iam/role:Role": _retag_role,
    "aws:kms/key:Key": _retag_key,
    "aws:lambda/eventSourceMapping:EventSourceMapping": _retag_in_lambda,
    "aws:lambda/function:Function": _retag_in_lambda,
    "aws:sns/topic:Topic": _retag_by("sns", "ResourceArn"),
    "aws:sqs/queue:Queue": _retag_queue,
}
"""How to change the tags of a resource, by its type: the types that can have tags."""
