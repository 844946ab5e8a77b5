"""Guarantee: a decision is made on all that is stored; its events are in the store and in the row, or in neither."""

import gc
import math
import secrets
import threading
import traceback
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from decimal import Decimal, localcontext
from functools import partial
from typing import Any

import pytest

from cp_event_source import testing
from cp_event_source.decide.command import Command
from cp_event_source.decide.deciding import MAX_EVENTS
from cp_event_source.decide.errors import Contention, EventInvalid, LogicFailed, ObjectParked, OutcomeUnknown
from cp_event_source.decide.event import Event
from cp_event_source.decide.ports import Busy, ItemsRefused, NoReply, Throttled
from cp_event_source.handler.domain.failure import Cause
from cp_event_source.handler.domain.logic import DomainLogic
from cp_event_source.handler.domain.state import INITIAL_STATE
from cp_event_source.handler.events.stored_event import DECIDED, StoredEvent
from cp_event_source.handler.projection.notes import CrashProbe
from cp_event_source.handler.projection.projection import Delivery
from cp_event_source.handler.projection.rows import MIXED, DomainRow
from cp_event_source.handler.projection.stores import RowChanged

from .given import DOMAIN_ID, Bank, Overdrawn, account_logic, credit, withdraw


def redelivered(bank: Bank, version: str = "v1") -> None:
    """Deliver every stored event, as a stream without a filter would: nothing may change."""
    before = dict(bank.rows.items)
    projection = bank.projection(version)
    for event in bank.events.events[DOMAIN_ID].values():
        (result,) = projection.project([Delivery(DOMAIN_ID, [event.item], bank.rows.read(DOMAIN_ID))])
        assert not result.errors
    assert bank.rows.items == before


class TestADecision:
    def test_is_in_the_store_and_in_the_row_at_once(self) -> None:
        bank = Bank()
        bank.deliver(credit(1, 10))
        done = bank.decide(withdraw(7))
        assert (done.object.Balance, done.attempts, done.is_repeated) == (3, 1, False)
        (event,) = done.events
        assert (event.event_name, event.payload, event.user_id) == ("Debited", {"Amount": 7}, "ada")
        assert event.key.startswith("2026-01-01T00:30:00.000000000Z#")
        assert bank.keys() == [credit(1).key, event.key]
        assert (bank.balance(), bank.account().state.checkpoint) == (3, event.key)
        assert DECIDED in event.item
        redelivered(bank)

    def test_sees_the_last_one(self) -> None:
        bank = Bank()
        bank.deliver(credit(1, 10))
        bank.decide(withdraw(7))
        with pytest.raises(Overdrawn):
            bank.decide(withdraw(7))
        assert (bank.balance(), len(bank.keys())) == (3, 2)

    def test_sees_events_that_are_stored_and_not_projected(self) -> None:
        bank = Bank()
        bank.deliver(credit(1, 10))
        bank.events.put(credit(2, 5), credit(3, 5))
        assert bank.decide(withdraw(20)).object.Balance == 0
        assert bank.account().state.applied.count == 4
        redelivered(bank)

    def test_may_be_the_first_event_of_an_object(self) -> None:
        bank = Bank()
        seen: list[Any] = []

        def open_account(account: Any) -> list[Event]:
            seen.append(account)
            return [Event("Credited", {"Amount": 1})]

        assert bank.decide(open_account).object.Balance == 1
        assert seen == [None]
        redelivered(bank)

    def test_folds_the_history_of_a_row_that_is_gone(self) -> None:
        bank = Bank()
        bank.deliver(credit(1, 10))
        bank.deliver(credit(2, 10))
        del bank.rows.items[DOMAIN_ID]
        assert bank.decide(withdraw(15)).object.Balance == 5
        redelivered(bank)

    def test_replaces_a_row_that_a_person_broke(self) -> None:
        bank = Bank()
        bank.deliver(credit(1, 10))
        bank.rows.items[DOMAIN_ID]["CpEventSource"]["M"]["Checkpoint"] = {"S": "nonsense"}
        assert bank.decide(withdraw(4)).object.Balance == 6
        assert bank.account().readable
        redelivered(bank)

    def test_without_events_writes_nothing(self) -> None:
        bank = Bank()
        bank.deliver(credit(1))
        before = dict(bank.rows.items)
        nothing: Any
        for nothing in (None, [], ()):
            done = bank.decide(lambda account: nothing)  # noqa: B023
            assert (done.events, done.object.Balance) == ((), 10)
        assert (bank.rows.items, bank.keys()) == (before, [credit(1).key])

    def test_has_several_events_in_their_order_and_at_their_times(self) -> None:
        bank = Bank()
        bank.deliver(credit(1, 99))
        done = bank.decide(withdraw(1, parts=MAX_EVENTS))
        assert done.object.Balance == 0
        assert [event.key for event in done.events] == list(bank.keys()[1:])
        assert len({event.event_id for event in done.events}) == MAX_EVENTS
        redelivered(bank)

    @pytest.mark.parametrize("minute", [29, 30, 35])
    def test_is_later_than_every_known_event(self, minute: int) -> None:
        """Whether the newest event is of the past, of now, or of a clock that is ahead."""
        bank = Bank()
        bank.deliver(credit(minute))
        bank.events.put(credit(minute, event_id="zzz"))
        done = bank.decide(withdraw(1, parts=2))
        assert list(bank.keys())[-2:] == [event.key for event in done.events]
        redelivered(bank)

    @pytest.mark.parametrize("skew", [0, 600])
    @pytest.mark.parametrize("minute", [29, 30, 40, 50])
    def test_is_in_the_future_only_as_far_as_its_order_forces_it(self, minute: int, skew: int) -> None:
        """The bound on the future is for facts from the bus, and a stored event has passed it."""
        bank = Bank(skew=skew)
        bank.deliver(credit(minute))
        done = bank.decide(withdraw(1, parts=2))
        first = 0 if minute < 30 else 1
        at = f"2026-01-01T00:{max(minute, 30)}:00.00000000"
        assert [event.event_time for event in done.events] == [f"{at}{first}Z", f"{at}{first + 1}Z"]
        redelivered(bank)

    def test_keeps_marks_and_puts_no_snapshot_of_what_is_not_stored(self) -> None:
        """With a mark every two events. If the transaction fails, its events must be in no snapshot."""
        bank = Bank()
        bank.deliver(*(credit(minute) for minute in range(1, 6)))

        def write(events: Sequence[StoredEvent], row: DomainRow, *, replacing: DomainRow | None) -> None:
            raise RowChanged

        bank.transactions.write = write
        with pytest.raises(Contention):
            bank.decide(withdraw(1, parts=9), seconds=0)
        checkpoints = [item["CpEventSource"]["M"]["Checkpoint"]["S"] for item in bank.snapshots.items.values()]
        assert checkpoints
        assert set(checkpoints) <= {credit(minute).key for minute in range(1, 6)}

    def test_late_events_are_folded_in_before_it(self) -> None:
        bank = Bank()
        bank.deliver(credit(1))
        bank.decide(withdraw(10))
        bank.deliver(credit(2))
        bank.deliver(credit(45))
        assert (bank.balance(), bank.account().state.applied.count) == (20, 4)
        redelivered(bank)

    def test_leaves_a_running_rebuild_as_it_is(self) -> None:
        bank = Bank()
        bank.deliver(credit(1))
        rebuilds = bank.rebuilds()
        bank.rows.before_write = lambda: bank.decide(withdraw(1))
        assert rebuilds.rebuild(DOMAIN_ID).state.applied.count == 2
        redelivered(bank)


