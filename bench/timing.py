"""CPU time, the best of many runs: what else the machine does can only make a run longer."""

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import process_time

Prepared = Callable[[], Callable[[], object]]
"""Makes what one run needs, untimed, and gives what is to be timed."""


def best(prepared: Mapping[str, Prepared], runs: int) -> dict[str, float]:
    """Seconds of CPU time of the best run of each. One run of each in turn, so that none has the quieter machine."""
    seconds = dict.fromkeys(prepared, float("inf"))
    with _without_collector():
        for _ in range(runs):
            for name, prepare in prepared.items():
                act = prepare()
                start = process_time()
                act()
                seconds[name] = min(seconds[name], process_time() - start)
    return seconds


@contextmanager
def _without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
