"""Guarantee: a rebuild ends in the fold of all stored events by the current logic, whatever arrives meanwhile. Until
then, readers see the row as deliveries write it."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.handler.domain.logic import DomainLogic
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.projection.notes import Rebuilding
from cp_event_source.handler.projection.rebuild import RebuildFailed
from cp_event_source.handler.projection.rows import DomainRow
from cp_event_source.handler.values.budget import Budget
from tests.doubles.clock import FunctionClock
from tests.handler.doubles import DOMAIN_ID, World, counting, project, stored
from tests.handler.given import erased
from tests.nightly import effort


def meanwhile(world: World, *steps: Callable[[], object]) -> None:
    """Run the first step before the rebuild's second write (the first is its note), the next before its third, ..."""
    waiting = list(steps)

    def run() -> None:
        if waiting:
            waiting.pop(0)()
        world.rows.before_write = run if waiting else None

    def skip_the_note() -> None:
        world.rows.before_write = run

    world.rows.before_write = skip_the_note


def ids(*numbers: int) -> list[str]:
    return [f"e{number}" for number in numbers]


class TestResult:
    def test_the_row_is_folded_from_the_first_event_by_this_version(self) -> None:
        world = World()
        world.deliver(*map(stored, range(7)), version="v0")
        row = world.rebuilds("v1").rebuild(DOMAIN_ID)
        assert row == world.row()
        assert world.entries() == ids(*range(7))
        assert set(world.versions()) == {"v1"}
        assert row.logic_version == "v1"
        assert row.rebuilding is None

    def test_its_marks_and_snapshots_are_those_of_any_fold(self) -> None:
        world = World()
        world.deliver(*map(stored, range(20)), version="v0")
        world.rebuilds("v1").rebuild(DOMAIN_ID)
        world.events.items_read = 0
        world.deliver(stored(25), version="v1")
        world.deliver(stored(24), version="v1")
        assert world.events.items_read <= 2 + 2 * world.events_per_mark
        assert set(world.versions()) == {"v1"}

    def test_an_event_that_the_stream_lost_is_in_the_result(self) -> None:
        """Some events were stored and never delivered. A rebuild adds them, including the newest."""
        world = World()
        world.deliver(stored(1))
        world.events.put(stored(2), stored(3))
        world.rebuilds().rebuild(DOMAIN_ID)
        assert world.entries() == ids(1, 2, 3)

    def test_a_deleted_row_is_created_by_a_rebuild(self) -> None:
        world = World()
        world.events.put(stored(1), stored(2))
        world.rebuilds().rebuild(DOMAIN_ID)
        assert world.entries() == ids(1, 2)

    def test_a_parked_row_is_healed(self) -> None:
        world = World()
        world.deliver(stored(1), stored(2, poison=True), stored(3))
        world.rebuilds("v2").rebuild(DOMAIN_ID)
        assert world.row().parked is None
        assert world.entries() == ids(1, 2, 3)

    def test_a_row_with_invalid_notes_is_created_again(self) -> None:
        world = World()
        world.deliver(stored(1), stored(2))
        del world.rows.items[DOMAIN_ID]["CpEventSource"]["M"]["Digest"]
        world.rebuilds().rebuild(DOMAIN_ID)
        assert world.entries() == ids(1, 2)

    def test_a_row_that_others_write_during_each_pause_is_rebuilt(self) -> None:
        """A row that was read before the pause would lose each race until the time is over."""
        world = World()
        world.deliver(stored(1), version="v0")
        world.make_busy()
        world.rebuilds().rebuild(DOMAIN_ID)
        assert len(world.clock.pauses) == 2
        assert world.versions() == ["v1"]

    def test_a_lost_reply_of_the_last_write_is_recognised(self) -> None:
        world = World()
        world.deliver(stored(1))

        def lose() -> None:
            world.rows.lose_reply = True

        meanwhile(world, lose)
        world.rebuilds("v2").rebuild(DOMAIN_ID)
        assert world.row().logic_version == "v2"
        assert world.rows.writes == 3  # a delivery, the note, the result


