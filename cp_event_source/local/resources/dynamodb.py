"""DynamoDB tables."""

from typing import Any, Final

from cp_event_source.local.inputs import Inputs
from cp_event_source.local.resources.request import WAIT, Created, Creator, Request


def _table(request: Request) -> Created:
    inputs = request.inputs
    dynamodb = request.clients("dynamodb")
    name = request.physical_name(255)
    table: dict[str, Any] = {
        "TableName": name,
        "KeySchema": _key_schema(inputs),
        "AttributeDefinitions": [
            {"AttributeName": attribute.need("name"), "AttributeType": attribute.need("type")}
            for attribute in inputs.blocks("attributes")
        ],
        "BillingMode": inputs.get("billingMode", "PROVISIONED"),
        **inputs.given(DeletionProtectionEnabled="deletionProtectionEnabled", TableClass="tableClass"),
    }
    if table["BillingMode"] == "PROVISIONED":
        table["ProvisionedThroughput"] = _throughput(inputs)
    if inputs.get("streamEnabled"):
        table["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": inputs.need("streamViewType")}
    if (encryption := inputs.block("serverSideEncryption")) and encryption.get("enabled"):
        table["SSESpecification"] = {
            "Enabled": True,
            "SSEType": "KMS",
            **encryption.given(KMSMasterKeyId="kmsKeyArn"),
        }
    if indexes := inputs.blocks("globalSecondaryIndexes"):
        table["GlobalSecondaryIndexes"] = [_index(index, table["BillingMode"]) for index in indexes]
    if indexes := inputs.blocks("localSecondaryIndexes"):
        table["LocalSecondaryIndexes"] = [_index(index, None) for index in indexes]
    if tags := request.tags():
        table["Tags"] = tags
    # The emulator does not meter capacity or keep it warm.
    inputs.no_effect("onDemandThroughput", "warmThroughput")
    dynamodb.create_table(**table)
    dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig=WAIT)
    _after_creation(dynamodb, name, inputs)

    description = dynamodb.describe_table(TableName=name)["Table"]
    return Created(
        name,
        {
            "name": name,
            "arn": description["TableArn"],
            "streamArn": description.get("LatestStreamArn", ""),
            "streamLabel": description.get("LatestStreamLabel", ""),
        },
    )


def _after_creation(dynamodb: Any, name: str, inputs: Inputs) -> None:
    """The settings that the service takes in separate calls."""
    if (recovery := inputs.block("pointInTimeRecovery")) and recovery.get("enabled"):
        settings = {
            "PointInTimeRecoveryEnabled": True,
            **recovery.given(RecoveryPeriodInDays="recoveryPeriodInDays"),
        }
        dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=settings)
    if (expiry := inputs.block("ttl")) and expiry.get("enabled"):
        settings = {"Enabled": True, "AttributeName": expiry.need("attributeName")}
        dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=settings)


def _index(index: Inputs, billing_mode: str | None) -> dict[str, Any]:
    projection = {
        "ProjectionType": index.need("projectionType"),
        **index.given(NonKeyAttributes="nonKeyAttributes"),
    }
    result = {"IndexName": index.need("name"), "KeySchema": _key_schema(index), "Projection": projection}
    if billing_mode == "PROVISIONED":
        result["ProvisionedThroughput"] = _throughput(index)
    return result


def _key_schema(inputs: Inputs) -> list[dict[str, str]]:
    """Keys as `hashKey` and `rangeKey`, or (indexes only) as the newer list `keySchemas`."""
    keys = [
        {"AttributeName": key.need("attributeName"), "KeyType": key.need("keyType")}
        for key in inputs.blocks("keySchemas")
    ]
    for name, kind in (("hashKey", "HASH"), ("rangeKey", "RANGE")):
        if attribute := inputs.get(name):
            keys.append({"AttributeName": attribute, "KeyType": kind})
    return keys


def _throughput(inputs: Inputs) -> dict[str, int]:
    return {
        "ReadCapacityUnits": inputs.get("readCapacity", 1),
        "WriteCapacityUnits": inputs.get("writeCapacity", 1),
    }


CREATORS: Final[dict[str, Creator]] = {"aws:dynamodb/table:Table": _table}
