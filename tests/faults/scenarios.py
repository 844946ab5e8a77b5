"""What happens to a pipeline: first without faults, then with them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .functions import DOMAIN_NAME
from .pipeline import LEASE_SECONDS, REFUSED, Pipeline


@dataclass(frozen=True, slots=True)
class Scenario:
    """`given` meets no faults; every call of `when` does."""

    given: Callable[[Pipeline], None]
    when: Callable[[Pipeline], None]
    parked: frozenset[str] = frozenset()
    """The domains that are parked once all has come to rest."""
    rebuilt: bool = False
    """Whether a request or a later one rebuilds, whatever fails."""


def message(number: int, payload: str = "x", **fields: Any) -> str:
    """A message's body: the bus event of second `number`."""
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
    """The beginning of all."""


def has_events(*numbers: int, domains: str = "a") -> Callable[[Pipeline], None]:
    """Domains whose rows hold these events, delivered one by one, so that marks and snapshots lie in between."""

    def given(pipeline: Pipeline) -> None:
        for number in numbers:
            for domain_id in domains:
                pipeline.store(domain_id, number)
            pipeline.drain()

    return given


def is_parked(pipeline: Pipeline) -> None:
    """A domain parked in the middle of its history, for which events wait."""
    has_events(1, 2, 3, 4, 5)(pipeline)
    pipeline.store("a", 6, poison=True)
    pipeline.store("a", 7, 8)
    pipeline.drain()


def is_parked_with_gaps(pipeline: Pipeline) -> None:
    """Likewise, with room between the events that wait."""
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


def stores(*numbers: int, domains: str = "a", size: int = 100) -> Callable[[Pipeline], None]:
    def when(pipeline: Pipeline) -> None:
        for number in numbers:
            for domain_id in domains:
                pipeline.store(domain_id, number)
        pipeline.drain(size)

    return when


def stores_poison(before: tuple[int, ...], poison: int, after: tuple[int, ...]) -> Callable[[Pipeline], None]:
    """Beside another domain's events."""

    def when(pipeline: Pipeline) -> None:
        pipeline.store("a", *before)
        pipeline.store("b", 1)
        pipeline.store("a", poison, poison=True)
        pipeline.store("b", 2)
        pipeline.store("a", *after)
        pipeline.drain()

    return when


def two_then(poison: bool) -> Callable[[Pipeline], None]:
    """One event after another, each in a batch of its own, waits for a parked domain; then an earlier one comes."""

    def when(pipeline: Pipeline) -> None:
        pipeline.store("a", 9)
        pipeline.drain()
        pipeline.store("a", 10)
        pipeline.drain()
        pipeline.store("a", 0, poison=poison)
        pipeline.drain()

    return when


def one_then_an_earlier(number: int, earlier: int) -> Callable[[Pipeline], None]:
    """Delivered once at least before the earlier one comes."""

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
    """Three deliveries of which Lambda knows nothing."""
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
    """The row goes on with new logic, then a late event folds it anew."""
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
    """An event that comes alone, an hour after it was stored."""

    def when(pipeline: Pipeline) -> None:
        pipeline.store("a", number, poison=poison)
        pipeline.clock.advance(3600)
        pipeline.drain()

    return when


def has_unprocessed_keys(pipeline: Pipeline) -> None:
    has_events(1, 2, domains="abc")(pipeline)
    pipeline.db.batch_get_keys = 1


def is_slow(pipeline: Pipeline) -> None:
    """An invocation has time for about eight events."""
    pipeline.seconds_per_event = 100


def outlasts(pipeline: Pipeline) -> None:
    """One domain's events take longer than an invocation."""
    pipeline.seconds_per_event = 300
    pipeline.is_slow = True


def loses_and_gets_back(lost: tuple[int, ...], late: int, *, version: str = "v1") -> Callable[[Pipeline], None]:
    """Events that a row has are gone when a late one comes; a newer one waits; then they are put back."""

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
    """To fold the history takes new logic longer than an invocation."""
    has_events(1, 2, 4, 5, 6, 7)(pipeline)
    pipeline.deploy("v2")
    pipeline.seconds_per_event = 300
    pipeline.is_slow = True


def late_and_in_order(pipeline: Pipeline) -> None:
    """A late event for which the time runs out, events in order meanwhile, and late ones that take the fold up."""
    for number in (3, 8, 9, 0, 10):
        pipeline.store("a", number)
        pipeline.drain()


