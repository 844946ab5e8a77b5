"""Guarantee: a row equals the fold of all its domain's stored events, whatever the delivery; and what breaks it.

The traces are the shortest known to break weaker algorithms.
"""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.domain_row import MIXED
from handler.key_set import KeySet
from handler.projection import Contention, Outcome
from handler.rebuild import RebuildFailed
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


class TestRebuild:
    def test_a_failing_event_leaves_the_row_as_it_was(self) -> None:
        world = World()
        world.deliver(stored(1))
        before = world.row()
        world.events.put(stored(2, poison=True))
        with pytest.raises(RebuildFailed, match="ValueError at the event e2"):
            world.rebuilds().rebuild(DOMAIN_ID)
        assert replace(world.row(), revision=before.revision) == before

    def test_a_domain_without_events_is_refused(self) -> None:
        with pytest.raises(RebuildFailed, match="no event is stored"):
            World().rebuilds().rebuild(DOMAIN_ID)

    def test_events_that_arrive_meanwhile_are_in_it(self) -> None:
        world = World()
        world.deliver(stored(1))
        world.rows.before_write = lambda: world.deliver(stored(2))
        world.rebuilds().rebuild(DOMAIN_ID)
        assert world.entries() == ["e1", "e2"]
