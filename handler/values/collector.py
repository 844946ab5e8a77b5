"""Keeps Python's garbage collector away from large values, and from what lives as long as the process."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the collector while many objects without cycles are created.

    A message of 1 MB can hold half a million containers. The collector would examine them again and again while they
    are created. For nested arrays this takes three times as long as all other work. When a function starts, one pass
    over what botocore has loaded takes about 40 ms.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def spare_from_collector() -> None:
    """Exempt all objects that exist now from later passes: what a function has after its start is never garbage."""
    gc.freeze()
