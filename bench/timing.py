"""CPU time: the best of many runs, since other work of the machine can only make a run longer.

This module does not use `time.process_time`. The fold's time limit arms a timer on the process's CPU time, and while
such a timer is armed, Linux updates `process_time` only at each tick, every few milliseconds. The best of many runs
would lie between two ticks and show zero.

It does not use pyperf or pytest-benchmark either. The report compares CPU times, so the runs of the compared things
must alternate: then all have the same conditions. Also, they share data that takes half a minute to create. These tools
time one thing after another, and pyperf times each in its own processes.
"""

import gc
import resource
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import thread_time

Prepared = Callable[[], Callable[[], object]]
"""Prepares one run without timing, and returns the function to time."""


def best(prepared: Mapping[str, Prepared], runs: int, clock: Callable[[], float] = thread_time) -> dict[str, float]:
    """The CPU time of the best run of each, in seconds; by default of this thread alone.

    The runs alternate, so that all have the same conditions.
    """
    seconds = dict.fromkeys(prepared, float("inf"))
    with _without_collector():
        for _ in range(runs):
            for name, prepare in prepared.items():
                act = prepare()
                start = clock()
                act()
                seconds[name] = min(seconds[name], clock() - start)
    return seconds


def process_seconds() -> float:
    """CPU time of all threads so far. It is exact, but a call takes some microseconds: use it for long work."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@contextmanager
def _without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
