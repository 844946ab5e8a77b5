"""What differs between a resource and what a program asks for, and what of it replaces the resource.

The inputs that replace are those that the AWS provider's documentation marks with "Forces new resource" (Terraform) or
names as replacing (Pulumi).
"""

from collections.abc import Mapping
from typing import Any, Final

_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_ASSETS: Final = {"c44067f5952c0a294b673a41bacd8c17", "0def7320c3a5731c473e5ecbe6d01bc7"}
"""How an asset and an archive are marked on the wire."""

_EVERYWHERE: Final = {"region"}

_EVERY_INPUT: Final = frozenset({"*"})

REPLACING: Final[dict[str, frozenset[str]]] = {
    "aws:cloudwatch/dashboard:Dashboard": frozenset({"dashboardName"}),
    "aws:cloudwatch/eventBus:EventBus": frozenset({"name"}),
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy": frozenset({"eventBusName"}),
    "aws:cloudwatch/eventRule:EventRule": frozenset({"name", "namePrefix", "eventBusName"}),
    "aws:cloudwatch/eventTarget:EventTarget": frozenset({"rule", "eventBusName", "targetId"}),
    "aws:cloudwatch/logGroup:LogGroup": frozenset({"name", "namePrefix", "logGroupClass"}),
    "aws:cloudwatch/metricAlarm:MetricAlarm": frozenset({"name"}),
    "aws:dynamodb/table:Table": frozenset({"name", "hashKey", "rangeKey", "localSecondaryIndexes"}),
    "aws:iam/policy:Policy": frozenset({"name", "namePrefix", "path", "description"}),
    "aws:iam/role:Role": frozenset({"name", "namePrefix", "path"}),
    "aws:iam/rolePolicy:RolePolicy": frozenset({"name", "namePrefix", "role"}),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _EVERY_INPUT,
    "aws:kms/alias:Alias": frozenset({"name", "namePrefix"}),
    "aws:kms/key:Key": frozenset({"customerMasterKeySpec", "keyUsage", "multiRegion"}),
    "aws:kms/keyPolicy:KeyPolicy": frozenset({"keyId"}),
    "aws:lambda/eventSourceMapping:EventSourceMapping": frozenset(
        {"eventSourceArn", "startingPosition", "startingPositionTimestamp"}
    ),
    "aws:lambda/function:Function": frozenset({"name", "packageType"}),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": frozenset({"functionName", "qualifier"}),
    "aws:lambda/layerVersion:LayerVersion": _EVERY_INPUT,
    "aws:lambda/permission:Permission": _EVERY_INPUT,
    "aws:sns/topic:Topic": frozenset({"name", "namePrefix", "fifoTopic"}),
    "aws:sns/topicPolicy:TopicPolicy": frozenset({"arn"}),
    "aws:sns/topicSubscription:TopicSubscription": frozenset({"topic", "protocol", "endpoint"}),
    "aws:sqs/queue:Queue": frozenset({"name", "namePrefix", "fifoQueue"}),
    "aws:sqs/queuePolicy:QueuePolicy": frozenset({"queueUrl"}),
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": frozenset({"queueUrl"}),
    "aws:sqs/redrivePolicy:RedrivePolicy": frozenset({"queueUrl"}),
}

_KEPT: Final = {"skipDestroy"}
"""Inputs that say only what happens at the end: a change is recorded and nothing else."""


_ON: Final = {"actionsEnabled", "enabled", "isEnabled"}
"""Inputs that are true if they are not given."""


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    """The inputs that differ. Contents of files are compared by their hashes: a state has no more of them."""
    one, other = _comparable(before), _comparable(after)
    return {name for name in {*one, *other} if not name.startswith("__") and one.get(name) != other.get(name)}


def replacing(type_: str, inputs: set[str]) -> set[str]:
    """The changed inputs that replace a resource."""
    rule = REPLACING[type_]
    if rule is _EVERY_INPUT:
        return inputs - _KEPT
    return inputs & (rule | _EVERYWHERE)


def _comparable(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs in a form that is equal where AWS's resource is: what is off is as if it was not given."""
    compared = {name: _compared(value) for name, value in inputs.items()}
    return {name: value for name, value in compared.items() if name in _ON or not _is_off(value)}


def _compared(value: Any) -> Any:
    if isinstance(value, Mapping):
        if is_content(value):
            return {"hash": value.get("hash")}
        compared = {name: _compared(each) for name, each in value.items()}
        return {name: each for name, each in compared.items() if not _is_off(each)}
    if isinstance(value, list):
        return [_compared(each) for each in value]
    return value


def is_content(value: Any) -> bool:
    """Whether a value on the wire is an asset or an archive."""
    return isinstance(value, Mapping) and value.get(_SIGNATURE) in _ASSETS


def _is_off(value: Any) -> bool:
    return value is None or value is False or value in ({}, [])
