"""Small worlds in which several writers work on one domain object at the same time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .algorithm import RESIDUES, Algorithm
from .explore import (
    Algorithms,
    DeleteRow,
    Lose,
    PassTime,
    Scenario,
    Store,
    World,
    Writer,
    crash,
    decision,
    delivery,
    erasure,
    outside,
    rebuild,
)

Flaws = frozenset[str]


Make = Callable[..., Algorithms]
"""Makes a writer of the model or of the real code, by name, version, poison and flaws."""


@dataclass(frozen=True)
class Decider:
    """A service that decides on a withdrawal: each event of the bus adds 1 to the balance, each decided one takes 1."""

    command: str
    residue: int
    """What identifies the command's event in the model."""
    now: int
    """The time, never that of an event of the bus: these are multiples of RESIDUES."""
    version: str = "v1"
    closing: int | None = None
    """The key of an event after which it refuses."""

    def refuses(self, known: frozenset[int]) -> bool:
        decided = sum(key % RESIDUES != 0 for key in known)
        return self.closing in known or len(known) - 2 * decided < 1


@dataclass(frozen=True)
class Setting:
    """The writers of one domain object, and what they start from."""

    name: str
    """What happens at the same time."""
    delivered: tuple[tuple[int, ...], ...] = ()
    """Batches that were stored and projected before."""
    delivered_by: str = "v1"
    """The version that projected them."""
    stored: tuple[int, ...] = ()
    """Keys that were stored after that, and are not yet projected."""
    later: tuple[int, ...] = ()
    """Keys that are stored at any moment."""
    batches: tuple[tuple[str, tuple[int, ...]], ...] = ()
    """Version and keys of the deliveries that run at the same time."""
    rebuilds: tuple[str, ...] = ()
    """Versions of the rebuilds that run at the same time."""
    erased: tuple[int, ...] = ()
    """Keys over which a person puts tombstones at any moment. Then the person requests a rebuild."""
    deleted: bool = False
    """True if a person deletes the row at any moment."""
    poison: frozenset[int] = frozenset()
    """Keys at which v1 fails."""
    strict: str = ""
    """What of v2 fails upon a state that another version folded a part of: "apply" or "from_dynamo_item"."""
    last: str = "v1"
    """The version that gets the events that are not acknowledged at the end."""
    lost: tuple[int, ...] = ()
    """Keys that the store loses at any moment after the row has them. At the end they are put back."""
    time: int = 0
    """How many events an invocation has time for; 0 means no limit."""
    begun: tuple[str, ...] = ()
    """Versions of rebuilds that ran out of time before."""
    probed: tuple[tuple[str, tuple[int, ...]], ...] = ()
    """Version and key of deliveries with a crash probe."""
    crashed: tuple[int, ...] = ()
    """Keys at which processes of v1 crashed before, one after another."""
    invocations_end: int = 0
    """How many times enough time passes for every earlier invocation to end."""
    crashes: int = 1
    """How many of the deliveries and deciders may crash, at any step. Events are delivered again; decisions are not."""
    deciders: tuple[Decider, ...] = ()
    """Decisions that are made at the same time. Two of one command are one decision, asked for twice."""
    lost_replies: int = 0
    """How many replies to transactions are lost. Such a transaction is carried out later, or never."""

    def scenario(self, make: Make = Algorithm, new_world: Callable[[], World] = World) -> Scenario:
        """The scenario to explore."""

        def writer(letter: str, version: str, flaws: Flaws) -> Algorithms:
            options: dict[str, Any] = {"time": self.time} if self.time and letter != "Z" else {}
            options |= {"strict": self.strict} if self.strict and version == "v2" else {}
            return make(letter, version, self.poison if version == "v1" else frozenset(), flaws, **options)

        def probing(letter: str, version: str) -> Algorithms:
            return make(letter, version, self.poison if version == "v1" else frozenset(), frozenset(), probes=True)

        def before(flaws: Flaws) -> list[Writer]:
            return [
                *(outside(Store(key)) for keys in self.delivered for key in keys),
                *(delivery(writer(f"P{n}", self.delivered_by, flaws), *keys) for n, keys in enumerate(self.delivered)),
                *(outside(Store(key)) for key in self.stored),
                *(rebuild(writer(f"Q{n}", version, flaws)) for n, version in enumerate(self.begun)),
                *(each for n, key in enumerate(self.crashed) for each in crash(probing(f"D{n}", "v1"), key)),
            ]

        def writers(flaws: Flaws) -> list[Writer]:
            return [
                *(outside(Store(key)) for key in self.later),
                *(rebuild(writer(f"R{n}", version, flaws)) for n, version in enumerate(self.rebuilds)),
                *([erasure(writer("E", self.last, flaws), *self.erased)] if self.erased else []),
                *([outside(DeleteRow())] if self.deleted else []),
                *(outside(Lose(key)) for key in self.lost),
                *(outside(PassTime(n)) for n in range(self.invocations_end)),
                *(delivery(writer(f"B{n}", version, flaws), *keys) for n, (version, keys) in enumerate(self.batches)),
                *(delivery(probing(f"C{n}", version), *keys) for n, (version, keys) in enumerate(self.probed)),
                *(
                    decision(writer(f"S{n}", each.version, flaws), each.command, each.residue, each.now, each.refuses)
                    for n, each in enumerate(self.deciders)
                ),
            ]

        return Scenario(
            self.name,
            writers,
            lambda flaws: writer("Z", self.last, flaws),
            before,
            self.crashes,
            new_world,
            self.erased,
            self.lost,
            rebuilt_in_the_end=bool(self.time or self.probed),
            lost_replies=self.lost_replies,
        )


