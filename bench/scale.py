"""How much is measured."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """Sizes and repetitions of one run of the report."""

    histories: tuple[int, ...]
    """Events that a domain has, each size a multiple of the one before."""
    distances: tuple[int, ...]
    """Places by which an event is late."""
    heads: int
    """From how many lengths of a history, evenly spread between two marks, the worst is taken."""
    disorder_events: int
    windows: tuple[int, ...]
    rebuilds: tuple[int, ...]
    runs: int
    """Runs from which the best time is taken."""
    batch_sizes: tuple[int, ...]
    """Events of each domain in a batch, on the fast path."""
    rounds: int
    """The same as `runs` for throughput, whose rounds are long."""
    round_events: int
    """Of a round of throughput, at least: a full one is long enough to be timed."""
    starts: int
    """The same for fresh interpreters."""


FULL = Scale(
    histories=(10, 100, 1_000, 10_000, 100_000),
    distances=(1, 10, 100, 1_000, 10_000),
    heads=10,
    disorder_events=20_000,
    windows=(5, 50, 500),
    rebuilds=(1_000, 10_000, 100_000),
    runs=150,
    batch_sizes=(1, 10, 100),
    rounds=5,
    round_events=1_000,
    starts=15,
)
QUICK = Scale(
    histories=(10, 100, 1_000),
    distances=(1, 10, 100),
    heads=2,
    disorder_events=300,
    windows=(5, 50),
    rebuilds=(100, 1_000),
    runs=2,
    batch_sizes=(10, 100),
    rounds=1,
    round_events=100,
    starts=1,
)
"""A try whether the report can be made at all."""
