"""Signals that wait: a handler that raises must not do so between a process's start and its name being known."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def held_signals() -> Iterator[None]:
    """Keep the signals that end a run until the block is over; then they arrive as ever."""
    if threading.current_thread() is not threading.main_thread():  # no handler runs here
        yield
        return
    held: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _frame: held.append(number))
        for number in _ENDING
        if callable(signal.getsignal(number))
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for came in held:
            os.kill(os.getpid(), came)
