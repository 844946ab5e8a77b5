"""A limit on how long the domain's logic may take for one event."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TookTooLong(BaseException):
    """Domain logic ran longer than its limit. Not an `Exception`, so that the logic's own handlers let it through."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Stop the block with `TookTooLong` after so many seconds.

    Works by SIGALRM, which Python delivers between two of its own steps and to the main thread: where Lambda runs
    the handler. A single call into C that never returns (a runaway regular expression, say) is not stopped by it.
    Elsewhere than in the main thread there is no limit.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    fired = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal fired
        fired = True
        raise TookTooLong(message)

    message = f"took longer than {seconds:g} s"
    handler_before = signal.signal(signal.SIGALRM, stop)
    # the interval repeats it, should the logic swallow the first
    timer_before = signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler_before)
        signal.setitimer(signal.ITIMER_REAL, *timer_before)
    if fired:  # and the logic swallowed it: what it did from then on hangs on the clock
        raise TookTooLong(message)
