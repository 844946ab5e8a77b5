"""Guarantee: a rebuild ends in the fold of all stored events by today's logic, whatever arrives meanwhile, and until
then readers see the row as deliveries leave it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from handler.budget import Budget
from handler.domain_row import DomainRow, Rebuilding
from handler.rebuild import RebuildFailed
from handler.stored_event import StoredEvent
from tests.nightly import effort

from .doubles import DOMAIN_ID, World, counting, stored


def meanwhile(world: World, *steps: Callable[[], object]) -> None:
    """Before the rebuild's second write (the first is its note) run the first step, before its third the next, ..."""
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

    def test_what_the_stream_lost_is_in_it(self) -> None:
        """Events that were stored and never delivered: a rebuild is what mends them, newest ones too."""
        world = World()
        world.deliver(stored(1))
        world.events.put(stored(2), stored(3))
        world.rebuilds().rebuild(DOMAIN_ID)
        assert world.entries() == ids(1, 2, 3)

    def test_a_row_that_was_deleted_is_made(self) -> None:
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

    def test_a_row_whose_notes_were_spoilt_by_hand_is_made_anew(self) -> None:
        world = World()
        world.deliver(stored(1), stored(2))
        del world.rows.items[DOMAIN_ID]["CpEventSource"]["M"]["Digest"]
        world.rebuilds().rebuild(DOMAIN_ID)
        assert world.entries() == ids(1, 2)

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

    def test_its_note_does_not_stand_in_the_way_of_the_next(self) -> None:
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

    def test_a_domain_without_events_is_refused(self) -> None:
        with pytest.raises(RebuildFailed, match="no event is stored"):
            World().rebuilds().rebuild(DOMAIN_ID)

    def test_a_history_too_long_for_the_time_leaves_the_row_as_it_was(self) -> None:
        world = World()
        world.deliver(*map(stored, range(10)))
        before = world.row()
        with pytest.raises(RebuildFailed, match="too long to be folded in the time there is"):
            world.rebuilds().rebuild(DOMAIN_ID, budget=world.budget(events=6))
        assert replace(world.row(), revision=before.revision) == before

    def test_a_row_that_is_written_all_the_time_is_given_up_when_the_time_is_over(self) -> None:
        world = World()
        world.deliver(stored(1))

        def change() -> None:
            world.rows.items[DOMAIN_ID] = world.row().followed_by().to_item()
            world.rows.before_write = change

        world.rows.before_write = change
        with pytest.raises(RebuildFailed, match="the time was over before a round came to its end undisturbed"):
            world.rebuilds().rebuild(DOMAIN_ID, budget=world.budget(events=50))


class TestMeanwhile:
    def test_readers_see_the_old_row_until_the_new_one_is_whole(self) -> None:
        world = World()
        world.deliver(*map(stored, range(5)), version="v0")
        seen: list[tuple[int, set[str]]] = []
        meanwhile(world, lambda: seen.append((len(world.entries()), set(world.versions()))))
        world.rebuilds("v1").rebuild(DOMAIN_ID)
        assert seen == [(5, {"v0"})]

    def test_new_events_are_applied_as_ever_and_are_in_the_result(self) -> None:
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

    def test_a_late_event_behind_what_was_read_is_in_it(self) -> None:
        """It came into a page that the rebuild had read: only the row's note tells of it."""
        world = World()
        world.deliver(*map(stored, (1, 3, 4, 5, 6)))
        meanwhile(world, lambda: world.deliver(stored(2)))
        world.rebuilds("v2").rebuild(DOMAIN_ID)
        assert world.entries() == ids(1, 2, 3, 4, 5, 6)
        assert world.row().logic_version == "v2"

    def test_late_events_in_two_rounds_are_in_it(self) -> None:
        world = World()
        world.deliver(*map(stored, (1, 4, 5, 6)))
        meanwhile(world, lambda: world.deliver(stored(3)), lambda: None, lambda: world.deliver(stored(2)))
        world.rebuilds("v2").rebuild(DOMAIN_ID)
        assert world.entries() == ids(1, 2, 3, 4, 5, 6)

    def test_an_event_between_the_checkpoint_and_what_was_read_is_in_it(self) -> None:
        """4 and 5 were in flight and read; 3 came to be stored after that, and was applied as new: no note tells."""
        world = World()
        world.deliver(stored(1))
        world.events.put(stored(4), stored(5))
        meanwhile(world, lambda: world.deliver(stored(3), stored(4), stored(5)))
        world.rebuilds("v2").rebuild(DOMAIN_ID)
        assert world.entries() == ids(1, 3, 4, 5)

    def test_an_event_that_waits_before_the_failed_one_is_in_it(self) -> None:
        world = World()
        world.deliver(stored(3, poison=True), stored(5))
        meanwhile(world, lambda: world.deliver(stored(1), version="v1"))
        world.rebuilds("v2").rebuild(DOMAIN_ID)
        assert world.entries() == ids(1, 3, 5)
        assert world.row().parked is None

    def test_an_event_that_waits_beside_a_rebuild_is_in_it(self) -> None:
        """v1 fails at 3 again when 1 arrives, and the row is parked at 3 as before; 2 waits, and v1 does not look."""
        world = World()
        world.deliver(stored(3, poison=True), stored(5))
        meanwhile(world, lambda: world.deliver(stored(4)))
        world.rebuilds("v2").rebuild(DOMAIN_ID)
        assert world.entries() == ids(3, 4, 5)

    def test_a_domain_that_parks_meanwhile_is_rebuilt_all_the_same(self) -> None:
        world = World()
        world.deliver(stored(1))
        meanwhile(world, lambda: world.deliver(stored(2, poison=True), stored(3)))
        world.rebuilds("v2").rebuild(DOMAIN_ID)
        assert world.entries() == ids(1, 2, 3)
        assert world.row().parked is None

    def test_a_row_deleted_meanwhile_is_made_again(self) -> None:
        world = World()
        world.deliver(stored(1), stored(2))
        meanwhile(world, world.rows.items.clear)
        world.rebuilds("v2").rebuild(DOMAIN_ID)
        assert world.entries() == ids(1, 2)

    def test_a_row_deleted_and_made_meanwhile_is_begun_anew(self) -> None:
        world = World()
        world.deliver(stored(1), stored(3))

        def delete_and_deliver() -> None:
            world.rows.items.clear()
            world.deliver(stored(2))

        meanwhile(world, delete_and_deliver)
        world.rebuilds("v2").rebuild(DOMAIN_ID)
        assert world.entries() == ids(1, 2, 3)


