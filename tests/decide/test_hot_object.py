"""Guarantee: however many services decide on one object at the same time, none takes more than it knew to be there.

Deposits over the bus are stored and projected meanwhile. Each call on a table is a step of a random schedule, and in
the second test a tenth of all calls fails: before its effect, after it, or with a reply that is lost and repeated.
"""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from cp_event_source.decide.command import Command
from cp_event_source.decide.deciding import Decided, Deciding, Who
from cp_event_source.decide.errors import Contention, OutcomeUnknown
from cp_event_source.decide.event import Event
from cp_event_source.decide.objects import deciding
from cp_event_source.decide.settings import DeciderSettings
from cp_event_source.handler.aws.domain_table import DomainTable
from cp_event_source.handler.aws.events_table import EventsTable
from cp_event_source.handler.aws.snapshots_table import SnapshotsTable
from cp_event_source.handler.events.event_time import instant_at
from cp_event_source.handler.events.stored_event import DECIDED
from cp_event_source.handler.projection.folding import FoldConfig
from cp_event_source.handler.projection.projection import Delivery, Projection
from cp_event_source.handler.projection.rows import DomainRow
from cp_event_source.handler.projection.stores import Stores
from cp_event_source.testing.memory import InOrder, MemoryNotices
from tests.doubles.clients import direct_dynamodb
from tests.doubles.clock import CountingClock, FunctionClock
from tests.doubles.dynamodb import DynamoDB
from tests.doubles.mappings import StreamMapping
from tests.histories.scheduler import Invocation, Reached, Scheduler, Turn
from tests.nightly import effort

from .given import DOMAIN_ID, Overdrawn, account_logic, credit, withdraw

OPENING = effort(60, 500)
DECIDERS = 2 * OPENING
AT_ONCE = effort(12, 40)
"""How many deciders are at work at the same time."""


