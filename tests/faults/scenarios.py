"""What happens to a pipeline, first without faults and then with faults."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .functions import DOMAIN_NAME
from .pipeline import LEASE_SECONDS, REFUSED, Pipeline


@dataclass(frozen=True, slots=True)
class Scenario:
    """`given` runs without faults. Any call of `when` may fail."""

    given: Callable[[Pipeline], None]
    when: Callable[[Pipeline], None]
    parked: frozenset[str] = frozenset()
    """The domain objects that are parked after everything is delivered."""
    rebuilt: bool = False
    """True if a rebuild request, or a second one, succeeds whatever fails."""


def message(number: int, payload: str = "x", **fields: Any) -> str:
    """A message's body: a bus event whose EventTime is `number` seconds after midnight."""
    detail = {
        "DomainId": "a",
        "EventTime": f"2026-01-01T00:00:{number:02}.000000000Z",
        "EventId": f"e{number}",
        "UserId": "u",
        "EventType": "DOMAIN",
        "EventName": "Noted",
        "DomainName": DOMAIN_NAME,
        "Payload": payload,
        "Version": 1,
    } | fields
    return json.dumps({"id": f"b{number}", "source": "app", "detail-type": "Noted", "detail": detail})


def nothing(pipeline: Pipeline) -> None:
    """Do nothing: the pipeline is empty."""


def has_events(*numbers: int, domain_ids: str = "a") -> Callable[[Pipeline], None]:
    """Domain objects whose rows hold these events. They were delivered one by one, so marks and snapshots exist."""

    def given(pipeline: Pipeline) -> None:
        for number in numbers:
            for domain_id in domain_ids:
                pipeline.store(domain_id, number)
            pipeline.drain()

    return given


def is_parked(pipeline: Pipeline) -> None:
    """A domain object is parked in the middle of its history, and later events wait."""
    has_events(1, 2, 3, 4, 5)(pipeline)
    pipeline.store("a", 6, poison=True)
    pipeline.store("a", 7, 8)
    pipeline.drain()


def is_parked_with_gaps(pipeline: Pipeline) -> None:
    """The same, with gaps between the waiting events."""
    has_events(1, 2, 3, 4, 5)(pipeline)
    pipeline.store("a", 6, poison=True)
    pipeline.store("a", 8, 10)
    pipeline.drain()


def is_parked_by_old_logic(pipeline: Pipeline) -> None:
    is_parked(pipeline)
    pipeline.deploy("v2")


def sends(*bodies: str) -> Callable[[Pipeline], None]:
    def when(pipeline: Pipeline) -> None:
        pipeline.send(*bodies)
        pipeline.drain()

    return when


def stores(*numbers: int, domain_ids: str = "a", size: int = 100) -> Callable[[Pipeline], None]:
    def when(pipeline: Pipeline) -> None:
        for number in numbers:
            for domain_id in domain_ids:
                pipeline.store(domain_id, number)
        pipeline.drain(size)

    return when


def stores_poison(before: tuple[int, ...], poison: int, after: tuple[int, ...]) -> Callable[[Pipeline], None]:
    """Store a poison event of one domain object among the events of another."""

    def when(pipeline: Pipeline) -> None:
        pipeline.store("a", *before)
        pipeline.store("b", 1)
        pipeline.store("a", poison, poison=True)
        pipeline.store("b", 2)
        pipeline.store("a", *after)
        pipeline.drain()

    return when


def stores_two_then_an_earlier(poison: bool) -> Callable[[Pipeline], None]:
    """Two events of a parked domain object arrive in a batch each, and wait. Then an earlier event arrives."""

    def when(pipeline: Pipeline) -> None:
        pipeline.store("a", 9)
        pipeline.drain()
        pipeline.store("a", 10)
        pipeline.drain()
        pipeline.store("a", 0, poison=poison)
        pipeline.drain()

    return when


def stores_one_then_an_earlier(number: int, earlier: int) -> Callable[[Pipeline], None]:
    """Events are delivered at least once before an earlier event arrives."""

    def when(pipeline: Pipeline) -> None:
        pipeline.store("a", number - 1, number)
        pipeline.deliver()
        pipeline.store("a", earlier)
        pipeline.drain()

    return when


