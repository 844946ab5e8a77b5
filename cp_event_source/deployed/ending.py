"""How commands end: their exit codes, and what signals do."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, NoReturn

FAILED: Final = 1
WRONG_USAGE: Final = 2
INTERRUPTED: Final = 130  # as shells report SIGINT
TERMINATED: Final = 143  # and SIGTERM


class TerminatedError(BaseException):
    """Somebody asked this process to end (SIGTERM, SIGHUP)."""


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP unwind the stack, so that everything is cleaned up."""

    def end(_number: int, _frame: FrameType | None) -> NoReturn:
        raise TerminatedError

    # A shell ignores SIGINT in what a script runs in the background; whoever sends it then still means it.
    # An ignored SIGHUP is nohup's, and stays ignored.
    # With SIGCHLD ignored, no exit code of a child process is known: a program that failed would have 0.
    handlers: dict[signal.Signals, Callable[[int, FrameType | None], object] | signal.Handlers] = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: end,
        signal.SIGHUP: end,
        signal.SIGCHLD: signal.SIG_DFL,
    }
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        del handlers[signal.SIGHUP]
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    blocked = signal.pthread_sigmask(signal.SIG_UNBLOCK, handlers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        for number, handler in before.items():
            signal.signal(number, handler)