class TestALostRace:
    def test_runs_the_decider_again_on_the_new_state(self) -> None:
        bank = Bank()
        bank.deliver(credit(1, 10))
        seen: list[int] = []

        def decide(account: Any) -> list[Event]:
            seen.append(account.Balance)
            if len(seen) == 1:
                bank.decide(withdraw(4))
            return withdraw(4)(account)

        done = bank.decide(decide)
        assert (seen, done.attempts, done.object.Balance) == ([10, 6], 2, 2)

    def test_refuses_on_what_the_winner_left(self) -> None:
        bank = Bank()
        bank.deliver(credit(1, 10))

        def decide(account: Any) -> list[Event]:
            if account.Balance == 10:
                bank.decide(withdraw(10))
            return withdraw(10)(account)

        with pytest.raises(Overdrawn):
            bank.decide(decide)
        assert (bank.balance(), len(bank.keys())) == (0, 2)

    @pytest.mark.parametrize(("seconds", "attempts"), [(0, 1), (0.01, 1), (0.05, 2), (2, 7), (2.5, 8)])
    def test_is_tried_for_some_time_with_growing_pauses(self, seconds: float, attempts: int) -> None:
        bank = Bank()
        bank.deliver(credit(1, 100))

        def decide(account: Any) -> list[Event]:
            bank.decide(withdraw(1))
            return withdraw(1)(account)

        with pytest.raises(Contention, match=f"changed during each of {attempts} attempts; decide again") as raised:
            bank.decide(decide, seconds=seconds)
        assert (raised.value.attempts, raised.value.domain_id) == (attempts, DOMAIN_ID)
        assert (raised.value.throttled, raised.value.__cause__) == (0, None)
        assert bank.clock.pauses == [0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.0, 1.0][:attempts]
        assert bank.balance() == 100 - attempts

    @pytest.mark.parametrize("busy", [Busy, Throttled])
    def test_a_refused_request_is_one(self, busy: type[Exception]) -> None:
        """Others write the row at the moment, or the tables are throttled."""
        bank = Bank()
        bank.deliver(credit(1))
        failing(bank, busy(), busy())
        assert bank.decide(withdraw(1)).attempts == 3

    def test_to_throttled_tables_says_so(self) -> None:
        """Whoever reads it must know that the tables lack capacity, and not look for other writers."""
        bank = Bank()
        bank.deliver(credit(1))
        replies = [PermissionError("first"), PermissionError("last")]
        failing(bank, caused(Throttled(), replies[0]), Busy(), caused(Throttled(), replies[1]), RowChanged())
        with pytest.raises(Contention, match="throttled 2 of 4 attempts, and the object changed during 2") as raised:
            bank.decide(withdraw(1), seconds=0.2)
        assert (raised.value.attempts, raised.value.throttled) == (4, 2)
        assert raised.value.__cause__ is replies[1]


