"""Guarantee: no signal gets in between the start of a process and the moment when it is known whom to end."""

import os
import signal
import threading

import pytest

from cp_event_source.local.held_signals import held_signals


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
