"""Why an event could not be applied."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from ..events.stored_event import StoredEvent

MAX_REASON_CHARACTERS: Final = 1000
"""Characters of a reason."""
MAX_ERROR_CHARACTERS: Final = 64
"""Characters of the name of an error's class. In UTF-8 that is up to four times as many bytes."""


class Cause(Enum):
    """Why an object is parked. The pipeline acts on it; `error` and `reason` are for people."""

    LOGIC = "LOGIC"
    """The domain's logic failed at the event, or worked on it for too long."""
    OUT_OF_TIME = "OUT_OF_TIME"
    """The fold needs more time than one invocation has. Nothing is wrong with the event."""
    PROCESS_DIED = "PROCESS_DIED"
    """Processes ended while they applied the event: out of memory, a hang in C, an exit."""
    EVENTS_MISSING = "EVENTS_MISSING"
    """The store lacks events that the row holds."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The event that could not be applied."""

    event: StoredEvent
    cause: Cause
    error: str
    """The class of the error, for people: the domain's code may name its classes as it likes."""
    reason: str
    """What happened, for people, at most 1,000 characters; it may hold values of the payload."""


def process_died(event: StoredEvent) -> Failure:
    """The failure of an event that crashed its processes."""
    reason = "FunctionDied: the function's process ended each time it came to apply the event; see its logs"
    return Failure(event, Cause.PROCESS_DIED, "FunctionDied", reason)
