"""Pauses Python's garbage collector while large values are processed."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the collector while a value without cycles, such as JSON, is read and written.

    A message of 1 MB can hold half a million containers. The collector would examine them again and again while they
    are created. For nested arrays this takes three times as long as all other work.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
