"""Guarantee: the script on the page about erasure erases what the page says, and needs only the rights on the page."""

import json
import re
import runpy
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.corpus.cases import body
from tests.corpus.pipeline import DOMAIN_NAME, Pipeline, lambdas, logic_of
from tests.doubles.clients import wire

from .markdown import REPOSITORY, blocks

PAGE = REPOSITORY / "docs" / "how-to" / "erase-personal-data.md"
(SCRIPT,) = (block.text for block in blocks(PAGE) if block.language == "python")
(POLICY,) = (json.loads(block.text) for block in blocks(PAGE) if block.language == "json")
PERSONAL = "ada@example.org"


@dataclass
class Log:
    """A state that keeps all payloads."""

    DomainId: str
    Payloads: list[Any] = field(default_factory=list)

    def apply(self, payload: Any) -> None:
        self.Payloads.append(payload)


class Bus:
    """Hands each event to the project function, as the rule for rebuilds does."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self.entries: list[dict[str, Any]] = []

    def handle(self, operation: str, request: Any) -> dict[str, Any]:
        assert operation == "PutEvents"
        (entry,) = request["Entries"]
        self.entries.append(entry)
        self._pipeline.rebuild(json.loads(entry["Detail"]))
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "b-1"}]}


class Operator:
    """Runs the page's script, and notes which actions its clients use."""

    def __init__(self, pipeline: Pipeline, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bus = Bus(pipeline)
        self.actions: set[str] = set()
        clients = {name: boto3.client(name, region_name="eu-central-1") for name in ("dynamodb", "events")}
        wire(clients["dynamodb"], pipeline.db)
        wire(clients["events"], self.bus)
        for name, client in clients.items():
            client.meta.events.register(
                f"before-call.{client.meta.service_model.service_id.hyphenize()}", self._noted(name)
            )
        self._monkeypatch = monkeypatch
        self._clients = clients
        self._script = folder / "erase.py"
        self._script.write_text(SCRIPT)

    def erases(self, *event_ids: str, domain_id: str = "d-1") -> None:
        arguments = ["--table", "events", "--bus", "bus", "--domain-name", DOMAIN_NAME, "--domain-id", domain_id]
        with self._monkeypatch.context() as patch:
            patch.setattr(boto3, "client", self._clients.__getitem__)
            patch.setattr(sys, "argv", ["erase.py", *arguments, *event_ids])
            runpy.run_path(str(self._script), run_name="__main__")

    def _noted(self, service: str) -> Callable[..., None]:
        return lambda model, **_: self.actions.add(f"{service}:{model.name}")


@pytest.fixture
def pipeline() -> Iterator[Pipeline]:
    with lambdas() as make:
        pipeline = make(logic_of(Log))
        for number in range(1, 8):
            pipeline.send(body(f'"{PERSONAL} {number}"', EventId=f'"e-{number}"'))
        pipeline.send(body('"another"', DomainId='"d-2"'))
        pipeline.drain()
        yield pipeline


@pytest.fixture
def operator(pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Operator:
    return Operator(pipeline, tmp_path, monkeypatch)


def payloads(pipeline: Pipeline, domain_id: str = "d-1") -> list[str]:
    return [each["S"] for each in pipeline.rows()[domain_id]["Payloads"]["L"]]


def held(pipeline: Pipeline) -> str:
    """The whole content of the three tables and the queues."""
    tables = [pipeline.db.items(name) for name in ("events", "rows", "snapshots")]
    queues = [pipeline.sqs.messages(queue) for queue in (pipeline.ingest, pipeline.dead_letters, pipeline.parked)]
    return repr((tables, queues))


def test_without_event_ids_the_script_erases_all_events_of_an_object(
    pipeline: Pipeline, operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    operator.erases()
    assert capsys.readouterr().out.count("erased ") == 7
    assert pipeline.rows()["d-1"].keys() == {"DomainId", "CpEventSource"}
    assert PERSONAL not in held(pipeline)
    assert payloads(pipeline, "d-2") == ["another"]


def test_an_event_id_that_two_events_have_erases_both(pipeline: Pipeline, operator: Operator) -> None:
    pipeline.send(body(f'"{PERSONAL} again"', EventId='"e-2"', EventTime='"2026-03-01T10:00:00Z"'))
    pipeline.drain()
    operator.erases("e-2")
    assert payloads(pipeline) == [f"{PERSONAL} {number}" for number in (1, 3, 4, 5, 6, 7)]


def test_erased_events_stay_erased_if_they_are_sent_again(pipeline: Pipeline, operator: Operator) -> None:
    operator.erases("e-2", "e-5")
    remaining = [f"{PERSONAL} {number}" for number in (1, 3, 4, 6, 7)]
    assert payloads(pipeline) == remaining
    assert not [number for number in (2, 5) if f"{PERSONAL} {number}" in held(pipeline)]
    before = held(pipeline)
    for number in range(1, 8):
        pipeline.send(body(f'"{PERSONAL} {number}"', EventId=f'"e-{number}"'))
    pipeline.drain()
    assert held(pipeline) == before
    assert pipeline.metrics()["ErasedEvents"] == 2


def test_a_second_erasure_is_safe(pipeline: Pipeline, operator: Operator) -> None:
    operator.erases("e-2")
    operator.erases("e-2", "e-3")
    assert len(payloads(pipeline)) == 5


@pytest.mark.parametrize("asked", [{"event_ids": ["e-1", "e-99"]}, {"domain_id": "nobody", "event_ids": []}])
def test_the_script_names_events_that_are_not_stored_and_erases_nothing(
    pipeline: Pipeline, operator: Operator, asked: dict[str, Any]
) -> None:
    before = held(pipeline)
    with pytest.raises(SystemExit, match=r"nothing was erased; not stored: (e-99|nobody)$"):
        operator.erases(*asked.pop("event_ids"), **asked)
    assert held(pipeline) == before
    assert operator.bus.entries == []


def test_the_policy_has_exactly_the_rights_that_the_script_needs(operator: Operator) -> None:
    operator.erases()
    actions = [statement["Action"] for statement in POLICY["Statement"]]
    assert {each for some in actions for each in ([some] if isinstance(some, str) else some)} == operator.actions


def test_the_page_names_every_queue_that_holds_events() -> None:
    outputs = (REPOSITORY / "cp_event_source" / "component.py").read_text()
    queues = set(re.findall(r"^    (\w+_queue)_arn: ", outputs, re.MULTILINE))
    named = {name.replace("_", " ").replace("dead letter", "dead-letter") for name in queues}
    text = PAGE.read_text()
    assert len(queues) == 4
    assert [name for name in sorted(named) if f"| {name} |" not in text] == []
