"""Guarantee: a row equals the fold of all its domain's stored events, whatever the delivery; and what breaks it.

The traces are the shortest known to break weaker algorithms.
"""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.budget import Budget, OutOfTime
from handler.domain_row import MIXED
from handler.key_set import KeySet
from handler.projection import Contention, Outcome
from handler.stored_event import StoredEvent
from tests.handler.doubles import DOMAIN_ID, World, stored


def keys_of(events: list[StoredEvent]) -> KeySet:
    keys = KeySet()
    for event in events:
        keys = keys.plus(event.key)
    return keys


def cut(events: list[StoredEvent], places: list[int]) -> list[list[StoredEvent]]:
    """`events` in batches, cut at `places`."""
    edges = sorted({0, len(events), *(place % (len(events) + 1) for place in places)})
    return [events[start:end] for start, end in pairwise(edges)]


@st.composite
def deliveries(draw: st.DrawFn, *, poison: bool = False) -> tuple[list[StoredEvent], list[list[StoredEvent]]]:
    """A history and the batches in which it arrives: any order, repetition and grouping."""
    numbers = draw(st.lists(st.integers(0, 30), min_size=1, max_size=12, unique=True))
    bad = draw(st.sets(st.sampled_from(numbers), max_size=2)) if poison else set()
    history = [stored(number, poison=number in bad) for number in numbers]
    again = draw(st.lists(st.sampled_from(history), max_size=8))
    arriving = draw(st.permutations(history + again))
    return sorted(history, key=lambda event: event.key), cut(arriving, draw(st.lists(st.integers(0, 30), max_size=8)))


class TestConvergence:
    @given(deliveries())
    def test_any_order_repetition_and_grouping_end_in_the_fold_of_all_events(self, delivery) -> None:
        history, batches = delivery
        world = World()
        for batch in batches:
            world.deliver(*batch)
        row = world.row()
        assert world.entries() == [event.event_id for event in history]
        assert row.state.checkpoint == history[-1].key
        assert row.state.applied == keys_of(history)
        assert row.logic_version == "v1"

    @given(deliveries(), st.data())
    def test_overlapping_writers_end_in_the_fold_of_all_events(self, delivery, data) -> None:
        """Between another's read and write, any other batch may be delivered whole."""
        history, batches = delivery
        world = World()
        waiting = list(batches)

        def intrude() -> None:
            for _ in range(data.draw(st.integers(0, min(2, len(waiting))))):
                if waiting:
                    world.deliver(*waiting.pop())

        while waiting:
            world.rows.before_write = intrude
            world.deliver(*waiting.pop(0))
        assert world.entries() == [event.event_id for event in history]
        assert world.row().state.applied == keys_of(history)

    @given(deliveries(poison=True), st.integers(31, 40))
    def test_a_parked_domain_heals_completely_and_in_order(self, delivery, next_number) -> None:
        history, batches = delivery
        world = World()
        for batch in batches:
            world.deliver(*batch)
        bad = [event for event in history if event.event_name == "Poison"]
        parked = world.row().parked
        assert (parked.event_key if parked else None) == (bad[0].key if bad else None)
        world.deliver(stored(next_number), version="v2")
        assert world.row().parked is None
        assert world.entries() == [*(event.event_id for event in history), f"e{next_number}"]

    @given(deliveries(poison=True))
    def test_a_rebuild_ends_in_the_fold_of_all_events_by_one_version(self, delivery) -> None:
        history, batches = delivery
        world = World()
        for batch in batches:
            world.deliver(*batch)
        world.rebuilds("v2").rebuild(DOMAIN_ID)
        assert world.entries() == [event.event_id for event in history]
        assert world.row().logic_version == "v2"
        assert world.row().parked is None


