"""Guarantee: a row equals the fold of all stored events of its domain object, whatever the deliveries.

The traces are the shortest known to break weaker algorithms.
"""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cp_event_source.handler.domain.failure import Cause
from cp_event_source.handler.domain.logic import DomainLogic
from cp_event_source.handler.events import key_sets
from cp_event_source.handler.events.key_set import KeySet
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.projection.notes import MAX_INVOCATION_SECONDS, Parked
from cp_event_source.handler.projection.plan import Outcome
from cp_event_source.handler.projection.projection import MAX_LOST_RACES, Contention
from cp_event_source.handler.projection.rows import MIXED
from cp_event_source.handler.values.budget import Budget, OutOfTime
from tests.handler.doubles import DOMAIN_ID, World, counting, logic, project, stored
from tests.handler.given import erased
from tests.handler.strategies import invalid_attributes


def keys_of(events: list[StoredEvent]) -> KeySet:
    keys = KeySet()
    for event in events:
        keys = keys.plus(event.key)
    return keys


def cut(events: list[StoredEvent], positions: list[int]) -> list[list[StoredEvent]]:
    """`events` in batches, cut at `positions`."""
    edges = sorted({0, len(events), *(position % (len(events) + 1) for position in positions)})
    return [events[start:end] for start, end in pairwise(edges)]


Delivery = tuple[list[StoredEvent], list[list[StoredEvent]]]
"""A history, and the batches in which it arrives."""


@st.composite
def deliveries(draw: st.DrawFn, *, poison: bool = False) -> Delivery:
    """A history and the batches in which it arrives: any order, repetition and grouping."""
    numbers = draw(st.lists(st.integers(0, 30), min_size=1, max_size=12, unique=True))
    bad = draw(st.sets(st.sampled_from(numbers), max_size=2)) if poison else set()
    history = [stored(number, poison=number in bad) for number in numbers]
    again = draw(st.lists(st.sampled_from(history), max_size=8))
    arriving = draw(st.permutations(history + again))
    return sorted(history, key=lambda event: event.key), cut(arriving, draw(st.lists(st.integers(0, 30), max_size=8)))


class TestConvergence:
    @given(deliveries())
    def test_any_order_repetition_and_grouping_end_in_the_fold_of_all_events(self, delivery: Delivery) -> None:
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
    def test_overlapping_writers_end_in_the_fold_of_all_events(self, delivery: Delivery, data: st.DataObject) -> None:
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
    def test_a_parked_domain_heals_completely_and_in_order(self, delivery: Delivery, next_number: int) -> None:
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
    def test_a_rebuild_ends_in_the_fold_of_all_events_by_one_version(self, delivery: Delivery) -> None:
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

    def test_events_redelivered_with_new_ones_are_not_applied_twice(self) -> None:
        world = World()
        world.deliver(stored(1), stored(2))
        world.deliver(stored(2), stored(3))
        assert world.entries() == ["e1", "e2", "e3"]

    def test_a_late_event_is_folded_in_at_its_position(self) -> None:
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
        assert len(world.clock.pauses) == MAX_LOST_RACES - 2, "those who met pause, so that they do not meet again"
        assert world.clock.pauses == sorted(world.clock.pauses)

    def test_the_last_write_counts_too(self) -> None:
        """The first write and all but the last of those after it lose their races."""
        world = World()
        world.deliver(stored(1))
        races = MAX_LOST_RACES

        def change() -> None:
            nonlocal races
            races -= 1
            row = world.row()
            world.rows.items[DOMAIN_ID] = replace(row, revision=row.revision + "x").to_item()
            world.rows.before_write = change if races else None

        world.rows.before_write = change
        assert world.deliver(stored(2)) is Outcome.APPLIED
        assert (races, world.entries()) == (0, ["e1", "e2"])

    def test_a_row_that_others_write_during_each_pause_is_written(self) -> None:
        """A row that was read before the pause would lose each race, and the shard would wait for the object."""
        world = World()
        world.deliver(stored(1))
        world.make_busy()
        assert world.deliver(stored(2)) is Outcome.APPLIED
        assert len(world.clock.pauses) == 1
        assert world.entries() == ["e1", "e2"]


