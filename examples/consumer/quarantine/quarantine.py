"""Publishes a FileQuarantined event when a file's scan result becomes INFECTED.

The stream reports each change of a row at least once, and possibly late. Only the row has the current state. So the
function reads the row before it acts. It derives the event's id from the change: if the stream reports a change twice,
the function publishes the same event twice, and receivers can ignore the duplicate.
"""

import json
import os
import uuid
from typing import Any

import boto3

DOMAIN_TABLE = os.environ["DOMAIN_TABLE"]
EVENT_BUS_NAME = os.environ["EVENT_BUS_NAME"]

dynamodb = boto3.client("dynamodb")
events = boto3.client("events")


def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Handle a batch of the domain table's stream. Report the first record that fails: Lambda retries from there."""
    for record in event["Records"]:
        change = record["dynamodb"]
        try:
            if has_turned_infected(change) and is_infected(current_row(change)):
                publish(quarantined(change["NewImage"]))
        except Exception as error:  # noqa: BLE001 - Lambda retries after any error
            log("will be retried", error=type(error).__name__)
            return {"batchItemFailures": [{"itemIdentifier": change["SequenceNumber"]}]}
    return {"batchItemFailures": []}


def has_turned_infected(change: dict[str, Any]) -> bool:
    """True if the row is infected after this change and was not infected before it."""
    return is_infected(change.get("NewImage", {})) and not is_infected(change.get("OldImage", {}))


def is_infected(row: dict[str, Any]) -> bool:
    """True if the file of this row is infected. The row is in DynamoDB's JSON."""
    return row.get("ScanResult", {}).get("S") == "INFECTED"


def current_row(change: dict[str, Any]) -> dict[str, Any]:
    """The current state of the changed row; empty if the row no longer exists."""
    return dynamodb.get_item(TableName=DOMAIN_TABLE, Key=change["Keys"], ConsistentRead=True).get("Item", {})


def quarantined(row: dict[str, Any]) -> dict[str, Any]:
    """The event that says that the file of this row is quarantined."""
    domain_id = row["DomainId"]["S"]
    checkpoint = row["CpEventSource"]["M"]["Checkpoint"]["S"]  # the key of the last event in the row
    return {
        "DomainId": domain_id,
        "EventId": str(uuid.uuid5(uuid.NAMESPACE_OID, f"FileQuarantined {domain_id} {checkpoint}")),
        "EventTime": row["UpdatedAt"]["S"],
        "UserId": "file-quarantine",
        # PROCESS: a fact for other services. Only DOMAIN events become part of the file's history.
        "EventType": "PROCESS",
        "EventName": "FileQuarantined",
        "DomainName": "File",
        "Payload": {"Name": row["Name"]["S"]},
        "Version": 1,
    }


def publish(detail: dict[str, Any]) -> None:
    """Put the event on the bus. Raises RuntimeError if the bus refuses it."""
    entry = {
        "EventBusName": EVENT_BUS_NAME,
        "Source": "file-quarantine",
        "DetailType": detail["EventName"],
        "Detail": json.dumps(detail),
    }
    answer = events.put_events(Entries=[entry])
    if answer["FailedEntryCount"]:  # PutEvents answers 200 even if it refuses every entry
        raise RuntimeError(f"the bus refused the event: {answer['Entries'][0]['ErrorCode']}")
    log("published", event_name=detail["EventName"], event_id=detail["EventId"], domain_id=detail["DomainId"])


def log(message: str, **fields: str) -> None:
    """Write one JSON line. It has ids and names only, and no content of the file."""
    print(json.dumps({"message": message, **fields}))  # noqa: T201
