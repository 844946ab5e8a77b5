"""Guarantee: an error of a decision reaches a caller in another process, thread or task whole."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from cp_event_source.decide import Event, errors
from cp_event_source.decide.command import Command
from cp_event_source.handler.projection.notes import Parked

from .given import Bank, credit


def parked() -> Parked:
    bank = Bank()
    bank.deliver(credit(1, name="Broken"))
    note = bank.account().parked
    assert note is not None
    return note


def invalid() -> errors.DecisionError:
    with pytest.raises(errors.EventInvalid) as raised:
        Bank().decide(lambda account: [Event("", version=True)])
    return raised.value


ERRORS: list[errors.DecisionError] = [
    errors.DecisionError("a", "b"),
    errors.ObjectParked("a", parked()),
    errors.LogicFailed("a", "apply it", error="KeyError", phase="apply", place="x.py:1", reason="why", event_name="E"),
    invalid(),
    errors.Contention("a", 3, 1),
    errors.OutcomeUnknown("a", [credit(1)], Command.of("a", "c", "2026-01-01T00:00:00Z")),
]


def in_another_process(error: Any) -> Any:
    return pickle.loads(pickle.dumps(error))


@pytest.mark.parametrize("made", [in_another_process, copy.copy, copy.deepcopy])
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_is_the_same_elsewhere(error: errors.DecisionError, made: Callable[[Any], Any]) -> None:
    """As a pool of processes or a task queue hands it over: an error that cannot be read there breaks the pool."""
    error.add_note("a note")
    other = made(error)
    assert (type(other), str(other), vars(other)) == (type(error), str(error), vars(error))
    assert vars(other)["domain_id"] == error.domain_id


def test_every_error_is_looked_at() -> None:
    assert {type(error) for error in ERRORS} == {errors.DecisionError, *errors.DecisionError.__subclasses__()}


@pytest.mark.parametrize(
    ("throttled", "message"),
    [
        (0, "a: the object changed during each of 3 attempts; decide again later"),
        (2, "a: the tables throttled 2 of 3 attempts, and the object changed during 1; decide again later"),
        (3, "a: the tables throttled each of 3 attempts; decide again later"),
    ],
)
def test_contention_says_of_whom(throttled: int, message: str) -> None:
    assert str(errors.Contention("a", 3, throttled)) == message


def test_an_unknown_outcome_says_what_to_do() -> None:
    assert str(ERRORS[-1]) == (
        "a: the transaction was not answered, so its events may be stored or not; decide again with command_id='c' and "
        "command_time='2026-01-01T00:00:00.000000000Z': it finds the events, or decides"
    )