SETTINGS = [
    Setting(
        "three deliveries of a new domain object",
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
        "late events, one of them twice, and new events",
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
        "a zombie overwrites a snapshot that a row lists",
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
        "old and new logic at the same time at a parked domain object",
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
        "a row is deleted and written again",
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
        "a rebuild goes back to a mark with events on both sides of it",
        delivered=((5,), (18,)),
        stored=(20,),
        later=(7, 12, 13),
        batches=(("v1", (20,)),),
        rebuilds=("v1",),
        crashes=0,
    ),
    Setting(
        "a rebuild of a parked domain object",
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
        "a rebuild of a domain object that is parked meanwhile",
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
        "a rebuild of a row that is deleted meanwhile",
        stored=(4,),
        delivered=((1, 3),),
        later=(2,),
        batches=(("v1", (2, 4)),),
        rebuilds=("v1",),
        deleted=True,
    ),
]

DECISIONS = [
    Setting(
        "two decisions on the last of a balance",
        delivered=((10,),),
        deciders=(Decider("c1", 1, 25), Decider("c2", 2, 25)),
    ),
    Setting(
        "two decisions, a late event and a new event",
        delivered=((10, 30),),
        stored=(40,),
        later=(20, 50),
        batches=(("v1", (20,)), ("v1", (40,))),
        deciders=(Decider("c1", 1, 25), Decider("c2", 2, 35)),
    ),
    Setting(
        "the first event of an object is decided",
        later=(10, 30),
        batches=(("v1", (10,)), ("v1", (30,))),
        deciders=(Decider("c1", 1, 25), Decider("c2", 2, 25)),
    ),
    Setting(
        "one command asked for twice, with a lost reply",
        delivered=((10, 20),),
        later=(30,),
        batches=(("v1", (30,)),),
        deciders=(Decider("c1", 1, 25), Decider("c1", 1, 25), Decider("c2", 2, 25)),
        lost_replies=1,
    ),
    Setting(
        "an event after which to refuse, and a lost reply",
        delivered=((10, 20),),
        later=(30,),
        batches=(("v1", (30,)),),
        deciders=(Decider("c1", 1, 25, closing=30), Decider("c2", 2, 25)),
        lost_replies=1,
    ),
    Setting(
        "a decision on a row that is parked",
        delivered=((10, 30),),
        stored=(40,),
        later=(20, 5),
        batches=(("v1", (20,)), ("v1", (40,)), ("v2", (5,))),
        deciders=(Decider("c1", 1, 35),),
        poison=frozenset({20}),
        last="v2",
    ),
    Setting(
        "decisions by old and new logic",
        delivered=((10, 20, 40),),
        later=(30,),
        batches=(("v2", (30,)),),
        deciders=(Decider("c1", 1, 35, "v1"), Decider("c2", 2, 45, "v2")),
        last="v2",
    ),
    Setting(
        "a decision during a rebuild",
        delivered=((10, 30),),
        later=(20,),
        batches=(("v1", (20,)),),
        rebuilds=("v2",),
        deciders=(Decider("c1", 1, 35),),
        last="v2",
    ),
    Setting(
        "a decision on a row that is deleted",
        delivered=((10, 20),),
        later=(30,),
        batches=(("v1", (30,)),),
        deciders=(Decider("c1", 1, 25), Decider("c2", 2, 25)),
        deleted=True,
        last="v1",
    ),
    Setting(
        "a decision with a slow clock among snapshots",
        delivered=((10,), (20,), (40,)),
        stored=(30,),
        later=(50,),
        batches=(("v1", (30,)), ("v1", (50,))),
        deciders=(Decider("c1", 1, 15), Decider("c2", 2, 35)),
    ),
    Setting(
        "late events while a decision shows",
        delivered=((10, 40),),
        stored=(20, 30),
        batches=(("v1", (20, 30)),),
        deciders=(Decider("c1", 1, 45),),
        crashes=0,
    ),
    Setting(
        "a late event and a new event while a decision shows",
        delivered=((10, 30),),
        stored=(20,),
        later=(50,),
        batches=(("v1", (20,)), ("v1", (50,))),
        deciders=(Decider("c1", 1, 35),),
        crashes=0,
    ),
    Setting(
        "a command asked for again while its decision shows",
        delivered=((10, 20, 30),),
        later=(50,),
        batches=(("v1", (50,)),),
        deciders=(Decider("c1", 1, 35), Decider("c1", 1, 35)),
        crashes=0,
    ),
    Setting(
        "a rebuild while a decision shows",
        delivered=((10, 40),),
        stored=(20, 30),
        batches=(("v1", (20, 30)),),
        rebuilds=("v1",),
        deciders=(Decider("c1", 1, 45),),
        crashes=0,
    ),
]
"""For the model and the real code: services that decide beside the pipeline."""

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
        "an event is erased while late and new events arrive",
        delivered=((1, 4, 5),),
        stored=(6,),
        later=(2,),
        batches=(("v1", (2, 6)),),
        erased=(4,),
    ),
    Setting(
        "all events are erased, and a new event arrives",
        delivered=((1, 2),),
        later=(3,),
        batches=(("v1", (3,)), ("v1", (1,))),
        erased=(1, 2),
    ),
    Setting(
        "the event that parked a domain object is erased",
        delivered=((1, 2),),
        later=(3,),
        batches=(("v1", (3,)),),
        poison=frozenset({2}),
        erased=(2,),
    ),
    Setting(
        "an event before the one that parked a domain object is erased",
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
        batches=(("v1", (1,)), ("v1", (2,))),
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
        "a zombie writes snapshots that hold erased events",
        delivered=((1,),),
        stored=(2, 3, 6, 7, 8, 9),
        batches=(("v1", (6, 7)), ("v1", (2, 3, 6, 7, 9))),
        erased=(3,),
        crashes=0,
    ),
]
"""For the real code only: the model has no tombstones."""