def heals(pipeline: Pipeline) -> None:
    pipeline.deploy("v2")
    pipeline.store("a", 9)
    pipeline.drain()


def heals_by_a_late_event(pipeline: Pipeline) -> None:
    pipeline.deploy("v2")
    pipeline.store("a", 0)
    pipeline.drain()


def delivers_again(pipeline: Pipeline) -> None:
    pipeline.store("a", 7)
    pipeline.deliver(lose_acknowledgement=True)
    pipeline.store("a", 8)
    pipeline.drain()


def was_delivered_in_vain(pipeline: Pipeline) -> None:
    """Three deliveries whose acknowledgements did not reach Lambda."""
    for number in (1, 2, 3, 4, 5):
        pipeline.store("a", number)
        pipeline.store("b", number)
    for _ in range(3):
        pipeline.deliver(7, lose_acknowledgement=True)


def has_lost_its_row(pipeline: Pipeline) -> None:
    has_events(1, 2, 3, 4, 5)(pipeline)
    pipeline.delete_row("a")


def parked_and_lost_its_row(pipeline: Pipeline) -> None:
    is_parked(pipeline)
    pipeline.delete_row("a")


def two_versions(pipeline: Pipeline) -> None:
    """New logic continues the row. Then a late event makes it fold the whole history again."""
    pipeline.deploy("v2")
    pipeline.store("a", 7, 8)
    pipeline.drain()
    pipeline.store("a", 9)
    pipeline.drain()
    pipeline.store("a", 3)
    pipeline.drain()
    pipeline.store("a", 6)
    pipeline.drain()


def stores_and_waits(number: int, *, poison: bool = False) -> Callable[[Pipeline], None]:
    """An event is delivered alone, an hour after it was stored."""

    def when(pipeline: Pipeline) -> None:
        pipeline.store("a", number, poison=poison)
        pipeline.clock.advance(3600)
        pipeline.drain()

    return when


def has_unprocessed_keys(pipeline: Pipeline) -> None:
    has_events(1, 2, domain_ids="abc")(pipeline)
    pipeline.db.batch_get_keys = 1


def is_slow(pipeline: Pipeline) -> None:
    """An invocation has time for about eight events."""
    pipeline.seconds_per_event = 100


def is_too_slow(pipeline: Pipeline) -> None:
    """The events of one domain object take longer than an invocation."""
    pipeline.seconds_per_event = 300
    pipeline.is_slow = True


def loses_and_gets_back(lost: tuple[int, ...], late: int, *, version: str = "v1") -> Callable[[Pipeline], None]:
    """The store loses events that a row has. A late event arrives, a newer one waits, and the lost are put back."""

    def when(pipeline: Pipeline) -> None:
        pipeline.deploy(version)
        pipeline.lose("a", *lost)
        pipeline.store("a", late)
        pipeline.drain()
        pipeline.store("a", 40)
        pipeline.drain()
        pipeline.put_back()
        pipeline.drain()

    return when


def takes_long(pipeline: Pipeline) -> None:
    """New logic needs longer than an invocation to fold the history."""
    has_events(1, 2, 4, 5, 6, 7)(pipeline)
    pipeline.deploy("v2")
    pipeline.seconds_per_event = 300
    pipeline.is_slow = True


def late_and_in_order(pipeline: Pipeline) -> None:
    """The time runs out for a late event. Then events in order arrive, and late events that continue the fold."""
    for number in (3, 8, 9, 0, 10):
        pipeline.store("a", number)
        pipeline.drain()


def rebuilds(version: str = "v1", *concurrent: Callable[[Pipeline], None]) -> Callable[[Pipeline], None]:
    """Request a rebuild, and request it again if the first request failed. Steps in `concurrent` run meanwhile."""

    def when(pipeline: Pipeline) -> None:
        pipeline.version = version
        pipeline.concurrent = [lambda step=step: step(pipeline) for step in concurrent]  # type: ignore[misc]
        if not pipeline.rebuild("a"):
            pipeline.clock.advance(LEASE_SECONDS)
            pipeline.rebuild("a", "later")
        pipeline.run_concurrent_steps()
        pipeline.drain()

    return when


