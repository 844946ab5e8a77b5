"""The time of an invocation: a function returns what it has not done before Lambda kills it."""

import math
import time
from dataclasses import dataclass


class OutOfTime(Exception):
    """The time of this invocation is over. What is not done goes back to where it came from."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The time that is left for a piece of work."""

    deadline: float = math.inf
    """By `time.monotonic()`."""
    whole: bool = True
    """Whether the work has the time of an invocation to itself: if that is not enough, it never will be."""

    def seconds_left(self) -> float:
        """May be infinite, or below zero."""
        return self.deadline - time.monotonic()

    def is_over(self) -> bool:
        """Whether nothing new should be begun."""
        return time.monotonic() >= self.deadline

    def check(self) -> None:
        """Raises OutOfTime once it is over."""
        if self.is_over():
            raise OutOfTime

    @classmethod
    def of(cls, context: object, share: float) -> "Budget":
        """A share of the time that Lambda's context leaves; without limit for one that does not tell it."""
        remaining = getattr(context, "get_remaining_time_in_millis", None)
        return AMPLE if remaining is None else cls(time.monotonic() + share * remaining() / 1000)


AMPLE = Budget()