class TestFastPath:
    def test_new_events_of_a_known_domain_read_nothing_and_write_once(self) -> None:
        world = World()
        world.deliver(stored(1))
        world.events.items_read = world.rows.writes = 0
        assert world.deliver(*(stored(number) for number in range(2, 12))) is Outcome.APPLIED
        assert (world.events.items_read, world.events.keys_read, world.rows.writes) == (0, 0, 1)

    def test_a_redelivered_batch_is_read_and_not_written(self) -> None:
        world = World()
        batch = [stored(number) for number in range(10)]
        world.deliver(*batch)
        before = world.row()
        world.events.items_read = 0
        assert world.deliver(*batch) is Outcome.REDELIVERED
        assert world.row() == before
        assert (world.events.items_read, world.events.keys_read) == (10, 0)

    def test_what_was_redelivered_beside_new_events_is_not_applied_twice(self) -> None:
        world = World()
        world.deliver(stored(1), stored(2))
        world.deliver(stored(2), stored(3))
        assert world.entries() == ["e1", "e2", "e3"]

    def test_a_late_event_is_folded_in_its_place(self) -> None:
        world = World()
        world.deliver(stored(1), stored(3))
        assert world.deliver(stored(2)) is Outcome.REFOLDED
        assert world.entries() == ["e1", "e2", "e3"]

    def test_a_refold_stops_at_the_checkpoint_and_the_batch(self) -> None:
        """Beyond, events are still in flight: read now, each would look late when it arrives."""
        world = World()
        world.deliver(stored(1), stored(3))
        world.events.put(stored(4), stored(5))
        world.deliver(stored(2))
        assert world.entries() == ["e1", "e2", "e3"]

    def test_a_reply_lost_is_recognised_by_the_revision(self) -> None:
        world = World()
        world.deliver(stored(1))
        world.rows.lose_reply = True
        world.events.keys_read = 0
        assert world.deliver(stored(2)) is Outcome.APPLIED
        assert world.entries() == ["e1", "e2"]
        assert world.events.keys_read == 0

    def test_a_row_that_changes_at_every_write_sends_the_batch_back(self) -> None:
        world = World()
        world.deliver(stored(1))

        def change() -> None:
            row = world.row()
            world.rows.items[DOMAIN_ID] = replace(row, revision=row.revision + "x").to_item()
            world.rows.before_write = change

        world.rows.before_write = change
        with pytest.raises(Contention):
            world.deliver(stored(2))


class TestTheStoreIsTheTruth:
    def test_a_row_deleted_by_hand_is_made_again_from_the_whole_store(self) -> None:
        world = World()
        world.deliver(stored(1), stored(2))
        world.rows.items.clear()
        world.deliver(stored(3))
        assert world.entries() == ["e1", "e2", "e3"]

    def test_a_row_deleted_by_hand_is_made_whole_even_by_a_late_event(self) -> None:
        """2 and 3 were acknowledged: to stop at the batch's 1 would jump them for ever."""
        world = World()
        world.deliver(stored(2), stored(3))
        world.rows.items.clear()
        world.deliver(stored(1))
        world.deliver(stored(4))
        assert world.entries() == ["e1", "e2", "e3", "e4"]

    @pytest.mark.parametrize("lost", ["EventCount", "Digest", "LogicVersion", "Revision"])
    def test_a_row_whose_notes_were_spoilt_by_hand_is_made_anew(self, lost: str) -> None:
        world = World()
        world.deliver(stored(2), stored(3))
        del world.rows.items[DOMAIN_ID]["CpEventSource"]["M"][lost]
        world.deliver(stored(1))
        assert world.entries() == ["e1", "e2", "e3"]

    def test_a_row_whose_notes_were_spoilt_by_hand_can_be_rebuilt(self) -> None:
        world = World()
        world.deliver(stored(1), stored(2))
        del world.rows.items[DOMAIN_ID]["CpEventSource"]["M"]["Digest"]
        world.rebuilds().rebuild(DOMAIN_ID)
        assert world.entries() == ["e1", "e2"]

    def test_a_row_without_the_pipelines_notes_counts_as_none(self) -> None:
        world = World()
        world.deliver(stored(1), stored(2))
        world.rows.items[DOMAIN_ID] = {"DomainId": {"S": DOMAIN_ID}, "Entries": {"L": [{"S": "by hand"}]}}
        world.deliver(stored(3))
        assert world.entries() == ["e1", "e2", "e3"]

    def test_pages_of_the_store_read_before_a_lost_race_are_void(self) -> None:
        """A reads 1..6 for a late event; B adds 5, late too; A writes its pages: 5 would be gone."""
        world = World()
        world.deliver(stored(1), stored(6))
        world.rows.before_write = lambda: world.deliver(stored(5))
        world.deliver(stored(3))
        assert world.entries() == ["e1", "e3", "e5", "e6"]

    def test_a_zombie_does_not_write_over_a_row_deleted_and_made_again(self) -> None:
        world = World()
        world.deliver(stored(1))

        def delete_and_make_again() -> None:
            world.rows.items.clear()
            world.deliver(stored(3))

        world.rows.before_write = delete_and_make_again
        world.deliver(stored(2))
        assert world.entries() == ["e1", "e2", "e3"]