def decides(*concurrent: Callable[[Pipeline], None], version: str = "v1") -> Callable[[Pipeline], None]:
    """A service decides on a command until it is told that it is decided. Steps in `concurrent` happen meanwhile."""

    def when(pipeline: Pipeline) -> None:
        pipeline.version = version
        pipeline.concurrent = [lambda step=step: step(pipeline) for step in concurrent]  # type: ignore[misc]
        pipeline.decide("a", 1, calls=3)
        pipeline.run_concurrent_steps()
        pipeline.drain()

    return when


def another_decides(pipeline: Pipeline) -> None:
    """Another service decides at the same time."""
    pipeline.decide("a", 2)


def takes(*numbers: int, poison: bool = False) -> Callable[[Pipeline], None]:
    """Store events and deliver them while a rebuild runs."""

    def step(pipeline: Pipeline) -> None:
        pipeline.store("a", *numbers, poison=poison)
        pipeline.deliver()

    return step


def gets(number: int) -> Callable[[Pipeline], None]:
    """Store an event while a rebuild runs. The next delivery includes it."""

    def step(pipeline: Pipeline) -> None:
        pipeline.store("a", number)

    return step


def loses_row(pipeline: Pipeline) -> None:
    pipeline.delete_row("a")


def by_old_logic(step: Callable[[Pipeline], None]) -> Callable[[Pipeline], None]:
    """Run a step with a process of the old version."""

    def old(pipeline: Pipeline) -> None:
        new = pipeline.version
        pipeline.deploy("v1")
        step(pipeline)
        pipeline.deploy(new)

    return old


def is_asked_twice(pipeline: Pipeline) -> None:
    pipeline.rebuild("a", "another")


def end_to_end(pipeline: Pipeline) -> None:
    for number in (5, 6):
        pipeline.send(message(number), message(number, DomainId="b"), message(number + 2))
    pipeline.send(message(5), "not JSON", message(6, "other"), message(2, EventName="Poison", DomainId="c"))
    pipeline.drain()
    pipeline.send(message(3), message(4, DomainId="b"), message(3, DomainId="c"))
    pipeline.drain()


_A = frozenset("a")
_LONG = (1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13)

PERSIST_SCENARIOS: dict[str, Scenario] = {
    "new events": Scenario(nothing, sends(message(1), message(2), message(3, DomainId="b"))),
    "a duplicate": Scenario(sends(message(1)), sends(message(1), message(2), message(2))),
    "a conflict": Scenario(sends(message(1)), sends(message(1, "other"), message(2))),
    "two messages that conflict": Scenario(nothing, sends(message(1), message(1, "other"))),
    "bad events": Scenario(
        nothing, sends("not JSON", message(1), message(2, EventTime="never"), '{"detail": 1}', message(3, DomainId=""))
    ),
    "an event that is too large": Scenario(nothing, sends(message(1, IpAddress="x" * 500_000), message(2))),
    "an event that DynamoDB refuses": Scenario(nothing, sends(message(1, EventName=REFUSED), message(2))),
}