class TestTheStoreIsTheTruth:
    def test_a_row_deleted_by_hand_is_created_from_the_whole_store(self) -> None:
        world = World()
        world.deliver(stored(1), stored(2))
        world.rows.items.clear()
        world.deliver(stored(3))
        assert world.entries() == ["e1", "e2", "e3"]

    def test_a_row_deleted_by_hand_is_created_whole_even_by_a_late_event(self) -> None:
        """2 and 3 were acknowledged: a fold that stops at the batch's 1 would skip them permanently."""
        world = World()
        world.deliver(stored(2), stored(3))
        world.rows.items.clear()
        world.deliver(stored(1))
        world.deliver(stored(4))
        assert world.entries() == ["e1", "e2", "e3", "e4"]

    @pytest.mark.parametrize(
        "name", ["Revision", "EventCount", "Digest", "LogicVersion", "Checkpoint", "Marks", "Parked"]
    )
    @pytest.mark.parametrize("parked", [False, True])
    @settings(max_examples=25)
    @given(st.data())
    def test_no_note_that_a_person_wrote_blocks_the_object(self, name: str, parked: bool, data: st.DataObject) -> None:
        """The row can be written over, whatever the note is, and then is the fold of all events."""
        world = World()
        world.deliver(stored(2), stored(3), stored(4))
        if parked:
            world.deliver(stored(5, poison=True), stored(6))
        notes = world.rows.items[DOMAIN_ID]["CpEventSource"]["M"]
        notes[name] = data.draw(invalid_attributes)
        for number in (1, 7):
            world.deliver(stored(number), version="v2")
        assert world.entries() == [f"e{number}" for number in (range(1, 8) if parked else (1, 2, 3, 4, 7))]

    @pytest.mark.parametrize(
        "name", ["EventKey", "Cause", "Since", "LogicVersion", "WaitingFrom", "WaitingUpTo", "Reason"]
    )
    @settings(max_examples=25)
    @given(st.data())
    def test_an_invalid_note_of_a_parking_blocks_no_object(self, name: str, data: st.DataObject) -> None:
        world = World()
        world.deliver(stored(2), stored(3), stored(5, poison=True), stored(6))
        world.rows.items[DOMAIN_ID]["CpEventSource"]["M"]["Parked"]["M"][name] = data.draw(invalid_attributes)
        for number in (1, 7):
            world.deliver(stored(number), version="v2")
        assert world.entries() == [f"e{number}" for number in (1, 2, 3, 5, 6, 7)]

    @pytest.mark.parametrize("name", ["Rebuilding", "Progress", "CrashProbes", "Unseen"])
    @settings(max_examples=25)
    @given(st.data())
    def test_an_invalid_note_of_running_work_blocks_no_object(self, name: str, data: st.DataObject) -> None:
        world = World()
        world.deliver(stored(2), stored(3))
        world.rows.items[DOMAIN_ID]["CpEventSource"]["M"][name] = data.draw(invalid_attributes)
        assert world.deliver(stored(4)) is Outcome.APPLIED
        world.deliver(stored(1))
        world.rebuilds().rebuild(DOMAIN_ID)
        assert world.entries() == ["e1", "e2", "e3", "e4"]

    @pytest.mark.parametrize("event_id", ["\n", "\nx", "a\nb", "\u2028", " ", "#"])
    def test_any_id_of_the_contract_may_be_the_newest(self, event_id: str) -> None:
        world = World()
        world.deliver(stored(1), stored(2, event_id=event_id))
        assert world.row().readable
        assert world.deliver(stored(3)) is Outcome.APPLIED
        assert world.entries() == ["e1", event_id, "e3"]

    def test_a_count_beyond_any_history_is_made_again(self) -> None:
        world = World()
        world.deliver(stored(2), stored(3))
        world.rows.items[DOMAIN_ID]["CpEventSource"]["M"]["EventCount"] = {"N": str(10**20)}
        for number in (4, 5, 6):
            world.deliver(stored(number))
        assert world.entries() == ["e2", "e3", "e4", "e5", "e6"]

    @pytest.mark.parametrize(
        "until", ["20260101T000000Z", "2026-W01-1T00:00:00+00:00", "9999-12-31T23:59:59.999+00:00", "zzz", ""]
    )
    def test_a_claim_on_the_row_beyond_any_invocation_is_ignored(self, until: str) -> None:
        world = World()
        world.deliver(stored(1))
        texts = {"RequestId": "r", "Run": "x", "Until": until}
        note = {"M": {name: {"S": text} for name, text in texts.items()}}
        world.rows.items[DOMAIN_ID]["CpEventSource"]["M"]["Rebuilding"] = note
        assert world.rebuilds().rebuild(DOMAIN_ID).rebuilding is None

    @pytest.mark.parametrize("lost", ["EventCount", "Digest", "LogicVersion", "Revision"])
    def test_a_row_with_invalid_notes_is_created_again(self, lost: str) -> None:
        world = World()
        world.deliver(stored(2), stored(3))
        del world.rows.items[DOMAIN_ID]["CpEventSource"]["M"][lost]
        world.deliver(stored(1))
        assert world.entries() == ["e1", "e2", "e3"]

    def test_a_row_with_invalid_notes_can_be_rebuilt(self) -> None:
        world = World()
        world.deliver(stored(1), stored(2))
        del world.rows.items[DOMAIN_ID]["CpEventSource"]["M"]["Digest"]
        world.rebuilds().rebuild(DOMAIN_ID)
        assert world.entries() == ["e1", "e2"]

    def test_an_item_without_the_pipelines_notes_is_not_a_row(self) -> None:
        world = World()
        world.deliver(stored(1), stored(2))
        world.rows.items[DOMAIN_ID] = {"DomainId": {"S": DOMAIN_ID}, "Entries": {"L": [{"S": "by hand"}]}}
        world.deliver(stored(3))
        assert world.entries() == ["e1", "e2", "e3"]

    def test_pages_of_the_store_read_before_a_lost_race_are_not_used(self) -> None:
        """A reads 1..6 for a late event; B adds 5, late too; A writes its pages: 5 would be gone."""
        world = World()
        world.deliver(stored(1), stored(6))
        world.rows.before_write = lambda: world.deliver(stored(5))
        world.deliver(stored(3))
        assert world.entries() == ["e1", "e3", "e5", "e6"]

    def test_an_old_process_does_not_write_over_a_row_deleted_and_created_again(self) -> None:
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

    def test_a_first_event_that_fails_leaves_a_row_with_only_the_reason(self) -> None:
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

    def test_an_earlier_event_causes_a_retry(self) -> None:
        world = World()
        world.deliver(stored(2), stored(5, poison=True))
        world.deliver(stored(3))
        assert world.entries() == ["e2", "e3"]
        assert world.row().parked is not None

    def test_the_same_cause_is_notified_once(self) -> None:
        world = World()
        world.deliver(stored(1), stored(5, poison=True))
        since = world.row().parked
        world.deliver(stored(6))
        world.deliver(stored(2))
        assert [parked.event_id for _, parked in world.notices.sent] == ["e5"]
        assert since is not None
        assert world.row().parked is not None
        assert world.row().parked.since == since.since  # type: ignore[union-attr]

    def test_a_cause_is_notified_once_however_many_races_are_lost(self) -> None:
        world = World()
        world.deliver(stored(1))
        world.rows.before_write = lambda: world.deliver(stored(2))
        world.deliver(stored(5, poison=True))
        assert [parked.event_id for _, parked in world.notices.sent] == ["e5"]
        assert world.entries() == ["e1", "e2"]

    def test_a_new_cause_is_notified(self) -> None:
        world = World()
        world.deliver(stored(1), stored(5, poison=True))
        world.deliver(stored(3, poison=True))
        assert [parked.event_id for _, parked in world.notices.sent] == ["e5", "e3"]

    def test_the_notice_goes_out_before_the_row_is_written(self) -> None:
        world = World()
        notified: list[int] = []
        world.rows.before_write = lambda: notified.append(len(world.notices.sent))
        world.deliver(stored(1, poison=True))
        assert notified == [1]

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

    def test_an_event_that_cannot_be_read_parks_its_object(self) -> None:
        world = World()
        broken = stored(2)
        del broken.item["EventName"]
        world.deliver(stored(1))
        assert world.deliver(broken) is Outcome.PARKED
        assert world.entries() == ["e1"]


class FunctionDied(Exception):
    """The domain's own, which happens to bear a name of the pipeline's."""


TheirOutOfTime = type("OutOfTime", (Exception,), {})
"""Likewise."""


