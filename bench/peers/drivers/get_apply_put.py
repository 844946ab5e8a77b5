"""The handler that most people write: get the row, apply the event, put the row.

It uses boto3's `Table`, as boto3's guide to DynamoDB does.
"""

from typing import Any

import boto3

from .driver import serve


def new(event: dict[str, Any]) -> dict[str, Any]:
    return {"DomainId": event["DomainId"], "Balance": 0, "Entries": 0, "Last": ""}


def apply(row: dict[str, Any], event: dict[str, Any]) -> None:
    row["Balance"] += event["Payload"]["Amount"]
    row["Entries"] += 1
    row["Last"] = event["EventId"]


def main() -> None:
    table: Any = boto3.resource("dynamodb").Table("rows")

    def handle(event: dict[str, Any]) -> None:
        row = table.get_item(Key={"DomainId": event["DomainId"]}).get("Item") or new(event)
        apply(row, event)
        table.put_item(Item=row)

    def deliver(events: list[dict[str, Any]]) -> None:
        for event in events:
            handle(event)

    def seed(events: list[dict[str, Any]]) -> None:
        row = new(events[0])
        for event in events:
            apply(row, event)
        table.put_item(Item=row)

    def state(domain_id: str, times: int = 1) -> dict[str, Any]:
        for _ in range(times):
            row = table.get_item(Key={"DomainId": domain_id})["Item"]
        return {"Balance": int(row["Balance"]), "Entries": int(row["Entries"]), "Last": row["Last"]}

    serve({"deliver": deliver, "seed": seed, "state": state}, ("boto3", "botocore"))


if __name__ == "__main__":
    main()
