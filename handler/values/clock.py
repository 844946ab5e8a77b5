"""The time. Each entry point makes one clock and hands it to whatever needs the time."""

import time
from datetime import UTC, datetime


class Clock:
    """The system's clock."""

    def now(self) -> float:
        """POSIX seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment; never set back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def text(self, *, later_by: float = 0) -> str:
        """The time now, or some seconds later: UTC, ISO 8601, always as wide, so that texts compare as times do."""
        return time_text(self.now() + later_by)


def time_text(posix_seconds: float) -> str:
    """A time as text: UTC, ISO 8601, to the millisecond."""
    return datetime.fromtimestamp(posix_seconds, UTC).isoformat(timespec="milliseconds")
