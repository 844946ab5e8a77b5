"""The functions' clock on the doubles' time."""

from typing import TYPE_CHECKING

from cp_event_source.handler.values.clock import Clock

from .aws import Clock as Time

if TYPE_CHECKING:
    from collections.abc import Iterator


class FunctionClock(Clock):
    """Shows the time that the doubles of a test share; to sleep lets it pass."""

    def __init__(self, time: Time | None = None) -> None:
        self._time = time or Time()

    def now(self) -> float:
        return self._time.now

    def monotonic(self) -> float:
        return self._time.now

    def sleep(self, seconds: float) -> None:
        self._time.advance(seconds)

    advance = sleep


class SettableClock(Clock):
    """The system's clock, until a test sets what it shows."""

    def __init__(self) -> None:
        self.shows: float | None = None
        """POSIX seconds."""
        self.ticks: Iterator[float] | None = None
        """What `monotonic` shows, one after another."""
        self.waits: list[float] = []
        """The seconds of each sleep. None is slept."""

    def now(self) -> float:
        return super().now() if self.shows is None else self.shows

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    def monotonic(self) -> float:
        return super().monotonic() if self.ticks is None else next(self.ticks)
