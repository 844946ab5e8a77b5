"""Guarantee: the published schema is the contract: what it refuses, the pipeline refuses; and it is the file that is
shipped."""

import json
import re
import subprocess
import sys
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from cp_event_source import contract_schema
from cp_event_source.contract_schema import SCHEMA_FILE, domain_event_schema, schema_text
from cp_event_source.handler.events.domain_event import ContractViolation, parse_domain_event
from cp_event_source.handler.events.event_time import FORM
from cp_event_source.handler.events.fields import FIELDS, Field, Text
from tests.handler.strategies import json_values

ROOT = Path(__file__).parents[2]
SCHEMA = domain_event_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
FILES = Draft202012Validator(domain_event_schema("File"))
EXAMPLE: dict[str, Any] = {field.name: field.example for field in FIELDS}
LIMITS = sorted({field.rule.most_bytes for field in FIELDS if isinstance(field.rule, Text)})


def accepted(detail: Any) -> bool:
    try:
        parse_domain_event(detail, domain_name="File", latest="9999-12-31T23:59:60.999999999Z")
    except ContractViolation:
        return False
    return True


def test_the_shipped_file_is_what_is_generated() -> None:
    assert SCHEMA_FILE.read_text() == schema_text(), "the contract has changed: run `make schema`, and look at the diff"
    assert SCHEMA_FILE == ROOT / "cp_event_source" / "domain-event.schema.json"


def test_the_shipped_file_is_made_and_named_by_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert f"SCHEMA := {SCHEMA_FILE.relative_to(ROOT)}\n" in makefile
    assert "python -m cp_event_source.contract_schema > $(SCHEMA)" in makefile


@pytest.mark.parametrize("schema", [SCHEMA, domain_event_schema("File"), json.loads(SCHEMA_FILE.read_text())])
def test_it_is_a_schema_of_draft_2020_12(schema: dict[str, Any]) -> None:
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)


def test_every_field_is_described_and_has_an_example_that_is_valid() -> None:
    assert list(SCHEMA["properties"]) == [field.name for field in FIELDS]
    assert SCHEMA["examples"] == [EXAMPLE]
    assert VALIDATOR.is_valid(EXAMPLE)
    for name, described in SCHEMA["properties"].items():
        assert described["title"], name
        assert described["description"].endswith("."), name
        (example,) = described["examples"]
        assert Draft202012Validator(described).is_valid(example), name


def test_a_pinned_domain_is_the_only_one_and_has_a_name_of_its_own() -> None:
    assert FILES.is_valid(EXAMPLE)
    assert not FILES.is_valid(EXAMPLE | {"DomainName": "Account"})
    assert VALIDATOR.is_valid(EXAMPLE | {"DomainName": "Account"})
    pinned = domain_event_schema("My files")
    assert pinned["$id"] == "urn:cp-event-source:domain-event:My%20files"
    assert Draft202012Validator(pinned).is_valid(*pinned["examples"])


@pytest.mark.parametrize("name", ["", "x" * 257, "\ud800"])
def test_a_domain_name_that_no_event_can_bear_cannot_be_pinned(name: str) -> None:
    with pytest.raises(ContractViolation, match="DomainName: must be"):
        domain_event_schema(name)


def test_a_callers_change_to_a_schema_changes_no_other() -> None:
    before = deepcopy(domain_event_schema())
    changed = domain_event_schema()
    changed["properties"]["EventTime"].clear()
    changed["examples"][0]["Payload"].clear()
    changed["required"].clear()
    assert domain_event_schema() == before


def test_times_have_the_form_that_is_read_in_a_spelling_that_every_regular_expression_has() -> None:
    """ECMA-262 is the schema's own; a Go or Rust validator runs RE2, which has no lookaround."""
    pattern = SCHEMA["properties"]["EventTime"]["pattern"]
    assert pattern == FORM
    assert pattern.isascii()
    assert not re.search(r"\\|\(\?[^:]", pattern)


lengths = st.sampled_from([0, 1, *(limit + more for limit in LIMITS for more in (-1, 0, 1))])
long_texts = st.builds(str.__mul__, st.sampled_from(["x", "é", "\U0001f600"]), lengths)
near_numbers = st.sampled_from([10**38 - 1, 10**38, 1 - 10**38, -(10**38), 0, Decimal("1.5"), True])
times = (
    st.from_regex(FORM, fullmatch=True)
    | st.datetimes().map(str)
    | st.sampled_from(["2016-12-31T23:59:60Z", "2026-02-30T00:00:00Z", "2026-11-23T08:30:00Z\n", "20261123T0830"])
)
values = json_values | long_texts | near_numbers | times | st.sampled_from(["DOMAIN", "File"])


