"""Why a decision was not made. A decider's own exception is a refusal, and passes through as it is.

Messages name ids, fields and classes of errors, and no values of payloads: they may be logged. If an attribute may hold
such a value, its documentation says so.
"""

import copyreg
from collections.abc import Sequence
from typing import Any

from cp_event_source.handler.events.domain_event import Violation
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.projection.notes import Parked

from .command import Command


class DecisionError(Exception):
    """A decision was not made, or its outcome is not known, for a reason that is not the decider's."""

    def __init__(self, domain_id: str, message: str) -> None:
        super().__init__(f"{domain_id}: {message}")
        self.domain_id = domain_id
        """The domain object."""

    def __reduce__(self) -> tuple[Any, ...]:
        """The error with its text and attributes, not by the arguments that made it: so other processes can read it."""
        return copyreg.__newobj__, (type(self), *self.args), vars(self)  # type: ignore[attr-defined]


class ObjectParked(DecisionError):
    """The object is parked, or a stored event would park it: its row lacks events. Nothing was written."""

    def __init__(self, domain_id: str, parked: Parked) -> None:
        super().__init__(
            domain_id,
            f"must not be parked; found it parked since {parked.since} with {parked.cause.value} at the event "
            f"{parked.event_id} ({parked.error}); heal it first",
        )
        self.event_id = parked.event_id
        """The EventId of the event that could not be applied."""
        self.cause = parked.cause
        """Why: `cause.value` is `LOGIC`, `OUT_OF_TIME`, `PROCESS_DIED` or `EVENTS_MISSING`."""
        self.error = parked.error
        """The name of the error's class."""
        self.since = parked.since
        """Since when the object is parked: UTC, ISO 8601. Now, if a stored event would park it."""
        self.reason = parked.reason
        """What happened, for people. It may hold values of a payload: do not log it."""


class LogicFailed(DecisionError):
    """The domain logic cannot apply an event that the decider returned, or cannot read the row. Nothing was written."""

    def __init__(
        self, domain_id: str, must: str, *, error: str, phase: str, place: str, reason: str, event_name: str = ""
    ) -> None:
        where = "".join(f", {text}" for text in (phase, place) if text)
        super().__init__(domain_id, f"the domain logic must {must}; it fails with {error}{where}; `reason` says why")
        self.event_name = event_name
        """The name of the event; empty if it is the row that cannot be read."""
        self.error = error
        """The name of the error's class."""
        self.place = place
        """Where in the layer it failed, as `domain_handler.py:42`; empty if that is not known."""
        self.reason = reason
        """What happened, for people. It may hold values of a payload: do not log it."""


class EventInvalid(DecisionError):
    """An event that the decider returned breaks the contract, or the tables cannot hold it. Nothing was written."""

    def __init__(self, domain_id: str, message: str, violations: Sequence[Violation] = ()) -> None:
        super().__init__(domain_id, message)
        self.violations = tuple(violations)
        """Every broken rule of the first event that breaks any; empty if the events do not fit into the tables. What is
        `found` may be a value of a payload: do not log it."""


class Contention(DecisionError):
    """Other writers were faster each time, or the tables throttle writes. Nothing was written; call again later."""

    def __init__(self, domain_id: str, attempts: int, throttled: int = 0) -> None:
        if not throttled:
            why = f"the object changed during each of {attempts} attempts"
        elif throttled == attempts:
            why = f"the tables throttled each of {attempts} attempts"
        else:
            changed = attempts - throttled
            why = f"the tables throttled {throttled} of {attempts} attempts, and the object changed during {changed}"
        super().__init__(domain_id, f"{why}; decide again later")
        self.attempts = attempts
        """How often the decider ran."""
        self.throttled = throttled
        """How many of the attempts the tables refused for lack of capacity. `__cause__` is the last of these errors."""


class OutcomeUnknown(DecisionError):
    """The transaction was sent and not answered: the events may be stored, now or in a moment.

    Call again with `command_id` and `command_time`: it finds the events, or decides. `__cause__` is the last error.
    """

    def __init__(self, domain_id: str, events: Sequence[StoredEvent], command: Command) -> None:
        super().__init__(
            domain_id,
            "the transaction was not answered, so its events may be stored or not; decide again with "
            f"command_id={command.command_id!r} and command_time={command.time!r}: it finds the events, or decides",
        )
        self.event_ids = tuple(event.event_id for event in events)
        """The ids of the events that may be stored."""
        self.command_id = command.command_id
        """The id that was given, or else the one that the call made."""
        self.command_time = command.time
        """An instant: ISO 8601, in UTC."""
