"""Signals around the start of a process: none interrupts it, and the process inherits none as ignored or blocked."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_INHERITED: Final = (
    *(signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT),
    *(signal.SIGALRM, signal.SIGCHLD, signal.SIGUSR1, signal.SIGUSR2),
)
"""The signals that end a process, and those that functions and programs work with. A process inherits which signals are
ignored and blocked, but no handler. A script ignores SIGINT for what it runs in the background, nohup SIGHUP."""


@contextmanager
def held_signals() -> Iterator[None]:
    """Hold signals back until the block ends. Processes that the block starts have the default handlers.

    Otherwise a handler could raise an error after a process has started and before its id is known. In another thread
    than the main one no handler runs, and none can be set: there this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []

    def hold(number: int, _frame: FrameType | None) -> None:
        held.append(number)

    # None is a handler of a library in C: it could not be set again, and no process inherits it.
    before = {number: signal.signal(number, hold) for number in _INHERITED if signal.getsignal(number) is not None}
    blocked = signal.pthread_sigmask(signal.SIG_UNBLOCK, before)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        for number, handler in before.items():
            signal.signal(number, handler)
        for came in held:
            os.kill(os.getpid(), came)
