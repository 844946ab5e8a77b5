"""Metrics of the resources, with the dimensions that each service gives them. With others an alarm has no data."""

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from .watched import Watched

NAMESPACE: Final = "CpEventSource"
"""The namespace of the metrics that the functions themselves send."""

DEFAULT_BUS: Final = "default"

Dimensions = pulumi.Output[dict[str, str]]


@dataclass(frozen=True)
class Metric:
    """A metric and its statistic."""

    namespace: str
    name: str
    statistic: str
    """`Sum` for a count, `Maximum` for a level: the worst value in a period."""
    dimensions: Dimensions


def of_queue(queue: aws.sqs.Queue, name: str, statistic: str = "Maximum") -> Metric:
    """A metric of SQS."""
    return Metric("AWS/SQS", name, statistic, pulumi.Output.all(QueueName=queue.name))


def of_function(function: aws.lambda_.Function, name: str, statistic: str = "Sum") -> Metric:
    """A metric that Lambda sends of a function."""
    return Metric("AWS/Lambda", name, statistic, pulumi.Output.all(FunctionName=function.name))


def of_handler(watched: Watched, function: aws.lambda_.Function, name: str, statistic: str = "Sum") -> Metric:
    """A metric that a function itself sends."""
    dimensions = pulumi.Output.all(DomainName=watched.domain_name, FunctionName=function.name)
    return Metric(NAMESPACE, name, statistic, dimensions)


def of_table(table: aws.dynamodb.Table, name: str, statistic: str = "Sum", *, operation: str | None = None) -> Metric:
    """A metric of DynamoDB; of one operation if DynamoDB counts it by operation."""
    named = {"TableName": table.name} | ({"Operation": operation} if operation else {})
    return Metric("AWS/DynamoDB", name, statistic, pulumi.Output.all(**named))


def of_rule(watched: Watched, rule: aws.cloudwatch.EventRule, name: str, statistic: str = "Sum") -> Metric:
    """A metric of an EventBridge rule.

    For rules on the default bus EventBridge gives only the rule's name, for rules on other buses also the bus's
    (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html).
    """

    def dimensions(names: dict[str, str]) -> dict[str, str]:
        on_default_bus = names["EventBusName"] == DEFAULT_BUS
        return {"RuleName": names["RuleName"]} if on_default_bus else names

    names = pulumi.Output.all(EventBusName=watched.routes.bus.name, RuleName=rule.name)
    return Metric("AWS/Events", name, statistic, names.apply(dimensions))
