"""The time of an invocation: a function returns what it has not done before Lambda stops it."""

import math
from dataclasses import dataclass, field, replace

from .clock import Clock


class OutOfTime(Exception):
    """The time of this invocation is over. What is not done goes back to where it came from."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The time that is left for a piece of work."""

    deadline: float = math.inf
    """By the clock's `monotonic`."""
    whole: bool = True
    """True if the work has the time of an invocation to itself: if that is not enough, no invocation is."""
    clock: Clock = field(default_factory=Clock, compare=False)

    def seconds_left(self) -> float:
        """Infinite without a deadline; below zero after it."""
        return self.deadline - self.clock.monotonic()

    def is_over(self) -> bool:
        """True if nothing new should begin."""
        return self.clock.monotonic() >= self.deadline

    def check(self) -> None:
        """Raises OutOfTime once it is over."""
        if self.is_over():
            raise OutOfTime

    def shared(self) -> "Budget":
        """The same time for work that does not have it to itself."""
        return replace(self, whole=False)

    @classmethod
    def of(cls, context: object, fraction: float, clock: Clock) -> "Budget":
        """A fraction of the time that Lambda's context leaves; no limit if the context does not say."""
        remaining = getattr(context, "get_remaining_time_in_millis", None)
        return AMPLE if remaining is None else cls(clock.monotonic() + fraction * remaining() / 1000, clock=clock)


AMPLE = Budget()
"""No limit."""
