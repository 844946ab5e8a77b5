"""Pauses before another try, so that those who met do not meet again."""

import random

from .clock import Clock


def back_off(clock: Clock, number: int, *, first_seconds: float = 0.02, most_seconds: float = 1.0) -> None:
    """Wait for a random time: exponential backoff with full jitter.

    Args:
        clock: waits.
        number: how many tries were in vain, at least 1.
        first_seconds: the maximum of the first pause. Each next maximum is twice as long.
        most_seconds: the maximum of all pauses.
    """
    clock.sleep(random.uniform(0, min(most_seconds, first_seconds * 2 ** (number - 1))))  # noqa: S311
