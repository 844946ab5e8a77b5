"""What the doubles of all services share: errors, the clock, the hook for faults, and the usage."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

REGION = "eu-central-1"
ACCOUNT = "123456789012"

Intercept = Callable[[str, Mapping[str, Any], str], None]
"""Called with the operation, the request and a phase. "before": nothing has happened yet. "after": the call took effect
or was refused, and the reply has not been sent. If it raises an error, the caller gets the error instead of the reply.
"""


class AwsError(Exception):
    """A service's error reply: code, message, other fields of its body, and the code of SQS's old query protocol."""

    def __init__(
        self, code: str, message: str, fields: Mapping[str, Any] | None = None, *, query_code: str | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.fields = dict(fields or {})
        self.query_code = query_code
        self.retry_attempts = 0
        """How many tries of the SDK in the same call came before, whose replies it does not show."""


def invalid(message: str) -> AwsError:
    """The error for a request that breaks a rule of the service: it fails each time it is sent."""
    return AwsError("ValidationException", message)


@dataclass
class Clock:
    """The time that all doubles of a test share. It moves only in `advance`."""

    now: float = 1_767_225_600.0

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Usage:
    """What calls used: DynamoDB's write and read units, and the items or messages read."""

    calls: int = 0
    wcu: float = 0
    rcu: float = 0
    items: int = 0


@dataclass
class Counters:
    """Usage by resource (a table's or a queue's name) and operation."""

    usage: defaultdict[tuple[str, str], Usage] = field(default_factory=lambda: defaultdict(Usage))

    def of(self, resource: str | None = None, operation: str | None = None) -> Usage:
        """The sum for a resource and an operation; None means all resources or all operations."""
        total = Usage()
        for (each_resource, each_operation), usage in self.usage.items():
            if resource in {None, each_resource} and operation in {None, each_operation}:
                total.calls += usage.calls
                total.wcu += usage.wcu
                total.rcu += usage.rcu
                total.items += usage.items
        return total

    def reset(self) -> None:
        self.usage.clear()


def refuse_unknown(operation: str, request: Mapping[str, Any], known: frozenset[str]) -> None:
    """Raise an error if a request has a parameter that the double would ignore."""
    if not request.keys() <= known:
        raise NotImplementedError(f"{operation} with {sorted(request.keys() - known)}")
