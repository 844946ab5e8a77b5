"""Guarantee: an event that a service decided is never lost from its row, and parks no object.

DynamoDB shows a transaction item by item. For some milliseconds after a decision its row may be read, while a query
does not find its events yet.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from cp_event_source.handler.domain.failure import Cause
from cp_event_source.handler.domain.logic import DomainLogic
from cp_event_source.handler.events.key_set import Span
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.projection.decide import MAX_LOOKS
from cp_event_source.handler.projection.notes import MAX_INVOCATION_SECONDS
from cp_event_source.handler.projection.plan import Outcome
from cp_event_source.handler.projection.projection import Delivery
from cp_event_source.handler.projection.rebuild import RebuildFailed
from tests.handler.doubles import DOMAIN_ID, MemoryEvents, World, logic, project, stored
from tests.handler.given import erased


@dataclass
class Hiding(MemoryEvents):
    """An event store that does not show some events until its readers have paused some times."""

    pauses: list[float] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)
    until: int = 0
    """After how many pauses it shows them."""

    def read(self, domain_id: str, span: Span) -> Iterator[StoredEvent]:
        return (event for event in super().read(domain_id, span) if event.key not in self._not_shown())

    def keys(self, domain_id: str, span: Span) -> Iterator[str]:
        return (key for key in super().keys(domain_id, span) if key not in self._not_shown())

    def _not_shown(self) -> set[str]:
        return self.hidden if len(self.pauses) < self.until else set()


def decided(world: World, *events: StoredEvent) -> None:
    """Write events and their row as a decision does."""
    world.deliver(*events)
    row = world.row()
    world.rows.write(row.followed_by(unseen=tuple(event.key for event in events)), replacing=row)


def hidden(world: World, *events: StoredEvent, pauses: int) -> Hiding:
    """Let the store hide events."""
    store = Hiding(world.events.events, ever=world.events.ever, pauses=world.clock.pauses)
    store.hidden, store.until = {event.key for event in events}, len(world.clock.pauses) + pauses
    world.events = store
    return store


def opening(version: str) -> DomainLogic:
    """Logic that refuses event 9 without event 8, as that of an account that must be opened first."""
    refusing = logic(version)
    apply = refusing.apply

    def checked(domain_object: Any, event: StoredEvent) -> Any:
        if event.event_id == "e9" and "e8" not in domain_object.Entries:
            raise ValueError("not open")
        return apply(domain_object, event)

    refusing.apply = checked  # type: ignore[method-assign]
    return refusing


def world_with(*numbers: int, decides: int = 9) -> World:
    """Events of the bus, and a decision after them."""
    world = World()
    world.deliver(*map(stored, numbers))
    decided(world, stored(decides))
    return world


@pytest.mark.parametrize("pauses", [1, 2, MAX_LOOKS - 1])
class TestLateEvents:
    @pytest.mark.parametrize("late", [(2,), (2, 3), (2, 3, 4)])
    def test_are_folded_in_once_the_store_shows_the_decision(self, late: tuple[int, ...], pauses: int) -> None:
        """With as many late events as hidden ones, or more, the number of events does not tell that one is hidden."""
        world = world_with(1, 5, 6)
        hidden(world, stored(9), pauses=pauses)
        assert world.deliver(*map(stored, late)) is Outcome.REFOLDED
        assert world.entries() == [f"e{number}" for number in (1, *late, 5, 6, 9)]
        assert (world.row().parked, world.notices.sent) == (None, [])

    def test_do_not_lose_it_after_a_new_event(self, pauses: int) -> None:
        world = world_with(1, 5)
        hidden(world, stored(9), pauses=pauses)
        assert world.deliver(stored(10)) is Outcome.APPLIED
        assert world.events.pauses == [], "events in order read nothing"  # type: ignore[attr-defined]
        world.deliver(stored(2), stored(3))
        assert world.entries() == ["e1", "e2", "e3", "e5", "e9", "e10"]

    def test_do_not_lose_it_where_an_event_is_erased(self, pauses: int) -> None:
        world = world_with(1, 5, 6)
        world.events.put(erased(stored(5)))
        hidden(world, stored(9), pauses=pauses)
        world.deliver(stored(2))
        assert world.entries() == ["e1", "e2", "e6", "e9"]

    def test_of_new_logic_that_folds_all_events_again_do_not_lose_it(self, pauses: int) -> None:
        world = world_with(1, 5)
        hidden(world, stored(9), pauses=pauses)
        world.deliver(stored(2), stored(3), version="v2")
        assert world.entries() == ["e1", "e2", "e3", "e5", "e9"]

    def test_heal_a_parked_object_without_losing_it(self, pauses: int) -> None:
        world = world_with(1, 5)
        world.deliver(stored(3, poison=True))
        hidden(world, stored(9), pauses=pauses)
        assert world.deliver(stored(2), version="v2") is Outcome.HEALED
        assert world.entries() == ["e1", "e2", "e3", "e5", "e9"]

    def test_see_all_events_of_the_decision(self, pauses: int) -> None:
        world = World()
        world.deliver(stored(1))
        decided(world, stored(7), stored(8), stored(9))
        hidden(world, stored(8), pauses=pauses)
        world.deliver(stored(2), stored(3))
        assert world.entries() == ["e1", "e2", "e3", "e7", "e8", "e9"]

    @pytest.mark.parametrize("by_decision", [True, False])
    def test_park_no_object_whose_logic_needs_the_hidden_event(self, *, by_decision: bool, pauses: int) -> None:
        """The logic fails at an event that the row has, because the fold lacks one before it."""
        world = World(logic=opening)
        world.deliver(stored(1))
        decided(world, stored(8), *([stored(9)] if by_decision else []))
        world.deliver(stored(9))
        hidden(world, stored(8), pauses=pauses)
        assert world.deliver(stored(2)) is Outcome.REFOLDED
        assert world.entries() == ["e1", "e2", "e8", "e9"]
        assert (world.row().parked, world.notices.sent) == (None, [])


@pytest.mark.parametrize("pauses", [1, 2, MAX_LOOKS - 1])
class TestRebuilds:
    def test_a_rebuild_does_not_lose_it(self, pauses: int) -> None:
        world = world_with(1, 5)
        world.events.put(stored(2), stored(3))
        hidden(world, stored(9), pauses=pauses)
        world.rebuilds("v2").rebuild(DOMAIN_ID)
        assert world.entries() == ["e1", "e2", "e3", "e5", "e9"]

    def test_a_rebuild_does_not_fail_because_it_is_hidden(self, pauses: int) -> None:
        world = World(logic=opening)
        world.deliver(stored(1))
        decided(world, stored(8), stored(9))
        hidden(world, stored(8), pauses=pauses)
        world.rebuilds("v2").rebuild(DOMAIN_ID)
        assert world.entries() == ["e1", "e8", "e9"]

    def test_a_rebuild_that_continues_an_unfinished_fold_does_not_lose_it(self, pauses: int) -> None:
        world = self.world_with_an_unfinished_fold(pauses)
        world.rebuilds("v2").rebuild(DOMAIN_ID)
        assert world.entries() == [f"e{number}" for number in (1, 2, 3, 5, 7, 9, 10, 12, 14, 16)]

    def test_a_late_event_that_continues_an_unfinished_fold_does_not_lose_it(self, pauses: int) -> None:
        world = self.world_with_an_unfinished_fold(pauses)
        world.deliver(stored(15), version="v2")
        assert world.entries() == [f"e{number}" for number in (1, 2, 3, 5, 7, 9, 10, 12, 14, 15, 16)]

    def world_with_an_unfinished_fold(self, pauses: int) -> World:
        """The states that it kept are those of a store that did not show the decision."""
        world = world_with(1, 3, 5, 7)
        hidden(world, stored(9), pauses=10**6)
        world.deliver(*map(stored, (10, 12, 14, 16)))
        world.events.put(stored(2))
        project(world.projection("v2"), [stored(2)], world.row(), world.budget(events=6))
        row = world.row()
        assert row.marks_of_progress("v2")[-1].key > stored(10).key
        hidden(world, stored(9), pauses=pauses)
        return world


def test_a_rebuild_that_fails_before_the_decision_does_not_wait_for_it() -> None:
    world = World()
    world.deliver(stored(1))
    world.deliver(stored(5, poison=True), version="v2")
    decided(world, stored(9))
    with pytest.raises(RebuildFailed, match="fails with ValueError at the event e5"):
        world.rebuilds("v1").rebuild(DOMAIN_ID)
    assert world.clock.pauses == []


def test_a_decided_event_that_a_fold_has_seen_is_not_named_any_more() -> None:
    world = world_with(1, 5)
    assert world.row().unseen == (stored(9).key,)
    world.deliver(stored(10))
    assert world.row().unseen == (stored(9).key,)
    world.deliver(stored(2))
    assert world.row().unseen == ()


def test_a_redelivery_is_recognised_without_a_pause() -> None:
    world = world_with(1, 5)
    hidden(world, stored(9), pauses=10**6)
    assert world.deliver(stored(5)) is Outcome.REDELIVERED
    assert world.clock.pauses == []


def test_an_event_that_the_row_holds_is_not_parked_as_one_that_crashes() -> None:
    """The object has no mark: the keys are counted up to the decision, to prove that the row holds the event."""
    world = World(events_per_mark=100)
    world.deliver(stored(1))
    for _ in range(2):
        world.projection().begin_probe(stored(2), world.row())
        world.clock.advance(MAX_INVOCATION_SECONDS + 1)
    row = world.row()
    world.deliver(stored(2), version="v2")
    world.rows.write(world.row().followed_by(probes=row.probes), replacing=world.row())
    decided(world, stored(9))
    world.rows.write(world.row().followed_by(probes=row.probes), replacing=world.row())
    hidden(world, stored(9), pauses=10**6)
    delivery = Delivery(DOMAIN_ID, [stored(2).item], world.row(), may_crash=True)
    (result,) = world.projection().project([delivery])
    assert result.plan is not None
    assert result.plan.outcome is Outcome.REDELIVERED
    assert world.row().parked is None


class TestLost:
    """What the store never shows, a person has removed."""

    def test_parks_the_object_and_the_row_keeps_it(self) -> None:
        world = world_with(1, 5)
        world.events.lose(stored(9))
        assert world.deliver(stored(2), stored(3)) is Outcome.PARKED
        parked = world.row().parked
        assert parked is not None
        assert parked.cause is Cause.EVENTS_MISSING
        assert "at least 1 of the 3 events" in parked.reason
        assert len(world.clock.pauses) == MAX_LOOKS - 1
        assert world.entries() == ["e1", "e5", "e9"]

    def test_parks_the_object_whose_logic_needs_it(self) -> None:
        """The cause is what a person must put right: new logic would not help."""
        world = World(logic=opening)
        world.deliver(stored(1))
        decided(world, stored(8), stored(9))
        world.events.lose(stored(8))
        assert world.deliver(stored(2)) is Outcome.PARKED
        parked = world.row().parked
        assert parked is not None
        assert parked.cause is Cause.EVENTS_MISSING
        assert world.deliver(stored(8)) is Outcome.HEALED
        assert world.entries() == ["e1", "e2", "e8", "e9"]

    def test_is_waited_for_once(self) -> None:
        """Otherwise each further late event would hold up its shard for a second."""
        world = world_with(1, 5)
        world.events.lose(stored(9))
        world.deliver(stored(2), stored(3))
        assert world.deliver(stored(4)) is Outcome.WAITING
        assert len(world.clock.pauses) == MAX_LOOKS - 1

    def test_heals_when_it_is_put_back(self) -> None:
        world = world_with(1, 5)
        world.events.lose(stored(9))
        world.deliver(stored(2), stored(3))
        assert world.deliver(stored(9)) is Outcome.HEALED
        assert world.entries() == ["e1", "e2", "e3", "e5", "e9"]

    def test_can_be_given_up_by_a_rebuild(self) -> None:
        world = world_with(1, 5)
        world.events.lose(stored(9))
        world.events.put(stored(2), stored(3))
        with pytest.raises(RebuildFailed, match="lacks at least 1 of the 3 events"):
            world.rebuilds().rebuild(DOMAIN_ID)
        world.rebuilds().rebuild(DOMAIN_ID, accept_missing_events=True)
        assert world.entries() == ["e1", "e2", "e3", "e5"]
        assert world.row().unseen == ()