class TestParking:
    def test_the_row_keeps_what_came_before_the_failing_event(self) -> None:
        world = World()
        assert world.deliver(stored(1), stored(2, poison=True), stored(3)) is Outcome.PARKED
        parked = world.row().parked
        assert parked is not None
        assert world.entries() == ["e1"]
        assert (parked.event_id, parked.event_name, parked.error) == ("e2", "Poison", "ValueError")
        assert parked.reason == "ValueError: poison"
        assert parked.logic_version == "v1"

    def test_a_first_event_that_fails_leaves_a_row_with_the_reason_alone(self) -> None:
        world = World()
        world.deliver(stored(1, poison=True))
        item = world.rows.items[DOMAIN_ID]
        assert set(item) == {"DomainId", "CpEventSource", "CpEventSourceParked"}
        assert "Checkpoint" not in item["CpEventSource"]["M"]

    def test_a_late_event_that_fails_leaves_the_state_as_it_was(self) -> None:
        world = World()
        world.deliver(stored(1), stored(3))
        before = world.row().state
        assert world.deliver(stored(2, poison=True)) is Outcome.PARKED
        assert world.row().state == before

    def test_later_events_wait_and_are_noted_by_a_write(self) -> None:
        world = World()
        world.deliver(stored(1), stored(5, poison=True))
        before = world.row()
        assert world.deliver(stored(7)) is Outcome.WAITING
        after = world.row()
        assert world.entries() == ["e1"]
        assert after.revision != before.revision
        assert after.parked is not None
        assert after.parked.waiting_up_to == stored(7).key

    def test_an_earlier_event_is_reason_enough_to_try_again(self) -> None:
        world = World()
        world.deliver(stored(2), stored(5, poison=True))
        world.deliver(stored(3))
        assert world.entries() == ["e2", "e3"]
        assert world.row().parked is not None

    def test_the_same_cause_is_told_once(self) -> None:
        world = World()
        world.deliver(stored(1), stored(5, poison=True))
        since = world.row().parked
        world.deliver(stored(6))
        world.deliver(stored(2))
        assert [parked.event_id for _, parked in world.notices.sent] == ["e5"]
        assert since is not None
        assert world.row().parked is not None
        assert world.row().parked.since == since.since  # type: ignore[union-attr]

    def test_a_cause_is_told_once_however_many_races_are_lost(self) -> None:
        world = World()
        world.deliver(stored(1))
        world.rows.before_write = lambda: world.deliver(stored(2))
        world.deliver(stored(5, poison=True))
        assert [parked.event_id for _, parked in world.notices.sent] == ["e5"]
        assert world.entries() == ["e1", "e2"]

    def test_a_new_cause_is_told(self) -> None:
        world = World()
        world.deliver(stored(1), stored(5, poison=True))
        world.deliver(stored(3, poison=True))
        assert [parked.event_id for _, parked in world.notices.sent] == ["e5", "e3"]

    def test_the_notice_goes_out_before_the_row_is_written(self) -> None:
        world = World()
        told: list[int] = []
        world.rows.before_write = lambda: told.append(len(world.notices.sent))
        world.deliver(stored(1, poison=True))
        assert told == [1]

    def test_healing_reads_to_the_end_of_the_store(self) -> None:
        """4 waits, acknowledged; a batch of 3 heals: to stop at 3 would lose 4."""
        world = World()
        world.deliver(stored(2, poison=True))
        world.deliver(stored(4))
        assert world.deliver(stored(3), version="v2") is Outcome.HEALED
        assert world.entries() == ["e2", "e3", "e4"]

    def test_an_event_that_waits_before_the_failed_one_is_healed_too(self) -> None:
        """Old logic is late with 0 and fails at 6, which new logic had applied: the row keeps its state, without 0. To
        heal from before 6 would lose it."""
        world = World()
        events = [stored(number, poison=number == 6) for number in range(1, 8)]
        world.deliver(*events, version="v2")
        assert world.deliver(stored(0), version="v1") is Outcome.PARKED
        assert world.deliver(stored(8), version="v2") is Outcome.HEALED
        assert world.entries() == [f"e{number}" for number in range(9)]

    def test_an_event_that_is_noted_before_the_failed_one_is_healed_too(self) -> None:
        world = World()
        events = [stored(number, poison=number == 6) for number in range(1, 8)]
        world.deliver(*events, version="v2")
        world.deliver(stored(0), version="v1")
        world.deliver(stored(5, event_id="e5a"), version="v1")
        world.deliver(stored(8), version="v2")
        assert world.entries() == ["e0", "e1", "e2", "e3", "e4", "e5", "e5a", "e6", "e7", "e8"]

    def test_old_and_new_logic_side_by_side_lose_nothing(self) -> None:
        """New logic has read the store; old logic acknowledges 4 as waiting; new logic heals without 4."""
        world = World()
        world.deliver(stored(2, poison=True))
        world.rows.before_write = lambda: world.deliver(stored(4), version="v1")
        world.deliver(stored(3), version="v2")
        assert world.row().parked is None
        assert world.entries() == ["e2", "e3", "e4"]

    def test_an_event_that_cannot_be_read_parks_its_domain(self) -> None:
        world = World()
        broken = stored(2)
        del broken.item["EventName"]
        world.deliver(stored(1))
        assert world.deliver(broken) is Outcome.PARKED
        assert world.entries() == ["e1"]