class TestFailure:
    def test_a_failing_event_leaves_the_row_as_it_was(self) -> None:
        world = World()
        world.deliver(stored(1))
        before = world.row()
        world.events.put(stored(2, poison=True))
        with pytest.raises(RebuildFailed, match="ValueError at the event e2"):
            world.rebuilds().rebuild(DOMAIN_ID)
        assert replace(world.row(), revision=before.revision) == before

    def test_an_error_of_the_logic_is_not_mistaken_for_one_of_the_pipeline(self) -> None:
        """It may be called `OutOfTime`: the history is not too long then."""
        world = World(logic=lambda version: failing(type("OutOfTime", (Exception,), {})("closed")))
        world.events.put(stored(1))
        with pytest.raises(RebuildFailed, match="the domain logic fails with OutOfTime at the event e1"):
            world.rebuilds().rebuild(DOMAIN_ID)

    def test_a_failed_rebuild_does_not_block_the_next_one(self) -> None:
        """Even if the domain is busy, and its row not the one that the rebuild read last."""
        world = World()
        world.deliver(stored(1))
        world.events.put(stored(5, poison=True))

        def one_more() -> None:
            world.deliver(stored(2))

        meanwhile(world, one_more)
        with pytest.raises(RebuildFailed, match="ValueError at the event e5"):
            world.rebuilds("v1").rebuild(DOMAIN_ID, request_id="first")
        assert world.row().rebuilding is None
        world.rebuilds("v2").rebuild(DOMAIN_ID, request_id="second")
        assert world.entries() == ids(1, 2, 5)

    def test_a_rebuild_of_an_object_without_events_is_refused(self) -> None:
        with pytest.raises(RebuildFailed, match="no event is stored"):
            World().rebuilds().rebuild(DOMAIN_ID)

    def test_a_history_too_long_for_one_invocation_leaves_the_row_as_it_was(self) -> None:
        """Except the note of how far the rebuild got."""
        world = World()
        world.deliver(*map(stored, range(10)))
        before = world.row()
        with pytest.raises(RebuildFailed, match="too long to fold in one invocation"):
            world.rebuilds().rebuild(DOMAIN_ID, budget=world.budget(events=6))
        assert replace(world.row(), revision=before.revision, progress=None) == before

    def test_a_rebuild_of_a_row_that_always_changes_ends_with_its_time(self) -> None:
        world = World()
        world.deliver(stored(1))

        def change() -> None:
            world.rows.items[DOMAIN_ID] = world.row().followed_by().to_item()
            world.rows.before_write = change

        world.rows.before_write = change
        with pytest.raises(RebuildFailed, match="the time was over before the rebuild finished"):
            world.rebuilds().rebuild(DOMAIN_ID, budget=world.budget(events=50))