class TestACommand:
    def test_that_is_repeated_returns_the_first_outcome(self) -> None:
        bank = Bank()
        bank.deliver(credit(1, 10))
        command = bank.command("c")
        first = bank.decide(withdraw(5, parts=2), command)
        bank.clock.advance(3600)
        bank.deliver(credit(50, 3))
        again = bank.decide(withdraw(5, parts=2), command)
        assert [event.key for event in again.events] == [event.key for event in first.events]
        assert (again.is_repeated, again.attempts, again.object.Balance) == (True, 0, 3)
        assert len(bank.keys()) == 4

    def test_that_was_given_no_id_can_be_repeated_with_the_one_it_got(self) -> None:
        bank = Bank()
        bank.deliver(credit(1, 10))
        first = bank.decide(withdraw(5))
        again = bank.decide(withdraw(5), Command.of(DOMAIN_ID, first.command_id, first.command_time))
        assert (again.is_repeated, again.object.Balance) == (True, 5)
        assert (again.command_id, again.command_time) == (first.command_id, first.command_time)
        nothing = bank.decide(lambda account: None, bank.command("c"))
        assert (nothing.command_id, nothing.command_time) == ("c", "2026-01-01T00:30:00.000000000Z")

    def test_is_found_if_its_events_are_erased(self) -> None:
        bank = Bank()
        bank.deliver(credit(1, 10))
        command = bank.command("c")
        (event,) = bank.decide(withdraw(5), command).events
        key = {name: event.item[name] for name in ("DomainId", "EventKey")}
        bank.events.put(StoredEvent.of({**key, "Erased": {"S": "2026-01-02"}}))
        bank.rebuilds().rebuild(DOMAIN_ID)
        again = bank.decide(withdraw(5), command)
        assert (again.is_repeated, again.object.Balance, [each.is_erased for each in again.events]) == (
            True,
            10,
            [True],
        )

    def test_is_found_if_the_object_is_parked_since(self) -> None:
        bank = Bank()
        bank.deliver(credit(1, 10))
        command = bank.command("c")
        bank.decide(withdraw(5), command)
        bank.events.put(credit(40, name="Broken"))
        assert bank.decide(withdraw(5), command).is_repeated
        bank.deliver(credit(41, name="Broken"))
        assert bank.decide(withdraw(5), command).is_repeated

    def test_of_a_later_time_is_not_decided_before_it(self) -> None:
        """Otherwise it would not be found from its time on."""
        bank = Bank()
        bank.deliver(credit(1, 10))
        command = bank.command("c", minute=35)
        (event,) = bank.decide(withdraw(5), command).events
        assert event.key.startswith("2026-01-01T00:35:00.000000000Z#")
        assert bank.decide(withdraw(5), command).is_repeated

    @pytest.mark.parametrize(("skew", "latest"), [(0, 30), (600, 40)])
    def test_of_a_time_that_no_event_may_have_is_refused(self, skew: int, latest: int) -> None:
        """Otherwise all later decisions about the object would be as far in the future."""
        bank = Bank(skew=skew)
        bank.deliver(credit(1, 10))
        before = bank.account()
        command = bank.command("c", minute=latest + 1)
        message = (
            f"command_time, or the time in command_id: must not be in the future, after 2026-01-01T00:{latest}:00.*; "
            f"got {command.time}; give"
        )
        with pytest.raises(ValueError, match=message):
            bank.decide(lambda account: pytest.fail("the decider ran"), command)
        assert (bank.account(), bank.keys()) == (before, [credit(1).key])
        bank.decide(withdraw(1), bank.command("c", minute=latest))

    def test_is_found_by_a_service_whose_clock_is_behind(self) -> None:
        bank = Bank(skew=0)
        bank.deliver(credit(1, 10))
        first = bank.decide(withdraw(5))
        bank.clock.advance(-1)
        assert bank.decide(withdraw(5), Command.of(DOMAIN_ID, first.command_id, first.command_time)).is_repeated

    def test_is_one_whatever_the_second_call_asks_for(self) -> None:
        bank = Bank()
        bank.deliver(credit(1, 10))
        first = bank.decide(withdraw(5), bank.command("c"))
        again = bank.decide(lambda account: [Event("Credited", {"Amount": 99})], bank.command("c"))
        assert (again.is_repeated, [*again.events], bank.balance()) == (True, [*first.events], 5)

    def test_that_comes_with_another_time_is_named(self) -> None:
        """Such as the time of each call. After another decision its events would not be found, and it decided twice."""
        bank = Bank()
        bank.deliver(credit(1, 10))
        (event,) = bank.decide(withdraw(1), bank.command("c")).events
        bank.clock.advance(1)
        later = Command.of(DOMAIN_ID, "c", "2026-01-01T00:30:00.000000001Z")
        with pytest.raises(ValueError, match=r"command_time: must be the same in each call .*; got .*01Z, but the"):
            bank.decide(withdraw(1), later)
        assert bank.keys() == [credit(1).key, event.key]
        assert bank.decide(withdraw(1), bank.command("c", minute=29)).is_repeated  # it is found from then on, too

    def test_reads_only_events_since_its_time(self) -> None:
        bank = Bank()
        bank.deliver(*(credit(minute) for minute in range(1, 20)))
        bank.events.items_read = 0
        bank.decide(withdraw(1), bank.command("c", minute=15))
        assert bank.events.items_read == 5

    def test_that_was_refused_is_decided_again(self) -> None:
        bank = Bank()
        bank.deliver(credit(1, 10))
        command = bank.command("c")
        with pytest.raises(Overdrawn):
            bank.decide(withdraw(20), command)
        bank.deliver(credit(2, 10))
        assert not bank.decide(withdraw(20), command).is_repeated