class TestCauses:
    """What parked an object is a type of the pipeline's, never a text that the domain's own code can write."""

    def world(self, *, unreadable: Exception | None = None, needs: str = "") -> World:
        """The doubles' logic; from v2 on it cannot read earlier versions' rows, and e5 needs an event to come first."""

        def strict(version: str) -> DomainLogic:
            made = logic(version)
            read, apply = made.from_dynamo_item, made.apply

            def from_dynamo_item(item: Any) -> Any:
                if unreadable is not None and version >= "v2" and set(item.Versions) != {version}:
                    raise unreadable
                return read(item)

            def checked(log: Any, event: StoredEvent) -> Any:
                if event.event_id == "e5" and needs and needs not in log.Entries:
                    raise FunctionDied(f"at {id(object()):x}")
                return apply(log, event)

            made.from_dynamo_item = from_dynamo_item
            made.apply = checked  # type: ignore[method-assign, assignment]
            return made

        return World(logic=strict)

    def test_logic_that_cannot_read_a_row_folds_it_again_whatever_its_error_is_called(self) -> None:
        world = self.world(unreadable=TheirOutOfTime("7 events folded, and the time of an invocation is over"))
        world.deliver(stored(1), version="v1")
        world.deliver(stored(2), version="v2")
        assert world.row().parked is None
        assert world.entries() == ["e1", "e2"]
        assert set(world.versions()) == {"v2"}

    def test_an_error_with_the_name_of_a_crash_heals_when_its_missing_event_arrives(self) -> None:
        world = self.world(needs="e4")
        world.deliver(stored(1), stored(5))
        parked = world.row().parked
        assert parked is not None
        assert (parked.cause, parked.error) == (Cause.LOGIC, "FunctionDied")
        assert world.deliver(stored(4)) is Outcome.HEALED
        assert world.entries() == ["e1", "e4", "e5"]

    def test_a_failure_whose_text_differs_each_time_is_one_failure(self) -> None:
        """For example, the text holds a memory address."""
        world = self.world(needs="e4")
        world.deliver(stored(0), stored(5))
        first = world.row().parked
        for number in (1, 2, 3, 6):
            world.deliver(stored(number))
        parked = world.row().parked
        assert parked is not None
        assert first is not None
        assert len(world.notices.sent) == 1
        assert (parked.since, parked.is_same_failure(first)) == (first.since, True)

    @pytest.mark.parametrize(
        ("error", "reason", "cause"),
        [
            ("OutOfTime", "OutOfTime: 7 events folded, and the time of an invocation is over", Cause.OUT_OF_TIME),
            ("OutOfTime", "OutOfTime: the shop is closed", Cause.LOGIC),
            (
                "FunctionDied",
                "FunctionDied: the function's process ended each time it applied the event; see its logs",
                Cause.PROCESS_DIED,
            ),
            (
                "FunctionDied",
                "FunctionDied: the function's process ended each time it came to apply the event; see its logs",
                Cause.PROCESS_DIED,
            ),
            ("FunctionDied", "FunctionDied: at 7f8a", Cause.LOGIC),
            ("ValueError", "ValueError: poison", Cause.LOGIC),
        ],
    )
    def test_a_row_that_was_parked_without_a_cause_gets_its_cause(self, error: str, reason: str, cause: Cause) -> None:
        world = World()
        world.deliver(stored(1), stored(2, poison=True))
        note = world.rows.items[DOMAIN_ID]["CpEventSource"]["M"]["Parked"]["M"]
        del note["Cause"]
        note |= {"Error": {"S": error}, "Reason": {"S": reason}}
        parked = world.row().parked
        assert parked is not None
        assert parked.cause is cause


class TestMissingEvents:
    """The store lost events: by a time-to-live, a restore of a part, a person."""

    def test_a_late_event_does_not_remove_them_from_the_row(self) -> None:
        world = World(events_per_mark=100)
        world.deliver(*map(stored, range(0, 20, 2)))
        world.events.lose(*map(stored, range(0, 10, 2)))
        assert world.deliver(stored(20)) is Outcome.APPLIED
        assert world.deliver(stored(11)) is Outcome.PARKED
        parked = world.row().parked
        assert parked is not None
        assert (parked.cause, parked.error) == (Cause.EVENTS_MISSING, "EventsMissing")
        assert "lacks at least 4 of the 11 events" in parked.reason
        assert len(world.entries()) == 11

    def test_new_logic_does_not_remove_them_from_the_row(self) -> None:
        world = World(events_per_mark=100)
        for start in range(0, 250, 50):
            world.deliver(*map(stored, range(start, start + 50)))
        world.events.lose(*map(stored, range(150)))
        assert world.deliver(stored(240, event_id="late"), version="v2") is Outcome.PARKED
        assert len(world.entries()) == 250

    def test_new_events_in_the_same_batch_do_not_hide_it(self) -> None:
        world = World(events_per_mark=100)
        world.deliver(*map(stored, range(0, 20, 2)))
        world.events.lose(stored(2), stored(4))
        assert world.deliver(stored(11), *map(stored, range(30, 50))) is Outcome.PARKED
        assert len(world.entries()) == 10

    def test_the_same_number_of_late_events_does_not_hide_a_loss(self) -> None:
        world = World(events_per_mark=100)
        world.deliver(*map(stored, range(0, 20, 2)))
        world.events.lose(stored(4))
        assert world.deliver(stored(11)) is Outcome.PARKED
        assert "e4" in world.entries()

    def test_events_in_order_wait(self) -> None:
        world = World()
        world.deliver(*map(stored, range(0, 20, 2)))
        world.events.lose(stored(2), stored(4))
        world.deliver(stored(5))
        world.events.items_read = 0
        assert world.deliver(stored(30)) is Outcome.WAITING
        assert world.events.items_read == 0
        assert world.deliver(stored(31), version="v2") is Outcome.WAITING
        assert world.events.items_read > 0

    def test_new_logic_checks_if_the_missing_events_are_back(self) -> None:
        world = World(events_per_mark=100)
        world.deliver(*map(stored, range(0, 20, 2)))
        world.events.lose(stored(2), stored(4))
        world.deliver(stored(5))
        world.events.put(stored(2), stored(4))  # and the stream does not bring them
        assert world.deliver(stored(30), version="v2") is Outcome.HEALED
        assert world.entries() == [f"e{number}" for number in (0, 2, 4, 5, *range(6, 20, 2), 30)]

    def test_putting_the_events_back_heals_the_object(self) -> None:
        world = World()
        world.deliver(*map(stored, range(0, 20, 2)))
        lost = [stored(2), stored(4)]
        world.events.lose(*lost)
        world.deliver(stored(5))
        world.deliver(stored(30))
        assert world.deliver(lost[0]) is Outcome.WAITING
        assert world.deliver(lost[1]) is Outcome.HEALED
        assert world.entries() == [f"e{number}" for number in (0, 2, 4, 5, *range(6, 20, 2), 30)]
        assert len(world.notices.sent) == 1

    def test_a_heal_does_not_remove_them_from_the_row(self) -> None:
        world = World()
        world.deliver(*map(stored, range(5)), stored(5, poison=True), stored(6))
        world.events.lose(stored(2))
        assert world.deliver(stored(7), version="v2") is Outcome.PARKED
        parked = world.row().parked
        assert parked is not None
        assert parked.cause is Cause.EVENTS_MISSING
        assert world.entries() == [f"e{number}" for number in range(5)]
        assert world.deliver(stored(2), version="v2") is Outcome.HEALED
        assert world.entries() == [f"e{number}" for number in range(8)]

    @given(st.data())
    def test_a_row_never_has_fewer_events(self, data: st.DataObject) -> None:
        """The row never loses events, whatever the store loses. It has all of them once they are put back.

        One case is not detected: more late events arrive in one fold than the store lacks.
        """
        world = World(events_per_mark=data.draw(st.integers(1, 4)))
        numbers = st.lists(st.integers(0, 40), min_size=1, max_size=6, unique=True)
        lost: list[StoredEvent] = []
        held: list[str] = []
        for _ in range(data.draw(st.integers(2, 8))):
            if data.draw(st.booleans()) and held:
                gone: list[str] = data.draw(st.lists(st.sampled_from(held), max_size=4, unique=True))
                events = [world.events.events[DOMAIN_ID].get(world.events.ever[each]) for each in gone]
                present = [event for event in events if event is not None]
                world.events.lose(*present)
                lost += present
            version = data.draw(st.sampled_from(("v1", "v2")))
            absent = {event.event_id for event in lost}
            batch = [stored(number) for number in data.draw(numbers) if f"e{number}" not in absent]
            if batch:
                world.deliver(*batch, version=version)
                assert len(held) <= len(world.entries())
                held = world.entries()
        for event in lost:
            world.deliver(event, version="v2")
        assert world.row().parked is None
        assert world.entries() == [event.event_id for _, event in sorted(world.events.events[DOMAIN_ID].items())]