class TestMeanwhile:
    def test_readers_see_the_old_row_until_the_new_one_is_complete(self) -> None:
        world = World()
        world.deliver(*map(stored, range(5)), version="v0")
        seen: list[tuple[int, set[str]]] = []
        meanwhile(world, lambda: seen.append((len(world.entries()), set(world.versions()))))
        world.rebuilds("v1").rebuild(DOMAIN_ID)
        assert seen == [(5, {"v0"})]

    def test_new_events_are_applied_during_a_rebuild_and_are_in_the_result(self) -> None:
        world = World()
        world.deliver(stored(1), version="v0")
        seen: list[list[str]] = []

        def deliver() -> None:
            world.deliver(stored(2), version="v0")
            seen.append(world.entries())

        meanwhile(world, deliver)
        world.rebuilds("v1").rebuild(DOMAIN_ID)
        assert seen == [ids(1, 2)]
        assert world.entries() == ids(1, 2)
        assert set(world.versions()) == {"v1"}

    def test_a_late_event_before_the_position_read_is_in_the_result(self) -> None:
        """It arrived in a page that the rebuild had read: only the row's note reports it."""
        world = World()
        world.deliver(*map(stored, (1, 3, 4, 5, 6)))
        meanwhile(world, lambda: world.deliver(stored(2)))
        world.rebuilds("v2").rebuild(DOMAIN_ID)
        assert world.entries() == ids(1, 2, 3, 4, 5, 6)
        assert world.row().logic_version == "v2"

    def test_late_events_in_two_rounds_are_in_the_result(self) -> None:
        world = World()
        world.deliver(*map(stored, (1, 4, 5, 6)))
        meanwhile(world, lambda: world.deliver(stored(3)), lambda: None, lambda: world.deliver(stored(2)))
        world.rebuilds("v2").rebuild(DOMAIN_ID)
        assert world.entries() == ids(1, 2, 3, 4, 5, 6)

    def test_an_event_between_the_checkpoint_and_the_position_read_is_in_the_result(self) -> None:
        """4 and 5 were in flight and read. 3 was stored after that and applied as a new event: no note reports it."""
        world = World()
        world.deliver(stored(1))
        world.events.put(stored(4), stored(5))
        meanwhile(world, lambda: world.deliver(stored(3), stored(4), stored(5)))
        world.rebuilds("v2").rebuild(DOMAIN_ID)
        assert world.entries() == ids(1, 3, 4, 5)

    def test_an_event_that_waits_before_the_failed_one_is_in_the_result(self) -> None:
        world = World()
        world.deliver(stored(3, poison=True), stored(5))
        meanwhile(world, lambda: world.deliver(stored(1), version="v1"))
        world.rebuilds("v2").rebuild(DOMAIN_ID)
        assert world.entries() == ids(1, 3, 5)
        assert world.row().parked is None

    def test_an_event_that_waits_during_a_rebuild_is_in_the_result(self) -> None:
        """v1 fails at 3 again when 1 arrives, and the row is parked at 3 as before; 2 waits, and v1 does not look."""
        world = World()
        world.deliver(stored(3, poison=True), stored(5))
        meanwhile(world, lambda: world.deliver(stored(4)))
        world.rebuilds("v2").rebuild(DOMAIN_ID)
        assert world.entries() == ids(3, 4, 5)

    def test_an_object_that_is_parked_during_a_rebuild_is_still_rebuilt(self) -> None:
        world = World()
        world.deliver(stored(1))
        meanwhile(world, lambda: world.deliver(stored(2, poison=True), stored(3)))
        world.rebuilds("v2").rebuild(DOMAIN_ID)
        assert world.entries() == ids(1, 2, 3)
        assert world.row().parked is None

    def test_a_row_deleted_meanwhile_is_created_again(self) -> None:
        world = World()
        world.deliver(stored(1), stored(2))
        meanwhile(world, world.rows.items.clear)
        world.rebuilds("v2").rebuild(DOMAIN_ID)
        assert world.entries() == ids(1, 2)

    def test_a_rebuild_starts_again_if_the_row_is_deleted_and_created_meanwhile(self) -> None:
        world = World()
        world.deliver(stored(1), stored(3))

        def delete_and_deliver() -> None:
            world.rows.items.clear()
            world.deliver(stored(2))

        meanwhile(world, delete_and_deliver)
        world.rebuilds("v2").rebuild(DOMAIN_ID)
        assert world.entries() == ids(1, 2, 3)

    def test_events_on_both_sides_of_a_mark_leave_it_true(self) -> None:
        """The rebuild goes back to the state at the mark, which is after 4005 and before 4015.

        A mark that lacked 4005 would prove, with the snapshot there, that the row holds both; and the next late event
        would be folded in from it.
        """
        world = World(events_per_mark=100)
        for start in range(10, 4501, 500):
            world.deliver(*(at(second) for second in range(start, start + 500, 10)))
        assert len(world.entries()) == 450
        world.events.put(at(4510))

        def store_and_deliver() -> None:
            world.events.put(at(4005), at(4015))
            world.deliver(at(4510))

        meanwhile(world, store_and_deliver)
        world.rebuilds().rebuild(DOMAIN_ID)
        world.deliver(at(4005), at(4015))
        world.deliver(at(4017))
        assert world.entries() == [f"e{second}" for second in sorted({*range(10, 4511, 10), 4005, 4015, 4017})]

    @given(st.data())
    def test_every_mark_of_every_row_is_true_whatever_arrives_meanwhile(self, data: st.DataObject) -> None:
        """Events are stored at any moment of a rebuild, some are delivered, in order or late; `World` looks at each row
        as it is written."""
        world = World(events_per_mark=data.draw(st.integers(1, 3)))
        numbers = st.lists(st.integers(1, 40), max_size=4, unique=True)
        for number in data.draw(st.lists(st.integers(1, 40), min_size=4, max_size=12, unique=True)):
            world.deliver(stored(number))

        def between() -> None:
            world.events.put(*map(stored, data.draw(numbers)))
            late = data.draw(numbers)
            if late:
                world.deliver(*map(stored, late), version=data.draw(st.sampled_from(("v0", "v1"))))

        meanwhile(world, *[between] * data.draw(st.integers(1, 4)))
        world.rebuilds("v1").rebuild(DOMAIN_ID)
        world.rows.before_write = None
        everything = sorted(world.events.events[DOMAIN_ID])
        for key in data.draw(st.permutations(everything)):
            world.deliver(world.events.events[DOMAIN_ID][key])
        assert world.entries() == [world.events.events[DOMAIN_ID][key].event_id for key in everything]


