"""Reads resources back: whether they are there, and of a table all that the component gives it."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from cp_event_source.deployed.clients import Clients

State = dict[str, Any]
Read = Callable[[Clients, str, Mapping[str, Any]], State | None]
"""What a resource is like now, as far as it is read; None if it is gone."""


def _table(clients: Clients, identity: str, _: Mapping[str, Any]) -> State | None:
    dynamodb = clients("dynamodb")
    table = dynamodb.describe_table(TableName=identity)["Table"]
    arn = table["TableArn"]
    backups = dynamodb.describe_continuous_backups(TableName=identity)["ContinuousBackupsDescription"]
    recovery = backups["PointInTimeRecoveryDescription"]
    expiry = dynamodb.describe_time_to_live(TableName=identity)["TimeToLiveDescription"]
    encryption = table.get("SSEDescription", {})
    stream = table.get("StreamSpecification", {})
    found: State = {
        "name": identity,
        "arn": arn,
        "billingMode": table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
        "attributes": [
            {"name": each["AttributeName"], "type": each["AttributeType"]} for each in table["AttributeDefinitions"]
        ],
        **_keys(table["KeySchema"]),
        "deletionProtectionEnabled": table["DeletionProtectionEnabled"],
        "streamEnabled": stream.get("StreamEnabled", False),
        "streamViewType": stream.get("StreamViewType"),
        "streamArn": table.get("LatestStreamArn", ""),
        "streamLabel": table.get("LatestStreamLabel", ""),
        "globalSecondaryIndexes": [_index(each) for each in table.get("GlobalSecondaryIndexes", [])],
        "serverSideEncryption": {"enabled": True, "kmsKeyArn": encryption["KMSMasterKeyArn"]} if encryption else None,
        "pointInTimeRecovery": {
            "enabled": recovery["PointInTimeRecoveryStatus"] == "ENABLED",
            "recoveryPeriodInDays": recovery.get("RecoveryPeriodInDays"),
        },
        "ttl": (
            {"enabled": True, "attributeName": expiry["AttributeName"]}
            if expiry["TimeToLiveStatus"] == "ENABLED"
            else None
        ),
        "tags": {tag["Key"]: tag["Value"] for tag in dynamodb.list_tags_of_resource(ResourceArn=arn).get("Tags", [])},
    }
    present: State = _without_nothing(found)
    return present


def _index(index: Mapping[str, Any]) -> State:
    projection = index["Projection"]
    return {
        "name": index["IndexName"],
        "keySchemas": [
            {"attributeName": key["AttributeName"], "keyType": key["KeyType"]} for key in index["KeySchema"]
        ],
        "projectionType": projection["ProjectionType"],
        "nonKeyAttributes": projection.get("NonKeyAttributes"),
    }


def _keys(schema: list[dict[str, str]]) -> State:
    names = {"HASH": "hashKey", "RANGE": "rangeKey"}
    return {names[key["KeyType"]]: key["AttributeName"] for key in schema}


def _without_nothing(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: _without_nothing(each) for name, each in value.items() if each is not None}
        return {name: each for name, each in kept.items() if each not in ([], {})}
    return [_without_nothing(each) for each in value] if isinstance(value, list) else value


def _present(look: Callable[[Clients, str], object]) -> Read:
    """A type that is only looked for: `look` raises the service's error if the resource is not there."""

    def read(clients: Clients, identity: str, _: Mapping[str, Any]) -> State:
        look(clients, identity)
        return {}

    return read


def _key(clients: Clients, identity: str, _: Mapping[str, Any]) -> State | None:
    state = clients("kms").describe_key(KeyId=identity)["KeyMetadata"]["KeyState"]
    return None if state == "PendingDeletion" else {}


def _alarm(clients: Clients, identity: str, _: Mapping[str, Any]) -> State | None:
    found = clients("cloudwatch").describe_alarms(AlarmNames=[identity])["MetricAlarms"]
    return {} if found else None


_READS: Final[dict[str, Read]] = {
    "aws:cloudwatch/dashboard:Dashboard": _present(
        lambda clients, identity: clients("cloudwatch").get_dashboard(DashboardName=identity)
    ),
    "aws:cloudwatch/eventBus:EventBus": _present(
        lambda clients, identity: clients("events").describe_event_bus(Name=identity)
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": _alarm,
    "aws:dynamodb/table:Table": _table,
    "aws:iam/policy:Policy": _present(lambda clients, identity: clients("iam").get_policy(PolicyArn=identity)),
    "aws:iam/role:Role": _present(lambda clients, identity: clients("iam").get_role(RoleName=identity)),
    "aws:kms/key:Key": _key,
    "aws:lambda/eventSourceMapping:EventSourceMapping": _present(
        lambda clients, identity: clients("lambda").get_event_source_mapping(UUID=identity)
    ),
    "aws:lambda/function:Function": _present(
        lambda clients, identity: clients("lambda").get_function(FunctionName=identity)
    ),
    "aws:sns/topic:Topic": _present(lambda clients, identity: clients("sns").get_topic_attributes(TopicArn=identity)),
    "aws:sqs/queue:Queue": _present(
        lambda clients, identity: clients("sqs").get_queue_attributes(QueueUrl=identity, AttributeNames=["QueueArn"])
    ),
}

_NOT_FOUND: Final = (
    "NoSuchEntity",
    "NonExistentQueue",
    "NotFound",
    "ResourceNotFound",
    "ResourceNotFoundException",
    "NotFoundException",
)


def is_gone(error: BaseException) -> bool:
    """Whether a service says that a resource is not there."""
    code = str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else ""
    return any(code.endswith(ending) for ending in _NOT_FOUND)


def read(type_: str, clients: Clients, identity: str, state: Mapping[str, Any]) -> State | None:
    """What a resource is like now, under Pulumi's names; None if it is gone.

    Args:
        state: its state so far; empty if it is to be imported.
    """
    reader = _READS.get(type_)
    if reader is None:
        return dict(state)
    try:
        found = reader(clients, identity, state)
    except ClientError as error:
        if is_gone(error):
            return None
        raise
    if found is None:
        return None
    return {**state, **{name: _in_the_order_of(state.get(name), value) for name, value in found.items()}}


def _in_the_order_of(before: Any, now: Any) -> Any:
    """A set's elements in the order that the state has them, since a service gives them in any order."""
    same = isinstance(before, list) and isinstance(now, list) and len(before) == len(now)
    return before if same and all(each in before for each in now) else now