class TestRepeatedIds:
    """One EventId under two times is stored and applied twice: it is counted where it is seen for nothing."""

    def seen(self, world: World, *batches: list[StoredEvent]) -> list[str]:
        found: list[str] = []
        for batch in batches:
            world.events.put(*batch)
            config = replace(world.config("v1"), on_repeated_id=lambda event: found.append(event.event_id))
            again = replace(world.projection(), config=config)
            project(again, batch, world.rows.read(DOMAIN_ID))
        return found

    def test_a_repeated_id_is_reported_within_a_batch(self) -> None:
        assert self.seen(World(logic=counting), [stored(1), stored(2, event_id="e1"), stored(3)]) == ["e1"]

    def test_a_repeated_id_is_reported_after_the_newest_event_of_the_row(self) -> None:
        assert self.seen(World(logic=counting), [stored(1)], [stored(2, event_id="e1")]) == ["e1"]

    def test_a_repeated_id_is_reported_among_the_events_that_a_fold_reads(self) -> None:
        found = self.seen(
            World(logic=counting), [stored(1)], [stored(3)], [stored(4, event_id="e1"), stored(5)], [stored(2)]
        )
        assert found == ["e1"]

    def test_a_repeated_id_is_reported_by_a_rebuild(self) -> None:
        world = World(logic=counting)
        world.deliver(stored(1), stored(2), stored(3, event_id="e1"))
        found: list[str] = []
        config = replace(world.config("v1"), on_repeated_id=lambda event: found.append(event.event_id))
        replace(world.rebuilds(), config=config).rebuild(DOMAIN_ID)
        assert found == ["e1"]

    def test_an_event_delivered_twice_is_not_a_repeated_id(self) -> None:
        assert self.seen(World(logic=counting), [stored(1), stored(2)], [stored(2), stored(3)], [stored(1)]) == []


class TestLogicVersions:
    def test_a_row_that_two_versions_folded_is_mixed(self) -> None:
        world = World()
        world.deliver(stored(1), version="v1")
        world.deliver(stored(2), version="v2")
        assert world.row().logic_version == MIXED

    def test_a_refold_gives_a_mixed_row_one_version_again(self) -> None:
        world = World()
        world.deliver(stored(1), stored(3), version="v1")
        world.deliver(stored(2), version="v2")
        assert world.row().logic_version == "v2"

    def test_a_row_that_the_current_logic_cannot_read_is_folded_again(self) -> None:
        world = World()
        world.deliver(stored(1), version="v0")
        row = world.row()
        del row.state.attributes["Entries"]  # as if an earlier version had named it otherwise
        world.rows.items[DOMAIN_ID] = row.to_item()
        world.deliver(stored(2))
        assert world.entries() == ["e1", "e2"]
        assert world.row().logic_version == "v1"


