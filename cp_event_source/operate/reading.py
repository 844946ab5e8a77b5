"""Says what the read of a whole table takes, before it is done; and reads as little as shows that an object exists."""

from typing import Annotated, Any, Final

import typer

from cp_event_source.deployed.errors import CommandError
from cp_event_source.operate.output import Output
from cp_event_source.pages.costs.prices import READ_UNITS

ReadUnits = Annotated[
    float, typer.Option("--read-units", min=1, metavar="N", help="At most this many read units a second.")
]

_BYTES_PER_UNIT: Final = 4096
"""Of a strongly consistent read. An eventually consistent one gets twice as many for it."""


def announce_scan(dynamodb: Any, table: str, output: Output, *, consistent: bool = False) -> int | None:
    """Say how much a scan of a table reads, by DynamoDB's own count of the last six hours.

    Args:
        dynamodb: the client.
        table: the table's name.
        output: where it says it.
        consistent: whether the scan is strongly consistent.

    Returns:
        About how many items there are; None if DynamoDB has counted none yet.
    """
    description = dynamodb.describe_table(TableName=table)["Table"]
    items, size = description.get("ItemCount", 0), description.get("TableSizeBytes", 0)
    units = -(-size // (_BYTES_PER_UNIT if consistent else 2 * _BYTES_PER_UNIT))
    output.note(
        f"Reading {table}: about {items:,} items, {size:,} bytes, {priced(units)} (by a count that may be six hours"
        " old)"
    )
    return items or None


def priced(units: int) -> str:
    """Read units with their price: `120 read units, less than 0.01 dollars`."""
    dollars = READ_UNITS.times(units)
    price = f"{dollars:,.2f}" if dollars >= 0.01 else "less than 0.01"
    return f"{units:,} read unit{'' if units == 1 else 's'}, {price} dollars"


def has_events(dynamodb: Any, table: str, domain_id: str) -> bool:
    """True if an event of a domain object is stored. It reads one item of the events table, strongly consistently."""
    reply: dict[str, Any] = dynamodb.query(
        TableName=table,
        KeyConditionExpression="DomainId = :domain",
        ExpressionAttributeValues={":domain": {"S": domain_id}},
        ProjectionExpression="DomainId",
        Limit=1,
        ConsistentRead=True,
    )
    return bool(reply["Items"])


def check_has_events(dynamodb: Any, table: str, domain_id: str) -> None:
    """Raises CommandError: no event is stored for an id."""
    if not has_events(dynamodb, table, domain_id):
        raise CommandError(f"ID: must be the DomainId of stored events; found none of {domain_id!r}; check the id")
