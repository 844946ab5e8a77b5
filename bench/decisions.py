"""What decisions cost on the double of DynamoDB, and how many a second one object takes: `python -m bench.decisions`.

The clock is the schedule's: each call takes what AWS's calls typically take, and services wait as the library does.
"""

import heapq
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

from greenlet import getcurrent, greenlet

from cp_event_source.decide import Contention, Event
from cp_event_source.decide.command import Command
from cp_event_source.decide.deciding import Deciding, Who
from cp_event_source.decide.objects import deciding
from cp_event_source.decide.settings import DeciderSettings
from cp_event_source.handler.events.event_time import instant_at
from tests.decide.given import account_logic
from tests.doubles.aws import Clock
from tests.doubles.clients import direct_dynamodb
from tests.doubles.clock import FunctionClock
from tests.doubles.dynamodb import DynamoDB

SECONDS: Final = {"GetItem": 0.004, "Query": 0.005, "PutItem": 0.006, "TransactWriteItems": 0.015}
"""What a call takes from a function in the same region. The second half of a call comes after its effect."""

SETTINGS: Final = DeciderSettings("Account", "events", "rows", "snapshots", "v1", 10, 100, 600, "{}")


@dataclass
class Run:
    """What some services achieved on one object."""

    decisions: int = 0
    attempts: int = 0
    contentions: int = 0


class Timed:
    """The double, with calls that take time."""

    def __init__(self, db: DynamoDB, wait: Callable[[float], None]) -> None:
        self._db = db
        self._wait = wait

    def handle(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        self._wait(SECONDS[operation] / 2)
        try:
            return self._db.handle(operation, request)
        finally:
            self._wait(SECONDS[operation] / 2)


class _Waiting(FunctionClock):
    def __init__(self, time: Clock, wait: Callable[[float], None]) -> None:
        super().__init__(time)
        self._wait = wait

    def sleep(self, seconds: float) -> None:
        self._wait(seconds)

    def jitter(self, most_seconds: float) -> float:
        return random.uniform(0, most_seconds)  # noqa: S311


def tables() -> DynamoDB:
    db = DynamoDB()
    db.shows_in_parts = False  # a reply comes when all items can be read
    db.create_table("events", "DomainId", "EventKey", stream=True)
    db.create_table("rows", "DomainId")
    db.create_table("snapshots", "DomainId", "CpEventSourceSlot", range_type="N")
    return db


def service(db: Any, clock: FunctionClock) -> Deciding:
    return deciding(SETTINGS, account_logic(), direct_dynamodb(db), clock)


def decide(made: Deciding, clock: FunctionClock, domain_id: str = "hot") -> int:
    """Decide once. Returns the attempts."""
    asked = Command.new(domain_id, instant_at(clock.now()))
    event = Event("Credited", {"Amount": 1, "Note": "x" * 250})
    return made.decide(domain_id, asked, lambda _: [event], Who("user"), timeout_seconds=10).attempts


def hot_object(services: int, seconds: float) -> Run:
    """Services that each decide about one object again and again."""
    random.seed(services)
    db, run, turns, order = tables(), Run(), list[tuple[float, int, greenlet]](), count()
    hub = getcurrent()
    start = db.clock.now

    def wait(length: float) -> None:
        heapq.heappush(turns, (db.clock.now + length, next(order), getcurrent()))
        hub.switch()

    def work() -> None:
        clock = _Waiting(db.clock, wait)
        made = service(Timed(db, wait), clock)
        while db.clock.now < start + seconds:
            try:
                attempts = decide(made, clock)  # not in the sum itself: others run in the meantime
                run.attempts += attempts
                run.decisions += 1
            except Contention as error:
                run.attempts += error.attempts
                run.contentions += 1

    for _ in range(services):
        greenlet(work).switch()
    while turns:
        at, _, task = heapq.heappop(turns)
        db.clock.now = at
        task.switch()
    return run


def cost() -> tuple[float, float, float]:
    """Read and write units of one decision, and the write units of the same event over the bus."""
    db = tables()
    clock = FunctionClock(db.clock)
    made = service(db, clock)
    decide(made, clock, "cost")
    db.counters.reset()
    decide(made, clock, "cost")
    return db.counters.of().rcu, db.counters.of().wcu, db.counters.of("events").wcu / 2 + db.counters.of("rows").wcu / 2


def main() -> None:
    rcu, wcu, bus = cost()
    print(f"a decision: {rcu:g} read units, {wcu:g} write units; an event over the bus: {bus:g} write units")  # noqa: T201
    print("services  decisions/s  attempts each  given up")  # noqa: T201
    for services in (1, 2, 4, 8, 16, 32):
        run = hot_object(services, 20)
        each = run.attempts / run.decisions
        print(f"{services:8}  {run.decisions / 20:11.1f}  {each:13.1f}  {run.contentions:8}")  # noqa: T201


if __name__ == "__main__":
    main()