def rebuilds(version: str = "v1", *beside: Callable[[Pipeline], None]) -> Callable[[Pipeline], None]:
    """One request, and a later one if the first ended badly."""

    def when(pipeline: Pipeline) -> None:
        pipeline.version = version
        pipeline.beside = [lambda step=step: step(pipeline) for step in beside]  # type: ignore[misc]
        if not pipeline.rebuild("a"):
            pipeline.clock.advance(LEASE_SECONDS)
            pipeline.rebuild("a", "later")
        pipeline.go_on_beside()
        pipeline.drain()

    return when


def takes(*numbers: int, poison: bool = False) -> Callable[[Pipeline], None]:
    """A delivery beside a rebuild."""

    def step(pipeline: Pipeline) -> None:
        pipeline.store("a", *numbers, poison=poison)
        pipeline.deliver()

    return step


def gets(number: int) -> Callable[[Pipeline], None]:
    """An event that is stored beside a rebuild, and delivered with what comes next."""

    def step(pipeline: Pipeline) -> None:
        pipeline.store("a", number)

    return step


def loses_row(pipeline: Pipeline) -> None:
    pipeline.delete_row("a")


def by_old_logic(step: Callable[[Pipeline], None]) -> Callable[[Pipeline], None]:
    """A delivery to a process of the version before."""

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
    "two that conflict": Scenario(nothing, sends(message(1), message(1, "other"))),
    "bad events": Scenario(
        nothing, sends("not JSON", message(1), message(2, EventTime="never"), '{"detail": 1}', message(3, DomainId=""))
    ),
    "an event too large": Scenario(nothing, sends(message(1, IpAddress="x" * 500_000), message(2))),
    "an event that DynamoDB refuses": Scenario(nothing, sends(message(1, EventName=REFUSED), message(2))),
}

PROJECT_SCENARIOS: dict[str, Scenario] = {
    "a new domain": Scenario(nothing, stores(1, 2, 3, 4, 5)),
    "several domains": Scenario(has_events(1, 2, domains="abc"), stores(3, 4, 5, domains="abcd")),
    "small batches": Scenario(has_events(1), stores(2, 3, 4, 5, domains="ab", size=3)),
    "an event late": Scenario(has_events(*_LONG), stores(3)),
    "an event very late": Scenario(has_events(*_LONG), stores(0)),
    "a late event beside new ones": Scenario(has_events(*_LONG), stores(3, 14, 15)),
    "late events beside others' new ones": Scenario(has_events(*_LONG, domains="ab"), stores(14, 3, domains="ba")),
    "a late event before the last is done": Scenario(has_events(1, 2, 4, 5), one_then_an_earlier(7, 3)),
    "a redelivery": Scenario(was_delivered_in_vain, stores(6)),
    "lost acknowledgements": Scenario(has_events(1, 2, 3, 4, 5, 6), delivers_again),
    "a poison event first": Scenario(nothing, stores_poison((), 1, (2, 3)), _A),
    "a poison event in the middle": Scenario(has_events(1, 2, domains="ab"), stores_poison((3, 4), 5, (6, 7)), _A),
    "a late poison event": Scenario(has_events(*_LONG), stores_poison((14,), 3, (15,)), _A),
    "events that wait": Scenario(is_parked, two_then(poison=False), _A),
    "an earlier poison event": Scenario(is_parked, two_then(poison=True), _A),
    "new logic heals": Scenario(is_parked, heals),
    "new logic heals at a late event": Scenario(is_parked, heals_by_a_late_event),
    "a row deleted": Scenario(has_lost_its_row, stores(6)),
    "a row deleted, an event late": Scenario(has_lost_its_row, stores(0, 7)),
    "a parked row deleted": Scenario(parked_and_lost_its_row, stores(9), _A),
    "two versions": Scenario(has_events(1, 2, 4, 5), two_versions),
    "unprocessed keys": Scenario(has_unprocessed_keys, stores(3, 4, domains="abc")),
    "time runs out": Scenario(is_slow, stores(1, 2, 3, 4, domains="abc")),
    "time runs out for one domain": Scenario(outlasts, stores(1, 2, 3, 4, 5)),
    "time runs out for late events": Scenario(takes_long, late_and_in_order),
    "the store loses events": Scenario(has_events(*_LONG), loses_and_gets_back((1, 2, 4, 5, 6, 7, 8), 3)),
    "the store loses events, and new logic folds it": Scenario(
        has_events(*_LONG), loses_and_gets_back((1, 2), 3, version="v2")
    ),
}

