"""What the functions of a run that belong to no pipeline have written, such as consumers."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cp_event_source.deployed.clients import Clients
from cp_event_source.local.function_logs import invocations

MAX_LINES: Final = 20
"""How many lines of each function are shown."""

_FIRST_SECONDS: Final = 3.0
"""The emulator looks for new records each second, and a function's first start takes one or two."""
_QUIET_SECONDS: Final = 1.2
_MOST_SECONDS: Final = 15.0
_PAUSE: Final = 0.2


@dataclass(frozen=True)
class Output:
    """What one function did in a time."""

    function: str
    """Its logical name."""
    invocations: int
    lines: Sequence[str]


def outputs(functions: Mapping[str, str], clients: Clients, since: float) -> list[Output]:
    """What functions wrote since a time, in POSIX seconds.

    Args:
        functions: their physical names, by their logical names.
        clients: the clients of their region.
        since: the time.
    """
    found = []
    for name, physical_name in functions.items():
        ended = invocations(clients, physical_name, since=since)
        found.append(Output(name, len(ended), [line for each in ended for line in each.lines]))
    return found


def settled(look: Callable[[], list[Output]], alive: Callable[[], None]) -> list[Output]:
    """What functions wrote, once nothing has been added for a second, or after 15 seconds.

    Nothing says when a consumer has seen the last change.
    """
    start = changed = time.monotonic()
    before = look()
    while time.monotonic() - start < _MOST_SECONDS:
        quiet = _QUIET_SECONDS if all(each.invocations for each in before) else _FIRST_SECONDS
        if time.monotonic() - changed > quiet:
            break
        time.sleep(_PAUSE)
        alive()
        now = look()
        if now != before:
            before, changed = now, time.monotonic()
    return before
