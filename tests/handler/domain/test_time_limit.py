"""Guarantee: a block of Python that runs too long is stopped, whatever it catches; signals are restored."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from types import FrameType

import pytest

from cp_event_source.handler.domain.time_limit import TookTooLong, time_limit
from tests.handler.given import endless

SHORT = 0.05
AMPLE = 0.5
"""Of which a tenth is needed: enough however busy the machine is."""
LONG = 60.0


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    """The signal's handler and timer are as they were (pytest's own time limit uses them, too)."""
    handler, (seconds, interval) = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)
    yield
    assert signal.getsignal(signal.SIGALRM) is handler
    left, interval_now = signal.getitimer(signal.ITIMER_REAL)
    assert (left > 0, interval_now) == (seconds > 0, interval)


def test_a_block_within_its_limit_is_not_stopped() -> None:
    with time_limit(LONG) as limit, limit:
        result = sum(range(1000))
    assert result == 499_500


def test_an_endless_block_is_stopped_and_the_limit_named() -> None:
    with pytest.raises(TookTooLong, match=r"took longer than 0\.05 s"), time_limit(SHORT) as limit, limit:
        endless()


def test_an_endless_wait_is_stopped() -> None:
    with pytest.raises(TookTooLong), time_limit(SHORT) as limit, limit:
        threading.Event().wait(20)


def test_a_handler_of_ordinary_exceptions_does_not_catch_it() -> None:
    with pytest.raises(TookTooLong), time_limit(SHORT) as limit, limit, suppress(Exception):
        endless()


def test_a_block_that_catches_the_exception_once_is_stopped_again() -> None:
    def swallow() -> None:
        with suppress(BaseException):
            endless()
        endless()

    with pytest.raises(TookTooLong), time_limit(SHORT) as limit, limit:
        swallow()


def test_a_block_that_catches_the_exception_and_ends_still_fails() -> None:
    """What it did after hangs on the clock: the next fold of the same events could end otherwise."""
    with pytest.raises(TookTooLong), time_limit(SHORT) as limit, limit, suppress(BaseException):
        endless()


def test_an_error_of_the_block_passes_through() -> None:
    with pytest.raises(KeyError), time_limit(LONG) as limit, limit:
        raise KeyError("x")


def test_a_timer_and_a_handler_that_were_there_before_are_there_after() -> None:
    def mine(_signal: int, _frame: FrameType | None) -> None:
        raise AssertionError

    handler, timer = signal.signal(signal.SIGALRM, mine), signal.setitimer(signal.ITIMER_REAL, 1000, 500)
    try:
        for _ in range(3):
            with time_limit(LONG) as limit, limit:
                pass
        with pytest.raises(TookTooLong), time_limit(SHORT) as limit, limit:
            endless()
        assert signal.getsignal(signal.SIGALRM) is mine
        seconds, interval = signal.getitimer(signal.ITIMER_REAL)
        assert (seconds > 0, interval) == (True, 500)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, *timer)


@pytest.fixture
def alarms() -> Iterator[threading.Event]:
    """Set by the program's own alarm."""
    came = threading.Event()
    handler = signal.signal(signal.SIGALRM, lambda *_: came.set())
    timer = signal.setitimer(signal.ITIMER_REAL, 0)
    yield came
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, *timer)


def test_an_alarm_of_the_program_comes_no_later_for_the_limit(alarms: threading.Event) -> None:
    signal.setitimer(signal.ITIMER_REAL, 1000)
    with time_limit(LONG) as limit, limit:
        threading.Event().wait(SHORT)
    assert signal.getitimer(signal.ITIMER_REAL)[0] <= 1000 - SHORT


def test_an_alarm_of_the_program_that_is_due_meanwhile_comes_after_the_limit(alarms: threading.Event) -> None:
    signal.setitimer(signal.ITIMER_REAL, SHORT)
    with time_limit(LONG) as limit, limit:
        threading.Event().wait(2 * SHORT)
        assert not alarms.is_set()
    assert alarms.wait(20)


@pytest.fixture
def of_the_processor() -> Iterator[None]:
    """The program measures its own time on the processor."""
    handler = signal.signal(signal.SIGVTALRM, lambda *_: None)
    timer = signal.setitimer(signal.ITIMER_VIRTUAL, 1000, 500)
    yield
    signal.setitimer(signal.ITIMER_VIRTUAL, *timer)
    signal.signal(signal.SIGVTALRM, handler)


def test_a_timer_of_the_program_on_the_processor_goes_on(of_the_processor: None) -> None:
    with time_limit(LONG) as limit, limit:
        seconds, interval = signal.getitimer(signal.ITIMER_VIRTUAL)
        assert (seconds > 900, interval) == (True, 500)
    seconds, interval = signal.getitimer(signal.ITIMER_VIRTUAL)
    assert (seconds > 900, interval) == (True, 500)


def test_a_process_that_may_not_be_ended_is_not() -> None:
    with time_limit(LONG, may_end_process=False) as limit, limit:
        assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0, 0)
    with time_limit(LONG) as limit, limit:
        assert signal.getitimer(signal.ITIMER_VIRTUAL)[0] > LONG
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0, 0)


