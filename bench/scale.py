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
    batch_sizes: tuple[int, ...]
    """How many events of each domain object a batch of the fast path has."""
    rounds: int
    """How many rounds are timed for throughput, which has long rounds; and how many bursts for latency."""
    round_events: int
    """How many events a round of throughput has at least."""
    starts: int
    """The same for new interpreters."""
    invocations: int
    """How many invocations with one event a round of them has."""
    hot_events: int
    """How many events a hot object gets."""
    many_objects: int
    """How many domain objects the largest batch has."""
    latency_events: int
    """How many single events go through the emulator; not more than a burst has."""
    latency_burst: int
    """How many events a burst has."""


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
    invocations=300,
    hot_events=5_000,
    many_objects=10_000,
    latency_events=100,
    latency_burst=200,
)
QUICK = Scale(
    histories=(10, 100, 1_000),
    distances=(1, 10, 100),
    heads=2,
    disorder_events=150,
    windows=(5, 50),
    rebuilds=(100, 400),
    runs=2,
    batch_sizes=(10, 100),
    rounds=1,
    round_events=100,
    starts=1,
    invocations=10,
    hot_events=100,
    many_objects=40,
    latency_events=3,
    latency_burst=10,
)
"""Small sizes, to see that the report runs."""
