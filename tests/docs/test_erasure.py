"""Guarantee: `erase` erases what the page about erasure says: nothing of the events is left in tables and queues, and
they stay erased if they are sent again."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import pytest

from cp_event_source.deployed import pipeline as deployed
from cp_event_source.deployed.errors import CommandError
from cp_event_source.deployed.rebuild import read_answer
from cp_event_source.operate import erase
from cp_event_source.operate.output import Output
from cp_event_source.operate.rebuilding import Engine
from tests.corpus.cases import body
from tests.corpus.pipeline import DOMAIN_NAME, Pipeline, lambdas, logic_of
from tests.doubles.clients import wire

from .markdown import REPOSITORY

PAGE = REPOSITORY / "docs" / "how-to" / "erase-personal-data.md"
PERSONAL = "ada@example.org"


@dataclass
class Log:
    """A state that keeps all payloads."""

    DomainId: str
    Payloads: list[Any] = field(default_factory=list)

    def apply(self, payload: Any) -> None:
        self.Payloads.append(payload)


class Operator:
    """Runs the command on a pipeline in memory, and notes which actions its clients use."""

    def __init__(self, pipeline: Pipeline, folder: Path) -> None:
        self.actions: set[str] = set()
        self._pipeline = pipeline
        self._dynamodb = boto3.client("dynamodb", region_name="eu-central-1")
        wire(self._dynamodb, pipeline.db)
        self._dynamodb.meta.events.register(
            "before-call.dynamodb", lambda model, **_: self.actions.add(f"dynamodb:{model.name}")
        )
        self._record = folder / "record.ndjson"

    def erases(self, *event_ids: str, domain_id: str = "d-1") -> None:
        clients: Any = lambda service: {"dynamodb": self._dynamodb}[service]  # noqa: E731
        outputs = {"domain_events_table_name": "events", "domain_name": DOMAIN_NAME}
        pipeline = deployed.Pipeline("log", outputs, clients)
        with mock.patch.object(erase, "engine_of", return_value=Engine(self._rebuild, 1)):
            erase.erase(pipeline, Output(json=True), domain_id, list(event_ids), record=self._record, yes=True)

    def _rebuild(self, domain_id: str) -> Any:
        request = {"EventType": "REBUILD", "DomainName": DOMAIN_NAME, "DomainId": domain_id}
        return read_answer(domain_id, json.dumps(self._pipeline.rebuild(request)).encode())


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
def operator(pipeline: Pipeline, tmp_path: Path) -> Operator:
    return Operator(pipeline, tmp_path)


def payloads(pipeline: Pipeline, domain_id: str = "d-1") -> list[str]:
    return [each["S"] for each in pipeline.rows()[domain_id]["Payloads"]["L"]]


def held(pipeline: Pipeline) -> str:
    """The whole content of the three tables and the queues."""
    tables = [pipeline.db.items(name) for name in ("events", "rows", "snapshots")]
    queues = [pipeline.sqs.messages(queue) for queue in (pipeline.ingest, pipeline.dead_letters, pipeline.parked)]
    return repr((tables, queues))


def test_without_event_ids_it_erases_all_events_of_an_object(
    pipeline: Pipeline, operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    operator.erases()
    assert json.loads(capsys.readouterr().out)["erased"] == 7
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


@pytest.mark.parametrize(("domain_id", "event_ids"), [("d-1", ["e-1", "e-99"]), ("nobody", [])])
def test_what_is_not_stored_is_named_and_nothing_is_erased(
    domain_id: str, event_ids: list[str], pipeline: Pipeline, operator: Operator
) -> None:
    before = held(pipeline)
    with pytest.raises(CommandError, match=r"(e-99|nobody).*; nothing is erased$"):
        operator.erases(*event_ids, domain_id=domain_id)
    assert held(pipeline) == before


def test_it_needs_the_rights_of_the_operators_policy(operator: Operator) -> None:
    operator.erases()
    assert operator.actions == {"dynamodb:Query", "dynamodb:PutItem"}


def test_the_page_names_every_queue_that_holds_events() -> None:
    outputs = (REPOSITORY / "cp_event_source" / "component.py").read_text()
    queues = set(re.findall(r"^    (\w+_queue)_arn: ", outputs, re.MULTILINE))
    named = {name.replace("_", " ").replace("dead letter", "dead-letter") for name in queues}
    text = PAGE.read_text()
    assert len(queues) == 4
    assert [name for name in sorted(named) if f"| {name} |" not in text] == []
