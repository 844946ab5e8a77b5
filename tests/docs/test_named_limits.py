"""Guarantee: the documentation has the same numbers and names as the code."""

import re

import pytest

from cp_event_source import CpEventSource
from cp_event_source.handler import rebuild_requests
from cp_event_source.handler.domain import contract as domain_contract
from cp_event_source.handler.domain import state
from cp_event_source.handler.domain.failure import Cause
from cp_event_source.handler.events import stored_event
from cp_event_source.handler.events.domain_event import ContractViolation, parse_domain_event
from cp_event_source.handler.events.key_set import NO_KEYS
from cp_event_source.handler.projection import notes as row_notes
from cp_event_source.handler.projection import rows as domain_row
from cp_event_source.handler.projection.marks import Mark, Marks
from cp_event_source.handler.projection.snapshots import Snapshot
from cp_event_source.handler.values import attribute_value
from cp_event_source.inputs import arguments, functions
from cp_event_source.inputs.domain_name import MAX_DOMAIN_NAME_LENGTH
from cp_event_source.resources import persist_function, project_function, queues
from cp_event_source.resources.monitoring import DEFAULT_THRESHOLDS

from ..component.deployment import deployed_with
from ..handler import slowest_messages
from .markdown import REPOSITORY

EVENT = {
    "DomainId": "d",
    "EventTime": "2026-03-01T09:00:00Z",
    "EventId": "e",
    "UserId": "u",
    "EventType": "DOMAIN",
    "EventName": "FileUploaded",
    "DomainName": "File",
    "Payload": None,
    "Version": 1,
    "CorrelationId": "c",
}


def text_of(page: str) -> str:
    return " ".join((REPOSITORY / page).read_text().split())


def contract_allows(field: str, length: int) -> bool:
    try:
        parse_domain_event({**EVENT, field: "x" * length}, domain_name="File", latest="2027-01-01T00:00:00.000000000Z")
    except ContractViolation:
        return False
    return True


@pytest.mark.parametrize("field", ["DomainId", "EventId", "UserId", "EventName", "CorrelationId"])
def test_the_page_names_the_maximum_length_of_a_field(field: str) -> None:
    page = text_of("docs/reference/domain-event.md")
    named = re.search(rf"\| `{field}` \| \w+ \| [^|]*?at most ([\d,]+) bytes", page)
    assert named is not None
    maximum = int(named[1].replace(",", ""))
    assert contract_allows(field, maximum)
    assert not contract_allows(field, maximum + 1)


@pytest.mark.parametrize(
    ("page", "phrase"),
    [
        ("docs/reference/functions-and-tables.md", f"| the time-out | {persist_function.TIMEOUT_SECONDS} |"),
        (
            "docs/reference/functions-and-tables.md",
            f"six times the time-out | {6 * persist_function.TIMEOUT_SECONDS} |",
        ),
        (
            "docs/reference/functions-and-tables.md",
            f"that is stored, of CPU time | {slowest_messages.SLOWEST_SECONDS} |",
        ),
        (
            "docs/reference/functions-and-tables.md",
            f"both events are read and written again | {slowest_messages.SLOWEST_CONFLICT_SECONDS} |",
        ),
        ("docs/reference/functions-and-tables.md", f"are at most {stored_event.MAX_NATIVE_VALUES:,}, else compressed"),
        ("docs/reference/domain-event.md", f"more than {stored_event.MAX_NATIVE_VALUES:,} values"),
        (
            "docs/reference/domain-logic.md",
            f"more than {(attribute_value.ITEM_SIZE_LIMIT - state.BOOKKEEPING_BYTES) // 1024} KB",
        ),
        ("docs/reference/component.md", f"default {arguments.DEFAULT_MAX_FUTURE_SKEW_SECONDS} "),
        (
            "docs/reference/component.md",
            (
                f"whole number from {arguments.MIN_EVENTS_PER_SNAPSHOT} to {arguments.MAX_EVENTS_PER_SNAPSHOT:,}, "
                f"default {arguments.DEFAULT_EVENTS_PER_SNAPSHOT} "
            ),
        ),
        ("docs/reference/component.md", f"at most {arguments.MAX_NAME_LENGTH} letters"),
        ("docs/reference/component.md", f"1 to {MAX_DOMAIN_NAME_LENGTH} ASCII"),
        ("docs/reference/component.md", f"logs kept for {functions.DEFAULT_LOG_RETENTION_DAYS} days"),
        ("docs/reference/component.md", f"logs are kept {functions.DEVELOPMENT_LOG_RETENTION_DAYS} days"),
        ("docs/reference/component.md", f"queues keep {queues.RETENTION_SECONDS // 86_400} days"),
        ("README.md", f"{len(DEFAULT_THRESHOLDS)} alarms that each name"),
        ("README.md", f"one invocation of {project_function.TIMEOUT_SECONDS // 60} minutes"),
    ],
)
def test_a_page_names_the_same_limit_as_the_code(page: str, phrase: str) -> None:
    assert phrase in text_of(page)