class TestLogicVersions:
    def test_a_row_that_two_versions_folded_is_mixed(self) -> None:
        world = World()
        world.deliver(stored(1), version="v1")
        world.deliver(stored(2), version="v2")
        assert world.row().logic_version == MIXED

    def test_a_refold_makes_the_row_one_versions_own_again(self) -> None:
        world = World()
        world.deliver(stored(1), stored(3), version="v1")
        world.deliver(stored(2), version="v2")
        assert world.row().logic_version == "v2"

    def test_a_row_that_todays_logic_cannot_read_is_folded_anew(self) -> None:
        world = World()
        world.deliver(stored(1), version="v0")
        row = world.row()
        del row.state.attributes["Entries"]  # as if an earlier version had named it otherwise
        world.rows.items[DOMAIN_ID] = row.to_item()
        world.deliver(stored(2))
        assert world.entries() == ["e1", "e2"]
        assert world.row().logic_version == "v1"


class TestLateEvents:
    @pytest.mark.parametrize("behind", [1, 2, 9, 10, 11, 40, 150, 200])
    @pytest.mark.parametrize("length", [200, 700])
    def test_a_late_event_reads_twice_what_lies_behind_it_and_two_spacings(self, length: int, behind: int) -> None:
        """However long the history."""
        world = World(events_per_mark=10)
        numbers = [number for number in range(length + 1) if number != length - behind]
        for start in range(0, length, 7):
            world.deliver(*map(stored, numbers[start : start + 7]))
        world.deliver(stored(length))
        world.events.items_read = world.events.keys_read = world.snapshots.reads = 0
        assert world.deliver(stored(length - behind)) is Outcome.REFOLDED
        assert world.events.items_read + world.events.keys_read <= 2 * behind + 2 * 10
        assert world.snapshots.reads <= 1
        assert world.entries() == [f"e{number}" for number in range(length + 1)]

    def test_a_redelivered_batch_reads_no_more_than_a_late_event(self) -> None:
        world = World(events_per_mark=10)
        for start in range(0, 300, 10):
            world.deliver(*map(stored, range(start, start + 10)))
        world.events.items_read = world.events.keys_read = world.rows.writes = 0
        assert world.deliver(*map(stored, range(290, 300))) is Outcome.REDELIVERED
        assert world.events.items_read + world.events.keys_read <= 2 * 10 + 2 * 10
        assert world.rows.writes == 0

    def test_one_of_two_late_events_beside_a_new_one_is_folded_in_its_place(self) -> None:
        world = World()
        world.deliver(*map(stored, (1, 2, 4, 5, 6, 7, 8)))
        world.deliver(stored(2), stored(3), stored(9))
        assert world.entries() == [f"e{number}" for number in range(1, 10)]

    def test_a_refold_drops_the_marks_behind_its_base(self) -> None:
        """They say what the row held before the late event was among them."""
        world = World()
        for number in (1, *range(3, 30)):
            world.deliver(stored(number))
        world.deliver(stored(2))
        for mark in world.row().marks.read():
            assert mark.applied == keys_of([stored(n) for n in range(1, 30) if stored(n).key < mark.key])

    def test_a_snapshot_that_a_zombie_put_over_a_listed_one_is_passed_over(self) -> None:
        """It has the same place and another set of events; to go by the place alone would lose 2 and 3."""
        world = World()
        world.deliver(stored(1))
        events = [stored(6), stored(7)]
        world.events.put(*events)
        zombie = world.projection().plan(events, world.rows.read(DOMAIN_ID))
        world.deliver(*map(stored, (2, 3, 6, 7, 9, 10)))
        listed = {mark.slot: mark.key for mark in world.row().marks.read()}
        assert any(listed.get(slot) == snapshot.place for slot, snapshot in zombie.snapshots)
        world.projection().carry_out(zombie)
        world.deliver(stored(8))
        assert world.entries() == [f"e{number}" for number in (1, 2, 3, 6, 7, 8, 9, 10)]

    def test_a_snapshot_of_another_version_is_not_folded_upon(self) -> None:
        world = World()
        world.deliver(*map(stored, (1, 2, 3, 4, 5, 7, 8)), version="v0")
        world.deliver(stored(6), version="v1")
        assert world.entries() == [f"e{number}" for number in range(1, 9)]
        assert set(world.versions()) == {"v1"}

    def test_a_mixed_row_makes_no_snapshots(self) -> None:
        """Labelled with the version that only went on, its state would be taken for that version's own."""
        world = World()
        world.deliver(*map(stored, (1, 2)), version="v0")
        for number in (*range(3, 11), 12, 13):
            world.deliver(stored(number), version="v1")
        world.deliver(stored(11), version="v1")
        assert set(world.versions()) == {"v1"}
        assert world.row().logic_version == "v1"

    def test_snapshots_that_were_deleted_or_spoilt_cost_reads_alone(self) -> None:
        world = World()
        world.deliver(*map(stored, (1, 2, 3, 4, 6, 7, 8)))
        (_, first), *_ = world.snapshots.items
        del world.snapshots.items[DOMAIN_ID, first]
        for key in world.snapshots.items:
            del world.snapshots.items[key]["CpEventSource"]
        world.deliver(stored(5))
        assert world.entries() == [f"e{number}" for number in range(1, 9)]

    def test_a_slot_that_the_row_lists_is_not_put_over(self) -> None:
        """Another may be folding from it; and if the row's write is lost, it still serves."""
        world = World(events_per_mark=1)
        world.deliver(*map(stored, range(20)))
        listed = {mark.slot for mark in world.row().marks.read()}
        plan = world.projection().plan([stored(30), stored(31)], world.rows.read(DOMAIN_ID))
        assert plan.snapshots
        assert not listed & {slot for slot, _ in plan.snapshots}


