"""Guarantee: `verify` finds exactly the objects whose row is not what the stored events say, and what live traffic
explains is no finding. The rows are those that the pipeline itself writes, in whatever order events arrive."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cp_event_source.handler.events.key_set import KeySet
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.projection.rows import BOOKKEEPING, DomainRow
from cp_event_source.operate.findings import Finding
from tests.handler.doubles import World, stored
from tests.handler.given import erased
from tests.operate.tables import EVENTS, ROWS, Tables, silence

OBJECTS = [f"domain-{number}" for number in range(5)]


def deliver(world: World, tables: Tables, *events: StoredEvent) -> None:
    """Store events and project them, as the pipeline does."""
    world.deliver(*sorted(events, key=lambda event: event.key))
    copy(world, tables, events[0].domain_id)


def copy(world: World, tables: Tables, domain_id: str) -> None:
    tables.put_events(*world.events.events[domain_id].values())
    tables.put_row(world.row(domain_id))


def found(tables: Tables) -> list[Finding]:
    with silence():
        return list(tables.verifying().all())


def kinds(tables: Tables) -> list[tuple[str, str]]:
    return sorted((each.domain_id, each.kind) for each in found(tables))


@st.composite
def pipelines(draw: st.DrawFn) -> tuple[World, Tables, dict[str, list[DomainRow]]]:
    """A pipeline after traffic, and the earlier rows of each object. Some objects are parked."""
    world = World()
    tables = Tables(page_items=draw(st.integers(1, 7)))
    earlier: dict[str, list[DomainRow]] = {}
    for domain_id in OBJECTS[: draw(st.integers(1, len(OBJECTS)))]:
        numbers = draw(st.lists(st.integers(1, 40).map(lambda n: 10 * n), min_size=1, max_size=9, unique=True))
        poison = draw(st.sampled_from([None, None, *numbers]))
        left = [stored(number, domain_id=domain_id, poison=number == poison) for number in numbers]
        rows = earlier[domain_id] = []
        while left:
            size = draw(st.integers(1, len(left)))
            world.deliver(*sorted(left[:size], key=lambda event: event.key))
            rows.append(world.row(domain_id))
            left = left[size:]
        copy(world, tables, domain_id)
    return world, tables, earlier


@settings(max_examples=150, deadline=None)
@given(pipelines(), st.booleans())
def test_nothing_is_found_in_what_the_pipeline_made(
    made: tuple[World, Tables, dict[str, list[DomainRow]]], is_settled: bool
) -> None:
    world, tables, earlier = made
    if is_settled:  # else the scans do not see the last writes
        tables.db.settle()
    verifying = tables.verifying()

    with silence():
        assert list(verifying.all()) == []
    if not is_settled:
        return
    assert verifying.tally.objects == verifying.tally.rows == len(earlier)
    assert verifying.tally.events == sum(len(each) for each in world.events.events.values())
    assert verifying.tally.parked == sum(world.row(domain_id).parked is not None for domain_id in earlier)


Damage = Callable[["Damaged", st.DrawFn], bool]


class Damaged:
    """One object that somebody changes past the pipeline. A damage returns False if it does not apply to the object."""

    def __init__(self, world: World, tables: Tables, earlier: list[DomainRow], domain_id: str) -> None:
        self.tables, self.earlier, self.domain_id = tables, earlier, domain_id
        self.events = [world.events.events[domain_id][key] for key in sorted(world.events.events[domain_id])]
        self.row = world.row(domain_id)
        self.item: dict[str, Any] = self.row.to_item()
        self.held = {world.events.ever[entry] for entry in world.entries(domain_id)}

    def named(self) -> set[str]:
        """The events that the row cannot be without: those that it holds, and that a parked row names."""
        parked = self.row.parked
        return self.held | ({parked.event_key, parked.waiting_from, parked.waiting_up_to} if parked else set())

    def waiting(self, key: str) -> bool:
        parked = self.row.parked
        return parked is not None and parked.waiting_from <= key <= max(parked.waiting_up_to, parked.event_key)


def lose_event(it: Damaged, draw: st.DrawFn) -> bool:
    it.tables.delete_event(draw(st.sampled_from([each for each in it.events if each.key in it.named()])))
    return True


def add_event(it: Damaged, draw: st.DrawFn) -> bool:
    event = stored(10 * draw(st.integers(0, 41)) + 5, domain_id=it.domain_id)
    if it.waiting(event.key):
        return False  # it is one more waiting event, and the heal folds it
    it.tables.put_events(event)
    return True


def erase_event(it: Damaged, draw: st.DrawFn) -> bool:
    keys = it.held | ({it.row.parked.event_key} if it.row.parked else set())
    it.tables.put_events(erased(draw(st.sampled_from([each for each in it.events if each.key in keys]))))
    return True


def lose_row(it: Damaged, draw: st.DrawFn) -> bool:
    it.tables.delete_row(it.domain_id)
    return True


def put_older_row(it: Damaged, draw: st.DrawFn) -> bool:
    row = draw(st.sampled_from(it.earlier))
    if row.state.applied == it.row.state.applied or (row.parked and it.row.parked):
        return False
    it.tables.put_row(row)
    return True


def edit_count(it: Damaged, draw: st.DrawFn) -> bool:
    applied = it.row.state.applied
    other = KeySet(max(0, applied.count + draw(st.sampled_from([-1, 1, 2]))), applied.digest)
    if other == applied or (it.row.state.checkpoint is None):
        return False
    it.tables.put_row(replace(it.row, state=replace(it.row.state, applied=other)))
    return True


def edit_digest(it: Damaged, draw: st.DrawFn) -> bool:
    applied = it.row.state.applied
    if it.row.state.checkpoint is None:
        return False
    digest = (applied.digest + draw(st.integers(1, 2**64))) % 2**128
    it.tables.put_row(replace(it.row, state=replace(it.row.state, applied=KeySet(applied.count, digest))))
    return True


def edit_checkpoint(it: Damaged, draw: st.DrawFn) -> bool:
    other = stored(draw(st.integers(0, 500)), domain_id=it.domain_id).key
    if it.row.parked is not None or other == it.row.state.checkpoint:
        return False
    it.tables.put_row(replace(it.row, state=replace(it.row.state, checkpoint=other)))
    return True


def break_notes(it: Damaged, draw: st.DrawFn) -> bool:
    notes = dict(it.item[BOOKKEEPING]["M"])
    name = draw(st.sampled_from(["LogicVersion", "EventCount", "Digest"]))
    del notes[name]
    it.tables.put_row({**it.item, BOOKKEEPING: {"M": notes}})
    return True


def lose_notes(it: Damaged, draw: st.DrawFn) -> bool:
    it.tables.put_row({name: value for name, value in it.item.items() if name != BOOKKEEPING})
    return True


def lose_history(it: Damaged, draw: st.DrawFn) -> bool:
    for event in it.events:
        it.tables.delete_event(event)
    return True


DAMAGES: list[Damage] = [
    lose_event,
    add_event,
    erase_event,
    lose_row,
    put_older_row,
    edit_count,
    edit_digest,
    edit_checkpoint,
    break_notes,
    lose_notes,
    lose_history,
]


@settings(max_examples=400, deadline=None)
@given(pipelines(), st.data())
def test_exactly_the_damaged_objects_are_found(
    made: tuple[World, Tables, dict[str, list[DomainRow]]], data: st.DataObject
) -> None:
    world, tables, earlier = made
    expected = set()
    for domain_id, rows in earlier.items():
        damage = data.draw(st.none() | st.sampled_from(DAMAGES), label=domain_id)
        if damage is not None and damage(Damaged(world, tables, rows, domain_id), data.draw):
            expected.add(domain_id)
    if data.draw(st.booleans()):
        tables.client.put_item(TableName=ROWS, Item={"DomainId": {"S": "foreign"}, "Name": {"S": "x"}})
        expected.add("foreign")

    tables.db.settle()
    assert {each.domain_id for each in found(tables)} == expected
