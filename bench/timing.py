"""CPU time, the best of many runs: what else the machine does can only make a run longer.

Not by `time.process_time`: the fold's time limit arms a timer on the process's CPU time, and while one is armed Linux
tells that time only as of its last tick, some milliseconds ago. The best of many runs would be one between two ticks:
nothing.

Nor by pyperf or pytest-benchmark: what is asked here is one thing's CPU time beside another's, in turn, so that none
has the quieter machine, on one world that takes half a minute to make. They time one thing after the other, pyperf each
in processes of its own.
"""

import gc
import resource
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import thread_time

Prepared = Callable[[], Callable[[], object]]
"""Makes what one run needs, untimed, and gives what is to be timed."""


def best(prepared: Mapping[str, Prepared], runs: int) -> dict[str, float]:
    """Seconds of CPU time of the best run of each, in this thread.

    One run of each in turn, so that none has the quieter machine.
    """
    seconds = dict.fromkeys(prepared, float("inf"))
    with _without_collector():
        for _ in range(runs):
            for name, prepare in prepared.items():
                act = prepare()
                start = thread_time()
                act()
                seconds[name] = min(seconds[name], thread_time() - start)
    return seconds


def process_seconds() -> float:
    """CPU time of all threads so far; exact, but a call takes some microseconds: for long pieces of work."""
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
