"""Says what the read of a whole table takes, before it is done."""

from typing import Any, Final

from cp_event_source.operate.output import Output

_BYTES_PER_UNIT: Final = 8192
"""Of an eventually consistent read."""

_DOLLARS_PER_MILLION_UNITS: Final = 0.125
"""On demand, in us-east-1."""


def announce_scan(dynamodb: Any, table: str, output: Output) -> None:
    """Say how much an eventually consistent scan of a table reads, by DynamoDB's own count of the last six hours."""
    description = dynamodb.describe_table(TableName=table)["Table"]
    items, size = description.get("ItemCount", 0), description.get("TableSizeBytes", 0)
    units = -(-size // _BYTES_PER_UNIT)
    dollars = units * _DOLLARS_PER_MILLION_UNITS / 1e6
    output.note(
        f"Reading {table}: about {items:,} items, {size:,} bytes, {units:,} read units,"
        f" {f'{dollars:,.2f}' if dollars >= 0.01 else 'less than 0.01'} dollars (by a count that may be six hours old)"
    )
