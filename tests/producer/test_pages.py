"""Guarantee: the documentation of the producer is correct: its code runs, and its names and numbers are the code's."""

import dataclasses
import inspect
import json
import re
from typing import Any

import pytest

from cp_event_source import producer
from cp_event_source.handler.events.domain_event import parse_domain_event
from cp_event_source.handler.values import exact_json
from cp_event_source.producer import ContractViolation, DomainEvent, Unpublished, event, publish, publishing
from tests.docs.markdown import REPOSITORY, Block, blocks, pages

EXAMPLES = [block for page in pages() for block in blocks(page) if "cp_event_source.producer" in block.text]
HOW_TO = REPOSITORY / "docs" / "how-to" / "publish-events.md"
REFERENCE = (REPOSITORY / "docs" / "reference" / "producer.md").read_text()

BATCH = {
    "Records": [
        {
            "messageId": f"message-{number}",
            "attributes": {"SentTimestamp": "1772442004125"},
            "body": json.dumps({"FileId": "f", "Result": "CLEAN", "Score": 0.1}),
        }
        for number in range(3)
    ]
}


class Bus:
    """Accepts every event, and replaces the process's default client."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.entries: list[dict[str, str]] = []
        self.answer: dict[str, str] = {"EventId": "1"}
        monkeypatch.setattr(publishing, "_default_client", self)
        monkeypatch.setenv("EVENT_BUS", "company")

    def put_events(self, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        self.entries += Entries
        return {"Entries": [self.answer] * len(Entries)}


def run(block: Block) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(block.text, names)
    if "handle" in names:
        names["handle"](BATCH, None)
    return names


def test_the_how_to_and_the_readme_have_examples() -> None:
    assert [block.page.name for block in EXAMPLES] == ["README.md", "publish-events.md", "publish-events.md"]
    assert all(block.marker.endswith("the producer's tests run it with a bus in its place") for block in EXAMPLES)


@pytest.mark.parametrize("block", EXAMPLES, ids=str)
def test_an_example_publishes_events_that_the_pipeline_accepts(block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    bus = Bus(monkeypatch)
    run(block)
    assert bus.entries
    for entry in bus.entries:
        assert entry["EventBusName"] == "company"
        detail = exact_json.loads(entry["Detail"])
        parse_domain_event(detail, domain_name=detail["DomainName"], latest="9999-01-01T00:00:00.000000000Z")


def test_the_function_makes_the_same_events_when_it_runs_again(monkeypatch: pytest.MonkeyPatch) -> None:
    (function,) = [block for block in EXAMPLES if "def handle" in block.text]
    bus = Bus(monkeypatch)
    run(function)
    run(function)
    details = [entry["Detail"] for entry in bus.entries]
    assert details[:3] == details[3:]
    assert json.loads(details[0])["EventTime"] == "2026-03-02T09:00:04.125000+00:00"

    bus.answer = {"ErrorCode": "AccessDeniedException", "ErrorMessage": "no"}
    with pytest.raises(RuntimeError, match="3 events are not on the bus: AccessDeniedException"):
        run(function)


def test_the_how_to_shows_the_real_error_message() -> None:
    fields: dict[str, Any] = {"domain_name": "File", "domain_id": "f", "event_name": "E", "user_id": None}
    class_of_dates = type("datetime", (), {})
    with pytest.raises(ContractViolation) as refused:
        DomainEvent(payload={"At": class_of_dates()}, **fields)
    assert f"`{refused.value}`" in HOW_TO.read_text()


def defaults_named(section: str) -> dict[str, str]:
    """The parameters and defaults in the first table of a section."""
    table = REFERENCE.partition(f"\n## {section}\n")[2].partition("|\n\n")[0]
    rows = re.findall(r"^\| `(\w+)` \|([^|]*)\|", table, re.MULTILINE)
    return {name: default.strip(" `") for name, default in rows}


def test_every_parameter_of_an_event_is_in_the_reference_with_its_default() -> None:
    parameters = inspect.signature(DomainEvent).parameters.values()
    defaults = {parameter.name: parameter.default for parameter in parameters}
    shown = {
        name: "required" if default is inspect.Parameter.empty else str(default) for name, default in defaults.items()
    }
    shown |= {"event_id": "a new UUIDv7", "event_time": "now, in UTC, with nine digits of a second"}
    assert defaults["event_id"] is defaults["event_time"] is event._MADE
    assert defaults_named("DomainEvent") == shown


def test_every_parameter_of_publish_is_in_the_reference_with_its_default() -> None:
    defaults = {name: parameter.default for name, parameter in inspect.signature(publish).parameters.items()}
    assert defaults_named("publish") == {
        "events": "required",
        "event_bus": "required",
        "source": defaults["source"],
        "client": "made once",
        "max_attempts": str(defaults["max_attempts"]),
        "sleep": "time.sleep",
    }


def test_every_name_that_the_module_exports_and_every_attribute_of_a_result_is_in_the_reference() -> None:
    assert f"import {', '.join(producer.__all__)}`" in REFERENCE
    attributes = [name for each in (Unpublished, DomainEvent) for name in (field.name for field in fields_of(each))]
    attributes += producer.Violation._fields
    assert [name for name in attributes if f"`{name}`" not in REFERENCE] == []


def fields_of(cls: Any) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(cls)


def test_every_retried_error_code_is_in_the_reference() -> None:
    assert [code for code in publishing._RETRYABLE if f"`{code}`" not in REFERENCE] == []


@pytest.mark.parametrize(
    "phrase",
    [
        f"{publishing._ENTRIES_PER_CALL} entries, {publishing._CALL_BYTES:,} bytes",
        f"{publishing.MAX_ENTRY_BYTES:,} bytes per entry",
        f"{event._MAX_LEVELS:,} levels",
        f"{-(2**63):,} to {2**63 - 1:,}",
        f"first {publishing._DETAIL_TYPE_BYTES} bytes",
        f"1 to {publishing._SOURCE_CHARACTERS} characters",
        f"between 0 and {publishing._FIRST_PAUSE_SECONDS:g} s. The longest pause doubles",
        f"up to {publishing._MAX_PAUSE_SECONDS:g} s",
    ],
)
def test_the_reference_names_the_same_limit_as_the_code(phrase: str) -> None:
    assert phrase in " ".join(REFERENCE.split())


def test_the_how_to_names_the_maximum_pause_of_a_batch() -> None:
    attempts = inspect.signature(publish).parameters["max_attempts"].default
    maximum = sum(publishing._FIRST_PAUSE_SECONDS * 2**pause for pause in range(attempts - 1))
    assert f"up to {maximum:g} s for ten events" in HOW_TO.read_text()