@dataclass
class Bank:
    """One account, its deposits, and those who withdraw 1 from it."""

    seed: int
    failing: float
    told: Counter[str] = field(default_factory=Counter)
    attempts: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.db = DynamoDB()
        self.db.create_table("events", "DomainId", "EventKey", stream=True)
        self.db.create_table("rows", "DomainId", stream=True)
        self.db.create_table("snapshots", "DomainId", "CpEventSourceSlot", range_type="N")
        self.clock = FunctionClock(self.db.clock)
        self.clock.advance(3600)
        self.scheduler = Scheduler()
        self.stream = StreamMapping(self.db, "events", lambda event: None, shards=1, overtaking=3, absent=DECIDED)
        self.logic = account_logic()
        self.deposits = 0
        self._checked = 0

    def client(self, invocation: Invocation) -> Any:
        return direct_dynamodb(Reached(self.db, invocation, self.scheduler, page=100))

    def deposit(self, amount: int) -> None:
        """A deposit over the bus is stored: often between others, sometimes before all."""
        minute = self.chance.choice((0, 10, 30, 59))
        event = credit(minute, amount, event_id=f"deposit-{self.deposits}")
        self.db.handle("PutItem", {"TableName": "events", "Item": event.item})
        self.deposits += 1

    def begin(self, number: int) -> Invocation:
        """A service withdraws 1."""
        invocation = Invocation(self.scheduler, f"decider {number}")
        settings = DeciderSettings("Account", "events", "rows", "snapshots", "v1", 60, 20, 600, "{}")
        made = deciding(settings, self.logic, self.client(invocation), CountingClock(self.db.clock))
        invocation.begin(self._call(made, number))
        return invocation

    def _call(self, made: Deciding, number: int) -> Callable[[], None]:
        asked = Command.of(DOMAIN_ID, f"c{number}", instant_at(self.clock.now()))

        def call() -> None:
            while True:
                try:
                    done = made.decide(DOMAIN_ID, asked, self._noting(number), Who("u"), timeout_seconds=8)
                except Overdrawn:
                    self.told["refused"] += 1
                except (Contention, OutcomeUnknown):
                    continue  # as a caller does: the same command once more
                except Exception as error:
                    if "Throttling" not in repr(error) and "InternalServerError" not in repr(error):
                        raise
                    continue
                else:
                    self._note(done)
                return

        return call

    def _noting(self, number: int) -> Callable[[Any], list[Event]]:
        def decide(account: Any) -> list[Event]:
            self.attempts += 1
            [event] = withdraw(1)(account)
            return [replace(event, payload={"Amount": 1, "By": number, "Knew": account.Balance})]

        return decide

    def _note(self, done: Decided[Any]) -> None:
        self.told["repeated" if done.is_repeated else "decided"] += 1

    def project(self) -> Invocation | None:
        """Lambda delivers a batch of the stream."""
        if not self.stream.pending():
            return None
        invocation = Invocation(self.scheduler, "project")
        client = self.client(invocation)
        rows = DomainTable(client, "rows", self.clock)
        stores = Stores(EventsTable(client, "events"), rows, SnapshotsTable(client, "snapshots"))
        config = FoldConfig(self.logic, "v1", 60, 20)
        projection = Projection(stores, MemoryNotices(), config, self.clock, InOrder())

        def deliver(event: dict[str, Any]) -> Any:
            images = [record["dynamodb"]["NewImage"] for record in event["Records"]]
            (result,) = projection.project([Delivery(DOMAIN_ID, images, rows.read(DOMAIN_ID))])
            numbers = [record["dynamodb"]["SequenceNumber"] for record in event["Records"]]
            return {"batchItemFailures": [{"itemIdentifier": each} for each in numbers if result.errors]}

        def run() -> None:
            self.stream.function = deliver
            self.stream.deliver_one(0, size=self.chance.randint(1, 10))

        invocation.begin(run)
        return invocation

    def turn(self) -> Turn:
        if self.chance.random() >= self.failing:
            return Turn.WELL
        return self.chance.choice((Turn.REFUSED, Turn.CUT, Turn.REPEATED))

    def run(self) -> None:
        """Everybody at once, until all have been told, and the stream is drained."""
        self.deposit(OPENING)
        waiting, running, projecting = list(range(DECIDERS)), list[Invocation](), None
        while waiting or running or projecting or self.stream.pending():
            while waiting and len(running) < AT_ONCE:
                running.append(self.begin(waiting.pop()))
            if waiting and self.chance.random() < 0.01:
                self.deposit(self.chance.randint(1, 5))
            if projecting is None and self.chance.random() < 0.05:
                projecting = self.project()
            self.scheduler.settle()
            tasks = [task for each in [*running, *([projecting] if projecting else [])] for task in each.waiting()]
            if tasks:
                self.scheduler.step(self.chance.choice(tasks), self.turn())
            self.check()
            for invocation in [each for each in (*running, projecting) if each is not None and each.is_over]:
                if invocation.main.error is not None and invocation is not projecting:
                    raise invocation.main.error
                if invocation is projecting:
                    projecting = None
                else:
                    running.remove(invocation)

    def check(self) -> None:
        """Each decision, as it is written: its row has what it knew, less what it took, and that is not below zero."""
        records = self.db.records("events")
        for record in records[self._checked :]:
            image = record["dynamodb"]["NewImage"]
            if DECIDED in image:
                knew = int(image["Payload"]["M"]["Knew"]["N"])
                now = self.db.records("rows")[-1]["dynamodb"]["NewImage"]
                assert int(now["Balance"]["N"]) == knew - 1 >= 0
        self._checked = len(records)


def check(bank: Bank) -> None:
    bank.run()
    stored = bank.db.items("events")
    decided = [item for item in stored if DECIDED in item]
    amounts = [int(item["Payload"]["M"]["Amount"]["N"]) for item in stored if DECIDED not in item]
    row = DomainRow.from_item(bank.db.items("rows")[0])
    assert row is not None
    assert row.parked is None
    assert row.state.applied.count == len(stored)
    assert int(row.state.attributes["Balance"]["N"]) == sum(amounts) - len(decided) >= 0
    assert bank.told["decided"] + bank.told["repeated"] == len(decided)
    assert bank.told.total() == DECIDERS
    who = [item["Payload"]["M"]["By"]["N"] for item in decided]
    assert len(set(who)) == len(who), "somebody withdrew twice"
    assert len(decided) >= OPENING
    assert bank.told["refused"] == DECIDERS - len(decided)


@pytest.mark.timeout(effort(300, 36_000))
@pytest.mark.parametrize("seed", range(effort(1, 3)))
@pytest.mark.parametrize("failing", [0.0, 0.1])
def test_nobody_withdraws_what_is_not_there(seed: int, failing: float) -> None:
    check(Bank(seed, failing))