LOSSES = [
    Setting(
        "the store loses an event, and a late event arrives",
        delivered=((1, 4, 5),),
        later=(2, 6),
        batches=(("v1", (2,)), ("v1", (6,))),
        lost=(4,),
    ),
    Setting(
        "the store loses the first events, and new logic folds them all",
        delivered=((1, 2, 3),),
        stored=(5,),
        later=(4,),
        batches=(("v2", (4,)), ("v1", (5,))),
        lost=(1, 2),
        last="v2",
    ),
    Setting(
        "the store loses events during a rebuild",
        delivered=((1, 3, 4),),
        later=(2,),
        batches=(("v1", (2,)),),
        rebuilds=("v2",),
        lost=(1,),
    ),
    Setting(
        "a parked domain object, and the store loses one of its events",
        delivered=((1, 2, 4),),
        later=(3, 5),
        batches=(("v2", (5,)), ("v1", (3,))),
        poison=frozenset({4}),
        lost=(2,),
        last="v2",
    ),
]
"""For the real code only."""

TIMES = [
    Setting(
        "late events in a history too long for one invocation",
        delivered=((1, 3, 4, 5, 7),),
        delivered_by="v0",
        later=(2, 6, 8),
        batches=(("v1", (2,)), ("v1", (6,)), ("v1", (8,))),
        time=3,
    ),
    Setting(
        "rebuilds that each continue the fold",
        delivered=((1, 3, 5, 7),),
        delivered_by="v0",
        later=(2,),
        batches=(("v0", (2,)),),
        begun=("v1",),
        rebuilds=("v1",),
        time=4,
    ),
    Setting(
        "a parked domain object with a long history",
        delivered=((1, 2, 3, 4),),
        later=(5, 6),
        batches=(("v2", (5,)), ("v1", (6,))),
        rebuilds=("v2",),
        poison=frozenset({2}),
        last="v2",
        time=3,
    ),
    Setting(
        "an event is erased while a fold waits to be continued",
        delivered=((1, 2, 3, 4, 5),),
        delivered_by="v0",
        later=(6,),
        batches=(("v1", (6,)),),
        rebuilds=("v1",),
        erased=(2,),
        time=4,
        crashes=0,
    ),
]
"""For the real code only."""