REBUILD_SCENARIOS: dict[str, Scenario] = {
    "a rebuild": Scenario(has_events(1, 2, 3, 4, 5), rebuilds(), rebuilt=True),
    "a rebuild with new logic": Scenario(has_events(1, 2, 3, 4, 5), rebuilds("v2"), rebuilt=True),
    "a rebuild heals": Scenario(is_parked, rebuilds("v2"), rebuilt=True),
    "a rebuild fails": Scenario(is_parked, rebuilds(), _A),
    "a rebuild in several invocations": Scenario(takes_long, rebuilds("v2"), rebuilt=True),
    "a rebuild in several invocations under deliveries": Scenario(
        takes_long,
        rebuilds("v2", nothing, nothing, by_old_logic(takes(8)), nothing, by_old_logic(takes(3, 9))),
    ),
    "a rebuild of a row deleted": Scenario(has_lost_its_row, rebuilds(), rebuilt=True),
    "a rebuild of a parked row deleted": Scenario(parked_and_lost_its_row, rebuilds("v2"), rebuilt=True),
    "a rebuild under deliveries": Scenario(
        has_events(1, 2, 4, 5, 6),
        rebuilds("v1", takes(7), takes(8), takes(3, 9), takes(10), takes(0), takes(11)),
        rebuilt=True,
    ),
    "a rebuild under late deliveries": Scenario(
        has_events(*_LONG),
        rebuilds("v2", nothing, nothing, takes(3), takes(0), takes(14), takes(15)),
        rebuilt=True,
    ),
    "a rebuild while the domain parks": Scenario(
        has_events(1, 2, 4, 5), rebuilds("v1", nothing, takes(6), takes(7, poison=True), takes(8), takes(3)), _A
    ),
    "a rebuild beside old logic": Scenario(
        is_parked,
        rebuilds("v2", *map(by_old_logic, (takes(9), takes(10), takes(0), takes(11, poison=True), takes(12)))),
        rebuilt=True,
    ),
    "a rebuild while the row is deleted": Scenario(
        has_events(1, 2, 3, 4, 5),
        rebuilds("v1", nothing, takes(6), loses_row, takes(7), takes(8)),
        rebuilt=True,
    ),
    "a rebuild beside another": Scenario(
        has_events(1, 2, 3, 4, 5),
        rebuilds("v1", nothing, is_asked_twice, takes(0), takes(6), is_asked_twice),
        rebuilt=True,
    ),
}

TRIAL_SCENARIOS: dict[str, Scenario] = {
    "a new domain long after": Scenario(nothing, stores_and_waits(1)),
    "an event long after": Scenario(has_events(1, 2, 3), stores_and_waits(4)),
    "a late event long after": Scenario(has_events(1, 2, 3, 5, 6), stores_and_waits(4)),
    "a poison event long after": Scenario(has_events(1, 2, 3), stores_and_waits(4, poison=True), _A),
    "an event that waits long after": Scenario(is_parked, stores_and_waits(9), _A),
    "healing long after": Scenario(is_parked_by_old_logic, stores_and_waits(9)),
}
"""An event that comes so late and alone that its logic may have ended the process before."""

_MEETING = (
    ("new events", 11, False),
    ("events between", 9, False),
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
    f"an event between comes before call {call} of a rebuild": Scenario(
        has_events(1, 2, 4, 5, 6), rebuilds("v2", *[nothing] * (call - 2), gets(11), takes(9)), rebuilt=True
    )
    for call in range(2, 6)
}
"""A delivery to old logic just before each call of a rebuild with new logic."""

END_TO_END: dict[str, Scenario] = {
    "end to end": Scenario(sends(message(1), message(2), message(1, DomainId="b")), end_to_end, frozenset("c")),
}

ALL: dict[str, Scenario] = {**PERSIST_SCENARIOS, **PROJECT_SCENARIOS, **REBUILD_SCENARIOS, **END_TO_END}

SMALL: dict[str, Scenario] = {
    "messages": Scenario(sends(message(1)), sends(message(1, "other"), "not JSON", message(2), message(1))),
    "a new domain": Scenario(nothing, stores(1, 2, 3)),
    "a late event beside others": Scenario(has_events(1, 3, 4, 5, 6), stores(2, 7, domains="ab")),
    "a poison event": Scenario(has_events(1, 2, 3), stores_poison((4,), 5, (6,)), _A),
    "healing": Scenario(is_parked, heals),
    "a rebuild under deliveries": Scenario(has_events(1, 2, 4, 5), rebuilds("v2", nothing, takes(6), takes(3))),
}
"""For what is tried with every pair of calls."""
