"""Guarantee: the times and ids of a process increase strictly, in all threads and whatever its clock does."""

import sys
import time
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.handler.events.event_time import instant
from cp_event_source.producer import clock

LAST = 253_402_300_000_000_000_000  # in the year 9999

nanoseconds = st.one_of(st.integers(0, LAST), st.integers(1_700_000_000_000_000_000, 1_700_000_000_002_000_000))


@contextmanager
def clock_of(readings: Iterable[int]) -> Iterator[None]:
    """A process without earlier events, whose clock shows these readings."""
    shown = iter(readings)
    with (
        mock.patch.object(clock, "_last", 0),
        mock.patch.object(clock, "time", SimpleNamespace(time_ns=lambda: next(shown))),
    ):
        yield


@given(st.lists(nanoseconds, min_size=1))
def test_times_and_ids_increase_strictly_even_if_the_clock_is_set(readings: list[int]) -> None:
    with clock_of(readings):
        moments = [clock.next_nanosecond() for _ in readings]
    made: list[tuple[Any, ...]] = [(moment, clock.event_time(moment), clock.uuid7(moment)) for moment in moments]
    for which in range(3):
        assert all(earlier[which] < later[which] for earlier, later in pairwise(made))


@given(st.lists(nanoseconds, min_size=1, unique=True).map(sorted))
def test_if_the_clock_runs_forward_events_have_its_times(readings: list[int]) -> None:
    with clock_of(reading + 1 for reading in readings):
        assert [clock.next_nanosecond() for _ in readings] == [reading + 1 for reading in readings]


@given(nanoseconds, st.integers(1, 10**15))
def test_if_the_clock_is_set_back_times_increase_by_one_nanosecond(moment: int, back: int) -> None:
    with clock_of([moment + 1, moment + 1 - back, moment + 1 - back, moment + 5]):
        assert [clock.next_nanosecond() - moment for _ in range(4)] == [1, 2, 3, 5]


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def test_no_two_threads_get_the_same_time_and_times_increase_in_each_thread(hasty_threads: None) -> None:
    with (
        clock_of(iter(lambda: 7, None)),  # stands still
        ThreadPoolExecutor(8) as pool,
    ):
        by_thread = list(pool.map(lambda _: [clock.next_nanosecond() for _ in range(3000)], range(8)))
    assert all(earlier < later for moments in by_thread for earlier, later in pairwise(moments))
    assert sorted(moment for moments in by_thread for moment in moments) == list(range(7, 7 + 8 * 3000))


def test_the_time_is_the_systems_time() -> None:
    before = time.time_ns()
    assert before <= clock.next_nanosecond()
    assert clock._last - before < 3600 * 10**9


@given(nanoseconds)
def test_the_text_of_a_time_has_nanoseconds_and_the_form_of_an_event_key(moment: int) -> None:
    text = clock.event_time(moment)
    assert instant(text) == text
    second, fraction = divmod(moment, 10**9)
    assert int(text[20:29]) == fraction
    assert datetime.fromisoformat(f"{text[:19]}+00:00") == datetime.fromtimestamp(second, UTC)


@given(nanoseconds)
def test_an_id_is_a_uuid_of_version_7_that_contains_its_time(moment: int) -> None:
    made = uuid.UUID(clock.uuid7(moment))
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == moment // 10**6
    counter = (made.int >> 64 & 0xFFF) << 8 | made.int >> 54 & 0xFF
    assert counter == moment % 10**6
    assert str(made) == clock.uuid7(moment)[:20] + str(made)[20:]


def test_ids_of_one_moment_differ() -> None:
    assert len({clock.uuid7(7) for _ in range(1000)}) == 1000
