"""Guarantee: a fold notes its states on the way, in bounded memory, and can go back to them."""

from collections.abc import Iterable, Iterator

import pytest

from cp_event_source.handler.domain.failure import Cause
from cp_event_source.handler.domain.state import INITIAL_STATE
from cp_event_source.handler.events.key_set import NO_KEYS, KeySet
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.projection.folding import Folding, FoldLimits
from cp_event_source.handler.projection.marks import Mark, Marks
from cp_event_source.handler.projection.rows import DomainRow
from cp_event_source.handler.values.budget import UNLIMITED, Budget, OutOfTime
from tests.handler.doubles import DOMAIN_ID, World, counting, stored


def folding(events_per_mark: int = 10, budget: Budget = UNLIMITED) -> Folding:
    world = World(events_per_mark=events_per_mark, logic=counting)
    return Folding(world.config("v1"), INITIAL_STATE, FoldLimits(budget))


def keys_of(events: Iterable[StoredEvent]) -> KeySet:
    keys = NO_KEYS
    for event in events:
        keys = keys.plus(event.key)
    return keys


def test_a_mark_is_the_set_and_the_state_before_a_position() -> None:
    fold = folding()
    events = [stored(number) for number in range(95)]
    fold.apply(events)
    marks, snapshots = fold.marks_and_snapshots(None)
    assert [mark.count for mark in marks.read()] == [40, 60, 80, 90]
    kept = dict(snapshots)
    for mark in marks.read():
        assert mark.slot is not None
        before = [event for event in events if event.key < mark.key]
        assert mark.applied == keys_of(before)
        assert kept[mark.slot].is_of(mark)
        assert kept[mark.slot].state.attributes["Count"] == {"N": str(len(before))}


def test_grouping_does_not_matter_to_the_marks() -> None:
    events = [stored(number) for number in range(95)]
    at_once = folding()
    at_once.apply(events)
    row = None
    config = at_once.config
    for start in range(0, 95, 7):
        limits = FoldLimits()
        part = Folding(config, INITIAL_STATE, limits) if row is None else Folding.on_top_of(row, config, limits)
        part.apply(events[start : start + 7])
        marks, _ = part.marks_and_snapshots(row)
        row = DomainRow(DOMAIN_ID, part.state, "v1", marks=marks)
    assert row is not None
    assert [mark.key for mark in row.marks.read()] == [mark.key for mark in at_once.marks_and_snapshots(None)[0].read()]


def test_states_kept_on_the_way_are_few() -> None:
    """However long the path: a rebuild of 100,000 events holds some fifteen states."""
    fold = folding(events_per_mark=1)
    fold.apply(stored(number) for number in range(1_200))
    assert len(fold.marks_and_snapshots(None)[1]) <= 16
    assert len(fold.marks) == len(fold.marks_and_snapshots(None)[0].read())


def test_events_are_taken_one_by_one() -> None:
    taken: list[int] = []

    def events() -> Iterator[StoredEvent]:
        for number in range(100):
            taken.append(number)
            yield stored(number, poison=number == 5)

    world = World()
    fold = Folding(world.config("v1"), INITIAL_STATE, FoldLimits())
    fold.apply(events())
    assert fold.failure is not None
    assert taken == list(range(6))


def test_a_fold_goes_back_to_a_state_before_a_position() -> None:
    fold = folding()
    fold.apply(stored(number) for number in range(95))
    fold.rewind(stored(65).key)
    assert fold.state.applied == keys_of(stored(number) for number in range(60))
    fold.apply(stored(number) for number in range(60, 95))
    assert fold.state.attributes["Count"] == {"N": "95"}
    fold.rewind(stored(3).key)
    assert fold.state == INITIAL_STATE


def test_a_state_that_started_from_another_versions_is_marked_and_not_kept() -> None:
    world = World(events_per_mark=2, logic=counting)
    world.deliver(*map(stored, range(2)), version="v0")
    fold = Folding.on_top_of(world.row(), world.config("v1"), FoldLimits())
    fold.apply([stored(2), stored(3)])
    marks, snapshots = fold.marks_and_snapshots(world.row())
    assert [(mark.count, mark.slot) for mark in marks.read()] == [(2, None)]
    assert snapshots == []


def test_a_position_just_before_the_failing_event_is_no_mark() -> None:
    """The row may yet grow before it, by events that are late for the failing one and new for the row."""
    world = World(events_per_mark=2)
    fold = Folding(world.config("v1"), INITIAL_STATE, FoldLimits())
    fold.apply([stored(1), stored(2), stored(9, poison=True)])
    assert fold.marks_and_snapshots(None)[0].read() == ()


def test_unchanged_marks_are_passed_on_without_decoding() -> None:
    invalid = Marks(b"\x01spoilt")
    state = INITIAL_STATE.after(stored(1), {"DomainId": {"S": DOMAIN_ID}, "Count": {"N": "1"}})
    row = DomainRow(DOMAIN_ID, state, "v1")
    fold = Folding.on_top_of(row.followed_by(marks=invalid), folding().config, FoldLimits())
    fold.apply([stored(2)])
    assert fold.marks_and_snapshots(row) == (invalid, [])


def test_a_mark_has_no_slot_if_none_is_free() -> None:
    """A row lists far fewer; but a row may be written by hand."""
    world = World(events_per_mark=1, logic=counting)
    world.deliver(stored(1))
    crowded = Marks.of(Mark(f"1{slot:03}", NO_KEYS, slot) for slot in range(255))
    row = world.row().followed_by(marks=crowded)
    fold = Folding(world.config("v1"), INITIAL_STATE, FoldLimits())
    fold.apply([stored(1), stored(2)])
    marks, snapshots = fold.marks_and_snapshots(row)
    assert [mark.slot for mark in marks.read()] == [None]
    assert snapshots == []


def test_a_fold_that_shares_an_invocation_stops_without_a_failure_when_the_time_is_over() -> None:
    fold = folding(budget=Budget(deadline=0, whole=False))
    with pytest.raises(OutOfTime):
        fold.apply([stored(1)])


def test_a_fold_with_a_whole_invocation_fails_at_the_next_event_when_the_time_is_over() -> None:
    fold = folding(budget=World().budget(events=3))
    fold.apply(stored(number) for number in range(5))
    assert fold.failure is not None
    assert (fold.failure.cause, fold.failure.event.key) == (Cause.OUT_OF_TIME, stored(3).key)
    assert fold.state.attributes["Count"] == {"N": "3"}
    assert fold.failure.reason.startswith("OutOfTime: 3 events folded")


def test_an_event_that_crashed_processes_fails_without_a_try() -> None:
    world = World()
    fold = Folding(world.config("v1"), INITIAL_STATE, FoldLimits(untried_key=stored(3).key))
    fold.apply(stored(number) for number in range(5))
    assert fold.failure is not None
    assert (fold.failure.cause, fold.failure.event.key) == (Cause.PROCESS_DIED, stored(3).key)
    assert fold.state.applied.count == 3


def test_a_fold_from_a_snapshot_does_not_make_its_mark_again() -> None:
    world = World(events_per_mark=2, logic=counting)
    world.deliver(*map(stored, (1, 2, 3, 4, 5, 7)))
    before = {mark.key: mark.slot for mark in world.row().marks.read()}
    world.deliver(stored(6))
    after = {mark.key: mark.slot for mark in world.row().marks.read()}
    kept = before.keys() & after.keys()
    assert kept
    assert {key: after[key] for key in kept} == {key: before[key] for key in kept}
