"""Gives the time. Each entry point creates one clock and passes it to all code that needs the time."""

import random
import time
from datetime import UTC, datetime


class Clock:
    """The system's clock."""

    def now(self) -> float:
        """The time in POSIX seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment. The value never decreases."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait for a number of seconds."""
        time.sleep(seconds)

    def back_off(self, number: int, *, first_seconds: float = 0.02, most_seconds: float = 1.0) -> None:
        """Wait before another try, so that those who met do not meet again: exponential backoff with full jitter.

        Args:
            number: how many tries were in vain, at least 1.
            first_seconds: the maximum of the first pause. Each next maximum is twice as long.
            most_seconds: the maximum of all pauses.
        """
        self.sleep(self.jitter(min(most_seconds, first_seconds * 2 ** min(number - 1, _MAX_DOUBLINGS))))

    def jitter(self, most_seconds: float) -> float:
        """A random time, at most `most_seconds`."""
        return random.uniform(0, most_seconds)  # noqa: S311

    def text(self, *, later_by: float = 0) -> str:
        """The time now or some seconds later: UTC, ISO 8601, fixed width. These texts sort as times do."""
        return time_text(self.now() + later_by)


_MAX_DOUBLINGS = 32
"""Beyond 1,023, which some minutes of tries reach, the product would exceed a float."""


def time_text(posix_seconds: float) -> str:
    """A time as text: UTC, ISO 8601, with milliseconds."""
    return datetime.fromtimestamp(posix_seconds, UTC).isoformat(timespec="milliseconds")