NAMES = st.sampled_from(sorted(EXAMPLE))


@given(st.dictionaries(NAMES | st.text(max_size=5), values, max_size=2), st.sets(NAMES, max_size=1))
def test_what_the_schema_refuses_the_pipeline_refuses(changed: dict[str, Any], missing: set[str]) -> None:
    detail = {name: value for name, value in (EXAMPLE | changed).items() if name not in missing}
    assert FILES.is_valid(detail) or not accepted(detail)


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)


def right_texts(rule: Text) -> st.SearchStrategy[str]:
    most = rule.most_bytes
    return texts | st.sampled_from(["x" * most, "é" * (most // 2), *([""] if rule.may_be_empty else [])])


right_values: dict[str, st.SearchStrategy[Any]] = {
    **{field.name: right_texts(field.rule) for field in FIELDS if isinstance(field.rule, Text)},
    "EventTime": st.datetimes().map(str) | st.sampled_from(["2016-12-31T15:59:60,5-08", "20261123t083000.000000001"]),
    "EventType": st.just("DOMAIN"),
    "DomainName": st.just("File"),
    "Payload": json_values,
    "Version": st.sampled_from([1 - 10**38, 10**38 - 1]) | st.integers(1 - 10**38, 10**38 - 1),
}


@given(
    st.fixed_dictionaries(
        {field.name: right_values[field.name] for field in FIELDS if field.required},
        optional={field.name: st.none() | right_values[field.name] for field in FIELDS if not field.required},
    ),
    st.dictionaries(st.text(max_size=9).filter(lambda name: name not in EXAMPLE), json_values, max_size=2),
)
def test_every_event_that_the_pipeline_accepts_is_valid(detail: dict[str, Any], extensions: dict[str, Any]) -> None:
    whole = detail | extensions
    assert accepted(whole)
    VALIDATOR.validate(whole)
    FILES.validate(whole)


@pytest.mark.parametrize(
    "change",
    [
        {"DomainId": ""},
        {"DomainId": "x" * 2049},
        {"EventId": "x" * 994},
        {"EventName": None},
        {"EventTime": "yesterday"},
        {"EventTime": "2026-11-23"},
        {"EventTime": "2026-11-23T08:30:00.0000000001Z"},
        {"EventType": "PROCESS"},
        {"Version": True},
        {"Version": "1"},
        {"Version": 10**38},
        {"IpAddress": 5},
        {"CorrelationId": ""},
    ],
    ids=str,
)
def test_the_schema_finds_what_producers_get_wrong(change: dict[str, Any]) -> None:
    """It need not find all, but a schema that lets everything pass would keep the guarantees above, too."""
    assert not VALIDATOR.is_valid(EXAMPLE | change)


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_a_required_field_is_required_and_no_other(field: Field) -> None:
    without = {name: value for name, value in EXAMPLE.items() if name != field.name}
    assert VALIDATOR.is_valid(without) == accepted(without) == (not field.required)


@pytest.mark.parametrize(("arguments", "domain_name"), [([], None), (["Account"], "Account")])
def test_it_is_printed(arguments: list[str], domain_name: str | None) -> None:
    printed = subprocess.run(
        [sys.executable, "-m", contract_schema.__name__, *arguments],
        capture_output=True,
        check=True,
        text=True,
        cwd=ROOT,
    )
    assert json.loads(printed.stdout) == domain_event_schema(domain_name)


def test_the_reference_lists_every_field_and_whether_it_is_required() -> None:
    page = (ROOT / "docs" / "reference" / "domain-event.md").read_text()
    listed = dict(re.findall(r"^\| `(\w+)` \| (yes|no) \|", page, re.MULTILINE))
    assert listed == {field.name: "yes" if field.required else "no" for field in FIELDS}


def test_the_references_example_is_the_schemas() -> None:
    page = (ROOT / "docs" / "reference" / "domain-event.md").read_text()
    (example,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert json.loads(example) == EXAMPLE
