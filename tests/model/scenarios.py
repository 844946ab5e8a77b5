"""Small worlds in which the writers of one domain meet."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from .algorithm import Algorithm
from .explore import Algorithms, DeleteRow, Scenario, Store, World, Writer, delivery, erasure, outside, rebuild

Flaws = frozenset[str]


class Make(Protocol):
    """Makes a writer: the model's, or the real code's."""

    def __call__(self, name: str, version: str, poison: frozenset[int], flaws: Flaws) -> Algorithms: ...


@dataclass(frozen=True)
class Setting:
    """Writers of one domain, and what they find."""

    name: str
    """What meets."""
    delivered: tuple[tuple[int, ...], ...] = ()
    """What was before: batches stored and projected."""
    delivered_by: str = "v1"
    stored: tuple[int, ...] = ()
    """Keys stored since, not yet projected."""
    later: tuple[int, ...] = ()
    """Keys that are stored at any moment."""
    batches: tuple[tuple[str, tuple[int, ...]], ...] = ()
    """Version and keys of the deliveries that run at the same time."""
    rebuilds: tuple[str, ...] = ()
    """Versions of the rebuilds that do."""
    erased: tuple[int, ...] = ()
    """Keys over which a person puts tombstones at any moment, and then asks for a rebuild."""
    deleted: bool = False
    """Whether a person deletes the row at any moment."""
    poison: frozenset[int] = frozenset()
    """Keys at which v1 fails."""
    last: str = "v1"
    """The version that takes what is left."""
    crashes: int = 1
    """How many of the deliveries may die, at any step; what they held is delivered again."""

    def scenario(self, make: Make = Algorithm, new_world: Callable[[], World] = World) -> Scenario:
        """To be explored."""

        def writer(letter: str, version: str, flaws: Flaws) -> Algorithms:
            return make(letter, version, self.poison if version == "v1" else frozenset(), flaws)

        def before(flaws: Flaws) -> list[Writer]:
            return [
                *(outside(Store(key)) for keys in self.delivered for key in keys),
                *(delivery(writer(f"P{n}", self.delivered_by, flaws), *keys) for n, keys in enumerate(self.delivered)),
                *(outside(Store(key)) for key in self.stored),
            ]

        def writers(flaws: Flaws) -> list[Writer]:
            return [
                *(outside(Store(key)) for key in self.later),
                *(rebuild(writer(f"R{n}", version, flaws)) for n, version in enumerate(self.rebuilds)),
                *([erasure(writer("E", self.last, flaws), *self.erased)] if self.erased else []),
                *([outside(DeleteRow())] if self.deleted else []),
                *(delivery(writer(f"B{n}", version, flaws), *keys) for n, (version, keys) in enumerate(self.batches)),
            ]

        return Scenario(
            self.name,
            writers,
            lambda flaws: writer("Z", self.last, flaws),
            before,
            self.crashes,
            new_world,
            self.erased,
        )


SETTINGS = [
    Setting(
        "three deliveries of a new domain",
        stored=(
            1,
            3,
            4,
        ),
        later=(2,),
        batches=(
            ("v1", (1, 3)),
            ("v1", (2,)),
            ("v1", (3, 4)),
        ),
    ),
    Setting(
        "late events, one twice, beside new ones",
        stored=(6,),
        delivered=((1, 4, 5),),
        later=(
            2,
            3,
        ),
        batches=(
            ("v1", (3,)),
            ("v1", (2, 6)),
            ("v1", (2,)),
        ),
    ),
    Setting(
        "a zombie puts its snapshot where another's is listed",
        delivered=((1,),),
        stored=(
            2,
            3,
            6,
            7,
            8,
            9,
            10,
        ),
        batches=(
            ("v1", (6, 7)),
            ("v1", (2, 3, 6, 7, 9, 10)),
            ("v1", (8,)),
        ),
        crashes=0,
    ),
    Setting(
        "old and new logic side by side at a parked domain",
        delivered=((1, 2),),
        later=(
            3,
            4,
        ),
        batches=(
            ("v2", (3,)),
            ("v1", (4,)),
        ),
        poison=frozenset({2}),
        last="v2",
    ),
    Setting(
        "a late event is the one that fails",
        stored=(5,),
        delivered=((3, 4),),
        later=(
            2,
            1,
        ),
        batches=(
            ("v2", (1,)),
            ("v1", (2,)),
            ("v1", (5,)),
        ),
        poison=frozenset({2}),
        last="v2",
    ),
    Setting(
        "old and new logic with late events",
        stored=(5,),
        delivered=((1, 3, 4),),
        later=(2,),
        batches=(
            ("v2", (5,)),
            ("v1", (2,)),
            ("v2", (2,)),
        ),
        last="v2",
    ),
    Setting(
        "an event arrives before the failed one",
        delivered=((2, 4),),
        later=(3,),
        batches=(
            ("v1", (3,)),
            ("v1", (4,)),
            ("v2", (3,)),
        ),
        poison=frozenset({4}),
        last="v2",
    ),
    Setting(
        "old logic fails at what new logic had applied",
        delivered=((2, 3, 4, 5, 6, 7),),
        delivered_by="v2",
        stored=(8,),
        later=(1,),
        batches=(("v1", (1,)), ("v2", (8,))),
        poison=frozenset({6}),
        last="v2",
    ),
    Setting(
        "a row deleted and made again",
        stored=(2,),
        delivered=((1,),),
        later=(3,),
        batches=(
            ("v1", (2,)),
            ("v1", (3,)),
        ),
        deleted=True,
    ),
    Setting(
        "a rebuild and a late event", delivered=((1, 3, 4),), later=(2,), batches=(("v1", (2,)),), rebuilds=("v2",)
    ),
    Setting(
        "a rebuild and events in flight",
        delivered=((1,),),
        stored=(
            4,
            5,
        ),
        later=(3,),
        batches=(("v1", (3, 4, 5)),),
        rebuilds=("v1",),
    ),
    Setting(
        "a rebuild of a parked domain",
        stored=(3,),
        delivered=((2,),),
        later=(1,),
        batches=(
            ("v1", (1,)),
            ("v1", (3,)),
        ),
        rebuilds=("v2",),
        poison=frozenset({2}),
        last="v2",
    ),
    Setting(
        "a rebuild of a domain that parks meanwhile",
        stored=(3,),
        delivered=((1,),),
        later=(2,),
        batches=(
            ("v1", (2,)),
            ("v2", (3,)),
        ),
        rebuilds=("v2",),
        poison=frozenset({2}),
        last="v2",
    ),
    Setting(
        "two rebuilds",
        delivered=((1, 3),),
        later=(2,),
        batches=(("v1", (2,)),),
        rebuilds=(
            "v1",
            "v2",
        ),
    ),
    Setting(
        "a rebuild of a row deleted meanwhile",
        stored=(4,),
        delivered=((1, 3),),
        later=(2,),
        batches=(("v1", (2, 4)),),
        rebuilds=("v1",),
        deleted=True,
    ),
]

ERASURES = [
    Setting(
        "the first event is erased",
        stored=(1, 3, 4),
        batches=(("v1", (1,)), ("v1", (3, 4))),
        erased=(1,),
    ),
    Setting(
        "the last event is erased",
        delivered=((1, 2, 3),),
        later=(4,),
        batches=(("v1", (4,)), ("v1", (2, 3))),
        erased=(4,),
    ),
    Setting(
        "an event is erased before late ones and beside new ones",
        delivered=((1, 4, 5),),
        stored=(6,),
        later=(2,),
        batches=(("v1", (2, 6)),),
        erased=(4,),
    ),
    Setting(
        "all events are erased, and a new one comes",
        delivered=((1, 2),),
        later=(3,),
        batches=(("v1", (3,)), ("v1", (1,))),
        erased=(1, 2),
    ),
    Setting(
        "an event is erased while the domain is parked at it",
        delivered=((1, 2),),
        later=(3,),
        batches=(("v1", (3,)),),
        poison=frozenset({2}),
        erased=(2,),
    ),
    Setting(
        "an event is erased while the domain is parked behind it",
        delivered=((1, 2, 3),),
        later=(4,),
        batches=(("v2", (4,)),),
        poison=frozenset({3}),
        erased=(1,),
        last="v2",
    ),
    Setting(
        "a late event that fails is erased",
        delivered=((3, 4),),
        stored=(5,),
        later=(1, 2),
        batches=(("v1", (1,)), ("v1", (2,)), ("v1", (5,))),
        poison=frozenset({2}),
        erased=(2,),
    ),
    Setting(
        "an event is erased during a rebuild",
        delivered=((1, 2, 3, 4),),
        later=(5,),
        batches=(("v1", (5,)),),
        erased=(2,),
        rebuilds=("v1",),
    ),
    Setting(
        "a zombie puts snapshots of what is erased",
        delivered=((1,),),
        stored=(2, 3, 6, 7, 8, 9),
        batches=(("v1", (6, 7)), ("v1", (2, 3, 6, 7, 9))),
        erased=(3,),
        crashes=0,
    ),
]
"""Of the real code only: the model knows no tombstones."""

FLAWS = {
    "row read after the store": "three deliveries of a new domain",
    "stale pages after a lost race": "old and new logic side by side at a parked domain",
    "a refold keeps later marks": "late events, one twice, beside new ones",
    "snapshot trusted by its key": "a zombie puts its snapshot where another's is listed",
    "a mixed row is labelled as one version's": "old and new logic with late events",
    "acknowledge waiting without a write": "old and new logic side by side at a parked domain",
    "healing stops at the batch": "old and new logic side by side at a parked domain",
    "healing begins at the failed event": "old logic fails at what new logic had applied",
    "fast path while parked": "old and new logic side by side at a parked domain",
    "a missing row is a new domain": "a row deleted and made again",
    "revision is a counter": "a row deleted and made again",
    "a rebuild is told of nothing": "a rebuild and a late event",
    "a rebuild trusts what it read beyond the checkpoint": "a rebuild and events in flight",
}
"""Each guarantee that can be broken, and where the explorer sees it."""
