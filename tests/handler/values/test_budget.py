"""Guarantee: a function knows when to stop before Lambda stops it."""

import math
from types import SimpleNamespace

import pytest

from cp_event_source.handler.aws import clients
from cp_event_source.handler.values.budget import UNLIMITED, Budget, OutOfTime
from cp_event_source.handler.values.clock import Clock
from tests.doubles.clock import FunctionClock


def test_a_share_of_what_lambda_gives() -> None:
    clock = FunctionClock()
    budget = Budget.of(SimpleNamespace(get_remaining_time_in_millis=lambda: 10_000), 0.5, clock)
    assert budget.seconds_left() == 5
    clock.advance(4)
    assert budget.seconds_left() == 1
    assert not budget.is_over()
    budget.check()


@pytest.mark.parametrize("context", [None, object(), {}])
def test_where_nothing_is_known_there_is_no_limit(context: object) -> None:
    assert Budget.of(context, 0.5, Clock()) == UNLIMITED
    assert UNLIMITED.seconds_left() == math.inf


def test_when_it_is_over_nothing_new_is_begun() -> None:
    over = Budget.of(SimpleNamespace(get_remaining_time_in_millis=lambda: 0), 1, Clock())
    assert over.is_over()
    with pytest.raises(OutOfTime):
        over.check()


def test_a_call_is_over_in_the_time_that_the_functions_reckon_with() -> None:
    """Connect and read, three times, and botocore's waits between them: 1 s and 2 s at most."""
    config = clients._CONFIG
    tries = config.retries["total_max_attempts"]  # type: ignore[attr-defined]
    waits = sum(2**number for number in range(tries - 1))
    assert tries * (config.connect_timeout + config.read_timeout) + waits <= clients.MAX_CALL_SECONDS  # type: ignore[attr-defined]