class TestProgress:
    """A history that takes longer than one invocation is folded in several."""

    def rebuild_in_parts(self, world: World, *, events: int, between: Callable[[], object] = lambda: None) -> int:
        """Requests until one gets through; how many failed before."""
        for failed in range(100):
            try:
                world.rebuilds("v1").rebuild(DOMAIN_ID, budget=world.budget(events=events))
            except RebuildFailed as error:
                assert "request the rebuild again to continue there" in str(error)  # noqa: PT017
                between()
                continue
            return failed
        raise AssertionError("it does not come to an end")

    def test_each_rebuild_goes_on_where_the_one_before_stopped(self) -> None:
        world = World()
        world.deliver(*map(stored, range(40)), version="v0")
        world.events.items_read = 0
        assert 1 < self.rebuild_in_parts(world, events=12) < 10
        assert world.entries() == ids(*range(40))
        assert set(world.versions()) == {"v1"}
        assert world.row().progress is None
        assert world.events.items_read < 100

    def test_a_rebuild_makes_progress_by_less_than_a_spacing(self) -> None:
        world = World(events_per_mark=100)
        world.deliver(*map(stored, range(40)), version="v0")
        self.rebuild_in_parts(world, events=5)
        assert world.entries() == ids(*range(40))

    def test_readers_see_the_old_row_and_events_in_order_meanwhile(self) -> None:
        world = World()
        world.deliver(*map(stored, range(40)), version="v0")
        numbers = count(40)
        self.rebuild_in_parts(world, events=12, between=lambda: world.deliver(stored(next(numbers)), version="v0"))
        assert world.entries() == ids(*range(next(numbers)))
        assert set(world.versions()) == {"v1"}

    def test_a_late_event_before_the_kept_states_is_in_the_result(self) -> None:
        """What lies before a mark is compared with the store before the mark's state is used."""
        world = World()
        world.deliver(*map(stored, range(0, 80, 2)), version="v0")
        late = iter([31, 3])
        self.rebuild_in_parts(
            world, events=16, between=lambda: world.deliver(*(stored(each) for each in [next(late, 0)]), version="v0")
        )
        assert world.entries() == ids(*sorted({*range(0, 80, 2), 31, 3}))
        assert set(world.versions()) == {"v1"}

    def test_an_event_erased_during_the_rebuild_is_not_in_the_result(self) -> None:
        world = World()
        world.deliver(*map(stored, range(20)))
        with pytest.raises(RebuildFailed):
            world.rebuilds("v1").rebuild(DOMAIN_ID, budget=world.budget(events=12))
        world.events.put(erased(stored(3)))
        world.rebuilds("v1").rebuild(DOMAIN_ID)
        assert world.entries() == ids(0, 1, 2, *range(4, 20))
        assert all("'e3'" not in repr(item) for item in world.snapshots.items.values())

    def test_other_logic_begins_with_the_first_event(self) -> None:
        world = World()
        world.deliver(*map(stored, range(20)))
        with pytest.raises(RebuildFailed):
            world.rebuilds("v1").rebuild(DOMAIN_ID, budget=world.budget(events=12))
        world.rebuilds("v2").rebuild(DOMAIN_ID)
        assert set(world.versions()) == {"v2"}

    def test_waiting_events_are_in_the_result_however_often_the_rebuild_goes_back(self) -> None:
        """It goes back for e301 to an earlier rebuild's state; a mark after e301 is not to be gone back to for e401."""
        world = World()
        world.deliver(*(stored(2 * number) for number in range(900)))
        world.deliver(stored(1, poison=True))
        with pytest.raises(RebuildFailed):
            world.rebuilds("v2").rebuild(DOMAIN_ID, budget=world.budget(events=300))
        meanwhile(
            world,
            lambda: world.deliver(stored(301)),
            lambda: None,
            lambda: world.deliver(stored(401)),
        )
        world.rebuilds("v2").rebuild(DOMAIN_ID)
        assert world.entries() == ids(*sorted({*range(0, 1800, 2), 1, 301, 401}))

    def test_a_loss_is_detected_before_anything_is_kept(self) -> None:
        """The next rebuild would begin after all that the row holds, and not look there."""
        world = World()
        world.deliver(*map(stored, range(10)), stored(10, poison=True), *map(stored, range(11, 40)))
        world.events.lose(stored(5))
        for events in (25, 99):
            with pytest.raises(RebuildFailed, match="lacks at least 1 of the 10 events"):
                world.rebuilds("v2").rebuild(DOMAIN_ID, budget=world.budget(events=events))
        assert "e5" in world.entries()

    def test_missing_snapshots_cost_only_time(self) -> None:
        world = World()
        world.deliver(*map(stored, range(20)), version="v0")
        with pytest.raises(RebuildFailed):
            world.rebuilds("v1").rebuild(DOMAIN_ID, budget=world.budget(events=12))
        world.snapshots.items.clear()
        world.rebuilds("v1").rebuild(DOMAIN_ID)
        assert world.entries() == ids(*range(20))

    def test_a_deleted_row_is_created_by_several_rebuilds(self) -> None:
        world = World()
        world.events.put(*map(stored, range(40)))
        self.rebuild_in_parts(world, events=12)
        assert world.entries() == ids(*range(40))

    def test_a_parked_row_is_healed_in_parts(self) -> None:
        world = World()
        world.deliver(stored(0, poison=True), *map(stored, range(1, 40)), version="v0")
        world.deliver(*map(stored, range(40, 50)), version="v0")
        for _ in range(20):
            try:
                world.rebuilds("v2").rebuild(DOMAIN_ID, budget=world.budget(events=12))
            except RebuildFailed:
                continue
            break
        assert world.entries() == ids(*range(50))
        assert world.row().parked is None

    @given(st.data())
    def test_any_concurrent_delivery_ends_in_the_fold_of_all_events(self, data: st.DataObject) -> None:
        world = World(events_per_mark=data.draw(st.integers(1, 4)))
        numbers = st.lists(st.integers(0, 60), max_size=3)
        for number in data.draw(st.lists(st.integers(0, 60), min_size=8, max_size=20, unique=True)):
            world.deliver(stored(number), version="v0")

        def between() -> None:
            world.events.put(*map(stored, data.draw(numbers)))
            delivered = data.draw(numbers)
            if delivered:
                version = data.draw(st.sampled_from(("v0", "v1")))
                world.events.put(*map(stored, delivered))
                project(
                    world.projection(version),
                    list(map(stored, delivered)),
                    world.rows.read(DOMAIN_ID),
                    world.budget(events=14),
                )

        for _ in range(data.draw(st.integers(1, 4))):
            meanwhile(world, *[between] * data.draw(st.integers(0, 2)))
            with suppress(RebuildFailed):
                world.rebuilds("v1").rebuild(DOMAIN_ID, budget=world.budget(events=data.draw(st.integers(6, 16))))
            world.rows.before_write = None
            between()
        everything = sorted(world.events.events[DOMAIN_ID])
        for key in everything:
            world.deliver(world.events.events[DOMAIN_ID][key])
        world.rebuilds("v1").rebuild(DOMAIN_ID)
        assert world.entries() == [world.events.events[DOMAIN_ID][key].event_id for key in everything]
        assert set(world.versions()) == {"v1"}