class TestOneAtATime:
    def note(self, request_id: str, seconds: float) -> Rebuilding:
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        return Rebuilding(request_id, "other-run", until.isoformat(timespec="milliseconds"))

    def world(self, note: Rebuilding) -> World:
        world = World()
        world.deliver(stored(1))
        world.rows.items[DOMAIN_ID] = world.row().followed_by(rebuilding=note).to_item()
        return world

    def test_a_second_request_is_refused_while_the_first_is_under_way(self) -> None:
        world = self.world(self.note("first", seconds=60))
        with pytest.raises(RebuildFailed, match="another rebuild of this domain is under way, until 2"):
            world.rebuilds().rebuild(DOMAIN_ID, request_id="second")
        assert world.row().rebuilding == self.note("first", seconds=60) or world.row().rebuilding is not None

    def test_one_that_died_is_taken_over_when_its_time_is_over(self) -> None:
        world = self.world(self.note("first", seconds=-1))
        assert world.rebuilds().rebuild(DOMAIN_ID, request_id="second").rebuilding is None

    def test_lambdas_own_retry_of_one_that_died_takes_its_place_at_once(self) -> None:
        world = self.world(self.note("first", seconds=600))
        assert world.rebuilds().rebuild(DOMAIN_ID, request_id="first").rebuilding is None

    def test_a_retry_that_loses_a_race_for_its_note_tries_again(self) -> None:
        world = self.world(self.note("first", seconds=600))
        world.rows.before_write = lambda: world.deliver(stored(2))
        assert world.rebuilds().rebuild(DOMAIN_ID, request_id="first").state.applied.count == 2

    def test_two_without_a_request_id_are_two(self) -> None:
        world = self.world(self.note("", seconds=60))
        with pytest.raises(RebuildFailed, match="another rebuild"):
            world.rebuilds().rebuild(DOMAIN_ID)

    def test_of_one_request_delivered_twice_the_later_goes_on_and_the_earlier_gives_up(self) -> None:
        """Else each would begin anew at the sight of the other, for ever."""
        world = World()
        world.deliver(stored(1))
        done: list[DomainRow] = []

        def note_of_the_later() -> None:
            world.rows.items[DOMAIN_ID] = world.row().followed_by(rebuilding=self.note("same", 60)).to_item()

        meanwhile(world, note_of_the_later)
        with pytest.raises(RebuildFailed, match="another rebuild"):
            done.append(world.rebuilds().rebuild(DOMAIN_ID, request_id="same"))
        assert done == []

    def test_a_note_whose_time_is_over_is_dropped_by_the_next_late_event(self) -> None:
        world = self.world(self.note("first", seconds=-1))
        world.deliver(stored(0))
        assert world.row().rebuilding is None

    def test_the_time_of_a_note_is_that_of_the_invocation(self) -> None:
        world = World()
        world.deliver(stored(1))
        notes: list[Rebuilding | None] = []
        meanwhile(world, lambda: notes.append(world.row().rebuilding))
        budget = Budget.of(_Context(100_000), 1)
        world.rebuilds().rebuild(DOMAIN_ID, request_id="r", budget=budget)
        assert notes[0] is not None
        left = (datetime.fromisoformat(notes[0].until) - datetime.now(UTC)).total_seconds()
        assert 60 < left <= 100


@dataclass
class _Context:
    milliseconds: int

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


class Traffic:
    """A clock that every storage call of the rebuild moves, and deliveries that are due by it.

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
        world.snapshots.put = timed_put  # type: ignore[method-assign]


class TestUnderTraffic:
    @pytest.mark.parametrize("late", [0, 1, 50])
    def test_twenty_batches_a_second_do_not_starve_it(self, late: int) -> None:
        """Every third batch has an event so many places behind the head; a history of some length."""
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
        assert traffic.rounds <= 60
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
