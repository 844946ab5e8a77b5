"""Rules for Hypothesis. Each rule is something that may happen to the pipeline at any moment."""

import sys

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from .functions import Functions
from .logic import VERSIONS, Now
from .messages import DOMAINS, EVENT_IDS, NUMBERS, SPELLINGS, Event, broken, sent
from .scheduler import Invocation, Turn
from .world import SPOILS, TAMPERINGS, World

domain_ids = st.sampled_from((*"aaab", *DOMAINS))
"""Most rules choose the same domain object. Otherwise too little would happen to each."""
some_numbers = st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=8, unique=True)
few_numbers = st.lists(st.sampled_from(NUMBERS), max_size=3)
event_ids = st.sampled_from((*"eeee", *EVENT_IDS))
refused_by = st.sampled_from(((), (), (), (1,), (1,), (2,), (1, 2), (2, 3), (1, 2, 3, 4)))
which = st.integers(0, 7)
sizes = st.integers(1, 8)
seconds = st.sampled_from((None, None, None, 2, 4, 7))
"""The time of an invocation. The fold of each event takes one second."""
happening = st.tuples(
    st.sampled_from(
        (
            *[Turn.WELL] * 20,
            *Turn,
            *["store", "store", "send", "persist", "persist"],
            *["project", "project", "project", "rebuild", "abandon", "decide"],
        )
    ),
    which,
    which,
)
by_hand = st.sampled_from(("delete", "delete", *SPOILS, *TAMPERINGS))