class TestALostReply:
    def test_is_asked_for_again_and_found(self) -> None:
        """The transaction was carried out; sent again, it fails by its own first request."""
        bank = Bank()
        bank.deliver(credit(1, 10))
        lose_replies(bank, 1)
        done = bank.decide(withdraw(6))
        assert (done.is_repeated, done.object.Balance, len(bank.keys())) == (True, 4, 2)

    def test_is_found_when_the_time_is_over(self) -> None:
        bank = Bank()
        bank.deliver(credit(1, 10))
        lose_replies(bank, 1)
        assert bank.decide(withdraw(6), seconds=0.01).is_repeated

    @pytest.mark.parametrize(("seconds", "requests"), [(0, 1), (0.05, 3), (2, 8)])
    def test_is_asked_for_again_for_some_time(self, seconds: float, requests: int) -> None:
        bank = Bank()
        bank.deliver(credit(1, 10))
        unanswered = [caused(NoReply(), PermissionError(str(number))) for number in range(requests)]
        failing(bank, *unanswered, AssertionError("one request more"))
        with pytest.raises(OutcomeUnknown) as raised:
            bank.decide(withdraw(6), seconds=seconds)
        assert raised.value.__cause__ is unanswered[-1].__cause__

    def test_is_asked_for_again_for_any_time(self) -> None:
        """2,000 pauses, each with a maximum: the doubled ones do not exceed a number."""
        bank = Bank()
        bank.deliver(credit(1, 10))
        failing(bank, *[NoReply()] * 2_100)
        with pytest.raises(OutcomeUnknown):
            bank.decide(withdraw(6), seconds=2_000)

    def test_of_a_request_that_was_not_carried_out(self) -> None:
        bank = Bank()
        bank.deliver(credit(1, 10))
        failing(bank, NoReply(), NoReply(), Busy())
        done = bank.decide(withdraw(6))
        assert (done.attempts, done.object.Balance, len(bank.keys())) == (1, 4, 2)

    @pytest.mark.parametrize("named", [True, False])
    @pytest.mark.parametrize("carried_out", [True, False])
    def test_that_never_comes_leaves_the_outcome_unknown(self, *, carried_out: bool, named: bool) -> None:
        """Whoever asks again with the command that the error names is told the outcome."""
        bank = Bank()
        bank.deliver(credit(1, 10))
        write = bank.transactions.write

        def unanswered(events: Any, row: Any, *, replacing: Any) -> None:
            if carried_out and len(bank.keys()) == 1:
                write(events, row, replacing=replacing)
            raise NoReply

        bank.transactions.write = unanswered
        with pytest.raises(OutcomeUnknown) as raised:
            bank.decide(withdraw(6), bank.command("c") if named else None)
        assert isinstance(raised.value.__cause__, NoReply)
        command_id, command_time = raised.value.command_id, raised.value.command_time
        assert f"again with command_id={command_id!r} and command_time={command_time!r}" in str(raised.value)
        bank.transactions.write = write
        again = bank.decide(withdraw(6), Command.of(DOMAIN_ID, command_id, command_time))
        assert (again.is_repeated, bank.balance()) == (carried_out, 4)
        assert raised.value.event_ids == tuple(event.event_id for event in again.events)

    @pytest.mark.parametrize("error", [PermissionError(), ItemsRefused("too large")])
    def test_before_another_error_leaves_the_outcome_unknown(self, error: Exception) -> None:
        bank = Bank()
        bank.deliver(credit(1, 10))
        failing(bank, NoReply(), error)
        with pytest.raises(OutcomeUnknown) as raised:
            bank.decide(withdraw(6))
        assert raised.value.__cause__ is error

    def test_before_tables_that_cannot_be_read_leaves_the_outcome_unknown(self) -> None:
        """The transaction cannot be carried out any more. Only the tables show if it was."""
        bank = Bank()
        bank.deliver(credit(1, 10))
        lose_replies(bank, 1)
        broken = reading_once(bank)
        with pytest.raises(OutcomeUnknown) as raised:
            bank.decide(withdraw(6))
        assert (raised.value.__cause__, len(bank.keys())) == (broken, 2)

    def test_that_was_none_before_tables_that_cannot_be_read_leaves_nothing_unknown(self) -> None:
        bank = Bank()
        bank.deliver(credit(1, 10))
        failing(bank, RowChanged())
        reading_once(bank)
        with pytest.raises(PermissionError):
            bank.decide(withdraw(6))

    def test_another_error_alone_passes_through(self) -> None:
        bank = Bank()
        bank.deliver(credit(1, 10))
        failing(bank, PermissionError())
        with pytest.raises(PermissionError):
            bank.decide(withdraw(6))


