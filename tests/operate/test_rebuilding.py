"""Guarantees: the engine never has more invocations at a time than allowed, and waits for those that run when it stops.
After a kill at any moment the same journal continues: every object is rebuilt, and none that has an outcome again."""

import io
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError

from cp_event_source.deployed.rebuild import NotRebuilt, Problem, Rebuilt
from cp_event_source.operate.journal import DONE, Journal
from cp_event_source.operate.output import Output
from cp_event_source.operate.rebuilding import Engine, NotReadyError, bearable, invoker, wait_until_ready
from cp_event_source.operate.schedule import Ended, NoAnswer, NotInvoked
from tests.doubles.clock import FunctionClock

OUTPUT = Output(json=True)


def rebuilt(domain_id: str) -> Rebuilt:
    return Rebuilt(domain_id, 1, "key", "v1")


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """SIGINT raises, whatever this process inherited."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def journal_of(objects: int, file: Path | None = None) -> Journal:
    journal = Journal(file, {})
    journal.add(f"o{number:04}" for number in range(objects))
    return journal


def test_never_more_run_at_a_time_than_allowed_and_each_object_once() -> None:
    lock, running, most, calls = threading.Lock(), 0, 0, []

    def invoke(domain_id: str) -> Ended:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
            calls.append(domain_id)
        time.sleep(0.002)
        with lock:
            running -= 1
        return NotRebuilt(domain_id, Problem.REFUSED, "poison") if domain_id.endswith("7") else rebuilt(domain_id)

    with journal_of(200) as journal:
        work = Engine(invoke, 7).run(journal, OUTPUT)

        assert (work.rebuilt, work.failed) == (180, 20)
        assert 1 < most <= 7
        assert sorted(calls) == [f"o{number:04}" for number in range(200)]
        assert [reason for _, reason in journal.failed()] == ["poison"] * 20

        journal.reopen_failed()
        assert journal.count(open_only=True) == 20


def test_an_interruption_begins_nothing_and_waits_for_what_runs() -> None:
    calls = []

    def invoke(domain_id: str) -> Ended:
        calls.append(domain_id)
        if len(calls) == 10:
            os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.05)
        return rebuilt(domain_id)

    with journal_of(50) as journal:
        with pytest.raises(KeyboardInterrupt):
            Engine(invoke, 4).run(journal, OUTPUT)

        done = [domain_id for domain_id, outcome in journal.objects() if outcome == DONE]
        assert sorted(calls) == done, "each that began has its outcome"
        assert 10 <= len(done) < 20


def test_a_second_interruption_does_not_wait() -> None:
    begun = time.monotonic()

    def invoke(domain_id: str) -> Ended:
        if domain_id == "o0000":
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)
            os.kill(os.getpid(), signal.SIGINT)
        time.sleep(30)
        return rebuilt(domain_id)

    with journal_of(50) as journal, pytest.raises(KeyboardInterrupt):
        Engine(invoke, 4).run(journal, OUTPUT)
    assert time.monotonic() - begun < 10


def test_an_error_that_no_repetition_cures_ends_the_work() -> None:
    denied = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "Invoke")

    def invoke(domain_id: str) -> Ended:
        if domain_id >= "o0020":
            raise denied
        return rebuilt(domain_id)

    with journal_of(50) as journal:
        with pytest.raises(ClientError, match="AccessDenied"):
            Engine(invoke, 4).run(journal, OUTPUT)
        assert [domain_id for domain_id, outcome in journal.objects() if outcome] == [f"o{n:04}" for n in range(20)]


PROCESS = """
import sys, time
from pathlib import Path
from cp_event_source.deployed.rebuild import Rebuilt
from cp_event_source.operate.journal import Journal
from cp_event_source.operate.output import Output
from cp_event_source.operate.rebuilding import Engine

calls = open(sys.argv[2], "a", buffering=1)

def invoke(domain_id):
    calls.write(domain_id + "\\n")
    time.sleep(0.004)
    return Rebuilt(domain_id, 1, "key", "v1")

with Journal(Path(sys.argv[1]), {}) as journal:
    Engine(invoke, 5).run(journal, Output(json=True))
