"""Python's collector of cyclic garbage, out of the way of large values."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Let the collector wait while a value is read and written that has no cycles, as JSON has none.

    A message of 1 MB may hold half a million containers. The collector would look at them again and again while they
    are made: for arrays nested in each other that takes three times as long as all the rest.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