PROJECT_SCENARIOS: dict[str, Scenario] = {
    "a new domain object": Scenario(nothing, stores(1, 2, 3, 4, 5)),
    "several domain objects": Scenario(has_events(1, 2, domain_ids="abc"), stores(3, 4, 5, domain_ids="abcd")),
    "small batches": Scenario(has_events(1), stores(2, 3, 4, 5, domain_ids="ab", size=3)),
    "a late event": Scenario(has_events(*_LONG), stores(3)),
    "a very late event": Scenario(has_events(*_LONG), stores(0)),
    "a late event and new events": Scenario(has_events(*_LONG), stores(3, 14, 15)),
    "late and new events of two objects": Scenario(has_events(*_LONG, domain_ids="ab"), stores(14, 3, domain_ids="ba")),
    "a late event while earlier events return": Scenario(has_events(1, 2, 4, 5), stores_one_then_an_earlier(7, 3)),
    "a redelivery": Scenario(was_delivered_in_vain, stores(6)),
    "lost acknowledgements": Scenario(has_events(1, 2, 3, 4, 5, 6), delivers_again),
    "a poison event first": Scenario(nothing, stores_poison((), 1, (2, 3)), _A),
    "a poison event in the middle": Scenario(has_events(1, 2, domain_ids="ab"), stores_poison((3, 4), 5, (6, 7)), _A),
    "a late poison event": Scenario(has_events(*_LONG), stores_poison((14,), 3, (15,)), _A),
    "waiting events": Scenario(is_parked, stores_two_then_an_earlier(poison=False), _A),
    "an earlier poison event": Scenario(is_parked, stores_two_then_an_earlier(poison=True), _A),
    "new logic heals": Scenario(is_parked, heals),
    "new logic heals at a late event": Scenario(is_parked, heals_by_a_late_event),
    "a deleted row": Scenario(has_lost_its_row, stores(6)),
    "a deleted row and a late event": Scenario(has_lost_its_row, stores(0, 7)),
    "a deleted parked row": Scenario(parked_and_lost_its_row, stores(9), _A),
    "two versions": Scenario(has_events(1, 2, 4, 5), two_versions),
    "unprocessed keys": Scenario(has_unprocessed_keys, stores(3, 4, domain_ids="abc")),
    "time runs out": Scenario(is_slow, stores(1, 2, 3, 4, domain_ids="abc")),
    "time runs out for one domain object": Scenario(is_too_slow, stores(1, 2, 3, 4, 5)),
    "time runs out for late events": Scenario(takes_long, late_and_in_order),
    "the store loses events": Scenario(has_events(*_LONG), loses_and_gets_back((1, 2, 4, 5, 6, 7, 8), 3)),
    "the store loses events, and new logic folds the rest": Scenario(
        has_events(*_LONG), loses_and_gets_back((1, 2), 3, version="v2")
    ),
}

REBUILD_SCENARIOS: dict[str, Scenario] = {
    "a rebuild": Scenario(has_events(1, 2, 3, 4, 5), rebuilds(), rebuilt=True),
    "a rebuild with new logic": Scenario(has_events(1, 2, 3, 4, 5), rebuilds("v2"), rebuilt=True),
    "a rebuild heals": Scenario(is_parked, rebuilds("v2"), rebuilt=True),
    "a rebuild fails": Scenario(is_parked, rebuilds(), _A),
    "a rebuild in several invocations": Scenario(takes_long, rebuilds("v2"), rebuilt=True),
    "a rebuild in several invocations during deliveries": Scenario(
        takes_long,
        rebuilds("v2", nothing, nothing, by_old_logic(takes(8)), nothing, by_old_logic(takes(3, 9))),
    ),
    "a rebuild of a deleted row": Scenario(has_lost_its_row, rebuilds(), rebuilt=True),
    "a rebuild of a deleted parked row": Scenario(parked_and_lost_its_row, rebuilds("v2"), rebuilt=True),
    "a rebuild during deliveries": Scenario(
        has_events(1, 2, 4, 5, 6),
        rebuilds("v1", takes(7), takes(8), takes(3, 9), takes(10), takes(0), takes(11)),
        rebuilt=True,
    ),
    "a rebuild during deliveries of late events": Scenario(
        has_events(*_LONG),
        rebuilds("v2", nothing, nothing, takes(3), takes(0), takes(14), takes(15)),
        rebuilt=True,
    ),
    "a rebuild while the domain object is parked": Scenario(
        has_events(1, 2, 4, 5), rebuilds("v1", nothing, takes(6), takes(7, poison=True), takes(8), takes(3)), _A
    ),
    "a rebuild while old logic runs": Scenario(
        is_parked,
        rebuilds("v2", *map(by_old_logic, (takes(9), takes(10), takes(0), takes(11, poison=True), takes(12)))),
        rebuilt=True,
    ),
    "a rebuild while the row is deleted": Scenario(
        has_events(1, 2, 3, 4, 5),
        rebuilds("v1", nothing, takes(6), loses_row, takes(7), takes(8)),
        rebuilt=True,
    ),
    "two rebuilds at the same time": Scenario(
        has_events(1, 2, 3, 4, 5),
        rebuilds("v1", nothing, is_asked_twice, takes(0), takes(6), is_asked_twice),
        rebuilt=True,
    ),
}