class Histories(RuleBasedStateMachine):
    """Everything may happen at any moment. At the end, everything is delivered, healed and rebuilt."""

    def __init__(self, functions: Functions) -> None:
        super().__init__()
        self._functions = functions
        self.world = World(functions)

    @initialize(
        seed=st.integers(0, 2**16),
        events_per_snapshot=st.sampled_from((2, 1, 3)),
        page=st.integers(1, 4),
        deployed=st.sampled_from(([1, 2], [1], [1, 3], [2, 3])),
        numbers=some_numbers,
        refused_by=refused_by,
    )
    def begin(
        self,
        seed: int,
        events_per_snapshot: int,
        page: int,
        deployed: list[int],
        numbers: list[int],
        refused_by: tuple[int, ...],
    ) -> None:
        self.world = World(self._functions, seed, events_per_snapshot, page, deployed=deployed)
        self._arrive("a", numbers, "e", refused_by)

    # Producers

    @rule(
        what=st.sampled_from(("new", "again", "otherwise", "conflict", "broken")),
        domain_id=domain_ids,
        number=st.sampled_from(NUMBERS),
        event_id=event_ids,
        refused_by=refused_by,
        spelling=which,
        of=st.integers(0, 100),
    )
    def send(
        self,
        what: str,
        domain_id: str,
        number: int,
        event_id: str,
        refused_by: tuple[int, ...],
        spelling: int,
        of: int,
    ) -> None:
        """Send a new event, a sent message again, the same event in other text, a conflict, or a broken message."""
        before = self.world.sent[of % len(self.world.sent)]
        if what == "broken":
            self.world.send(broken(of, len(self.world.sent)))
        elif what == "new" or before.event is None:
            self._send(Event(domain_id, number, event_id, refused_by), spelling)
        elif what == "again":
            self.world.send(before)
        else:
            same, user_id = before.event, "v" if what == "conflict" else before.event.user_id
            self._send(Event(same.domain_id, same.number, same.event_id, same.refused_by, user_id), spelling)

    def _arrive(self, domain_id: str, numbers: list[int], event_id: str, refused_by: tuple[int, ...]) -> None:
        """Send events and store them at once. The logic may refuse the last of them."""
        refused = numbers[-1]
        self._store([Event(domain_id, each, event_id, refused_by if each == refused else ()) for each in numbers])

    arrive = rule(domain_id=domain_ids, numbers=some_numbers, event_id=event_ids, refused_by=refused_by)(_arrive)
    arrive_too = rule(domain_id=domain_ids, numbers=some_numbers, event_id=event_ids, refused_by=st.just(()))(_arrive)

    # Lambda

    @rule(size=sizes, loses=st.booleans())
    def begin_persist(self, size: int, loses: bool) -> None:
        self.world.begin_persist(size, lose_acknowledgement=loses)

    @rule(shard=st.integers(0, 1), size=sizes, by=which, seconds=seconds, loses=st.sampled_from((False, False, True)))
    def begin_project(self, shard: int, size: int, by: int, seconds: float | None, loses: bool) -> None:
        self.world.begin_project(shard, size, self._version(by), seconds=seconds, lose_acknowledgement=loses)

    @rule(shard=st.integers(0, 1), size=sizes, by=which, seconds=seconds)
    def project(self, shard: int, size: int, by: int, seconds: float | None) -> None:
        """Deliver a batch, and run the invocation to its end."""
        self.world.finish(self.world.begin_project(shard, size, self._version(by), seconds=seconds))

    @rule(count=st.integers(1, 6), by=which)
    def project_more(self, count: int, by: int) -> None:
        """Deliver several batches, one after another."""
        for each in range(count):
            self.world.finish(self.world.begin_project(each, 8, self._version(by)))

    @precondition(lambda self: self.world.invocations)
    @rule(of=which, task=which, turn=st.sampled_from(Turn))
    def step(self, of: int, task: int, turn: Turn) -> None:
        """Run one storage call of one thread of one invocation, with or without a fault."""
        self.world.step(self._invocation(of), task, turn)

    def _go_on(self, happenings: list[tuple[str | Turn, int, int]]) -> None:
        """Run several invocations at the same time, start and abandon others, and store events meanwhile."""
        for what, of, by in happenings:
            if what == "store":
                domain_id = DOMAINS[of % 5 % len(DOMAINS)]
                self._store([Event(domain_id, NUMBERS[(of + 5 * by) % len(NUMBERS)], EVENT_IDS[by % len(EVENT_IDS)])])
            elif what == "project":
                self.world.begin_project(of, by + 1, self._version(of + by))
            elif what == "send":
                self.world.send(broken(of + by, len(self.world.sent)))
                self._send(Event("a", NUMBERS[of], "e", user_id="v"), by)
            elif what == "persist":
                self.world.begin_persist(by + 1)
            elif what == "rebuild":
                self.world.begin_rebuild(DOMAINS[of % 5 % len(DOMAINS)], self._version(by))
            elif what == "decide":
                self.world.begin_decision(DOMAINS[of % 5 % len(DOMAINS)], self._version(by), of + by, 1, (), again=None)
            elif self.world.invocations and what == "abandon":
                self.world.abandon(self._invocation(of))
            elif self.world.invocations and isinstance(what, Turn):
                self.world.step(self._invocation(of), by, what)

    go_on = rule(happenings=st.lists(happening, min_size=1, max_size=12))(_go_on)
    go_on_longer = rule(happenings=st.lists(happening, min_size=12, max_size=30))(_go_on)

    @rule(
        what=st.sampled_from(("rebuild", "rebuild", "zombie")),
        domain_id=domain_ids,
        by=which,
        between=st.lists(st.tuples(st.integers(0, 6), few_numbers, event_ids, sizes), min_size=1, max_size=8),
    )
    def run_slowly(self, what: str, domain_id: str, by: int, between: list[tuple[int, list[int], str, int]]) -> None:
        """A rebuild or an abandoned delivery runs while events of the same domain object are stored and projected."""
        if what == "rebuild":
            slow: Invocation | None = self.world.begin_rebuild(domain_id, self._version(by)).invocation
        else:
            slow = self.world.begin_project(by, 8, self._version(by))
            if slow is not None:
                self.world.abandon(slow)
        for steps, numbers, event_id, size in between:
            for _ in range(steps):
                if slow is not None and not slow.is_over:
                    self.world.step(slow)
            self._store([Event(domain_id, number, event_id) for number in numbers])
            self.world.finish(self.world.begin_project(size, size, self._version(by + size)))

    @precondition(lambda self: self.world.invocations)
    @rule(of=which, how=st.sampled_from(("finish", "abandon", "kill")))
    def end(self, of: int, how: str) -> None:
        """An invocation ends, is killed, or continues as a zombie while another invocation gets its batch."""
        invocation = self._invocation(of)
        match how:
            case "finish":
                self.world.finish(invocation)
            case "abandon":
                self.world.abandon(invocation)
            case _:
                self.world.kill(invocation)

    # Services that decide

    @rule(
        domain_id=domain_ids,
        by=which,
        minute=st.sampled_from((*NUMBERS, *NUMBERS[-2:])),
        parts=st.sampled_from((1, 1, 2)),
        refused_by=refused_by,
        how=st.sampled_from(("begin", "begin", "at once", "again")),
    )
    def decide(self, domain_id: str, by: int, minute: int, parts: int, refused_by: tuple[int, ...], how: str) -> None:
        """A service decides, or is asked once more for what it was asked before."""
        again = by if how == "again" else None
        decision = self.world.begin_decision(domain_id, self._version(by), minute, parts, refused_by, again=again)
        if how == "at once":
            self.world.finish(decision.invocation)

    # Operators

    @rule(domain_id=domain_ids, by=which, seconds=seconds, how=st.sampled_from(("begin", "begin", "at once", "again")))
    def rebuild(self, domain_id: str, by: int, seconds: float | None, how: str) -> None:
        """Request a rebuild, or retry one that failed or is a zombie, as Lambda does."""
        tries = [*self.world.failed_rebuilds, *self.world.rebuilds]
        if how == "again" and tries:
            tried = tries[by % len(tries)]
            self.world.begin_rebuild(tried.domain_id, self._version(by), request_id=tried.request_id)
            return
        rebuild = self.world.begin_rebuild(domain_id, self._version(by), seconds=seconds)
        if how == "at once":
            self.world.finish(rebuild.invocation)

    @rule(what=st.sampled_from(("deploy", "deploy", "deploy at once", "retire", 1, 2, 100, 61.0, 61.0, 901.0)))
    def circumstances(self, what: str | float) -> None:
        """Deploy new logic, with or without the old; remove the old; make reads return few rows; let time pass."""
        world = self.world
        if isinstance(what, float):
            Now.clock.advance(what)
        elif isinstance(what, int):
            world.db.batch_get_keys = what
        elif what == "retire":
            world.deployed = world.deployed[-1:]
        elif world.deployed[-1] != VERSIONS[-1]:
            world.deployed = [*(world.deployed if what == "deploy" else ()), world.deployed[-1] + 1]

    # People

    @rule(
        domain_id=domain_ids,
        how=st.sampled_from(("delete", "delete", "lose", "lose", "put back", *SPOILS, *TAMPERINGS)),
        slots=st.tuples(which, which),
    )
    def do_by_hand(self, domain_id: str, how: str, slots: tuple[int, int]) -> None:
        """Delete or damage a row, change snapshots, remove events from the store or put them back."""
        if how == "delete":
            self.world.delete_row(domain_id)
        elif how == "lose":
            self.world.lose(domain_id, *slots)
        elif how == "put back":
            self.world.put_back()
        elif how in SPOILS:
            self.world.spoil_row(domain_id, how)
        else:
            self.world.tamper_with_snapshots(domain_id, how, slots)

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self.world.converge()
        finally:
            self.world.scheduler.end()

    def _store(self, events: list[Event]) -> None:
        for event in events:
            self._send(event, 0)
        self.world.finish(self.world.begin_persist(10))

    def _send(self, event: Event, spelling: int) -> None:
        self.world.send(sent(event, spelling % SPELLINGS, len(self.world.sent)))

    def _version(self, by: int) -> int:
        return self.world.deployed[by % len(self.world.deployed)]

    def _invocation(self, of: int) -> Invocation:
        return self.world.invocations[of % len(self.world.invocations)]
