"""Says what the read of a whole table takes, before it is done."""

from typing import Any, Final

from cp_event_source.operate.output import Output
from cp_event_source.pages.costs.prices import READ_UNITS

_BYTES_PER_UNIT: Final = 4096
"""Of a strongly consistent read. An eventually consistent one gets twice as many for it."""


def announce_scan(dynamodb: Any, table: str, output: Output, *, consistent: bool = False) -> None:
    """Say how much a scan of a table reads, by DynamoDB's own count of the last six hours.

    Args:
        dynamodb: the client.
        table: the table's name.
        output: where it says it.
        consistent: whether the scan is strongly consistent.
    """
    description = dynamodb.describe_table(TableName=table)["Table"]
    items, size = description.get("ItemCount", 0), description.get("TableSizeBytes", 0)
    units = -(-size // (_BYTES_PER_UNIT if consistent else 2 * _BYTES_PER_UNIT))
    dollars = READ_UNITS.times(units)
    output.note(
        f"Reading {table}: about {items:,} items, {size:,} bytes, {units:,} read units,"
        f" {f'{dollars:,.2f}' if dollars >= 0.01 else 'less than 0.01'} dollars (by a count that may be six hours old)"
    )
