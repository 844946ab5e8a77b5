"""Guarantee: whatever is killed or fails, each message is in a queue or delivered; a message leaves the dead-letter
queue only after it was accepted; and the command ends, even if all that it sends back comes back."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.operate.letters import Queue
from tests.doubles.aws import AwsError
from tests.nightly import search
from tests.operate.queues import Killed, Queues, event, kills, request

INGEST = Queue.INGEST


class Stored:
    """The persist function: it stores good events, and quarantines bad ones, now and then."""

    def __init__(self, queues: Queues, good: set[str], rng: random.Random, *, always: bool = False) -> None:
        self.events: set[str] = set()
        self._queues, self._good, self._rng, self._always = queues, good, rng, always

    def work(self) -> None:
        if self._always or self._rng.random() < 0.3:
            self.store(self._rng.randint(1, 10))

    def store(self, most: int) -> None:
        sqs, ingest = self._queues.sqs, self._queues.ingest
        for message in sqs.take(ingest, most, hidden_for=30):
            if message.body in self._good:
                self.events.add(message.body)
            else:
                self._queues.put(INGEST, message.body, ReasonCode="contract-violation")
            sqs.delete(ingest, message.receipt_handle)


@given(
    good=st.integers(0, 15),
    bad=st.integers(0, 5),
    requests=st.integers(0, 3),
    killed=st.lists(st.integers(0, 60), max_size=4),
    interrupts=st.booleans(),
    seed=st.integers(0, 1000),
)
@search(40, 2000)
def test_nothing_is_lost_wherever_processes_are_killed(
    good: int, bad: int, requests: int, killed: list[int], interrupts: bool, seed: int
) -> None:
    queues = Queues(interrupts=interrupts)
    goods = {event(f"good-{number}") for number in range(good)}
    bads = {event(f"bad-{number}", UserId="") for number in range(bad)}
    objects = {f"file-{number}" for number in range(requests)}
    stored = Stored(queues, goods, random.Random(seed))
    queues.put(INGEST, *goods, *bads, *map(request, objects), ReasonCode="contract-violation")

    def work() -> None:
        there = {*queues.bodies(INGEST), *queues.sent_back(), *stored.events}
        assert goods | bads <= there
        assert {each for each in objects if request(each) not in there} <= set(queues.rebuilt)
        stored.work()

    queues.work = work
    for kill_at in kills(killed):
        queues.restart(kill_at)
        try:
            queues.run(everything=True, redrive=True)
        except (Killed, KeyboardInterrupt):
            assert kill_at is not None
    while queues.sent_back():
        queues.sqs.clock.advance(60)
        stored.store(10)
    assert stored.events == goods
    assert set(queues.rebuilt) == objects
    assert set(queues.bodies(INGEST)) == bads
    assert queues.hidden() == 0


def test_it_ends_although_everything_comes_back_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    queues = Queues()
    queues.work = Stored(queues, set(), random.Random(0), always=True).work
    bodies = {event(f"bad-{number}") for number in range(30)}
    queues.put(INGEST, *bodies)

    queues.run(everything=True, redrive=True)

    done = json.loads(capsys.readouterr().out)
    assert done["sent"] == 30, "each once"
    assert done["came_later"] > 0
    queues.work()
    assert set(queues.bodies(INGEST)) | set(queues.sent_back()) == bodies
    assert queues.hidden() == 0


def test_what_sqs_does_not_take_stays(capsys: pytest.CaptureFixture[str]) -> None:
    queues = Queues()
    bodies = [event(f"e-{number}") for number in range(12)]
    queues.put(INGEST, *bodies)

    def refuse(operation: str, asked: object, phase: str) -> None:
        if operation == "SendMessage" and phase == "before" and dict(asked)["MessageBody"] == bodies[3]:  # type: ignore[call-overload]
            raise AwsError("InternalError", "again later")

    queues.sqs.intercept = refuse
    exit_code = queues.run(queue=INGEST, redrive=True)

    assert queues.bodies(INGEST) == [bodies[3]]
    assert sorted(queues.sent_back()) == sorted([*bodies[:3], *bodies[4:]])
    assert exit_code == 1
    assert "InternalError" in capsys.readouterr().out


def test_events_of_a_megabyte_are_sent_one_by_one() -> None:
    queues = Queues()
    bodies = [event(f"e-{number}", Payload="x" * 1_000_000) for number in range(4)]
    queues.put(INGEST, *bodies)
    queues.run(redrive=True, everything=True)
    assert sorted(queues.sent_back()) == bodies


def test_a_rebuild_request_is_run_and_not_sent() -> None:
    queues = Queues(
        rebuild_answer=lambda each: (
            {"EventCount": 1, "Checkpoint": "k", "LogicVersion": "v"}
            if each == "file-1"
            else {"errorMessage": "no event is stored", "errorType": "RebuildFailed"}
        )
    )
    queues.put(INGEST, request("file-1"), request("file-2"), request("other", DomainName="Other"), ERROR_CODE="NO")

    exit_code = queues.run(reason="rebuild-request", redrive=True)

    assert sorted(queues.rebuilt) == ["file-1", "file-2"]
    assert sorted(queues.bodies(INGEST)) == sorted([request("file-2"), request("other", DomainName="Other")])
    assert queues.sent_back() == []
    assert exit_code == 1


def test_only_what_is_selected_is_sent() -> None:
    queues = Queues()
    first, *_ = queues.put(INGEST, event("1"), event("2"), event("3", DomainId="file-3"), ReasonCode="conflict")
    queues.put(INGEST, event("4"), ReasonCode="unstorable")

    queues.run([first], redrive=True)
    assert queues.sent_back() == [event("1")]
    queues.run(domain_id="file-3", redrive=True)
    assert queues.sent_back() == [event("1"), event("3", DomainId="file-3")]
    queues.run(reason="unstorable", redrive=True)
    assert queues.bodies(INGEST) == [event("2")]
    assert queues.hidden() == 0

    exit_code = queues.run([first], redrive=True)
    assert exit_code == 1, "it is gone"
