"""Guarantee: no signal gets in between the start of a process and the moment when it is known whom to end."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from cp_event_source.local.held_signals import held_signals


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """SIGINT raises, whatever this process inherited."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_a_signal_waits_until_the_block_is_over() -> None:
    reached = []

    def interrupted() -> None:
        with held_signals():
            os.kill(os.getpid(), signal.SIGINT)
            reached.append("inside")
        reached.append("behind")

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert reached == ["inside"]


def test_the_handlers_are_what_they_were() -> None:
    before = signal.getsignal(signal.SIGINT)
    with held_signals():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before


def test_elsewhere_than_in_the_main_thread_nothing_is_held() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def look() -> None:
        with held_signals():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [before]


def test_what_is_ignored_or_blocked_here_is_neither_in_a_process_that_is_started() -> None:
    """A script ignores SIGINT for what it runs in the background, nohup SIGHUP; a child would inherit that."""
    numbers = (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD, signal.SIGALRM)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    code = (
        "import signal\n"
        f"ignored = [n for n in {[*map(int, numbers)]} if signal.getsignal(n) == signal.SIG_IGN]\n"
        "print(ignored, sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])))"
    )
    try:
        with held_signals():
            child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        after = {number: signal.getsignal(number) for number in numbers}
        still_blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, handler in before.items():
            signal.signal(number, handler)
    assert child.communicate(timeout=60)[0] == "[] []\n"
    assert after == dict.fromkeys(numbers, signal.SIG_IGN)
    assert signal.SIGTERM in still_blocked
