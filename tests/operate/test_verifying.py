"""Guarantee: `verify` finds exactly the objects whose row is not what the stored events say, and what live traffic
explains is no finding. The rows are those that the pipeline itself writes, in whatever order events arrive."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cp_event_source.handler.events import key_sets
from cp_event_source.handler.events.key_set import KeySet
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.projection.rows import BOOKKEEPING, DomainRow
from cp_event_source.operate.event_ids import EventIds
from cp_event_source.operate.findings import Finding
from cp_event_source.operate.metered import Metered
from cp_event_source.operate.pace import Pace
from cp_event_source.operate.sampling import sample
from tests.handler.doubles import World, counting, stored
from tests.handler.given import erased
from tests.nightly import effort
from tests.operate.tables import ROWS, Tables, silence

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


@settings(max_examples=effort(30, 2_000), deadline=None)
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


@settings(max_examples=effort(100, 10_000), deadline=None)
@given(pipelines(), st.data())
def test_exactly_the_damaged_objects_are_found(
    made: tuple[World, Tables, dict[str, list[DomainRow]]], data: st.DataObject
) -> None:
    world, tables, earlier = made
    expected = set()
    for domain_id, rows in earlier.items():
        damage = data.draw(st.none() | st.sampled_from(DAMAGES), label=domain_id)
        if damage is not None and damage(Damaged(world, tables, rows, domain_id), cast("st.DrawFn", data.draw)):
            expected.add(domain_id)
    if data.draw(st.booleans()):
        tables.client.put_item(TableName=ROWS, Item={"DomainId": {"S": "foreign"}, "Name": {"S": "x"}})
        expected.add("foreign")

    tables.db.settle()
    assert {each.domain_id for each in found(tables)} == expected


@settings(max_examples=effort(40, 2_000), deadline=None)
@given(pipelines(), st.data())
def test_a_rebuild_brings_right_what_it_is_said_to(
    made: tuple[World, Tables, dict[str, list[DomainRow]]], data: st.DataObject
) -> None:
    world, tables, earlier = made
    for domain_id, rows in earlier.items():
        data.draw(st.sampled_from(DAMAGES))(Damaged(world, tables, rows, domain_id), cast("st.DrawFn", data.draw))
    tables.db.settle()

    rebuildable = {each.domain_id for each in found(tables) if each.is_rebuildable}
    damaged = World()
    damaged.events.put(*map(StoredEvent.of, tables.db.items("events")))
    damaged.rows.items = {item["DomainId"]["S"]: item for item in tables.db.items(ROWS)}
    for domain_id in rebuildable:
        damaged.rebuilds("v2").rebuild(domain_id)  # this version refuses no event
        tables.put_row(damaged.row(domain_id))
    tables.db.settle()

    assert not rebuildable & {each.domain_id for each in found(tables)}


class Traffic:
    """Events that are stored, and projected a little later, while somebody reads. None waits longer than a pause."""

    def __init__(self, world: World, tables: Tables, steps: list[tuple[str, int]]) -> None:
        self.world, self.tables, self.steps = world, tables, steps
        self.pending: dict[str, list[StoredEvent]] = {}
        self.lock = threading.RLock()
        tables.clock.meanwhile = self.pause
        tables.db.intercept = self.intercept

    def intercept(self, operation: str, request: Any, phase: str) -> None:
        if (
            phase == "before"
            and operation in {"Query", "GetItem", "BatchGetItem"}
            and self.lock.acquire(blocking=False)
        ):
            try:
                self.step()
            finally:
                self.lock.release()

    def step(self) -> None:
        if not self.steps:
            return
        domain_id, number = self.steps.pop()
        if number % 2:
            self.project(domain_id)
        else:
            self.store(stored(number, domain_id=domain_id))

    def store(self, event: StoredEvent) -> None:
        if event.key not in self.world.events.events.get(event.domain_id, {}):
            self.world.events.put(event)
            self.tables.put_events(event)
            self.pending.setdefault(event.domain_id, []).append(event)

    def project(self, domain_id: str) -> None:
        events = self.pending.pop(domain_id, [])
        if events:
            deliver(self.world, self.tables, *events)

    def pause(self) -> None:
        with self.lock:
            for domain_id in list(self.pending):
                self.project(domain_id)
            for _ in range(3):
                self.step()


traffic = st.lists(st.tuples(st.sampled_from(OBJECTS[:3]), st.integers(1, 60)), max_size=60)


@settings(max_examples=effort(60, 3_000), deadline=None)
@given(pipelines(), traffic, st.booleans())
def test_live_traffic_is_no_finding(
    made: tuple[World, Tables, dict[str, list[DomainRow]]], steps: list[tuple[str, int]], is_settled: bool
) -> None:
    world, tables, _ = made
    tables.db.stale_reads = not is_settled
    live = Traffic(world, tables, steps)
    for _ in range(5):
        live.step()

    assert found(tables) == []


def busy(tables: Tables, world: World, *, late: bool) -> None:
    """From now on one more event is on its way at each look."""
    tables.db.stale_reads = False
    numbers = iter(range(301, 400) if not late else range(299, 200, -1))
    live = Traffic(world, tables, [])

    def go_on() -> None:
        live.pause()
        live.store(stored(next(numbers)))

    tables.clock.meanwhile = go_on
    go_on()


@pytest.mark.parametrize("late", [False, True])
def test_a_lost_event_of_a_busy_object_is_found(late: bool) -> None:
    world, tables = World(), Tables()
    deliver(world, tables, stored(1), stored(3), stored(300))
    tables.put_events(stored(2))
    busy(tables, world, late=late)

    (only,) = found(tables)

    assert only.kind == "lacks-events"
    assert stored(2).key in only.text


@pytest.mark.parametrize("late", [False, True])
def test_a_busy_object_that_loses_nothing_is_no_finding_and_not_in_doubt(late: bool) -> None:
    world, tables = World(), Tables()
    deliver(world, tables, stored(1), stored(300))
    busy(tables, world, late=late)
    verifying = tables.verifying()

    with silence():
        assert list(verifying.all()) == []
    assert verifying.tally.changing == 0


def test_that_nothing_can_be_said_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """If late events arrive without end, and it would take too long to find out which of them the row lacks."""
    monkeypatch.setattr(key_sets, "_MAX_TRIES", 0)
    world, tables = World(), Tables()
    deliver(world, tables, stored(1), stored(300))
    busy(tables, world, late=True)
    verifying = tables.verifying()

    with silence():
        assert list(verifying.all()) == []
    assert verifying.tally.changing == 1


def test_how_long_a_row_is_behind_is_said() -> None:
    tables = Tables()
    world = World()
    deliver(world, tables, stored(1))
    arrived = "2025-12-31T23:00:00.000+00:00"
    tables.put_events(StoredEvent.of({**stored(2).item, "ArrivedAt": {"S": arrived}}), stored(3))

    (behind,) = found(tables)

    assert behind.kind == "behind"
    assert "lacks 2 events" in behind.text
    assert f"the oldest arrived 60 min ago, at {arrived}" in behind.text
    assert behind.remedy.endswith("cp-event-source rebuild domain-1")


def test_the_same_event_id_at_two_times_is_found_and_only_in_one_object() -> None:
    world, tables = World(logic=counting), Tables(page_items=3)
    deliver(world, tables, *(stored(number) for number in range(1, 9)), stored(59, event_id="e2"))
    deliver(world, tables, *(stored(number, domain_id="other") for number in range(1, 9)))
    tables.db.settle()

    (only,) = found(tables)

    assert (only.domain_id, only.kind, only.is_rebuildable) == ("domain-1", "repeated-id", False)
    assert stored(2).key in only.text
    assert stored(59, event_id="e2").key in only.text


def test_a_repeated_id_that_is_erased_is_no_finding() -> None:
    world, tables = World(logic=counting), Tables()
    deliver(world, tables, stored(1), stored(2), stored(59, event_id="e2"))
    world.events.put(erased(stored(59, event_id="e2")))
    world.rebuilds().rebuild("domain-1")
    copy(world, tables, "domain-1")
    tables.db.settle()

    assert found(tables) == []


@given(st.lists(st.integers(0, 20)), st.integers(0, 5))
def test_repeated_ids_are_found_in_memory_and_on_the_disk(ids: list[int], in_memory: int) -> None:
    first: dict[str, str] = {}
    known = EventIds(in_memory=in_memory)
    for position, event_id in enumerate(map(str, ids)):
        assert known.first_with(event_id, f"key {position}") == first.get(event_id)
        first.setdefault(event_id, f"key {position}")
    known.close()


def test_an_id_that_nothing_is_stored_for_is_found() -> None:
    with silence():
        (only,) = Tables().verifying().some(["nobody"])

    assert (only.domain_id, only.kind) == ("nobody", "unknown-object")


def sampled(tables: Tables, number: int, seed: int) -> list[str]:
    dynamodb = Metered(tables.client, Pace(1e9, tables.clock))
    return sample(dynamodb, "events", ROWS, number, random.Random(seed))


def objects(*sizes: int) -> Tables:
    """Objects of so many events each, with rows."""
    world, tables = World(logic=counting), Tables()
    for number, size in enumerate(sizes):
        deliver(world, tables, *(stored(each, domain_id=f"object-{number}") for each in range(size)))
    tables.db.settle()
    return tables


def test_a_sample_of_more_than_all_is_all() -> None:
    tables = objects(1, 2, 3)
    tables.delete_row("object-0")
    for event in range(3):
        tables.delete_event(stored(event, domain_id="object-2"))
    tables.db.settle()

    assert sorted(sampled(tables, 3, 0)) == sorted(sampled(tables, 100, 1)) == ["object-0", "object-1", "object-2"]


def test_every_object_is_as_likely_in_a_sample_whatever_it_holds() -> None:
    tables = objects(*([1] * 20 + [6] * 20))
    times = Counter(each for seed in range(200) for each in sampled(tables, 10, seed))

    assert len(times) == 40
    # 50 each on average, with a standard deviation of 6
    assert all(20 < number < 80 for number in times.values())
    large = sum(number for each, number in times.items() if int(each.removeprefix("object-")) >= 20)
    assert 880 < large < 1120
