"""Gives the time. Each entry point creates one clock and passes it to all code that needs the time."""

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

    def text(self, *, later_by: float = 0) -> str:
        """The time now or some seconds later: UTC, ISO 8601, fixed width. These texts sort as times do."""
        return time_text(self.now() + later_by)


def time_text(posix_seconds: float) -> str:
    """A time as text: UTC, ISO 8601, with milliseconds."""
    return datetime.fromtimestamp(posix_seconds, UTC).isoformat(timespec="milliseconds")