class TestMissingEvents:
    """A rebuild of an object whose store lost events does not take them out of the row unasked."""

    def world(self) -> World:
        world = World()
        world.deliver(*map(stored, range(10)))
        world.events.lose(*map(stored, range(5)))
        return world

    def test_a_rebuild_that_would_lose_events_is_refused_and_says_how_many(self) -> None:
        world = self.world()
        with pytest.raises(RebuildFailed, match="lacks at least 5 of the 10 events that the row holds"):
            world.rebuilds("v2").rebuild(DOMAIN_ID)
        assert world.entries() == ids(*range(10))
        assert world.row().rebuilding is None

    def test_new_events_do_not_hide_it(self) -> None:
        world = self.world()
        world.deliver(*map(stored, range(20, 40)))
        with pytest.raises(RebuildFailed, match="lacks at least 5 of the 30 events"):
            world.rebuilds("v2").rebuild(DOMAIN_ID)

    def test_an_event_that_is_put_back_over_its_tombstone_is_no_loss(self) -> None:
        """The row counts it as erased: as many events, and not the same."""
        world = World(logic=counting)
        world.deliver(*map(stored, range(6)))
        world.events.put(erased(stored(2)))
        world.rebuilds().rebuild(DOMAIN_ID)
        world.events.put(stored(2))
        row = world.rebuilds().rebuild(DOMAIN_ID)
        assert row.state.attributes["Count"] == {"N": "6"}

    def test_missing_events_are_accepted_on_request(self) -> None:
        world = self.world()
        world.rebuilds("v2").rebuild(DOMAIN_ID, accept_missing_events=True)
        assert world.entries() == ids(*range(5, 10))
        world.deliver(stored(7, event_id="e7a"), version="v2")
        assert world.row().parked is None

    def test_earlier_snapshots_of_removed_events_are_wiped(self) -> None:
        world = self.world()
        assert any("'e3'" in repr(item) for item in world.snapshots.items.values())
        world.rebuilds("v2").rebuild(DOMAIN_ID, accept_missing_events=True)
        assert all("'e3'" not in repr(item) for item in world.snapshots.items.values())

    def test_erased_events_are_not_missing(self) -> None:
        world = World()
        world.deliver(*map(stored, range(10)))
        world.events.put(*(erased(stored(number)) for number in range(5)))
        world.rebuilds("v2").rebuild(DOMAIN_ID)
        assert world.entries() == ids(*range(5, 10))
        assert world.row().state.applied.count == 10


