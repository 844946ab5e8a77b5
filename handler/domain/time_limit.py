"""A limit on how long the domain's logic may take for one event."""

import signal
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from time import monotonic
from types import FrameType
from typing import Any


class TookTooLong(BaseException):
    """Domain logic ran longer than its limit. Not an `Exception`, so that the logic's own handlers let it through."""


@contextmanager
def time_limit(seconds: float) -> Iterator[AbstractContextManager[None]]:
    """A limit for blocks that run one after another: each is stopped with `TookTooLong` after so many seconds.

        with time_limit(10) as limit:
            for event in events:  # not under the limit
                with limit:
                    ...

    Works by SIGALRM, which Python delivers between two of its own steps and to the main thread: where Lambda runs
    the handler. The time is also measured, since the block may switch the signal off (a library that sets its own
    timer does), and since other threads get none: a block that took too long ends with `TookTooLong` when it returns,
    however it returned.

    A single call into C that never returns (a sum over an endless iterator written in C, say) is not stopped by it, nor
    is a loop that swallows every exception: they end with the process, by SIGVTALRM, when they have taken more than
    twice the time on the processor.

    The signal is taken over once, since that costs more than to set the timer, which each block does. A block that
    takes the signal for itself leaves those after it measured and not stopped, until the next limit takes it over.
    """
    if threading.current_thread() is not threading.main_thread():
        yield _Measured(seconds)
        return

    limit = _Limit(seconds)
    timer_before = signal.setitimer(signal.ITIMER_REAL, 0)
    handler_before = signal.signal(signal.SIGALRM, limit.stop)
    try:
        yield limit
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGALRM, handler_before)
        signal.setitimer(signal.ITIMER_REAL, *timer_before)


class _Measured(AbstractContextManager[None]):
    """The limit of one block after another, looked at when each ends."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._began = 0.0

    def __enter__(self) -> None:
        self._began = monotonic()

    def __exit__(self, kind: type[BaseException] | None, error: object, _: object) -> None:
        took = monotonic() - self._began
        is_a_persons = kind is not None and issubclass(kind, KeyboardInterrupt)
        if took >= self._seconds and not isinstance(error, TookTooLong) and not is_a_persons:
            raise self._too_long()

    def _too_long(self) -> TookTooLong:
        return TookTooLong(f"took longer than {self._seconds:g} s")


class _Limit(_Measured):
    """Enforced, too."""

    def __enter__(self) -> None:
        super().__enter__()
        # the interval repeats it, should the logic swallow the first
        signal.setitimer(signal.ITIMER_REAL, self._seconds, self._seconds)
        # the last resort: a signal that nobody handles, so that the kernel itself ends the process
        signal.setitimer(signal.ITIMER_VIRTUAL, 2 * self._seconds + 1)

    def __exit__(self, *raised: Any) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        super().__exit__(*raised)

    def stop(self, _signal: int, _frame: FrameType | None) -> None:
        raise self._too_long()