class TestTime:
    def test_what_there_is_no_time_for_goes_back(self) -> None:
        world = World()
        world.events.put(stored(1))
        with pytest.raises(OutOfTime):
            world.projection().project([stored(1)], None, Budget(deadline=0, whole=False))

    def test_a_fold_for_which_an_invocation_is_too_short_parks_its_domain_with_what_it_came_to(self) -> None:
        """Else its events would come back until the stream drops them, and hold up their shard."""
        world = World()
        events = list(map(stored, range(10)))
        world.events.put(*events)
        world.projection().project(events, None, world.budget(events=6))
        parked = world.row().parked
        assert parked is not None
        assert (parked.error, parked.event_id) == ("OutOfTime", "e6")
        assert world.entries() == [f"e{number}" for number in range(6)]

    def test_the_next_event_goes_on_from_there(self) -> None:
        world = World()
        events = list(map(stored, range(10)))
        world.events.put(*events)
        world.projection().project(events, None, world.budget(events=6))
        world.events.items_read = 0
        assert world.deliver(stored(10)) is Outcome.HEALED
        assert world.entries() == [f"e{number}" for number in range(11)]
        assert world.events.items_read == 5

    def test_a_row_that_several_versions_folded_goes_on_from_there_too(self) -> None:
        """It has no snapshot to begin with: from the first event the time would be over again, and again."""
        world = World(events_per_mark=100)
        world.deliver(*map(stored, range(10)), version="v0")
        events = list(map(stored, range(10, 20)))
        world.events.put(*events)
        world.projection().project(events, world.rows.read(DOMAIN_ID), world.budget(events=6))
        assert world.row().parked is not None
        world.events.put(stored(20))
        world.projection().project([stored(20)], world.rows.read(DOMAIN_ID), world.budget(events=6))
        assert world.row().parked is None
        assert world.entries() == [f"e{number}" for number in range(21)]

    def test_new_logic_that_cannot_read_what_it_should_go_on_from_folds_anew(self) -> None:
        world = World()
        events = list(map(stored, range(10)))
        world.events.put(*events)
        world.projection("v0").project(events, None, world.budget(events=6))
        row = world.row()
        del row.state.attributes["Entries"]  # as if v0 had named it otherwise
        world.rows.items[DOMAIN_ID] = row.to_item()
        assert world.deliver(stored(10), version="v1") is Outcome.HEALED
        assert world.entries() == [f"e{number}" for number in range(11)]

    def test_a_late_event_for_which_it_is_too_short_is_not_tried_again_at_every_event(self) -> None:
        world = World(events_per_mark=100)
        world.deliver(*map(stored, range(1, 20)))
        world.events.put(stored(0))
        world.projection().project([stored(0)], world.rows.read(DOMAIN_ID), world.budget(events=6))
        assert world.row().parked is not None
        world.events.items_read = 0
        assert world.deliver(stored(21)) is Outcome.WAITING
        assert world.events.items_read == 0
        world.rebuilds().rebuild(DOMAIN_ID)
        assert world.entries() == [f"e{number}" for number in (*range(20), 21)]


