"""What the doubles of all services share: errors, the clock, the hook for faults, and the bill."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

REGION = "eu-central-1"
ACCOUNT = "123456789012"

Intercept = Callable[[str, Mapping[str, Any], str], None]
"""Called with the operation, the request, and "before" (nothing has happened yet) or "after" (it has taken effect, or
was refused; the reply has not left yet). What it raises, the caller gets instead of the reply."""


class AwsError(Exception):
    """A service's error reply: its code, its message, what else its body holds, and what SQS called it before JSON."""

    def __init__(
        self, code: str, message: str, fields: Mapping[str, Any] | None = None, *, query_code: str | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.fields = dict(fields or {})
        self.query_code = query_code


def invalid(message: str) -> AwsError:
    """The request breaks a rule of the service: it fails however often it is sent."""
    return AwsError("ValidationException", message)


@dataclass
class Clock:
    """The time that all doubles of a test share; it passes only when it is told to."""

    now: float = 1_767_225_600.0

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Usage:
    """What calls asked for and cost: DynamoDB's write and read units, and items or messages read."""

    calls: int = 0
    wcu: float = 0
    rcu: float = 0
    items: int = 0


@dataclass
class Counters:
    """Usage by resource (a table's or a queue's name) and operation."""

    usage: defaultdict[tuple[str, str], Usage] = field(default_factory=lambda: defaultdict(Usage))

    def of(self, resource: str | None = None, operation: str | None = None) -> Usage:
        """The sum over a resource (all if None) and an operation (likewise)."""
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
    """Make a parameter that a double would ignore an error of the test."""
    if not request.keys() <= known:
        raise NotImplementedError(f"{operation} with {sorted(request.keys() - known)}")