def failing(error: Exception) -> DomainLogic:
    """Logic that raises this error at every event."""
    made = counting("v1")

    def apply(domain_object: object, event: StoredEvent) -> object:
        raise error

    made.apply = apply  # type: ignore[method-assign]
    return made


def at(second: int) -> StoredEvent:
    """The event of a second of the day."""
    minutes, seconds = divmod(second, 60)
    key = f"2026-01-01T{minutes // 60:02}:{minutes % 60:02}:{seconds:02}.000000000Z#e{second}"
    return StoredEvent.of({**stored(0).item, "EventKey": {"S": key}, "EventId": {"S": f"e{second}"}})


class TestOneAtATime:
    def note(self, request_id: str, seconds: float) -> Rebuilding:
        return Rebuilding(request_id, "other-run", FunctionClock().text(later_by=seconds))

    def world(self, note: Rebuilding) -> World:
        world = World()
        world.deliver(stored(1))
        world.rows.items[DOMAIN_ID] = world.row().followed_by(rebuilding=note).to_item()
        return world

    def test_a_second_request_is_refused_while_the_first_is_running(self) -> None:
        world = self.world(self.note("first", seconds=60))
        with pytest.raises(RebuildFailed, match="another rebuild of this domain object is running, until 2"):
            world.rebuilds().rebuild(DOMAIN_ID, request_id="second")
        assert world.row().rebuilding == self.note("first", seconds=60) or world.row().rebuilding is not None

    def test_a_crashed_rebuild_is_replaced_when_its_time_is_over(self) -> None:
        world = self.world(self.note("first", seconds=-1))
        assert world.rebuilds().rebuild(DOMAIN_ID, request_id="second").rebuilding is None

    def test_lambdas_retry_of_a_crashed_rebuild_replaces_it_at_once(self) -> None:
        world = self.world(self.note("first", seconds=600))
        assert world.rebuilds().rebuild(DOMAIN_ID, request_id="first").rebuilding is None

    def test_a_retry_that_loses_a_race_for_its_note_tries_again(self) -> None:
        world = self.world(self.note("first", seconds=600))
        world.rows.before_write = lambda: world.deliver(stored(2))
        assert world.rebuilds().rebuild(DOMAIN_ID, request_id="first").state.applied.count == 2

    def test_two_requests_without_an_id_are_two_requests(self) -> None:
        world = self.world(self.note("", seconds=60))
        with pytest.raises(RebuildFailed, match="another rebuild"):
            world.rebuilds().rebuild(DOMAIN_ID)

    def test_if_one_request_is_delivered_twice_the_later_run_continues_and_the_earlier_fails(self) -> None:
        """Otherwise each would start again when it sees the other, forever."""
        world = World()
        world.deliver(stored(1))
        done: list[DomainRow] = []

        def note_of_the_later() -> None:
            world.rows.items[DOMAIN_ID] = world.row().followed_by(rebuilding=self.note("same", 60)).to_item()

        meanwhile(world, note_of_the_later)
        with pytest.raises(RebuildFailed, match="another rebuild"):
            done.append(world.rebuilds().rebuild(DOMAIN_ID, request_id="same"))
        assert done == []

    def test_an_expired_note_is_dropped_by_the_next_late_event(self) -> None:
        world = self.world(self.note("first", seconds=-1))
        world.deliver(stored(0))
        assert world.row().rebuilding is None

    def test_the_time_of_a_note_is_that_of_the_invocation(self) -> None:
        world = World()
        world.deliver(stored(1))
        notes: list[Rebuilding | None] = []
        meanwhile(world, lambda: notes.append(world.row().rebuilding))
        budget = Budget.of(_Context(100_000), 1, world.clock)
        world.rebuilds().rebuild(DOMAIN_ID, request_id="r", budget=budget)
        assert notes[0] is not None
        assert notes[0].until == world.clock.text(later_by=100)


