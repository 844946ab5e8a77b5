"""The sizes and repetitions of the measurements."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """Sizes and repetitions of one run of the report."""

    histories: tuple[int, ...]
    """Lengths of a domain object's history. Each is a multiple of the one before."""
    distances: tuple[int, ...]
    """By how many positions an event is late."""
    heads: int
    """How many lengths of a history, evenly spread between two marks, are tried. The report shows the worst."""
    disorder_events: int
    windows: tuple[int, ...]
    rebuilds: tuple[int, ...]
    runs: int
    """How many runs are timed. The report shows the best."""
    rounds: int
    """The same for throughput, which has long rounds."""
    starts: int
    """The same for new interpreters."""


FULL = Scale(
    histories=(10, 100, 1_000, 10_000, 100_000),
    distances=(1, 10, 100, 1_000, 10_000),
    heads=10,
    disorder_events=20_000,
    windows=(5, 50, 500),
    rebuilds=(1_000, 10_000, 100_000),
    runs=150,
    rounds=5,
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
    rounds=1,
    starts=1,
)
"""Small sizes, to see that the report runs."""
