"""Limits work to the time of an invocation, so that a function returns unfinished work before Lambda stops it."""

import math
from dataclasses import dataclass, field

from .clock import Clock


class OutOfTime(Exception):
    """The time of this invocation is over. Unfinished work goes back to its queue or stream."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The time that is left for a piece of work."""

    deadline: float = math.inf
    """In seconds, on the clock's `monotonic` scale."""
    whole: bool = True
    """True if the work may use a whole invocation: if it runs out of time, no invocation is long enough."""
    clock: Clock = field(default_factory=Clock, compare=False)

    def seconds_left(self) -> float:
        """Seconds until the deadline: infinite without one, negative after it."""
        return self.deadline - self.clock.monotonic()

    def is_over(self) -> bool:
        """True if no new work may begin."""
        return self.clock.monotonic() >= self.deadline

    def check(self) -> None:
        """Raise OutOfTime if the deadline has passed."""
        if self.is_over():
            raise OutOfTime

    def shared(self) -> "Budget":
        """The same deadline, for work that shares the invocation with other work."""
        return Budget(self.deadline, whole=False, clock=self.clock) if self.whole else self

    @classmethod
    def of(cls, context: object, fraction: float, clock: Clock) -> "Budget":
        """A budget of this fraction of the time that Lambda's context reports; unlimited if it reports none."""
        remaining = getattr(context, "get_remaining_time_in_millis", None)
        return UNLIMITED if remaining is None else cls(clock.monotonic() + fraction * remaining() / 1000, clock=clock)


UNLIMITED = Budget()
"""No limit."""