@dataclass
class _Context:
    milliseconds: int

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


class Traffic:
    """A clock that every storage call and every pause of the rebuild moves, and deliveries that are due by it.

    A delivery runs as a whole between two calls of the rebuild: what matters here is how often it gets in between
    the rebuild's reading of the row and its writing.
    """

    def __init__(self, world: World, *, batches_a_second: float, deliver: Callable[[], object]) -> None:
        self.now = 0.0
        self.delivered = 0
        self._interval = 1 / batches_a_second
        self._deliver = deliver
        self._world = world
        self._inside = False
        self.rounds = 0

    def pass_time(self, seconds: float) -> None:
        if self._inside:
            return
        self.now += seconds
        while self.delivered * self._interval < self.now:
            self._inside = True
            self._deliver()
            self._inside = False
            self.delivered += 1

    def attach(self) -> None:
        world, events, rows, snapshots = self._world, self._world.events, self._world.rows, self._world.snapshots
        read, write, read_row, put = events.read, rows.write, rows.read, snapshots.put

        def timed_read(domain_id: str, span: object) -> object:
            for number, event in enumerate(read(domain_id, span)):  # type: ignore[arg-type]
                if number % 2_000 == 0:  # a page of 1 MB
                    self.pass_time(0.03)
                if not self._inside:
                    self.pass_time(50e-6)  # to fold it
                yield event

        def timed_write(row: DomainRow, *, replacing: DomainRow | None) -> None:
            self.rounds += not self._inside
            self.pass_time(0.008)
            write(row, replacing=replacing)

        def timed_read_row(domain_id: str) -> DomainRow | None:
            self.pass_time(0.005)
            return read_row(domain_id)

        def timed_put(*arguments: object) -> None:
            self.pass_time(0.006)
            put(*arguments)  # type: ignore[arg-type]

        world.events.read = timed_read  # type: ignore[method-assign, assignment]
        world.rows.write = timed_write  # type: ignore[method-assign]
        world.rows.read = timed_read_row  # type: ignore[method-assign]
        world.snapshots.put = timed_put  # type: ignore[method-assign, assignment]
        world.clock.sleep = self.pass_time  # type: ignore[method-assign]


