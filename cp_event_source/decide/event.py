"""An event as a decider returns it: what happened, and its content. The rest is the decision's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_NO_FIELDS: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class Event:
    """An event that a decider wants to append. The decision checks it by the contract, and gives it its id and time."""

    event_name: str
    """What happened: a text of 1 to 256 bytes of UTF-8."""
    payload: Any = field(default_factory=lambda: dict(_NO_FIELDS), repr=False)
    """The content: None, bool, int, float, Decimal, str, and dicts with string keys, lists and tuples of them. A float
    is the decimal that Python writes for it: 0.1 is 0.1. The event may take 400 KB, and is compressed if need be."""
    version: int = 1
    """The version of the schema of events with this name: a whole number of at most 38 digits."""


def no_event(value: Any) -> str:
    """What stands where an event must be, for a message: its type with the module, as several classes are an Event."""
    kind = type(value)
    return f"a value of the type {kind.__module__}.{kind.__qualname__}".replace(" builtins.", " ")
