"""How resources are changed in place: by the local run's own updates, and by others that only the engine asks for.

A change that nothing here makes is refused: a change that is only recorded would let a test pass for nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cp_event_source.deployed.clients import Clients
from cp_event_source.local.inputs import Inputs
from cp_event_source.local.resources import Request
from cp_event_source.local.resources.request import text
from cp_event_source.local.starts import Starts
from cp_event_source.local.updates import FUNCTION_TYPE, Registered, names_of, update

from .tags import RETAG


@dataclass(frozen=True)
class Change:
    """A resource as it is and as it shall be."""

    type: str
    name: str
    urn: str
    id: str
    clients: Clients
    state: Mapping[str, Any]
    """Its inputs and outputs before."""
    old: Mapping[str, Any]
    """Its inputs before."""
    new: Mapping[str, Any]
    """Its inputs now."""
    changed: set[str]
    """The inputs that differ."""


class CannotUpdateError(Exception):
    """The stand-in does not know how to make a change."""


def make(change: Change) -> Mapping[str, Any]:
    """Change the resource. Returns its new outputs, where they change."""
    rest = set(change.changed)
    if "tags" in rest and change.type in RETAG:
        _retag(change)
        rest.discard("tags")
    if not rest:
        return {}
    before = Registered(change.type, change.name, change.urn, change.id, change.old, {**change.state}, {})
    if change.type == FUNCTION_TYPE or names_of(before):
        inputs = Inputs({**names_of(before), **change.new})
        request = Request(change.name, inputs, Path.cwd(), change.clients, Starts())
        return update(before, request, rest).outputs
    known = _UPDATES.get(change.type, {})
    if unknown := rest - known.keys():
        raise CannotUpdateError(f"{change.type}: the stand-in cannot change {', '.join(sorted(unknown))}")
    for each in dict.fromkeys(known[name] for name in sorted(rest)):
        each(change)
    return {}


def _retag(change: Change) -> None:
    before, after = change.old.get("tags", {}), change.new.get("tags", {})
    gone = [name for name in before if name not in after]
    RETAG[change.type](change.clients, change.state, gone, after)


def _protection(change: Change) -> None:
    protected = bool(change.new.get("deletionProtectionEnabled"))
    change.clients("dynamodb").update_table(TableName=change.id, DeletionProtectionEnabled=protected)


def _recovery(change: Change) -> None:
    recovery = change.new.get("pointInTimeRecovery", {})
    settings: dict[str, Any] = {"PointInTimeRecoveryEnabled": bool(recovery.get("enabled"))}
    if days := recovery.get("recoveryPeriodInDays"):
        settings["RecoveryPeriodInDays"] = int(days)
    change.clients("dynamodb").update_continuous_backups(TableName=change.id, PointInTimeRecoverySpecification=settings)


def _expiry(change: Change) -> None:
    """The provider takes a block that is left out for no change."""
    expiry = change.new.get("ttl")
    if not expiry:
        return
    settings = {"Enabled": bool(expiry.get("enabled")), "AttributeName": expiry["attributeName"]}
    change.clients("dynamodb").update_time_to_live(TableName=change.id, TimeToLiveSpecification=settings)


def _indexes(change: Change) -> None:
    """One index a call, as DynamoDB takes them. An index that differs is made again."""
    dynamodb = change.clients("dynamodb")
    before, after = (
        {each["name"]: each for each in one.get("globalSecondaryIndexes", [])} for one in (change.old, change.new)
    )
    definitions = [{"AttributeName": each["name"], "AttributeType": each["type"]} for each in change.new["attributes"]]
    calls: list[dict[str, Any]] = [
        {"Delete": {"IndexName": name}} for name in before if before[name] != after.get(name)
    ]
    calls += [{"Create": _index(after[name])} for name in after if before.get(name) != after[name]]
    for call in calls:
        dynamodb.update_table(TableName=change.id, AttributeDefinitions=definitions, GlobalSecondaryIndexUpdates=[call])


def _index(index: Mapping[str, Any]) -> dict[str, Any]:
    projection = {"ProjectionType": index["projectionType"]}
    if names := index.get("nonKeyAttributes"):
        projection["NonKeyAttributes"] = names
    keys = [{"AttributeName": key["attributeName"], "KeyType": key["keyType"]} for key in index["keySchemas"]]
    return {"IndexName": index["name"], "KeySchema": keys, "Projection": projection}


def _queue_attribute(attribute: str, name: str) -> "Update":
    def put(change: Change) -> None:
        value = text(change.new[name]) if name in change.new else ""
        change.clients("sqs").set_queue_attributes(QueueUrl=change.id, Attributes={attribute: value})

    return put


def _topic_attribute(attribute: str, name: str) -> "Update":
    def put(change: Change) -> None:
        value = text(change.new.get(name, ""))
        change.clients("sns").set_topic_attributes(TopicArn=change.id, AttributeName=attribute, AttributeValue=value)

    return put


def _trust(change: Change) -> None:
    change.clients("iam").update_assume_role_policy(RoleName=change.id, PolicyDocument=change.new["assumeRolePolicy"])


def _boundary(change: Change) -> None:
    iam = change.clients("iam")
    if arn := change.new.get("permissionsBoundary"):
        iam.put_role_permissions_boundary(RoleName=change.id, PermissionsBoundary=arn)
    else:
        iam.delete_role_permissions_boundary(RoleName=change.id)


def _policy(change: Change) -> None:
    """As the AWS provider does it: a policy has at most five versions, so the oldest goes first."""
    iam = change.clients("iam")
    versions = iam.list_policy_versions(PolicyArn=change.id)["Versions"]
    others = [each for each in versions if not each["IsDefaultVersion"]]
    if len(versions) >= 5:
        oldest = min(others, key=lambda each: int(each["VersionId"].removeprefix("v")))
        iam.delete_policy_version(PolicyArn=change.id, VersionId=oldest["VersionId"])
    iam.create_policy_version(PolicyArn=change.id, PolicyDocument=change.new["policy"], SetAsDefault=True)


def _key_policy(change: Change) -> None:
    change.clients("kms").put_key_policy(KeyId=change.id, Policy=change.new["policy"])


def _key_description(change: Change) -> None:
    change.clients("kms").update_key_description(KeyId=change.id, Description=change.new.get("description", ""))


def _retention(change: Change) -> None:
    logs = change.clients("logs")
    if days := change.new.get("retentionInDays"):
        logs.put_retention_policy(logGroupName=change.id, retentionInDays=int(days))
    else:
        logs.delete_retention_policy(logGroupName=change.id)


def _mapping(change: Change) -> None:
    names = {
        "batchSize": "BatchSize",
        "bisectBatchOnFunctionError": "BisectBatchOnFunctionError",
        "functionName": "FunctionName",
        "maximumBatchingWindowInSeconds": "MaximumBatchingWindowInSeconds",
        "maximumRetryAttempts": "MaximumRetryAttempts",
        "parallelizationFactor": "ParallelizationFactor",
    }
    settings = {names[each]: change.new[each] for each in change.changed & names.keys() & change.new.keys()}
    settings["Enabled"] = change.new.get("enabled", True)
    change.clients("lambda").update_event_source_mapping(UUID=change.id, **settings)


def _at_the_end(_: Change) -> None:
    """An input that says only what happens when the resource is deleted."""


Update = Callable[[Change], None]

_UPDATES: Final[dict[str, dict[str, Update]]] = {
    "aws:dynamodb/table:Table": {
        "attributes": _indexes,
        "deletionProtectionEnabled": _protection,
        "globalSecondaryIndexes": _indexes,
        "pointInTimeRecovery": _recovery,
        "ttl": _expiry,
    },
    "aws:iam/policy:Policy": {"policy": _policy},
    "aws:iam/role:Role": {"assumeRolePolicy": _trust, "permissionsBoundary": _boundary},
    "aws:kms/key:Key": {
        "deletionWindowInDays": _at_the_end,
        "description": _key_description,
        "policy": _key_policy,
    },
    "aws:cloudwatch/logGroup:LogGroup": {"retentionInDays": _retention, "skipDestroy": _at_the_end},
    "aws:lambda/eventSourceMapping:EventSourceMapping": dict.fromkeys(
        (
            "batchSize",
            "bisectBatchOnFunctionError",
            "enabled",
            "functionName",
            "maximumBatchingWindowInSeconds",
            "maximumRetryAttempts",
            "parallelizationFactor",
        ),
        _mapping,
    ),
    "aws:lambda/layerVersion:LayerVersion": {"skipDestroy": _at_the_end},
    "aws:sns/topic:Topic": {
        "displayName": _topic_attribute("DisplayName", "displayName"),
        "kmsMasterKeyId": _topic_attribute("KmsMasterKeyId", "kmsMasterKeyId"),
    },
    "aws:sqs/queue:Queue": {
        "kmsMasterKeyId": _queue_attribute("KmsMasterKeyId", "kmsMasterKeyId"),
        "messageRetentionSeconds": _queue_attribute("MessageRetentionPeriod", "messageRetentionSeconds"),
        "redriveAllowPolicy": _queue_attribute("RedriveAllowPolicy", "redriveAllowPolicy"),
        "redrivePolicy": _queue_attribute("RedrivePolicy", "redrivePolicy"),
        "visibilityTimeoutSeconds": _queue_attribute("VisibilityTimeout", "visibilityTimeoutSeconds"),
    },
}
"""By type and input. An update of several inputs is made once."""