class TestDeath:
    """An event of which processes die: one that comes alone and late is tried with a note in the row."""

    def trial(self, world: World, event: StoredEvent, *, version: str = "v1", dies: bool = False) -> Outcome | None:
        """One process's try."""
        world.events.put(event)
        projection = world.projection(version)
        row, untried = projection.begin_trial(event, world.rows.read(DOMAIN_ID))
        if dies and not untried:
            return None
        plan = projection.plan([event], row, untried=untried)
        return projection.go_on(plan, projection.carry_out(plan))

    def test_the_third_process_parks_the_domain_and_lets_the_stream_go_on(self) -> None:
        world = World()
        world.deliver(stored(1))
        assert self.trial(world, stored(2), dies=True) is None
        assert self.trial(world, stored(2), dies=True) is None
        assert world.notices.sent == []
        assert self.trial(world, stored(2), dies=True) is Outcome.PARKED
        parked = world.row().parked
        assert parked is not None
        assert (parked.error, parked.event_id) == ("FunctionDied", "e2")
        assert [told.error for _, told in world.notices.sent] == ["FunctionDied"]
        assert world.deliver(stored(3)) is Outcome.WAITING
        assert world.entries() == ["e1"]

    def test_one_that_lives_applies_the_event_as_ever(self) -> None:
        world = World()
        world.deliver(stored(1))
        self.trial(world, stored(2), dies=True)
        world.events.items_read = 0
        assert self.trial(world, stored(2)) is Outcome.APPLIED
        assert world.events.items_read == 0
        assert world.row().trial is None
        assert world.entries() == ["e1", "e2"]
        assert world.notices.sent == []

    def test_one_process_may_try_as_often_as_it_must(self) -> None:
        """A fault of the infrastructure is no death, even if the note could not be taken back."""
        world = World()
        world.deliver(stored(1))
        world.events.put(stored(2))
        projection = world.projection()
        for _ in range(5):
            _, untried = projection.begin_trial(stored(2), world.rows.read(DOMAIN_ID))
            assert not untried
        projection.end_trial(DOMAIN_ID)
        assert world.row().trial is None

    def test_the_innocent_event_before_the_deadly_one_is_applied(self) -> None:
        world = World()
        world.deliver(stored(1))
        world.events.put(stored(3))
        assert self.trial(world, stored(2)) is Outcome.APPLIED
        for _ in range(3):
            self.trial(world, stored(3), dies=True)
        parked = world.row().parked
        assert parked is not None
        assert parked.event_id == "e3"
        assert world.entries() == ["e1", "e2"]

    def test_the_first_event_of_a_domain_may_be_the_one(self) -> None:
        world = World()
        for _ in range(3):
            self.trial(world, stored(1), dies=True)
        assert world.row().parked is not None
        assert world.entries() == []
        assert world.deliver(stored(2)) is Outcome.WAITING
        world.rebuilds("v2").rebuild(DOMAIN_ID)
        assert world.entries() == ["e1", "e2"]

    def test_a_first_event_that_is_none_is_applied(self) -> None:
        world = World()
        self.trial(world, stored(1), dies=True)
        assert self.trial(world, stored(1)) is Outcome.APPLIED
        assert world.deliver(stored(2)) is Outcome.APPLIED
        assert world.entries() == ["e1", "e2"]

    def test_an_earlier_event_is_folded_in_before_the_deadly_one(self) -> None:
        """Which is not tried with it."""
        world = World()
        world.deliver(stored(1))
        for _ in range(3):
            self.trial(world, stored(5), dies=True)
        world.deliver(stored(3))
        parked = world.row().parked
        assert parked is not None
        assert (parked.error, parked.event_id) == ("FunctionDied", "e5")
        assert world.entries() == ["e1", "e3"]

    def test_new_logic_may_die_of_it_as_well(self) -> None:
        """Then it, too, leaves the domain parked, wherever in the fold it died."""
        world = World()
        world.deliver(stored(1), stored(2, poison=True))
        for _ in range(3):
            self.trial(world, stored(4), version="v2", dies=True)
        parked = world.row().parked
        assert parked is not None
        assert (parked.error, parked.logic_version) == ("FunctionDied", "v2")
        assert world.deliver(stored(5), version="v2") is Outcome.WAITING
        assert world.deliver(stored(6), version="v3") is Outcome.HEALED
        assert world.entries() == ["e1", "e2", "e4", "e5", "e6"]

    def test_a_late_event_may_be_the_one(self) -> None:
        world = World()
        world.deliver(*map(stored, (1, 3, 4)))
        for _ in range(3):
            self.trial(world, stored(2), dies=True)
        assert world.deliver(stored(5)) is Outcome.WAITING
        assert world.deliver(stored(6), version="v2") is Outcome.HEALED
        assert world.entries() == [f"e{number}" for number in range(1, 7)]

    def test_a_faster_writers_row_is_taken(self) -> None:
        world = World()
        world.deliver(stored(1))
        world.rows.before_write = lambda: world.deliver(stored(3))
        assert self.trial(world, stored(2)) is Outcome.REFOLDED
        assert world.entries() == ["e1", "e2", "e3"]