"""


def test_killed_at_any_moment_and_continued_every_object_is_rebuilt_and_none_again(tmp_path: Path) -> None:
    file, log = tmp_path / "journal", tmp_path / "calls"
    log.touch()
    journal_of(400, file).__exit__(None, None, None)

    def called() -> list[str]:
        return log.read_text().split()

    def finished() -> set[str]:
        with Journal(file, {}) as journal:
            return {domain_id for domain_id, outcome in journal.objects() if outcome == DONE}

    done: set[str] = set()
    again_from = 0
    for _ in range(2):
        before = len(called())
        process = subprocess.Popen([sys.executable, "-c", PROCESS, str(file), str(log)])
        until = before + random.randint(20, 120)
        while len(called()) < until and process.poll() is None:
            time.sleep(0.005)
        process.kill()
        process.wait()
        done = finished()
        again_from = len(called())
        assert done
        assert done <= {*called()}
    subprocess.run([sys.executable, "-c", PROCESS, str(file), str(log)], check=True)

    assert len(finished()) == 400
    assert not done & {*called()[again_from:]}, "what had its outcome at the last kill is not invoked again"


class Lambda:
    """A client whose calls answer or raise what a test says."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.requests: list[dict[str, Any]] = []

    def _answer(self, **request: Any) -> Any:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    invoke = get_function_configuration = get_function_concurrency = _answer


def pipeline_with(client: Lambda) -> Any:
    class Clients:
        def __call__(self, _service: str) -> Lambda:
            return client

        def with_settings(self, _service: str, **settings: Any) -> Lambda:
            assert settings["retries"]["total_max_attempts"] == 1
            return client

    return cast("Any", SimpleNamespace(clients=Clients(), project_function="project", domain_name="File"))


def refused(code: str, status: int) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "Invoke",
    )


def test_a_refused_invocation_is_none_and_a_broken_connection_may_be_one() -> None:
    client = Lambda(
        {"Payload": io.BytesIO(b'{"EventCount": 3, "Checkpoint": "k", "LogicVersion": "v"}')},
        refused("TooManyRequestsException", 429),
        refused("ServiceException", 500),
        refused("ResourceConflictException", 409),
        EndpointConnectionError(endpoint_url="https://lambda"),
        ConnectionClosedError(endpoint_url="https://lambda"),
        refused("KMSAccessDeniedException", 502),
    )
    invoke = invoker(pipeline_with(client), 3, accept_missing_events=True)

    assert invoke("a") == Rebuilt("a", 3, "k", "v")
    assert json.loads(client.requests[0]["Payload"])["detail"] == {
        "EventType": "REBUILD",
        "DomainName": "File",
        "DomainId": "a",
        "AcceptMissingEvents": True,
    }
    assert [type(invoke("a")) for _ in range(4)] == [NotInvoked] * 4
    assert isinstance(invoke("a"), NoAnswer)
    with pytest.raises(ClientError, match="KMS"):
        invoke("a")


def test_it_waits_until_the_last_update_is_live() -> None:
    clock = FunctionClock()
    busy = {"State": "Active", "LastUpdateStatus": "InProgress"}
    client = Lambda(busy, busy, {"State": "Active", "LastUpdateStatus": "Successful"})
    wait_until_ready(pipeline_with(client), OUTPUT, clock)
    assert len(client.requests) == 3

    failed = {"State": "Active", "LastUpdateStatus": "Failed", "LastUpdateStatusReason": "no such layer"}
    with pytest.raises(NotReadyError, match="no such layer"):
        wait_until_ready(pipeline_with(Lambda(failed)), OUTPUT, clock)
    with pytest.raises(NotReadyError, match="for 10 minutes"):
        wait_until_ready(pipeline_with(Lambda(*[busy] * 1000)), OUTPUT, clock)


def test_reserved_concurrency_leaves_the_stream_its_share() -> None:
    def of(reply: dict[str, int]) -> Callable[[], int]:
        return lambda: bearable(pipeline_with(Lambda(reply)), 10, OUTPUT)

    assert of({})() == 10
    assert of({"ReservedConcurrentExecutions": 100})() == 10
    assert of({"ReservedConcurrentExecutions": 9})() == 5
    assert of({"ReservedConcurrentExecutions": 2})() == 1
    with pytest.raises(NotReadyError, match="reserved concurrency is 0"):
        of({"ReservedConcurrentExecutions": 0})()