def test_the_reference_has_the_number_of_resources() -> None:
    counts = [
        len(deployed_with(**inputs).children()) for inputs in ({}, {"cp_event_bus": "company"}, {"development": True})
    ]
    own_bus, given_bus, development = counts
    assert (
        f"registers {own_bus} resources ({len(DEFAULT_THRESHOLDS)} of them alarms; {given_bus} on a bus that is "
        f"given), {development} in a development stack"
    ) in text_of("docs/reference/component.md")


def test_every_output_and_input_of_the_component_is_in_its_reference() -> None:
    page = text_of("docs/reference/component.md")
    inputs = arguments.CpEventSourceArgs.__annotations__
    missing = [name for name in [*inputs, *CpEventSource.__annotations__] if f"`{name}`" not in page]
    assert missing == []


def test_every_parameter_of_the_domain_logic_is_in_its_reference() -> None:
    page = text_of("docs/reference/domain-logic.md")
    parameters = {*domain_contract.APPLY_PARAMETERS, *domain_contract.CREATE_PARAMETERS}
    assert [name for name in sorted(parameters) if f"`{name}`" not in page] == []


def test_every_attribute_that_the_pipeline_adds_is_in_the_reference() -> None:
    page = text_of("docs/reference/functions-and-tables.md")
    empty = state.DomainState({}, "key", NO_KEYS)
    row = domain_row.DomainRow(
        "d",
        empty,
        "1",
        parked=row_notes.Parked("key", "e", "FileUploaded", Cause.LOGIC, "E", "E: e", "now", "1", "key", "key"),
        marks=Marks.of([Mark("position", NO_KEYS, 0)]),
        rebuilding=row_notes.Rebuilding("request", "run", "then", "position"),
        progress=row_notes.Progress("1", Marks.of([Mark("position", NO_KEYS, 0)])),
        probes=(row_notes.CrashProbe("key", "1", "process", "then", 1),),
    )
    items = [row.to_item(), Snapshot("position", empty, "1").to_item("d", 0)]
    assert set().union(*items) == {"DomainId", *domain_contract.RESERVED_ATTRIBUTES}
    notes = [item["CpEventSource"]["M"] for item in items]
    inner = [value["M"] for note in notes for value in note.values() if "M" in value]
    inner += [each["M"] for note in notes for value in note.values() for each in value.get("L", ())]
    names = set().union(*items, *notes, *inner)
    assert [name for name in sorted(names) if f"`{name}`" not in page] == []


def test_every_environment_variable_is_in_the_reference() -> None:
    page = text_of("docs/reference/functions-and-tables.md")
    read = set(re.findall(r'environment, "([A-Z_]+)"', (REPOSITORY / "handler" / "aws" / "settings.py").read_text()))
    assert "DOMAIN_NAME" in read
    assert [name for name in sorted(read - {"AWS_LAMBDA_FUNCTION_NAME"}) if f"`{name}`" not in page] == []


@pytest.mark.parametrize(
    ("module", "function"), [("persist", "persist"), ("project", "project"), ("rebuild_requests", "project")]
)
def test_every_metric_is_in_the_reference(module: str, function: str) -> None:
    page = text_of("docs/reference/functions-and-tables.md")
    source = (
        (REPOSITORY / "handler" / f"{function}.py")
        .read_text()
        .replace(f'"{rebuild_requests.ACCEPT_MISSING_EVENTS}"', "")
    )
    counted = re.findall(r'"([A-Z]\w+Events|(?:Events|Messages|Domains|Batches|Rebuilds|Repeated)[A-Z]\w+)"', source)
    assert counted
    assert [name for name in counted if f"| {function} | `{name}` |" not in page] == []
