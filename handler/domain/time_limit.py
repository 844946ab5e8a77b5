"""Limits the time that domain logic may take for one event."""

import signal
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from math import inf
from time import monotonic
from types import FrameType


class TookTooLong(BaseException):
    """Domain logic exceeded its time limit. It is no `Exception`, so that the logic's handlers do not catch it."""


@contextmanager
def time_limit(seconds: float, *, may_end_process: bool = True) -> Iterator[AbstractContextManager[None]]:
    """A limit for blocks that run one after another. It stops each block with `TookTooLong` after some seconds.

        with time_limit(10) as limit:
            for event in events:  # the limit does not apply here
                with limit:
                    ...

    The limit uses SIGALRM. Python delivers it to the main thread, where Lambda runs the handler, between two of its own
    instructions. The limit also measures the time, because a block may disable the signal (a library that sets its own
    timer does), and because other threads do not get the signal. A block that took too long raises `TookTooLong` when
    it ends, whether it returned or raised.

    The signal cannot stop a single call into C that never returns, such as a sum over an endless iterator written in C,
    or a loop that catches every exception. They end with the process: SIGVTALRM ends it after more than twice the time
    on the processor. That is the time of all threads, so a process that has other work must not end by it.

    The handler is installed once, because that costs more than setting the timer, which each block does. If a block
    installs its own handler, later blocks are measured but not stopped, until the next limit installs its handler.

    Afterwards the program's own handler and timers are there again. An alarm of its own that was due comes then.

    Args:
        seconds: the maximum time of each block.
        may_end_process: True if SIGVTALRM may end the process. A program that handles SIGVTALRM itself keeps it.
    """
    # a handler that Python did not install cannot be put back
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGALRM) is None:
        yield _Measured(seconds)
        return

    ends_process = may_end_process and signal.getsignal(signal.SIGVTALRM) is signal.SIG_DFL
    limit = _Limit(seconds)
    began = monotonic()
    left, interval = signal.setitimer(signal.ITIMER_REAL, 0)
    handler_before = signal.signal(signal.SIGALRM, limit.stop)
    processor_before = limit.set_last_resort() if ends_process else None
    try:
        yield limit
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        if processor_before is not None:
            signal.setitimer(signal.ITIMER_VIRTUAL, *processor_before)
        signal.signal(signal.SIGALRM, handler_before)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (monotonic() - began), _AT_ONCE), interval)


class _Measured(AbstractContextManager[None]):
    """A limit that is checked when a block ends."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._began = 0.0

    def __enter__(self) -> None:
        self._began = monotonic()

    def __exit__(self, kind: type[BaseException] | None, error: object, _: object) -> None:
        if monotonic() - self._began >= self._seconds and not isinstance(error, (TookTooLong, KeyboardInterrupt)):
            raise self._too_long()

    def _too_long(self) -> TookTooLong:
        return TookTooLong(f"took longer than {self._seconds:g} s")


class _Limit(_Measured):
    """A limit that also stops a block."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self._runs = False
        self._last_resort_set = inf

    def __enter__(self) -> None:
        self._began = monotonic()
        # the interval repeats the signal, in case the logic catches the first exception
        signal.setitimer(signal.ITIMER_REAL, self._seconds, self._seconds)
        if self._began - self._last_resort_set > _LAST_RESORT_SECONDS:
            self.set_last_resort()
        self._runs = True

    def __exit__(self, kind: type[BaseException] | None, error: object, traceback: object) -> None:
        self._runs = False  # the timers stay set, since the next block sets them again
        super().__exit__(kind, error, traceback)

    def set_last_resort(self) -> tuple[float, float]:
        """Let the kernel end the process: no code handles this signal. Returns the timer that was set before."""
        self._last_resort_set = monotonic()
        return signal.setitimer(signal.ITIMER_VIRTUAL, 2 * self._seconds + 2 * _LAST_RESORT_SECONDS)

    def stop(self, _signal: int, _frame: FrameType | None) -> None:
        # not between two blocks, and not for a block that began while the signal of an earlier one was on its way
        if self._runs and monotonic() - self._began > self._seconds / 2:
            raise self._too_long()


_AT_ONCE = 1e-6
"""The shortest time of a timer, in seconds. 0 switches a timer off."""

_LAST_RESORT_SECONDS = 1
"""The last resort is set again after this time, since setting it for each block would take longer than many a block."""