class TestLateEvents:
    @pytest.mark.parametrize(
        ("length", "behind"), [*((200, behind) for behind in (1, 2, 9, 10, 11, 40, 150, 200)), (700, 150)]
    )
    def test_a_late_event_reads_at_most_twice_its_age_and_two_spacings(self, length: int, behind: int) -> None:
        """However long the history is: `bench` checks longer ones."""
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

    def test_late_events_in_one_batch_with_a_new_one_are_folded_in_at_their_positions(self) -> None:
        world = World()
        world.deliver(*map(stored, (1, 2, 4, 5, 6, 7, 8)))
        world.deliver(stored(2), stored(3), stored(9))
        assert world.entries() == [f"e{number}" for number in range(1, 10)]

    def test_a_refold_drops_the_marks_after_its_base(self) -> None:
        """They say what the row held before the late event arrived."""
        world = World()
        for number in (1, *range(3, 30)):
            world.deliver(stored(number))
        world.deliver(stored(2))
        for mark in world.row().marks.read():
            assert mark.applied == keys_of([stored(n) for n in range(1, 30) if stored(n).key < mark.key])

    def test_a_snapshot_that_an_old_process_put_over_a_listed_one_is_ignored(self) -> None:
        """It has the same position and another set of events; using it by its position would lose 2 and 3."""
        world = World()
        world.deliver(stored(1))
        events = [stored(6), stored(7)]
        world.events.put(*events)
        old_plan = world.projection().plan(events, world.rows.read(DOMAIN_ID))
        world.deliver(*map(stored, (2, 3, 6, 7, 9, 10)))
        listed = {mark.slot: mark.key for mark in world.row().marks.read()}
        assert any(listed.get(slot) == snapshot.position for slot, snapshot in old_plan.snapshots)
        world.projection().write(old_plan)
        world.deliver(stored(8))
        assert world.entries() == [f"e{number}" for number in (1, 2, 3, 6, 7, 8, 9, 10)]

    def test_a_snapshot_of_another_version_is_not_used(self) -> None:
        world = World()
        world.deliver(*map(stored, (1, 2, 3, 4, 5, 7, 8)), version="v0")
        world.deliver(stored(6), version="v1")
        assert world.entries() == [f"e{number}" for number in range(1, 9)]
        assert set(world.versions()) == {"v1"}

    def test_a_mixed_row_makes_no_snapshots(self) -> None:
        """With the label of the version that continued, its state would seem to be computed by that version."""
        world = World()
        world.deliver(*map(stored, (1, 2)), version="v0")
        for number in (*range(3, 11), 12, 13):
            world.deliver(stored(number), version="v1")
        world.deliver(stored(11), version="v1")
        assert set(world.versions()) == {"v1"}
        assert world.row().logic_version == "v1"

    def test_deleted_or_invalid_snapshots_cost_only_reads(self) -> None:
        world = World()
        world.deliver(*map(stored, (1, 2, 3, 4, 6, 7, 8)))
        (_, first), *_ = world.snapshots.items
        del world.snapshots.items[DOMAIN_ID, first]
        for key in world.snapshots.items:
            del world.snapshots.items[key]["CpEventSource"]
        world.deliver(stored(5))
        assert world.entries() == [f"e{number}" for number in range(1, 9)]

    def test_a_slot_that_the_row_lists_is_not_replaced(self) -> None:
        """Another may be folding from it; and if the row's write is lost, it still serves."""
        world = World(events_per_mark=1)
        world.deliver(*map(stored, range(20)))
        listed = {mark.slot for mark in world.row().marks.read()}
        plan = world.projection().plan([stored(30), stored(31)], world.rows.read(DOMAIN_ID))
        assert plan.snapshots
        assert not listed & {slot for slot, _ in plan.snapshots}


class TestTime:
    def test_objects_without_time_left_go_back(self) -> None:
        world = World()
        world.events.put(stored(1))
        with pytest.raises(OutOfTime):
            project(world.projection(), [stored(1)], None, Budget(deadline=0, whole=False))

    def test_a_fold_longer_than_an_invocation_parks_its_object_with_the_state_it_reached(self) -> None:
        """Otherwise its events would come back until the stream drops them, and block their shard."""
        world = World()
        events = list(map(stored, range(10)))
        world.events.put(*events)
        project(world.projection(), events, None, world.budget(events=6))
        parked = world.row().parked
        assert parked is not None
        assert (parked.cause, parked.event_id) == (Cause.OUT_OF_TIME, "e6")
        assert world.entries() == [f"e{number}" for number in range(6)]

    def test_the_next_event_continues_from_the_cut_state(self) -> None:
        world = World()
        events = list(map(stored, range(10)))
        world.events.put(*events)
        project(world.projection(), events, None, world.budget(events=6))
        world.events.items_read = 0
        assert world.deliver(stored(10)) is Outcome.HEALED
        assert world.entries() == [f"e{number}" for number in range(11)]
        assert world.events.items_read == 5

    def test_a_row_that_several_versions_folded_is_continued_too(self) -> None:
        """It has no snapshot to begin with: from the first event the time would be over again, and again."""
        world = World(events_per_mark=100)
        world.deliver(*map(stored, range(10)), version="v0")
        events = list(map(stored, range(10, 20)))
        world.events.put(*events)
        project(world.projection(), events, world.rows.read(DOMAIN_ID), world.budget(events=6))
        assert world.row().parked is not None
        world.events.put(stored(20))
        project(world.projection(), [stored(20)], world.rows.read(DOMAIN_ID), world.budget(events=6))
        assert world.row().parked is None
        assert world.entries() == [f"e{number}" for number in range(21)]

    def test_new_logic_that_cannot_read_the_row_folds_from_the_first_event(self) -> None:
        world = World()
        events = list(map(stored, range(10)))
        world.events.put(*events)
        project(world.projection("v0"), events, None, world.budget(events=6))
        row = world.row()
        del row.state.attributes["Entries"]  # as if v0 had named it otherwise
        world.rows.items[DOMAIN_ID] = row.to_item()
        assert world.deliver(stored(10), version="v1") is Outcome.HEALED
        assert world.entries() == [f"e{number}" for number in range(11)]

    def with_one_late(self, world: World) -> None:
        """An object for whose late event the time ran out."""
        world.deliver(*map(stored, range(1, 20)), version="v0")
        assert self.take(world, stored(0)) is Outcome.PARKED
        parked = world.row().parked
        assert parked is not None
        assert parked.cause is Cause.OUT_OF_TIME

    def take(self, world: World, *batch: StoredEvent, events: int = 8) -> Outcome:
        """A delivery to new logic, with the time for this many events."""
        world.events.put(*batch)
        row = world.rows.read(DOMAIN_ID)
        return project(world.projection("v1"), batch, row, world.budget(events=events))

    def test_events_in_order_are_applied_while_a_late_one_waits_for_a_long_fold(self) -> None:
        world = World(events_per_mark=100)
        self.with_one_late(world)
        world.events.items_read = 0
        assert self.take(world, stored(21)) is Outcome.APPLIED
        assert self.take(world, stored(22), stored(23)) is Outcome.APPLIED
        assert world.events.items_read == 3
        assert world.entries() == [f"e{number}" for number in (*range(1, 20), 21, 22, 23)]
        assert world.row().parked is not None
        assert len(world.notices.sent) == 1
        world.rebuilds("v1").rebuild(DOMAIN_ID)
        assert world.entries() == [f"e{number}" for number in (*range(20), 21, 22, 23)]

    def test_new_events_that_wait_with_the_late_one_are_not_skipped(self) -> None:
        world = World(events_per_mark=100)
        world.deliver(*map(stored, range(1, 20)), version="v0")
        assert self.take(world, stored(0), stored(21)) is Outcome.PARKED
        assert self.take(world, stored(22)) is Outcome.APPLIED
        assert world.entries() == [f"e{number}" for number in (*range(1, 20), 21, 22)]

    def test_a_late_event_continues_the_fold_where_it_stopped(self) -> None:
        world = World()
        self.with_one_late(world)
        outcomes = [self.take(world, stored(number, event_id=f"e{number}a")) for number in (19, 19, 18, 19, 19, 19)]
        assert Outcome.HEALED in outcomes
        assert world.row().parked is None
        assert world.entries() == [*(f"e{number}" for number in range(19)), "e18a", "e19", "e19a"]
        assert set(world.versions()) == {"v1"}

    def test_a_rebuild_also_continues_the_fold(self) -> None:
        world = World()
        self.with_one_late(world)
        world.events.items_read = 0
        world.rebuilds("v1").rebuild(DOMAIN_ID)
        assert world.events.items_read < 20
        assert world.entries() == [f"e{number}" for number in range(20)]

    def test_an_event_erased_meanwhile_is_not_a_loss(self) -> None:
        """The fold that continues counts the tombstone; the row counts the event."""
        world = World()
        self.with_one_late(world)
        world.events.put(erased(stored(2)))
        for _ in range(9):
            self.take(world, stored(19, event_id="e19a"), events=12)
        assert world.row().parked is None
        assert "e2" not in world.entries()

    def test_an_erasure_before_the_rows_state_does_not_stop_the_fold(self) -> None:
        """That state counts the event as it was; the look at the store begins after it."""
        world = World()
        world.deliver(*(stored(2 * number) for number in range(200)), version="v1")
        world.events.put(erased(stored(2)))
        outcomes = [self.take(world, stored(261), events=40) for _ in range(3)]
        assert outcomes[0] is Outcome.PARKED
        assert Outcome.HEALED in outcomes

    def test_an_event_in_order_that_fails_meanwhile_heals_with_all_that_waits(self) -> None:
        world = World(events_per_mark=100)
        self.with_one_late(world)
        assert self.take(world, stored(21, poison=True), events=99) is Outcome.PARKED
        assert world.deliver(stored(22), version="v2") is Outcome.HEALED
        assert world.entries() == [f"e{number}" for number in (*range(20), 21, 22)]

    def test_an_event_in_order_does_not_make_the_same_logic_fold_everything_again(self) -> None:
        world = World(events_per_mark=100)
        self.with_one_late(world)
        world.events.items_read = 0
        self.take(world, stored(21), events=99)
        assert world.events.items_read == 1

    def test_faster_logic_folds_it_at_the_next_event(self) -> None:
        world = World(events_per_mark=100)
        self.with_one_late(world)
        assert world.deliver(stored(21), version="v2") is Outcome.HEALED
        assert world.entries() == [f"e{number}" for number in (*range(20), 21)]