class TestAnObjectThatLacksEvents:
    def test_parked(self) -> None:
        bank = Bank()
        bank.deliver(credit(1, 10))
        bank.deliver(credit(2, name="Broken"))
        with pytest.raises(ObjectParked, match=r"found it parked since .* with LOGIC at the event e2") as raised:
            bank.decide(withdraw(1))
        assert (raised.value.event_id, raised.value.cause, raised.value.error) == ("e2", Cause.LOGIC, "ValueError")
        assert "unknown" in raised.value.reason
        assert "unknown" not in str(raised.value)
        with pytest.raises(ObjectParked):
            bank.deciding().current(DOMAIN_ID)

    def test_soon_parked(self) -> None:
        bank = Bank()
        bank.deliver(credit(1, 10))
        bank.events.put(credit(2, name="Broken"))
        with pytest.raises(ObjectParked):
            bank.decide(withdraw(1))
        assert len(bank.keys()) == 2

    def test_an_event_that_may_crash_the_process_is_not_tried(self) -> None:
        bank = Bank()
        bank.deliver(credit(1, 10))
        event = credit(2)
        bank.events.put(event)
        row = bank.account()
        probe = CrashProbe(event.key, "v1", "other", bank.clock.text(later_by=60), crashes=0)
        bank.rows.write(row.followed_by(probes=(probe,)), replacing=row)
        with pytest.raises(ObjectParked) as raised:
            bank.decide(withdraw(1))
        assert raised.value.cause is Cause.PROCESS_DIED

    def test_such_an_event_is_not_tried_if_the_object_has_no_state_either(self) -> None:
        """Without a state, all stored events are folded, and not only the first one."""
        bank = Bank()
        bank.events.put(credit(1), credit(2))
        probe = CrashProbe(credit(2).key, "v1", "other", bank.clock.text(later_by=60), crashes=0)
        bank.rows.write(DomainRow(DOMAIN_ID, INITIAL_STATE, "v1", probes=(probe,)), replacing=None)
        with pytest.raises(ObjectParked) as raised:
            bank.decide(withdraw(1))
        assert raised.value.cause is Cause.PROCESS_DIED

    def test_lost_events_in_a_refold(self) -> None:
        """Only a refold notices: this version cannot read the row of the other."""
        bank = Bank()
        bank.deliver(credit(1, 10), version="v0")
        bank.deliver(credit(2, 10), version="v0")
        bank.events.lose(credit(1))
        with pytest.raises(ObjectParked) as raised:
            bank.decide(withdraw(1))
        assert raised.value.cause is Cause.EVENTS_MISSING


class TestOtherLogic:
    def test_continues_a_row_that_it_can_read(self) -> None:
        bank = Bank()
        bank.deliver(credit(1, 10))
        assert bank.decide(withdraw(4), version="v2").object.Balance == 6
        assert bank.account().logic_version == MIXED

    def test_folds_again_what_it_cannot_read(self) -> None:
        bank = Bank()
        bank.deliver(credit(1, 10), version="v0")
        bank.deliver(credit(2, 10), version="v0")
        assert bank.deciding().current(DOMAIN_ID).Balance == 20
        assert bank.decide(withdraw(15)).object.Balance == 5
        assert bank.account().logic_version == "v1"
        redelivered(bank)


