"""Guarantee: the number of waiting events is that of the stored events that the row does not hold."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cp_event_source.handler.domain.failure import Cause
from cp_event_source.handler.projection.rows import DomainRow
from cp_event_source.operate import waiting as module
from cp_event_source.operate.waiting import Waiting, waiting
from tests.handler.doubles import DOMAIN_ID, World, stored
from tests.nightly import effort


@st.composite
def parked_worlds(draw: st.DrawFn) -> World:
    """An object after traffic in any order, with events that the logic refuses."""
    world = World()
    numbers = draw(st.lists(st.integers(1, 40), min_size=1, max_size=12, unique=True))
    poison = draw(st.sets(st.sampled_from(numbers), min_size=1, max_size=2))
    left = [stored(number, poison=number in poison) for number in numbers]
    while left:
        size = draw(st.integers(1, len(left)))
        world.deliver(*sorted(left[:size], key=lambda event: event.key))
        left = left[size:]
    return world


def not_held(world: World) -> int:
    entries = world.row().state.attributes.get("Entries", {"L": []})["L"]
    return len(world.events.events[DOMAIN_ID]) - len(entries)


def counted(world: World) -> Waiting:
    row = world.row()
    assert row.parked is not None
    return waiting(row, row.parked, world.events)


@settings(max_examples=effort(150, 5_000), deadline=None)
@given(parked_worlds())
def test_waiting_are_the_stored_events_that_the_row_does_not_hold(world: World) -> None:
    assert counted(world) == Waiting(not_held(world))


@settings(max_examples=effort(100, 5_000), deadline=None)
@given(parked_worlds(), st.integers(0, 3), st.integers(0, 3))
def test_the_count_is_bounded_and_says_so(world: World, most_counted: int, most_held: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MOST_COUNTED", most_counted)
        patch.setattr(module, "MOST_HELD", most_held)
        found = counted(world)

    assert found.count <= min(not_held(world), max(1, most_counted))
    assert found.is_at_least or found.count == not_held(world)


def test_of_an_object_that_lacks_events_only_later_ones_are_known_to_wait() -> None:
    world = World()
    world.deliver(*(stored(number) for number in range(1, 5)))
    row = world.row()
    parked = parked_row(row).parked
    assert parked is not None
    world.events.lose(stored(2))

    found = waiting(row, replace(parked, cause=Cause.EVENTS_MISSING), world.events)

    assert (found, str(found)) == (Waiting(1, is_at_least=True), "1+")


def parked_row(row: DomainRow) -> DomainRow:
    """The row, parked at its first event."""
    other = World()
    other.deliver(stored(1, poison=True))
    first = stored(1)
    parked = other.row().parked
    assert parked is not None
    return replace(row, parked=replace(parked, event_key=first.key, waiting_from=first.key, waiting_up_to=first.key))