CRASHES = [
    Setting(
        "a third process and a rebuild that applies the event",
        delivered=((1,),),
        stored=(2,),
        crashed=(2, 2),
        later=(3,),
        batches=(("v1", (3,)),),
        probed=(("v1", (2,)),),
        rebuilds=("v2",),
        last="v2",
    ),
    Setting(
        "processes that overlap",
        delivered=((1,),),
        stored=(2,),
        probed=(("v1", (2,)), ("v1", (2,)), ("v1", (2,))),
        rebuilds=("v2",),
        invocations_end=1,
        crashes=2,
        last="v2",
    ),
    Setting(
        "two events that crash processes alternately",
        delivered=((1,),),
        stored=(2, 3),
        crashed=(2, 3, 3),
        probed=(("v1", (2,)), ("v1", (3,)), ("v1", (2,))),
        invocations_end=1,
        crashes=2,
        last="v2",
    ),
    Setting(
        "an event that the row holds comes again before a late event that crashes processes",
        delivered=((2, 4),),
        stored=(1, 3),
        crashed=(2, 2),
        later=(5,),
        batches=(("v1", (5,)), ("v1", (1,))),
        probed=(("v1", (2,)),),
        last="v2",
    ),
    Setting(
        "a late event that crashes processes, and new events",
        delivered=((1, 4),),
        stored=(2,),
        later=(5,),
        batches=(("v1", (5,)),),
        probed=(("v1", (2,)), ("v1", (2,)), ("v1", (2,))),
        invocations_end=2,
        crashes=2,
        last="v2",
    ),
]
"""For the real code only."""

DECISIONS_BESIDE = [
    Setting(
        "an event is erased beside a decision",
        delivered=((10, 20),),
        later=(30,),
        batches=(("v1", (30,)),),
        erased=(10,),
        deciders=(Decider("c1", 1, 25),),
    ),
    Setting(
        "the store loses an event beside a decision",
        delivered=((10, 20, 30),),
        later=(15,),
        batches=(("v1", (15,)),),
        lost=(10,),
        deciders=(Decider("c1", 1, 35), Decider("c2", 2, 25)),
    ),
    Setting(
        "a history too long for one invocation, and decisions",
        delivered=((10, 30, 40, 50),),
        delivered_by="v0",
        later=(20, 60),
        batches=(("v1", (20,)), ("v1", (60,))),
        time=3,
        deciders=(Decider("c1", 1, 55), Decider("c2", 2, 55, "v0")),
    ),
    *(
        Setting(
            f"decisions on a row of which another version's {strict} fails",
            delivered=((10, 20, 40),),
            later=(30,),
            batches=(("v2", (30,)),),
            deciders=(Decider("c1", 1, 35, "v2"), Decider("c2", 2, 45, "v1")),
            crashes=0,
            strict=strict,
            last="v2",
        )
        for strict in ("apply", "from_dynamo_item")
    ),
    Setting(
        "an event that crashes processes, and a decision",
        delivered=((10,),),
        stored=(20,),
        crashed=(20, 20),
        later=(30,),
        batches=(("v1", (30,)),),
        probed=(("v1", (20,)),),
        deciders=(Decider("c1", 1, 25), Decider("c2", 2, 25, "v2")),
        last="v2",
    ),
]
"""For the real code only."""

FLAWS = {
    "row read after the store": "three deliveries of a new domain object",
    "stale pages after a lost race": "old and new logic at the same time at a parked domain object",
    "a refold keeps later marks": "late events, one of them twice, and new events",
    "snapshot trusted by its key": "a zombie overwrites a snapshot that a row lists",
    "a mixed row is labelled as one version's": "old and new logic with late events",
    "acknowledge waiting without a write": "old and new logic at the same time at a parked domain object",
    "healing stops at the batch": "old and new logic at the same time at a parked domain object",
    "healing begins at the failed event": "old logic fails at what new logic had applied",
    "fast path while parked": "old and new logic at the same time at a parked domain object",
    "a missing row is a new domain object": "a row is deleted and written again",
    "revision is a counter": "a row is deleted and written again",
    "a rebuild is not notified of late events": "a rebuild and a late event",
    "a rebuild trusts what it read beyond the checkpoint": "a rebuild and events in flight",
    "a rebuild keeps the mark that it goes back to": "a rebuild goes back to a mark with events on both sides of it",
    "a decision ignores the row's revision": "two decisions on the last of a balance",
    "the event and the row are written apart": "two decisions on the last of a balance",
    "a decision leaves out what is not projected": "two decisions, a late event and a new event",
    "a decision reads the store before the row": "two decisions, a late event and a new event",
    "a decided event may be earlier than others": "a decision with a slow clock among snapshots",
    "a parked row is decided on": "a decision on a row that is parked",
    "a decision does not look for itself": "one command asked for twice, with a lost reply",
    "a decision without a reply starts over": "an event after which to refuse, and a lost reply",
    "a decision keeps pages after a lost race": "two decisions, a late event and a new event",
    "a read is taken for all that is stored": "late events while a decision shows",
    "an event in order makes the row forget its decision": "a command asked for again while its decision shows",
}
"""The flaws, and the setting in which the explorer finds each of them."""