class TestOtherLogicThatFailsAtTheDecidersEvent:
    """It reads the row of the other version, with a default, and fails at the next event: so the row is folded again.

    The decision must be made on what that fold gives, and not on the row that was read.
    """

    @staticmethod
    def bank() -> Bank:
        bank = Bank(logic=charging)
        bank.deliver(credit(1, 10))
        bank.deliver(credit(2, 10))
        assert bank.balance() == 20
        return bank

    def test_refuses_on_the_state_that_this_logic_folds(self) -> None:
        bank, seen = self.bank(), []

        def decide(account: Any) -> list[Event]:
            seen.append(account.Balance)
            return withdraw(15)(account)

        with pytest.raises(Overdrawn):
            bank.decide(decide, version="v2", seconds=0)
        assert (seen, bank.balance(), len(bank.keys())) == ([20, 12], 20, 2)

    @pytest.mark.parametrize("waiting", [False, True])
    def test_decides_on_the_state_that_this_logic_folds(self, *, waiting: bool) -> None:
        bank = self.bank()
        bank.events.put(*[credit(3, 4)] * waiting)
        done = bank.decide(withdraw(12), version="v2", seconds=0)
        assert (done.object.Balance, bank.balance(), done.attempts) == (0, 0, 1 if waiting else 2)
        assert bank.account().logic_version == "v2"
        redelivered(bank, "v2")

    def test_writes_what_this_logic_folds_if_the_next_events_would_not_fail(self) -> None:
        """The decider returns others on the other state, and upon the row that was read they could be applied."""
        bank = self.bank()
        done = bank.decide(lambda account: withdraw(5 if account.Balance == 20 else 1)(account), version="v2")
        assert (done.object.Balance, bank.balance(), bank.account().logic_version) == (11, 11, "v2")
        redelivered(bank, "v2")

    def test_knows_late_events_that_this_fold_meets(self) -> None:
        bank = self.bank()
        bank.deliver(credit(20, 4))
        bank.events.put(credit(10, 4))
        assert bank.decide(withdraw(12), version="v2", seconds=0).object.Balance == 0
        redelivered(bank, "v2")

    @pytest.mark.parametrize("reads", [True, False])
    def test_has_late_events_that_a_snapshot_lacks(self, *, reads: bool) -> None:
        """Else the row that follows, of a fold upon the snapshot, would lack them as long as they are not projected."""
        bank = Bank(logic=charging if reads else partial(charging, default=False))
        for minute in (1, 2, 20):
            bank.deliver(credit(minute, 10), version="v2")
        bank.deliver(credit(21, 10))
        (mark,) = bank.account().marks.read()
        assert (bank.account().logic_version, mark.slot, mark.key > credit(10).key) == (MIXED, 0, True)
        bank.events.put(credit(10, 10))
        assert bank.decide(withdraw(12), version="v2", seconds=0).object.Balance == 5 * 6 - 12
        assert bank.account().logic_version == "v2"
        redelivered(bank, "v2")


def charging(version: str, *, default: bool = True) -> DomainLogic:
    """The account's logic; from "v2" on it takes a fee of 4 for each credit, and sums the fees up. A 1 is free.

    Args:
        default: False if it cannot read a row without the sum.
    """
    logic = account_logic(version)
    if version < "v2":
        return logic
    read, write, apply = logic.from_dynamo_item, logic.to_dynamo_item, logic.apply

    def from_dynamo_item(item: Any) -> Any:
        account = read(item)
        account.Fees = item.get("Fees") if default else item.Fees
        return account

    def apply_with_fee(account: Any, event: StoredEvent) -> Any:
        account.Fees = getattr(account, "Fees", 0)
        if event.payload["Amount"] != 1:
            account.Fees += (fee := 4 * (event.event_name == "Credited"))
            account.Balance -= fee
        return apply(account, event)

    logic.from_dynamo_item = from_dynamo_item
    logic.to_dynamo_item = lambda account: {**write(account), "Fees": account.Fees}
    logic.apply = apply_with_fee  # type: ignore[method-assign, assignment]
    return logic


def test_logic_that_cannot_read_the_row_is_no_refusal() -> None:
    """Such as that of another domain, or a newer one than the deployed one: a service gives the folder of its layer."""
    bank = Bank()
    bank.deliver(credit(1))
    bank.logic = lambda version: account_logic("v0")
    calls: list[Callable[[], Any]] = [lambda: bank.decide(withdraw(1)), lambda: bank.deciding().current(DOMAIN_ID)]
    for call in calls:
        with pytest.raises(
            LogicFailed, match=r"must be the deployed one, .*; it fails with KeyError, from_dyn"
        ) as raised:
            call()
        failed = raised.value
        assert (failed.event_name, failed.error, failed.reason) == ("", "KeyError", "KeyError: 'Saldo'")
        assert "Saldo" not in "".join(traceback.format_exception(failed))
    assert bank.keys() == [credit(1).key]