def test_a_handler_that_is_not_pythons_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that embeds Python may have installed one, and Python could not put it back."""
    handler, found = signal.getsignal(signal.SIGALRM), list[object]()
    with monkeypatch.context() as patched, ExitStack() as limits:
        patched.setattr(signal, "getsignal", lambda number: None)
        limit = limits.enter_context(time_limit(SHORT))
        patched.undo()

        def work() -> None:
            found.append(signal.getsignal(signal.SIGALRM))
            threading.Event().wait(2 * SHORT)

        with pytest.raises(TookTooLong), limit:
            work()
    assert found == [handler]


def test_each_block_has_the_whole_time_and_none_of_it_runs_in_between() -> None:
    ran = 0
    with time_limit(AMPLE) as limit:
        for _ in range(12):
            with limit:
                threading.Event().wait(AMPLE / 10)
                ran += 1
        threading.Event().wait(2 * AMPLE)
        with pytest.raises(TookTooLong), limit:
            endless()
        with limit:
            ran += 1
    assert ran == 13


def test_an_inner_limit_leaves_the_outer_one_in_force() -> None:
    def work() -> None:
        with time_limit(LONG) as limit, limit:
            pass
        endless()

    with pytest.raises(TookTooLong, match=r"than 0\.1 s"), time_limit(0.1) as limit, limit:
        work()


def test_outside_the_main_thread_a_block_is_not_stopped_but_still_fails() -> None:
    """Only the main thread gets SIGALRM."""
    ended: list[str] = []

    def work() -> None:
        with time_limit(AMPLE) as limit:
            with limit:
                ended.append("in time")
            try:
                with limit:
                    threading.Event().wait(2 * AMPLE)
                    ended.append("late")
            except TookTooLong:
                ended.append("too long")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert ended == ["in time", "late", "too long"]


def _switch_the_timer_off() -> None:
    signal.setitimer(signal.ITIMER_REAL, 0)


def _set_a_timer_of_its_own() -> None:
    signal.setitimer(signal.ITIMER_REAL, LONG)


def _ignore_the_signal() -> None:
    signal.signal(signal.SIGALRM, signal.SIG_IGN)


def _take_the_signal() -> None:
    signal.signal(signal.SIGALRM, lambda *_: None)


def _block_the_signal() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])


DISARMED = [_switch_the_timer_off, _set_a_timer_of_its_own, _ignore_the_signal, _take_the_signal, _block_the_signal]


@pytest.mark.parametrize("disarm", DISARMED)
@pytest.mark.parametrize("how", ["returns", "raises"])
def test_a_block_that_disables_the_limit_fails_however_it_ends(disarm: Callable[[], None], how: str) -> None:
    """A library that sets its own timer does this."""

    def work() -> None:
        disarm()
        # between two signals: where this thread blocks them, another one (of pytest-xdist) may take one a moment later
        threading.Event().wait(2.5 * SHORT)
        if how == "raises":
            raise KeyError("x")

    try:
        with pytest.raises(TookTooLong), time_limit(SHORT) as limit, limit:
            work()
    finally:
        signal.sigtimedwait([signal.SIGALRM], 0)  # what came while it was blocked
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM])


@pytest.mark.parametrize("disarm", DISARMED[:2])
def test_the_block_after_one_that_switches_the_timer_off_is_stopped(disarm: Callable[[], None]) -> None:
    with time_limit(AMPLE) as limit:
        with limit:
            disarm()
        with pytest.raises(TookTooLong), limit:
            endless()


@pytest.mark.parametrize("disarm", DISARMED[2:4])
def test_the_next_limit_takes_the_signal_back(disarm: Callable[[], None]) -> None:
    with time_limit(LONG) as limit, limit:
        disarm()
    with pytest.raises(TookTooLong), time_limit(SHORT) as limit, limit:
        endless()


@pytest.mark.parametrize(
    "work",
    [
        "sum(itertools.repeat(0))",
        "exec('while True:\\n try:\\n  time.sleep(0)\\n  while True: pass\\n except BaseException: pass')",
    ],
    ids=["a call into C that never returns", "a loop that swallows everything"],
)
def test_what_cannot_be_stopped_ends_with_the_process(work: str) -> None:
    """Lambda then starts another process. Without this, it would run until Lambda's time-out of 15 minutes."""
    program = (
        "import itertools, time\n"
        "from cp_event_source.handler.domain import time_limit\n"
        "time_limit._LAST_RESORT_SECONDS = 0.1\n"
        "with time_limit.time_limit(0.1) as limit:\n"
        "    with limit:\n"
        f"        {work}\n"
    )
    root = Path(__file__).parents[3]
    ended = subprocess.run([sys.executable, "-c", program], cwd=root, timeout=60, check=False)
    assert ended.returncode == -signal.SIGVTALRM


def test_blocks_that_keep_their_limit_do_not_end_the_process_however_many_they_are() -> None:
    """The last resort is set again while blocks run one after another, though not by each of them."""
    program = (
        "import time\n"
        "from contextlib import suppress\n"
        "from cp_event_source.handler.domain import time_limit\n"
        "time_limit._LAST_RESORT_SECONDS = 0.05\n"
        "with time_limit.time_limit(0.05) as limit:\n"
        "    while time.process_time() < 0.6:\n"
        "        with suppress(time_limit.TookTooLong), limit:  # a busy machine may stop it in the middle\n"
        "            pass\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parents[3], timeout=60, check=False)
    assert ended.returncode == 0


def test_a_signal_between_two_blocks_stops_neither() -> None:
    with time_limit(LONG) as limit:
        with limit:
            pass
        signal.raise_signal(signal.SIGALRM)
        with limit:  # it may also be handled only now, while the next block already runs
            signal.raise_signal(signal.SIGALRM)
