"""Guarantee: work is done side by side, and also in a process that can have no more threads."""

import threading
from collections.abc import Callable, Iterator

import pytest

from cp_event_source.handler.values.threads import Threads


@pytest.fixture
def threads() -> Iterator[Threads]:
    threads = Threads(3)
    yield threads
    threads.shutdown()


def test_three_threads_work_at_once(threads: Threads) -> None:
    """Each waits for the others."""
    meeting = threading.Barrier(3, timeout=20)
    results = [threads.submit(meeting.wait) for _ in range(3)]
    assert sorted(each.result() for each in results) == [0, 1, 2]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_without_another_thread_the_work_is_done_at_once(
    threads: Threads, limit_threads: Callable[[int], None], number: int
) -> None:
    limit_threads(number)
    free = threading.Event()
    busy = [threads.submit(free.wait, 20) for _ in range(number)]
    try:
        assert threads.submit(threading.get_ident).result(timeout=0) == threading.get_ident()
    finally:
        free.set()
    assert all(each.result() for each in busy)


def test_an_error_of_work_that_is_done_at_once_is_its_result(
    threads: Threads, limit_threads: Callable[[int], None]
) -> None:
    limit_threads(0)
    with pytest.raises(ValueError, match="invalid literal"):
        threads.submit(int, "x").result(timeout=0)