class TestEventsThatAreRefused:
    def test_by_the_logic(self) -> None:
        bank = Bank()
        bank.deliver(credit(1))
        with pytest.raises(
            LogicFailed, match=r"event 2 of 2 \(Broken\); it fails with ValueError, apply; `reason` says why"
        ) as raised:
            bank.decide(lambda account: [Event("Credited", {"Amount": 1}), Event("Broken")])
        assert (raised.value.event_name, raised.value.error) == ("Broken", "ValueError")
        assert (bank.keys(), bank.balance()) == ([credit(1).key], 10)

    @pytest.mark.parametrize(
        ("event", "message"),
        [
            (Event(""), "EventName: must be a non-empty string"),
            (Event("Credited", version=True), "Version: must be a whole number"),
            (Event("Credited", {"At": object()}), "Payload.At: must be a JSON value; found a object"),
            (Event("Credited", {"Amount": float("nan")}), "Payload.Amount: must be a finite number; found NaN"),
            (Event("Credited", {"Amount": 1, "Secret": "xxx" + secrets.token_hex(600_000)}), "an item must"),
        ],
    )
    def test_by_the_contract(self, event: Event, message: str) -> None:
        bank = Bank()
        bank.deliver(credit(1))
        with pytest.raises(EventInvalid, match=message) as raised:
            bank.decide(lambda account: [event])
        assert "xxx" not in str(raised.value)
        assert bank.keys() == [credit(1).key]

    @pytest.mark.parametrize(
        "event",
        [
            Event("Credited", {"Amount": 1}, version="xxx-secret"),  # type: ignore[arg-type]
            Event("Credited", {"Amount": "xxx-secret", "At": object()}),
            Event("Credited", {"xxx-secret": {1: "xxx-secret"}}),
            Event("Credited", {"Amount": 1, "Secret": "xxx-secret" + secrets.token_hex(600_000)}),
            Event({"Amount": 1, "Secret": "xxx-secret"}, "Credited"),  # type: ignore[arg-type]  # the wrong way round
            Event("xxx-secret" * 100),
        ],
    )
    def test_in_a_traceback_without_a_value(self, event: Event) -> None:
        """Whoever logs the error logs the errors that it came from."""
        with pytest.raises(EventInvalid) as raised:
            Bank().decide(lambda account: [event])
        shown = "".join(traceback.format_exception(raised.value)).replace("Payload.xxx-secret", "")
        assert "xxx" not in shown

    @pytest.mark.parametrize(
        ("third", "error", "message"),
        [
            (Event("Credited", {"Amount": object()}), EventInvalid, r"event 3 of 4 \(Credited\): Payload.Amount: must"),
            (Event("Credited", version=True), EventInvalid, r"event 3 of 4 \(Credited\): Version: must be a whole"),
            (
                Event("Credited", secrets.token_hex(600_000)),
                EventInvalid,
                r"event 3 of 4 \(Credited\): the event takes",
            ),
            (Event("", {"Amount": 1}), EventInvalid, "event 3 of 4: EventName: must be a non-empty string"),
            (Event("Credited", {}), LogicFailed, r"event 3 of 4 \(Credited\); it fails with KeyError"),
        ],
    )
    def test_by_their_number(self, third: Event, error: type[Exception], message: str) -> None:
        """Several events may have one name."""
        good = Event("Credited", {"Amount": 1})
        with pytest.raises(error, match=message):
            Bank().decide(lambda account: [good, good, third, third])

    def test_too_many(self) -> None:
        with pytest.raises(EventInvalid, match="at most 99 events; got 100"):
            Bank().decide(lambda account: [Event("Credited", {"Amount": 1})] * 100)

    def test_by_the_tables(self) -> None:
        bank = Bank()
        failing(bank, ItemsRefused("too large"))
        with pytest.raises(EventInvalid, match="too large"):
            bank.decide(lambda account: [Event("Credited", {"Amount": 1})])

    @pytest.mark.parametrize(
        ("returned", "found"),
        [
            ("Debited", "a value of the type str"),
            ({"EventName": "Debited"}, "a value of the type dict"),
            (Event("Debited"), "one Event; put it into a list"),
            ([("Debited", {})], "a value of the type tuple"),
            (withdraw, "a function; if yours makes the decider, call it and give what it returns"),
            (Overdrawn(), "the exception Overdrawn; raise it to refuse"),
            ([testing.event("Debited")], "a value of the type cp_event_source.testing.events.ShortEvent"),
        ],
    )
    def test_something_else(self, returned: Any, found: str) -> None:
        with pytest.raises(TypeError, match=f"must return a list of Event, or None; got {found}"):
            Bank().decide(lambda account: returned)

    @pytest.mark.filterwarnings("error")
    def test_of_an_asynchronous_decider(self) -> None:
        """It is named as the cause, and leaves no warning of a coroutine that nobody awaited."""

        async def decide(account: Any) -> list[Event]:
            return []

        async def each(account: Any) -> AsyncIterator[Event]:
            yield Event("Debited")

        deciders: list[Any] = [decide, each]
        for decider in deciders:
            with pytest.raises(TypeError, match="; got a coroutine; a decider must not be async"):
                Bank().decide(decider)
            gc.collect()


