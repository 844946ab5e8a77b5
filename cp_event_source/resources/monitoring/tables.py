"""Alarms on the three tables: throttling, and errors of DynamoDB itself.

The functions retry, and what still fails goes back to the queue or the stream: single errors do not matter.
No alarm watches `ConditionalCheckFailedRequests` and `TransactionConflict`, which are how functions and deciders find
duplicates and other writers: who meets another writer tries again, and who gives up says so. The dashboard shows them.
Nor does one watch `UserErrors`, which DynamoDB counts for the whole account.
"""

from collections.abc import Callable, Mapping
from typing import Final

import pulumi_aws as aws

from .metrics import of_table
from .specification import LASTING, Alarm, Expression
from .watched import Watched

Which = Callable[[Watched], aws.dynamodb.Table]

_TABLES: Final[Mapping[str, Which]] = {
    "domain-events": lambda watched: watched.tables.domain_events,
    "domain": lambda watched: watched.tables.domain,
    "domain-snapshots": lambda watched: watched.tables.domain_snapshots,
}

OPERATIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "domain-events": ("PutItem", "Query"),
    "domain": ("BatchGetItem", "GetItem", "PutItem"),
    "domain-snapshots": ("GetItem", "PutItem"),
}
"""The operations that the functions use on each table: DynamoDB counts its errors by operation."""


def _throttles(name: str, which: Which) -> Alarm:
    """Reads and writes together: the cause is the same, a key or a table with more traffic than its capacity."""

    def watches(watched: Watched) -> Expression:
        table = which(watched)
        return Expression(
            # DynamoDB sends no zeros.
            "FILL(reads, 0) + FILL(writes, 0)",
            {"reads": of_table(table, "ReadThrottleEvents"), "writes": of_table(table, "WriteThrottleEvents")},
        )

    return Alarm(
        f"{name}-throttles",
        "warning",
        0,
        f"DynamoDB has throttled the {name} table for a while: events are late.",
        "a-table-is-throttled",
        watches,
        LASTING,
    )


def _system_errors(watched: Watched) -> Expression:
    metrics = {
        f"{name}_{operation}".replace("-", "_"): of_table(which(watched), "SystemErrors", operation=operation)
        for name, which in _TABLES.items()
        for operation in OPERATIONS[name]
    }
    return Expression(" + ".join(f"FILL({name}, 0)" for name in metrics), metrics)


ALARMS: Final = (
    *(_throttles(name, which) for name, which in _TABLES.items()),
    # One alarm for all tables, since only AWS can fix the cause.
    Alarm(
        "tables-system-errors",
        "warning",
        0,
        "DynamoDB has answered with internal errors for a while: events are late.",
        "dynamodb-has-faults",
        _system_errors,
        LASTING,
    ),
)