class Process:
    """A process of the project function that gets an event alone, long after it was stored."""

    def __init__(self, world: World, version: str = "v1") -> None:
        self._world = world
        self._projection = world.projection(version)

    def begin(self, event: StoredEvent) -> None:
        """To the point where it runs the domain's logic; it may crash then."""
        self._world.events.put(event)
        self._event = event
        self._row = self._projection.begin_probe(event, self._world.rows.read(DOMAIN_ID))

    def withdraw(self) -> None:
        """It has no result, as if no time is left."""
        self._projection.end_probe(self._event)

    def end(self) -> Outcome:
        """The rest."""
        plan = self._projection.plan([self._event], self._row, may_crash=True)
        return self._projection.settle(plan, self._projection.write(plan), may_crash=True).outcome

    def take(self, event: StoredEvent) -> Outcome:
        self._world.events.put(event)
        return project(self._projection, [event], self._world.rows.read(DOMAIN_ID), may_crash=True)


LONGEST = MAX_INVOCATION_SECONDS + 1


class TestCrashes:
    """An event that crashes processes: if it comes alone and late, it is retried with a note in the row."""

    def crash(self, world: World, event: StoredEvent, version: str = "v1", *, times: int = 1) -> None:
        """Processes that crash at an event, each after the time of the one before is over."""
        for _ in range(times):
            Process(world, version).begin(event)
            world.clock.advance(LONGEST)

    def test_the_third_process_parks_the_object_and_the_stream_continues(self) -> None:
        world = World()
        world.deliver(stored(1))
        self.crash(world, stored(2), times=2)
        assert world.notices.sent == []
        assert Process(world).take(stored(2)) is Outcome.PARKED
        parked = world.row().parked
        assert parked is not None
        assert (parked.cause, parked.event_id) == (Cause.PROCESS_DIED, "e2")
        assert [notified.cause for _, notified in world.notices.sent] == [Cause.PROCESS_DIED]
        assert world.row().probes == ()
        assert world.deliver(stored(3)) is Outcome.WAITING
        assert world.entries() == ["e1"]

    def test_processes_that_overlap_are_no_crashes(self) -> None:
        """Each has not finished, and none has crashed: they are all at work on the event."""
        world = World()
        world.deliver(stored(1))
        processes = [Process(world) for _ in range(5)]
        for process in processes:
            process.begin(stored(2))
            world.clock.advance(61)
        outcomes = [process.end() for process in processes]
        assert outcomes == [Outcome.APPLIED, *[Outcome.REDELIVERED] * 4]
        assert world.entries() == ["e1", "e2"]
        assert world.notices.sent == []

    def test_many_tries_within_the_time_of_one_invocation_count_once(self) -> None:
        """Which of them crashed is not known before the first must have ended."""
        world = World()
        world.deliver(stored(1))
        for _ in range(9):
            Process(world).begin(stored(2))
            world.clock.advance(60)
        assert [probe.crashes for probe in world.row().probes] == [0]
        world.clock.advance(LONGEST)
        assert Process(world).take(stored(2)) is Outcome.APPLIED

    def test_two_events_that_crash_in_turn_are_counted_separately(self) -> None:
        """Two shards after a split: the note of the one leaves that of the other."""
        world = World()
        world.deliver(stored(1))
        for _ in range(2):
            for number in (2, 3):
                Process(world).begin(stored(number))
                world.clock.advance(60)
            world.clock.advance(LONGEST)
        assert Process(world).take(stored(3)) is Outcome.PARKED
        assert Process(world).take(stored(2)) is Outcome.PARKED
        parked = world.row().parked
        assert parked is not None
        assert (parked.event_id, parked.cause) == ("e2", Cause.PROCESS_DIED)
        assert world.deliver(stored(4)) is Outcome.WAITING

    def test_events_that_are_applied_meanwhile_do_not_change_the_crash_count(self) -> None:
        world = World()
        for number in range(1, 9):
            world.deliver(stored(number))
            Process(world).begin(stored(30))
            world.clock.advance(300)
        world.clock.advance(LONGEST)
        assert Process(world).take(stored(30)) is Outcome.PARKED
        assert world.entries() == [f"e{number}" for number in range(1, 9)]

    def test_a_crash_probe_whose_event_does_not_come_back_is_dropped(self) -> None:
        """After a day the stream no longer brings its event."""
        world = World()
        world.deliver(stored(1))
        self.crash(world, stored(2))
        world.deliver(stored(3))
        assert world.row().probes != ()
        world.clock.advance(24 * 3600)
        world.deliver(stored(5))
        assert world.row().probes == ()

    def test_more_crashing_events_than_the_row_can_note_also_end(self) -> None:
        world = World()
        world.deliver(stored(1))
        events = [stored(number) for number in range(2, 9)]
        for _ in range(2):
            for event in events:
                Process(world).begin(event)
            world.clock.advance(LONGEST)
        assert [Process(world).take(event) for event in events].count(Outcome.PARKED) >= 1
        assert world.row().parked is not None

    def test_a_process_that_does_not_crash_applies_the_event(self) -> None:
        world = World()
        world.deliver(stored(1))
        self.crash(world, stored(2))
        world.events.items_read = 0
        assert Process(world).take(stored(2)) is Outcome.APPLIED
        assert world.events.items_read == 0
        assert world.row().probes == ()
        assert world.entries() == ["e1", "e2"]
        assert world.notices.sent == []

    def test_one_process_may_retry_an_event_any_number_of_times(self) -> None:
        """A fault of the infrastructure is no crash, even if the note could not be taken back."""
        world = World()
        world.deliver(stored(1))
        process = world.projection()
        world.events.put(stored(2))
        for _ in range(5):
            process.begin_probe(stored(2), world.rows.read(DOMAIN_ID))
            world.clock.advance(LONGEST)
        assert [probe.crashes for probe in world.row().probes] == [0]
        process.end_probe(stored(2))
        assert world.row().probes == ()

    def test_the_event_before_the_event_that_crashes_is_applied(self) -> None:
        world = World()
        world.deliver(stored(1))
        world.events.put(stored(3))
        assert Process(world).take(stored(2)) is Outcome.APPLIED
        self.crash(world, stored(3), times=2)
        assert Process(world).take(stored(3)) is Outcome.PARKED
        assert world.row().parked is not None
        assert world.entries() == ["e1", "e2"]

    def test_the_first_event_of_an_object_may_be_the_event_that_crashes(self) -> None:
        world = World()
        self.crash(world, stored(1), times=2)
        assert Process(world).take(stored(1)) is Outcome.PARKED
        assert world.entries() == []
        assert world.deliver(stored(2)) is Outcome.WAITING
        world.rebuilds("v2").rebuild(DOMAIN_ID)
        assert world.entries() == ["e1", "e2"]

    def test_a_first_event_after_one_crash_is_applied(self) -> None:
        world = World()
        self.crash(world, stored(1))
        assert Process(world).take(stored(1)) is Outcome.APPLIED
        assert world.deliver(stored(2)) is Outcome.APPLIED
        assert world.entries() == ["e1", "e2"]

    def test_an_earlier_event_is_folded_in_before_the_event_that_crashes(self) -> None:
        """The event that crashes is not tried with it, and people are not notified again."""
        world = World()
        world.deliver(stored(1))
        self.crash(world, stored(5), times=2)
        Process(world).take(stored(5))
        since = world.row().parked
        world.clock.advance(60)
        world.deliver(stored(3))
        parked = world.row().parked
        assert parked is not None
        assert since is not None
        assert (parked.cause, parked.event_id, parked.since) == (Cause.PROCESS_DIED, "e5", since.since)
        assert len(world.notices.sent) == 1
        assert world.entries() == ["e1", "e3"]

    def test_new_logic_may_crash_as_well(self) -> None:
        """Then it, too, leaves the object parked, wherever in the fold it crashed."""
        world = World()
        world.deliver(stored(1), stored(2, poison=True))
        self.crash(world, stored(4), "v2", times=2)
        Process(world, "v2").take(stored(4))
        parked = world.row().parked
        assert parked is not None
        assert (parked.cause, parked.logic_version) == (Cause.PROCESS_DIED, "v2")
        assert world.deliver(stored(5), version="v2") is Outcome.WAITING
        assert world.deliver(stored(6), version="v3") is Outcome.HEALED
        assert world.entries() == ["e1", "e2", "e4", "e5", "e6"]

    def test_a_late_event_may_be_the_event_that_crashes(self) -> None:
        world = World()
        world.deliver(*map(stored, (1, 3, 4)))
        self.crash(world, stored(2), times=2)
        Process(world).take(stored(2))
        assert world.deliver(stored(5)) is Outcome.WAITING
        assert world.deliver(stored(6), version="v2") is Outcome.HEALED
        assert world.entries() == [f"e{number}" for number in range(1, 7)]

    def test_a_faster_writers_row_is_taken(self) -> None:
        world = World()
        world.deliver(stored(1))
        world.rows.before_write = lambda: world.deliver(stored(3))
        assert Process(world).take(stored(2)) is Outcome.REFOLDED
        assert world.entries() == ["e1", "e2", "e3"]

    @pytest.mark.parametrize("races", [1, 2, 5])
    def test_the_note_of_a_crash_probe_is_written_however_many_races_are_lost(self, races: int) -> None:
        world = World()
        world.deliver(stored(1))
        self.lose(world, races)
        Process(world).begin(stored(2))
        assert [probe.event_key for probe in world.row().probes] == [stored(2).key]

    def test_the_note_is_written_and_removed_though_others_write_during_each_pause(self) -> None:
        world = World()
        world.deliver(stored(1))
        process = Process(world)
        world.make_busy()
        process.begin(stored(2))
        assert [probe.event_key for probe in world.row().probes] == [stored(2).key]
        world.make_busy()
        process.withdraw()
        assert world.row().probes == ()

    @pytest.mark.parametrize("races", [1, 2, 5])
    def test_and_so_it_is_removed(self, races: int) -> None:
        """Otherwise it would count as a crash, and park the object after another one."""
        world = World()
        world.deliver(stored(1))
        process = Process(world)
        process.begin(stored(2))
        self.lose(world, races)
        process.withdraw()
        assert world.row().probes == ()

    def lose(self, world: World, races: int) -> None:
        """Let another writer be faster, some times."""

        def change() -> None:
            nonlocal races
            races -= 1
            row = world.row()
            world.rows.items[DOMAIN_ID] = replace(row, revision=f"{races}").to_item()
            world.rows.before_write = change if races else None

        world.rows.before_write = change

    def test_a_rebuild_that_applies_the_event_is_not_undone(self) -> None:
        """Two processes of v1 crashed; v2 rebuilds; the third of v1, which read the row before, is about to park it."""
        world = World()
        world.deliver(stored(1))
        self.crash(world, stored(2), times=2)
        third = Process(world)
        third.begin(stored(2))
        world.rows.before_write = lambda: world.rebuilds("v2").rebuild(DOMAIN_ID)
        assert third.end() is Outcome.REDELIVERED
        assert world.row().parked is None
        assert world.entries() == ["e1", "e2"]
        assert set(world.versions()) == {"v2"}

    @pytest.mark.parametrize("meanwhile", ["delivered", "healed", "rebuilt before", "row deleted"])
    def test_a_parking_is_decided_with_the_row_that_it_replaces(self, meanwhile: str) -> None:
        """And never at an event that the row has by then, however it came into it."""
        world = World()
        world.deliver(stored(1))
        if meanwhile == "healed":
            world.deliver(stored(3, poison=True))
        self.crash(world, stored(2), times=2)
        third = Process(world)
        if meanwhile != "rebuilt before":
            third.begin(stored(2))

        def apply() -> None:
            if meanwhile == "row deleted":
                world.rows.items.clear()
            if meanwhile == "rebuilt before":
                world.rebuilds("v2").rebuild(DOMAIN_ID)
            else:
                world.deliver(stored(2), version="v2")

        if meanwhile == "rebuilt before":
            apply()
            third.begin(stored(2))
        else:
            world.rows.before_write = apply
        assert third.end() is Outcome.REDELIVERED
        assert world.row().parked is None
        assert "e2" in world.entries()

    def test_a_crash_probe_of_an_event_that_another_batch_folded_in_is_dropped(self) -> None:
        """Otherwise it could park the object at an event that the row has but cannot prove to have."""
        world = World()
        world.deliver(stored(1))
        world.deliver(stored(10))
        self.crash(world, stored(5), times=2)
        assert world.deliver(stored(3)) is Outcome.REFOLDED
        assert world.row().probes == ()
        for number in (6, 7):
            world.events.put(stored(number))  # in flight, in the same part of the history
        assert Process(world).take(stored(5)) is Outcome.REDELIVERED
        assert world.row().parked is None

    def test_an_event_that_the_row_has_is_looked_up_and_not_tried(self) -> None:
        """To fold it would crash the process: other logic applied it."""
        world = World()
        world.deliver(stored(1), stored(2), version="v2")
        world.snapshots.reads = world.events.items_read = 0
        assert Process(world, "v1").take(stored(2)) is Outcome.REDELIVERED
        assert world.events.items_read == 0
        assert world.row().probes == ()

    @pytest.mark.parametrize("late", [(1,), (1, 3), (0, 1, 3)])
    def test_an_event_that_the_row_has_is_not_tried_because_late_events_are_stored(self, late: tuple[int, ...]) -> None:
        """One of them crashes the processes. People must not be told that the other event does."""
        world = World()
        world.deliver(stored(2), stored(4))
        for number in late:
            world.events.put(stored(number))
        assert Process(world).take(stored(2)) is Outcome.REDELIVERED
        assert world.row().probes == ()
        self.crash(world, stored(1), times=2)
        assert Process(world).take(stored(1)) is Outcome.PARKED
        parked = world.row().parked
        assert parked is not None
        assert (parked.cause, parked.event_id) == (Cause.PROCESS_DIED, "e1")

    @pytest.mark.parametrize("late", [(1,), (1, 3)])
    def test_a_late_event_is_not_taken_for_one_that_the_row_has(self, late: tuple[int, ...]) -> None:
        world = World()
        world.deliver(stored(2), stored(4))
        for number in late:
            world.events.put(stored(number))
        assert Process(world).take(stored(1)) is Outcome.REFOLDED
        assert "e1" in world.entries()

    @pytest.mark.parametrize("cause", [Cause.OUT_OF_TIME, Cause.EVENTS_MISSING])
    def test_what_the_object_was_parked_at_without_a_fault_of_the_event_did_not_crash(self, cause: Cause) -> None:
        """The row has that event. People must not be told that it crashes, and the fold must not stop there."""
        world = World()
        world.deliver(stored(1), stored(2))
        first = stored(1)
        reason, since = "of the invocation or the store", world.clock.text()
        parked = Parked(first.key, "e1", "", cause, "", reason, since, "v1", first.key, first.key)
        world.rows.items[DOMAIN_ID] = world.row().followed_by(parked=parked).to_item()
        self.crash(world, stored(4), times=2)
        assert Process(world).take(stored(4)) is Outcome.PARKED
        after = world.row().parked
        assert after is not None
        assert (after.cause, after.event_id) == (Cause.PROCESS_DIED, "e4")
        assert after.waiting_from == first.key
        assert world.deliver(stored(3)) is Outcome.APPLIED
        assert world.entries() == ["e1", "e2", "e3"]

    def test_an_event_may_be_tried_if_many_late_ones_are_stored(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It would take too long to find out that the row has it. So it is folded again, which is right as well."""
        monkeypatch.setattr(key_sets, "_MAX_TRIES", 0)
        world = World()
        world.deliver(stored(2), stored(4))
        world.events.put(stored(1))
        assert Process(world).take(stored(2)) is Outcome.REFOLDED
        assert world.entries() == ["e1", "e2", "e4"]

    def test_an_event_that_was_erased_since_is_not_taken_for_one_that_the_row_lacks(self) -> None:
        """The row still holds what it said, and lacks the late event."""
        world = World()
        world.deliver(stored(2), stored(4))
        world.events.put(erased(stored(2)))
        world.events.put(stored(1))
        assert Process(world).take(stored(1)) is Outcome.REFOLDED
        assert world.entries() == ["e1", "e4"]
