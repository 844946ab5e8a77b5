"""Guarantee: the consumer publishes one FileQuarantined event for each file that becomes INFECTED and still is."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from cp_event_source.handler.events.domain_event import ContractViolation, parse_domain_event

SOURCE = Path(__file__).parents[2] / "examples" / "consumer" / "quarantine" / "quarantine.py"
FILE = "786841fa-b89f-40c7-9037-d96f1e1a79df"


class Table:
    """Answers GetItem with one row."""

    def __init__(self) -> None:
        self.row: dict[str, Any] | None = image("INFECTED")

    def get_item(self, **request: Any) -> dict[str, Any]:
        assert request == {"TableName": "files", "Key": {"DomainId": {"S": FILE}}, "ConsistentRead": True}
        return {} if self.row is None else {"Item": self.row}


class Bus:
    """Keeps the entries, or refuses them as PutEvents does: with status 200."""

    def __init__(self) -> None:
        self.details: list[dict[str, Any]] = []
        self.refuses = False

    def put_events(self, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        if self.refuses:
            return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}
        assert {entry["EventBusName"] for entry in Entries} == {"company"}
        self.details.extend(json.loads(entry["Detail"]) for entry in Entries)
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"} for _ in Entries]}


@pytest.fixture
def quarantine(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setenv("DOMAIN_TABLE", "files")
    monkeypatch.setenv("EVENT_BUS_NAME", "company")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    spec = importlib.util.spec_from_file_location("quarantine", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    vars(module).update(dynamodb=Table(), events=Bus())
    return module


def image(result: str, checkpoint: str = "2026-03-02T11:30:02.750000000Z#e") -> dict[str, Any]:
    return {
        "DomainId": {"S": FILE},
        "Name": {"S": "invoice.pdf.exe"},
        "ScanResult": {"S": result},
        "UpdatedAt": {"S": "2026-03-02T11:30:02.75Z"},
        "CpEventSource": {"M": {"Checkpoint": {"S": checkpoint}}},
    }


def record(new: dict[str, Any] | None, old: dict[str, Any] | None, number: str = "1") -> dict[str, Any]:
    images = {"NewImage": new, "OldImage": old}
    return {
        "dynamodb": {
            "Keys": {"DomainId": {"S": FILE}},
            "SequenceNumber": number,
            **{name: value for name, value in images.items() if value is not None},
        }
    }


def test_a_file_that_becomes_infected_gives_one_event_that_keeps_the_contract(
    quarantine: ModuleType,
) -> None:
    answer = quarantine.handle({"Records": [record(image("INFECTED"), image("PENDING"))]}, None)
    assert answer == {"batchItemFailures": []}
    (detail,) = quarantine.events.details
    assert (detail["EventName"], detail["DomainId"]) == ("FileQuarantined", FILE)
    with pytest.raises(ContractViolation) as caught:
        parse_domain_event(detail, domain_name="File", latest="2026-12-31T00:00:00.000000000Z")
    assert [broken.field for broken in caught.value.violations] == ["EventType"], "only the type PROCESS is wrong"
    assert detail["EventType"] == "PROCESS"


@pytest.mark.parametrize(
    ("new", "old"),
    [
        (image("CLEAN"), image("PENDING")),
        (image("INFECTED"), image("INFECTED")),
        (image("CLEAN"), image("INFECTED")),
        (None, image("INFECTED")),
    ],
    ids=["clean", "infected before", "no longer infected", "row deleted"],
)
def test_other_changes_give_no_event(
    quarantine: ModuleType, new: dict[str, Any] | None, old: dict[str, Any] | None
) -> None:
    assert quarantine.handle({"Records": [record(new, old)]}, None) == {"batchItemFailures": []}
    assert quarantine.events.details == []


@pytest.mark.parametrize("row", [image("CLEAN"), None], ids=["row is clean now", "row is gone now"])
def test_the_function_follows_the_current_row_and_not_the_stream(
    quarantine: ModuleType, row: dict[str, Any] | None
) -> None:
    quarantine.dynamodb.row = row
    quarantine.handle({"Records": [record(image("INFECTED"), None)]}, None)
    assert quarantine.events.details == []


def test_a_repeated_change_gives_the_same_event_id_and_another_change_gives_another(
    quarantine: ModuleType,
) -> None:
    change, later = record(image("INFECTED"), None), record(image("INFECTED", "2026-04-01#f"), None)
    quarantine.handle({"Records": [change, change, later]}, None)
    first, second, third = (detail["EventId"] for detail in quarantine.events.details)
    assert first == second != third


def test_if_the_bus_refuses_an_event_lambda_retries_from_that_record(quarantine: ModuleType) -> None:
    quarantine.events.refuses = True
    records = [record(image("CLEAN"), None, "1"), record(image("INFECTED"), None, "2")]
    assert quarantine.handle({"Records": records}, None) == {"batchItemFailures": [{"itemIdentifier": "2"}]}