class TestUnderTraffic:
    @pytest.mark.parametrize("late", [0, 1, 50])
    def test_twenty_batches_a_second_do_not_starve_it(self, late: int) -> None:
        """Every third batch has an event this many positions before the newest one."""
        length = effort(6_000, 100_000)
        world = World(events_per_mark=100, logic=counting)
        history = [_event(number) for number in range(length)]
        for start in range(0, length, 1_000):
            world.deliver(*history[start : start + 1_000], version="v0")
        numbers = count(length)
        arrived: list[StoredEvent] = []

        def deliver() -> None:
            number = next(numbers)
            batch = [_event(number)]
            if late and number % 3 == 0:
                batch.append(_event(number - late, "late"))
            arrived.extend(batch)
            world.deliver(*batch, version="v0")

        traffic = Traffic(world, batches_a_second=20, deliver=deliver)
        traffic.attach()
        row = world.rebuilds("v1").rebuild(DOMAIN_ID)
        assert traffic.delivered > 10
        assert traffic.rounds <= 100
        assert row.logic_version == "v1"
        assert row.state.applied.count == length + len(arrived)
        assert row.rebuilding is None


def _event(number: int, suffix: str = "e") -> StoredEvent:
    """The event of tenth-second `number`."""
    minutes, tenths = divmod(number, 600)
    key = f"2026-01-{1 + minutes // 1440:02}T{minutes // 60 % 24:02}:{minutes % 60:02}:{tenths / 10:04.1f}00000000Z"
    event = stored(0)
    item = {**event.item, "EventKey": {"S": f"{key}#{suffix}{number}"}, "EventId": {"S": f"{suffix}{number}"}}
    return StoredEvent.of(item)
