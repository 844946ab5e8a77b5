"""What other functions write is read once they are quiet, and no later than that."""

import itertools
import time

import pytest

from cp_event_source.local.consumers import Output, settled


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    return now


def test_a_function_that_is_never_invoked_is_waited_for_three_seconds(clock: list[float]) -> None:
    idle = [Output("search", 0, [])]

    assert settled(lambda: idle, lambda: None) == idle
    assert 3 < clock[0] < 3.5


def test_as_long_as_something_is_added_it_is_waited_for(clock: list[float]) -> None:
    def look() -> list[Output]:
        invocations = min(5, 1 + int(clock[0]))
        return [Output("search", invocations, ["line"] * invocations)]

    assert settled(look, lambda: None) == [Output("search", 5, ["line"] * 5)]
    assert 5 < clock[0] < 6


def test_a_function_that_never_stops_is_left_after_fifteen_seconds(clock: list[float]) -> None:
    counter = itertools.count(1)

    settled(lambda: [Output("search", next(counter), [])], lambda: None)

    assert 15 <= clock[0] < 15.5
