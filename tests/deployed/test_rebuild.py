"""Guarantee: what the function answers is read as what happened, for each cause that a rebuild can have."""

import json

import pytest

from cp_event_source.deployed.rebuild import NotRebuilt, Problem, Rebuilt, read_answer
from cp_event_source.handler.projection.notes import Rebuilding
from cp_event_source.handler.projection.rebuild import RebuildFailed
from cp_event_source.handler.values.budget import UNLIMITED, Budget
from tests.doubles.clock import FunctionClock
from tests.handler.doubles import DOMAIN_ID, World, stored


def answer_of(error: Exception) -> Rebuilt | NotRebuilt:
    return read_answer("a", json.dumps({"errorMessage": str(error), "errorType": type(error).__name__}).encode())


def answer_by(world: World, version: str = "v1", budget: Budget = UNLIMITED) -> NotRebuilt:
    with pytest.raises(RebuildFailed) as raised:
        world.rebuilds(version).rebuild(DOMAIN_ID, budget=budget)
    answer = answer_of(raised.value)
    assert isinstance(answer, NotRebuilt)
    assert answer.reason == str(raised.value)
    return answer


def test_the_errors_of_the_function_are_recognised() -> None:
    assert answer_by(World()).problem is Problem.REFUSED

    poisoned = World()
    poisoned.deliver(stored(1), stored(2, poison=True))
    assert answer_by(poisoned).problem is Problem.REFUSED

    running = World()
    running.deliver(stored(1))
    note = Rebuilding("another", "run", FunctionClock().text(later_by=600))
    running.rows.items[DOMAIN_ID] = running.row().followed_by(rebuilding=note).to_item()
    assert answer_by(running).problem is Problem.RUNNING

    lacking = World()
    lacking.deliver(*map(stored, range(10)))
    lacking.events.lose(stored(5))
    assert answer_by(lacking).problem is Problem.EVENTS_MISSING

    long = World()
    long.deliver(*map(stored, range(10)))
    answer = answer_by(long, budget=long.budget(events=6))
    assert answer.problem is Problem.UNFINISHED
    assert answer.folded is not None
    assert 0 < answer.folded < 10

    changing = World()
    changing.deliver(stored(1))

    def change() -> None:
        changing.rows.items[DOMAIN_ID] = changing.row().followed_by().to_item()
        changing.rows.before_write = change

    changing.rows.before_write = change
    assert answer_by(changing, budget=changing.budget(events=6)).problem is Problem.TROUBLE


def test_other_answers() -> None:
    answer = read_answer("a", b'{"DomainId": "a", "EventCount": 2, "Checkpoint": "k", "LogicVersion": "v"}')
    assert answer == Rebuilt("a", 2, "k", "v")
    for kind, text, problem in [
        ("RebuildInterrupted", "met ClientError:ThrottlingException; the row stays as it was", Problem.TROUBLE),
        ("BrokenDomainLogic", "no class Domain", Problem.NO_START),
        ("Runtime.ExitError", "RequestId: x Error: Runtime exited with error: signal: killed", Problem.REFUSED),
        ("Sandbox.Timedout", "RequestId: x Error: Task timed out after 900.00 seconds", Problem.REFUSED),
    ]:
        read = read_answer("a", json.dumps({"errorType": kind, "errorMessage": text}).encode())
        assert isinstance(read, NotRebuilt)
        assert (read.problem, text in read.reason) == (problem, True)
    for payload in (b"", b"null", b"[]", b"not JSON"):
        assert isinstance(read_answer("a", payload), NotRebuilt)
