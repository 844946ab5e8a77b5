"""Pulumi's auto-naming: pulumi-aws chooses a name when it checks inputs, so that it is known at preview."""

import secrets
from typing import Any, Final

_SUFFIX_DIGITS: Final = 7

AUTO_NAMED: Final[dict[str, tuple[str, str]]] = {
    "aws:cloudwatch/eventBus:EventBus": ("name", ""),
    "aws:cloudwatch/eventRule:EventRule": ("name", ""),
    "aws:cloudwatch/logGroup:LogGroup": ("name", ""),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("name", ""),
    "aws:dynamodb/table:Table": ("name", ""),
    "aws:iam/policy:Policy": ("name", ""),
    "aws:iam/role:Role": ("name", ""),
    "aws:iam/rolePolicy:RolePolicy": ("name", ""),
    "aws:kms/alias:Alias": ("name", "alias/"),
    "aws:lambda/function:Function": ("name", ""),
    "aws:sns/topic:Topic": ("name", ""),
    "aws:sqs/queue:Queue": ("name", ""),
}
"""The input that a type is named by, and what the service requires a name to start with. Other types are named by the
creator, if they have a name."""


def named(type_: str, logical_name: str, inputs: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """The inputs with a name: the given one, else the one that the resource has, else a new one.

    Args:
        before: the inputs of the resource as it is; empty if it is to be made or replaced.
    """
    if type_ not in AUTO_NAMED:
        return {}
    given, start = AUTO_NAMED[type_]
    if given in inputs or f"{given}Prefix" in inputs:
        return {}
    if given in before:
        return {given: before[given]}
    return {given: f"{start}{logical_name}-{secrets.token_hex(_SUFFIX_DIGITS)[:_SUFFIX_DIGITS]}"}
