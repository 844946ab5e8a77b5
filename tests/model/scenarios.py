"""Small worlds in which the writers of one domain meet."""

from collections.abc import Iterable

from .algorithm import Algorithm
from .explore import DeleteRow, Scenario, Store, Writer, delivery, outside, rebuild

Flaws = frozenset[str]


def world(
    name: str,
    *,
    stored: Iterable[int] = (),
    delivered: Iterable[tuple[int, ...]] = (),
    later: Iterable[int] = (),
    batches: Iterable[tuple[str, tuple[int, ...]]] = (),
    rebuilds: Iterable[str] = (),
    deleted: bool = False,
    poison: Iterable[int] = (),
    last: str = "v1",
    crashes: int = 1,
) -> Scenario:
    """A scenario of one domain.

    Args:
        name: says what meets.
        delivered: what was before: batches stored and projected by v1.
        stored: keys stored since, not yet projected.
        later: keys that are stored at any moment.
        batches: version and keys of the deliveries that run at the same time.
        rebuilds: versions of the rebuilds that do.
        deleted: whether a person deletes the row at any moment.
        poison: keys at which v1 fails.
        last: the version that takes what is left.
        crashes: how many of the deliveries may die, at any step; what they held is delivered again.
    """

    def algorithm(letter: str, version: str, flaws: Flaws) -> Algorithm:
        return Algorithm(letter, version, poison if version == "v1" else (), flaws)

    def before(flaws: Flaws) -> list[Writer]:
        return [
            *(outside(Store(key)) for keys in delivered for key in keys),
            *(delivery(algorithm(f"P{n}", "v1", flaws), *keys) for n, keys in enumerate(delivered)),
            *(outside(Store(key)) for key in stored),
        ]

    def writers(flaws: Flaws) -> list[Writer]:
        return [
            *(outside(Store(key)) for key in later),
            *(rebuild(algorithm(f"R{n}", version, flaws)) for n, version in enumerate(rebuilds)),
            *([outside(DeleteRow())] if deleted else []),
            *(delivery(algorithm(f"B{n}", version, flaws), *keys) for n, (version, keys) in enumerate(batches)),
        ]

    return Scenario(name, writers, lambda flaws: algorithm("Z", last, flaws), before, crashes)


SCENARIOS = [
    world(
        "three deliveries of a new domain",
        stored=[1, 3, 4],
        later=[2],
        batches=[("v1", (1, 3)), ("v1", (2,)), ("v1", (3, 4))],
    ),
    world(
        "late events, one twice, beside new ones",
        stored=[6],
        delivered=[(1, 4, 5)],
        later=[2, 3],
        batches=[("v1", (3,)), ("v1", (2, 6)), ("v1", (2,))],
    ),
    world(
        "a zombie puts its snapshot where another's is listed",
        delivered=[(1,)],
        stored=[2, 3, 6, 7, 8, 9, 10],
        batches=[("v1", (6, 7)), ("v1", (2, 3, 6, 7, 9, 10)), ("v1", (8,))],
        crashes=0,
    ),
    world(
        "old and new logic side by side at a parked domain",
        delivered=[(1, 2)],
        later=[3, 4],
        batches=[("v2", (3,)), ("v1", (4,))],
        poison=[2],
        last="v2",
    ),
    world(
        "a late event is the one that fails",
        stored=[5],
        delivered=[(3, 4)],
        later=[2, 1],
        batches=[("v2", (1,)), ("v1", (2,)), ("v1", (5,))],
        poison=[2],
        last="v2",
    ),
    world(
        "old and new logic with late events",
        stored=[5],
        delivered=[(1, 3, 4)],
        later=[2],
        batches=[("v2", (5,)), ("v1", (2,)), ("v2", (2,))],
        last="v2",
    ),
    world(
        "an event arrives before the failed one",
        delivered=[(2, 4)],
        later=[3],
        batches=[("v1", (3,)), ("v1", (4,)), ("v2", (3,))],
        poison=[4],
        last="v2",
    ),
    world(
        "a row deleted and made again",
        stored=[2],
        delivered=[(1,)],
        later=[3],
        batches=[("v1", (2,)), ("v1", (3,))],
        deleted=True,
    ),
    world("a rebuild and a late event", delivered=[(1, 3, 4)], later=[2], batches=[("v1", (2,))], rebuilds=["v2"]),
    world(
        "a rebuild and events in flight",
        delivered=[(1,)],
        stored=[4, 5],
        later=[3],
        batches=[("v1", (3, 4, 5))],
        rebuilds=["v1"],
    ),
    world(
        "a rebuild of a parked domain",
        stored=[3],
        delivered=[(2,)],
        later=[1],
        batches=[("v1", (1,)), ("v1", (3,))],
        rebuilds=["v2"],
        poison=[2],
        last="v2",
    ),
    world(
        "a rebuild of a domain that parks meanwhile",
        stored=[3],
        delivered=[(1,)],
        later=[2],
        batches=[("v1", (2,)), ("v2", (3,))],
        rebuilds=["v2"],
        poison=[2],
        last="v2",
    ),
    world("two rebuilds", delivered=[(1, 3)], later=[2], batches=[("v1", (2,))], rebuilds=["v1", "v2"]),
    world(
        "a rebuild of a row deleted meanwhile",
        stored=[4],
        delivered=[(1, 3)],
        later=[2],
        batches=[("v1", (2, 4))],
        rebuilds=["v1"],
        deleted=True,
    ),
]

FLAWS = {
    "row read after the store": "three deliveries of a new domain",
    "stale pages after a lost race": "old and new logic side by side at a parked domain",
    "a refold keeps later marks": "late events, one twice, beside new ones",
    "snapshot trusted by its key": "a zombie puts its snapshot where another's is listed",
    "a mixed row is labelled as one version's": "old and new logic with late events",
    "acknowledge waiting without a write": "old and new logic side by side at a parked domain",
    "healing stops at the batch": "old and new logic side by side at a parked domain",
    "fast path while parked": "old and new logic side by side at a parked domain",
    "a missing row is a new domain": "a row deleted and made again",
    "revision is a counter": "a row deleted and made again",
    "a rebuild is told of nothing": "a rebuild and a late event",
    "a rebuild trusts what it read beyond the checkpoint": "a rebuild and events in flight",
}
"""Each guarantee that can be broken, and where the explorer sees it."""
