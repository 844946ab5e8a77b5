"""Searches that run for a given number of inputs and watch time and memory.

By default a search tries a few hundred examples. With NIGHTLY=1 and FUZZ_INPUTS=1000000 it runs rounds until it has
tried that many inputs. A failure prints the round's seed, and FUZZ_SEED=<seed> starts with that seed.
"""

import os
import resource
import secrets
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from ..nightly import NIGHTLY

INPUTS = int(os.environ.get("FUZZ_INPUTS", "1000000")) if NIGHTLY else 0
EXAMPLES_A_ROUND = 300
"""The default number of inputs of a search."""

SECONDS_AN_EXAMPLE = 120
"""For a few dozen inputs, which take some ten milliseconds: what takes longer hangs, however slow the machine."""

MEMORY_GROWTH_KB = 200 * 1024
"""Between the first rounds, when all is warm, and any later one."""

WIRED_ONE_IN = 40
"""One in this many examples runs on real clients, which check the calls but are slow."""

WARM_ROUNDS = 3
REPORT: list[str] = []
"""What is printed at the end."""


class Hangs(BaseException):
    """An example does not end. No `except Exception` in the functions may take it for an error of theirs."""


def search(
    name: str, example: Callable[..., int], *, examples: int = EXAMPLES_A_ROUND, **strategies: st.SearchStrategy[Any]
) -> None:
    """Try examples in rounds until there were enough inputs. Each example returns the number of its inputs."""
    began, inputs, rounds = time.monotonic(), 0, 0
    first = int(os.environ.get("FUZZ_SEED", secrets.randbelow(2**32)))
    warm = 0

    def counted(**drawn: Any) -> None:
        nonlocal inputs
        try:
            with _alarm():
                inputs += example(**drawn)
        except Hangs as error:  # not shrunk, which would take as long each time: so the example is reported at once
            error.add_note(repr(drawn))
            raise

    try:
        while rounds == 0 or inputs < INPUTS:
            limits = settings(
                max_examples=examples,
                database=None,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                print_blob=True,
            )
            try:
                seed(first + rounds)(limits(given(**strategies)(counted)))()
            except BaseException as error:
                error.add_note(f"found by FUZZ_SEED={first + rounds}, round {rounds}, after about {inputs} inputs")
                raise
            rounds += 1
            now = _resident_kb()
            warm = max(warm, now) if rounds <= WARM_ROUNDS else warm
            assert now <= warm + MEMORY_GROWTH_KB, f"memory grew from {warm} to {now} KB by round {rounds}"
    finally:
        seconds = time.monotonic() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        REPORT.append(
            f"{name}: {inputs:,} inputs in {rounds} rounds, {seconds:,.0f} s, {inputs / seconds:,.0f} a second; "
            f"memory {_resident_kb() // 1024} MB, at most {peak // 1024} MB; first seed {first}"
        )


@contextmanager
def _alarm() -> Iterator[None]:
    """A guard around one example; in the usual run pytest's own time-out has the alarm, and is enough."""
    if not NIGHTLY:
        yield
        return

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise Hangs(f"an example took longer than {SECONDS_AN_EXAMPLE} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(SECONDS_AN_EXAMPLE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _resident_kb() -> int:
    with open("/proc/self/status") as status:  # noqa: PTH123
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