DECISION_SCENARIOS: dict[str, Scenario] = {
    "a decision": Scenario(has_events(1, 2, 3), decides()),
    "a decision on nothing": Scenario(nothing, decides()),
    "a decision on a row that is gone": Scenario(has_lost_its_row, decides()),
    "a decision on what is stored": Scenario(has_events(1, 2), decides(gets(4), gets(3), nothing, takes(9))),
    "two decisions on the last of a balance": Scenario(has_events(1, 2, 3), decides(nothing, nothing, another_decides)),
    "decisions and late events": Scenario(
        has_events(1, 2, 4, 5, 6), decides(takes(3), another_decides, takes(7), nothing, takes(0), nothing, takes(8))
    ),
    "a decision with new logic": Scenario(has_events(1, 2, 4, 5), decides(takes(3), takes(6), version="v2")),
    "a decision on a parked row": Scenario(is_parked, decides(), _A),
    "a decision while the object is parked": Scenario(
        has_events(1, 2, 4, 5), decides(nothing, takes(6), takes(3, poison=True), takes(7)), _A
    ),
    "a rebuild during decisions": Scenario(
        has_events(1, 2, 4, 5, 6),
        rebuilds("v1", another_decides, takes(3), nothing, takes(7), decides()),
        rebuilt=True,
    ),
}

CRASH_PROBE_SCENARIOS: dict[str, Scenario] = {
    "a new domain object": Scenario(nothing, stores_and_waits(1)),
    "an event": Scenario(has_events(1, 2, 3), stores_and_waits(4)),
    "a late event": Scenario(has_events(1, 2, 3, 5, 6), stores_and_waits(4)),
    "a poison event": Scenario(has_events(1, 2, 3), stores_and_waits(4, poison=True), _A),
    "a waiting event": Scenario(is_parked, stores_and_waits(9), _A),
    "healing": Scenario(is_parked_by_old_logic, stores_and_waits(9)),
}
"""An event is delivered alone and long after it was stored, so it may have crashed earlier processes."""

_MEETING = (
    ("new events", 11, False),
    ("events between others", 9, False),
    ("late events", 3, False),
    ("poison events", 11, True),
)
MEETINGS: dict[str, Scenario] = {
    f"{what} meet call {call} of a rebuild of {whose}": Scenario(
        given, rebuilds("v2", *[nothing] * (call - 1), by_old_logic(takes(number, poison=poison))), rebuilt=True
    )
    for call in range(1, 6)
    for whose, given in (("a row", has_events(1, 2, 4, 5, 6)), ("a parked row", is_parked_with_gaps))
    for what, number, poison in _MEETING
    if (whose, number) != ("a parked row", 3)
} | {
    f"an event between others arrives before call {call} of a rebuild": Scenario(
        has_events(1, 2, 4, 5, 6), rebuilds("v2", *[nothing] * (call - 2), gets(11), takes(9)), rebuilt=True
    )
    for call in range(2, 6)
}
"""Old logic gets a delivery just before a call of a rebuild with new logic."""

END_TO_END: dict[str, Scenario] = {
    "end to end": Scenario(sends(message(1), message(2), message(1, DomainId="b")), end_to_end, frozenset("c")),
}

ALL: dict[str, Scenario] = {
    **PERSIST_SCENARIOS,
    **PROJECT_SCENARIOS,
    **REBUILD_SCENARIOS,
    **DECISION_SCENARIOS,
    **END_TO_END,
}

SMALL: dict[str, Scenario] = {
    "messages": Scenario(sends(message(1)), sends(message(1, "other"), "not JSON", message(2), message(1))),
    "a new domain object": Scenario(nothing, stores(1, 2, 3)),
    "a late event and others": Scenario(has_events(1, 3, 4, 5, 6), stores(2, 7, domain_ids="ab")),
    "a poison event": Scenario(has_events(1, 2, 3), stores_poison((4,), 5, (6,)), _A),
    "healing": Scenario(is_parked, heals),
    "a rebuild during deliveries": Scenario(has_events(1, 2, 4, 5), rebuilds("v2", nothing, takes(6), takes(3))),
    "decisions": Scenario(has_events(1, 2, 4), decides(nothing, nothing, another_decides, takes(3))),
}
"""For the tests in which every pair of calls fails."""
