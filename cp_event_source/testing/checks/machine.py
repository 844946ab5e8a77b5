"""Moves a process to another machine, as far as Python code can tell."""

import os
import platform
import time
import uuid
from collections.abc import Callable
from typing import Any, Final

_CLOCKS: Final = ("monotonic", "perf_counter", "process_time", "thread_time")
"""The clocks that time-machine does not move."""
_DAY: Final = 86_400


def move_to_machine(number: int) -> None:
    """Give this process another machine: its name, its processors, its clocks. It stays there.

    Args:
        number: which one, above 0.
    """
    import _socket

    for name in _CLOCKS:
        setattr(time, name, _ahead(getattr(time, name), number * _DAY))
        setattr(time, f"{name}_ns", _ahead(getattr(time, f"{name}_ns"), number * _DAY * 10**9))
    name = f"machine-{number}"
    system = os.uname()
    answers = {
        "uname": os.uname_result((system[0], name, *system[2:])),
        "cpu_count": (os.cpu_count() or 1) + number,
        "getppid": number,
    }
    for function, answer in answers.items():
        setattr(os, function, _answering(answer))
    _socket.gethostname = _answering(name)  # `socket` takes it from here
    platform.node, uuid.getnode = _answering(name), _answering(number)  # they may have been asked before


def _ahead(clock: Callable[[], Any], by: int) -> Callable[[], Any]:
    return lambda: clock() + by


def _answering(answer: Any) -> Callable[[], Any]:
    return lambda: answer
