"""Clocks for the functions that show the time of the doubles or of a test."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from unittest import mock

from cp_event_source.handler.domain import fold
from cp_event_source.handler.domain.time_limit import _Measured
from cp_event_source.handler.values.clock import Clock

from .aws import Clock as Time


def measured_only(
    seconds: float, *, may_end_process: bool = True
) -> AbstractContextManager[AbstractContextManager[None]]:
    """Replaces the time limit of folds: as beside the main thread, it sets no timers.

    To set them takes as long as the rest of a short fold. For tests with tens of thousands of folds.
    """
    return nullcontext(_Measured(seconds))


@contextmanager
def no_timers() -> Iterator[None]:
    """Let folds set no timers."""
    with mock.patch.object(fold, "time_limit", measured_only):
        yield


class FunctionClock(Clock):
    """Shows the time that the doubles of a test share. A sleep moves that time."""

    def __init__(self, time: Time | None = None) -> None:
        self._time = time or Time()
        self.pauses: list[float] = []
        """The maximum of each pause before another try. It is also its length."""

    def now(self) -> float:
        return self._time.now

    def monotonic(self) -> float:
        return self._time.now

    def sleep(self, seconds: float) -> None:
        self._time.advance(seconds)

    advance = sleep

    def jitter(self, most_seconds: float) -> float:
        self.pauses.append(most_seconds)
        return most_seconds


class CountingClock(FunctionClock):
    """Counts the questions for its monotonic time, so that a limit of time is a number of tries. A pause takes none."""

    def __init__(self, time: Time | None = None) -> None:
        super().__init__(time)
        self._asked = 0

    def monotonic(self) -> float:
        self._asked += 1
        return self._asked

    def jitter(self, most_seconds: float) -> float:
        return 0


class SettableClock(Clock):
    """Shows the system's time until a test sets another one."""

    def __init__(self) -> None:
        self.shows: float | None = None
        """POSIX seconds."""
        self.ticks: Iterator[float] | None = None
        """The values that `monotonic` returns, one after another."""
        self.waits: list[float] = []
        """The seconds of each requested sleep. The clock does not sleep."""

    def now(self) -> float:
        return super().now() if self.shows is None else self.shows

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    def monotonic(self) -> float:
        return super().monotonic() if self.ticks is None else next(self.ticks)
