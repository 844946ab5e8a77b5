"""Says what the read of a whole table takes, before it is done."""

from typing import Any, Final

from cp_event_source.operate.output import Output
from cp_event_source.pages.costs.prices import READ_UNITS

_BYTES_PER_UNIT: Final = 8192
"""Of an eventually consistent read."""


def announce_scan(dynamodb: Any, table: str, output: Output) -> None:
    """Say how much an eventually consistent scan of a table reads, by DynamoDB's own count of the last six hours."""
    description = dynamodb.describe_table(TableName=table)["Table"]
    items, size = description.get("ItemCount", 0), description.get("TableSizeBytes", 0)
    units = -(-size // _BYTES_PER_UNIT)
    output.note(
        f"Reading {table}: about {items:,} items, {size:,} bytes, {priced(units)} (by a count that may be six hours"
        " old)"
    )


def priced(units: int) -> str:
    """Read units with their price: `120 read units, less than 0.01 dollars`."""
    dollars = READ_UNITS.times(units)
    return f"{units:,} read units, {f'{dollars:,.2f}' if dollars >= 0.01 else 'less than 0.01'} dollars"