def test_the_decider_may_change_its_object() -> None:
    """It gets one of its own: nothing that it does to it reaches the row."""
    bank = Bank()
    bank.deliver(credit(1, 10))

    def decide(account: Any) -> list[Event]:
        account.Balance = 1_000
        return [Event("Debited", {"Amount": 1})]

    assert bank.decide(decide).object.Balance == 9


class TestArithmetic:
    """Whatever the caller's decimal context is, deciders and objects have that of the fold, with 38 digits."""

    def test_of_a_decider(self) -> None:
        bank = Bank()
        bank.deliver(credit(1, 10))

        def decide(account: Any) -> Iterator[Event]:
            yield Event("Credited", {"Amount": Decimal(1) / 3})

        with localcontext(prec=3):
            done = bank.decide(decide)
        assert done.events[0].payload == {"Amount": Decimal(f"0.{'3' * 38}")}

    def test_of_the_object(self) -> None:
        def with_third(version: str) -> DomainLogic:
            logic = account_logic(version)
            read = logic.from_dynamo_item

            def from_dynamo_item(item: Any) -> Any:
                account = read(item)
                account.Third = Decimal(account.Balance) / 3
                return account

            logic.from_dynamo_item = from_dynamo_item
            return logic

        bank = Bank(logic=with_third)
        bank.deliver(credit(1, 10))
        seen: list[Any] = []

        def decide(account: Any) -> list[Event]:
            seen.append(account)
            return withdraw(0)(account)

        with localcontext(prec=3):
            seen += [bank.deciding().current(DOMAIN_ID), bank.decide(decide).object, bank.decide(lambda _: None).object]
            seen += [bank.decide(withdraw(0), bank.command("c")).object for _ in range(2)]
        assert [account.Third for account in seen] == [Decimal(f"3.{'3' * 37}")] * 6


def test_threads_decide_on_one_object() -> None:
    bank = Bank()
    bank.deliver(credit(1, 5))
    lock = threading.Lock()
    write = bank.transactions.write

    def locked(*arguments: Any, **options: Any) -> None:
        with lock:
            write(*arguments, **options)

    bank.transactions.write = locked
    outcomes: list[str] = []

    def work() -> None:
        try:
            bank.decide(withdraw(1), seconds=math.inf)
        except Overdrawn:
            outcomes.append("refused")
        else:
            outcomes.append("decided")

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["decided"] * 5 + ["refused"] * 7
    assert (bank.balance(), len(bank.keys())) == (0, 6)


def failing(bank: Bank, *errors: Exception) -> None:
    """The next requests fail, without an effect."""
    write, left = bank.transactions.write, list(errors)

    def call(*arguments: Any, **options: Any) -> None:
        if left:
            raise left.pop(0)
        write(*arguments, **options)

    bank.transactions.write = call


def caused(error: Exception, cause: Exception) -> Exception:
    """The error as the tables raise it: from that of botocore."""
    error.__cause__ = cause
    return error


def reading_once(bank: Bank) -> Exception:
    """The row can be read once more. Returns the error of later reads."""
    read, error, left = bank.rows.read, PermissionError(), [None]

    def call(domain_id: str) -> Any:
        if not left:
            raise error
        left.pop()
        return read(domain_id)

    bank.rows.read = call  # type: ignore[method-assign]
    return error


def lose_replies(bank: Bank, count: int) -> None:
    """The next requests are carried out, and their replies are lost."""
    write: Callable[..., None] = bank.transactions.write
    left = [count]

    def call(*arguments: Any, **options: Any) -> None:
        write(*arguments, **options)
        left[0] -= 1
        if left[0] >= 0:
            raise NoReply

    bank.transactions.write = call


def test_current_is_what_a_decision_sees() -> None:
    bank = Bank()
    assert bank.deciding().current(DOMAIN_ID) is None
    bank.deliver(credit(1, 10))
    bank.events.put(credit(2, 5))
    assert bank.deciding().current(DOMAIN_ID).Balance == 15


def test_a_repeated_command_of_an_object_that_other_logic_parked_has_its_outcome_without_the_object() -> None:
    """This logic cannot read the row that the other logic wrote."""
    bank = Bank()
    bank.deliver(credit(1, 100), version="v0")
    command = bank.command("c")
    first = bank.decide(withdraw(30), command, version="v0")
    bank.deliver(credit(2, name="Broken"), version="v0")
    again = bank.decide(withdraw(30), command, version="v1")
    assert (again.is_repeated, again.object) == (True, None)
    assert [event.key for event in again.events] == [event.key for event in first.events]
