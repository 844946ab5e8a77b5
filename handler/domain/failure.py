"""Describes why an event could not be applied."""

from enum import Enum
from typing import Final, Literal, NamedTuple

from ..events.stored_event import StoredEvent

MAX_REASON_CHARACTERS: Final = 1000
"""The maximum characters of a reason."""
MAX_ERROR_CHARACTERS: Final = 64
"""The maximum characters of an error class's name. A character takes up to four bytes of UTF-8."""


Phase = Literal["create_new", "from_dynamo_item", "apply", "to_dynamo_item", "round trip", ""]
"""What the fold did when it failed: the function of the layer that it called, or the check that the row survives its
round trip; empty if domain logic did not fail."""


class Cause(Enum):
    """Why an object is parked. The pipeline acts on the cause; `error` and `reason` are for people."""

    LOGIC = "LOGIC"
    """The domain logic failed at the event, or took too long for it."""
    OUT_OF_TIME = "OUT_OF_TIME"
    """The fold needs more time than one invocation has. Nothing is wrong with the event."""
    PROCESS_DIED = "PROCESS_DIED"
    """Processes crashed while they applied the event: out of memory, a hang in C code, an exit."""
    EVENTS_MISSING = "EVENTS_MISSING"
    """The store lacks events that the row holds."""


class Failure(NamedTuple):
    """The event that could not be applied."""

    event: StoredEvent
    cause: Cause
    error: str
    """The class of the error, for people. Domain logic may name its classes freely."""
    reason: str
    """What happened, for people, in at most 1,000 characters. It may hold values of the payload."""
    phase: Phase = ""
    place: str = ""
    """Where in the layer it happened, as `domain_handler.py:42`; empty if that is not known."""


def process_died(event: StoredEvent) -> Failure:
    """The failure of an event that crashed processes."""
    reason = "FunctionDied: the function's process ended each time it came to apply the event; see its logs"
    return Failure(event, Cause.PROCESS_DIED, "FunctionDied", reason)
