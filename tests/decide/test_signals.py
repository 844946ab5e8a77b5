"""Guarantee: a service keeps its signals. Only in its main thread, while the logic runs, the limit takes SIGALRM."""

import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cp_event_source.decide.command import Command
from cp_event_source.decide.deciding import Decided, Who
from cp_event_source.decide.errors import LogicFailed
from cp_event_source.decide.event import Event
from cp_event_source.decide.objects import deciding
from cp_event_source.decide.settings import DeciderSettings
from cp_event_source.handler.domain.time_limit import TookTooLong
from cp_event_source.handler.values.clock import Clock
from tests.doubles.clients import direct_dynamodb
from tests.doubles.dynamodb import DynamoDB
from tests.handler.given import endless

from .given import DOMAIN_ID, account_logic

LONG = 60.0
SHORT = 0.05


def decide(seconds: float, logic_does: Callable[[], object]) -> Decided[Any]:
    """A first decision about an object, whose logic does this."""
    db = DynamoDB()
    db.create_table("events", "DomainId", "EventKey")
    db.create_table("rows", "DomainId")
    logic = account_logic()
    create = logic.create_new

    def create_new(event: Any) -> Any:
        logic_does()
        return create(event)

    logic.create_new = create_new
    settings = DeciderSettings("Account", "events", "rows", "snapshots", "v1", seconds, 100, 600, "{}")
    made = deciding(settings, logic, direct_dynamodb(db), Clock())
    command = Command.of(DOMAIN_ID, "c", "2026-01-01T00:00:00Z")
    return made.decide(DOMAIN_ID, command, lambda _: [Event("Credited", {"Amount": 1})], Who("ada"), timeout_seconds=0)


def in_a_thread(function: Callable[[], object]) -> object:
    """What the function returns or raises in a thread."""
    ended: list[object] = []

    def work() -> None:
        try:
            ended.append(function())
        except LogicFailed as error:
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return ended[0]


def signals() -> tuple[object, ...]:
    """Whose signals they are: the handlers, and which timers run with which intervals."""
    timers = [signal.getitimer(which) for which in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)]
    running = [(left > 0, interval) for left, interval in timers]
    return *running, *(signal.getsignal(number) for number in (signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF))


@pytest.fixture(params=[True, False], ids=["a program with signals of its own", "a program without"])
def before(request: pytest.FixtureRequest) -> Iterator[tuple[object, ...]]:
    """The program's signals."""
    timers = {signal.ITIMER_REAL: signal.SIGALRM, signal.ITIMER_VIRTUAL: signal.SIGVTALRM}
    handlers = {number: signal.getsignal(number) for number in timers.values()}
    kept = {which: signal.setitimer(which, 0) for which in timers}
    for which, number in timers.items() if request.param else ():
        signal.signal(number, lambda *_: None)
        signal.setitimer(which, 1000, 500)
    yield signals()
    for which, number in timers.items():
        signal.setitimer(which, 0)
        signal.signal(number, handlers[number])
        signal.setitimer(which, *kept[which])


def test_a_service_that_decides_in_a_thread_notices_nothing(before: tuple[object, ...]) -> None:
    seen: list[object] = []
    done = in_a_thread(lambda: decide(LONG, lambda: seen.append(signals())))
    assert isinstance(done, Decided)
    assert [*seen, signals()] == [before] * len(seen) + [before]
    assert seen


def test_in_a_thread_logic_that_is_too_slow_is_measured_and_fails() -> None:
    failed = in_a_thread(lambda: decide(SHORT, lambda: threading.Event().wait(2 * SHORT)))
    assert isinstance(failed, LogicFailed)
    assert failed.error == TookTooLong.__name__


def test_a_service_that_decides_in_its_main_thread_has_its_signals_again(before: tuple[object, ...]) -> None:
    seen: list[tuple[object, ...]] = []
    done: Any = decide(LONG, lambda: seen.append(signals()))
    assert done.object.Balance == 1
    assert signals() == before
    ours = [each for each, was in zip(seen[0], before, strict=True) if each != was]
    assert len(ours) == 2 - (before[0] == (True, 500)) + (before[0] == (True, 500)), (
        "the timer of SIGALRM, and its handler"
    )
    assert seen[0][1] == before[1], "nothing ends the process of a service"


def test_in_the_main_thread_endless_logic_is_stopped_and_fails(before: tuple[object, ...]) -> None:
    with pytest.raises(LogicFailed, match=TookTooLong.__name__):
        decide(SHORT, endless)
    assert signals() == before
