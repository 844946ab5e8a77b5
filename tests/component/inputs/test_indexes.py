"""Guarantee: what DynamoDB or the pipeline cannot have as an index is refused with all reasons, and nothing else is."""

import re
from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_event_source import IndexArgs
from cp_event_source.handler.domain.contract import RESERVED_ATTRIBUTES
from cp_event_source.inputs.indexes import (
    MAX_ALL_NON_KEY_ATTRIBUTES,
    MAX_INDEXES,
    MAX_KEYS_LENGTH,
    MAX_NON_KEY_ATTRIBUTES,
    PARKED_INDEX,
    PROJECTIONS,
    TYPES,
    Index,
    Key,
    indexes,
    indexes_from,
)
from cp_event_source.operate import selection

from ..deployment import component, deploy, deployed_with, in_program
from .test_arguments import refused

INPUT = "domain_table_indexes"
GOOD: dict[str, Any] = {"name": "by-status", "hash_key": "Status"}


def problems(*value: Any) -> list[str]:
    return indexes(INPUT, list(value))


def is_attribute(name: str) -> bool:
    return len(name.encode()) <= 40 and name != "DomainId" and not name.startswith("CpEventSource")


attributes = st.text(min_size=1, max_size=20).filter(is_attribute)


@st.composite
def good_indexes(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Any indexes that are allowed: other names, and one type for each attribute."""
    names = draw(st.lists(st.from_regex(r"[a-zA-Z0-9_.-]{3,20}", fullmatch=True), unique=True, max_size=8))
    types = draw(st.dictionaries(attributes, st.sampled_from(TYPES), min_size=2, max_size=8))
    made: list[dict[str, Any]] = []
    for name in names:
        hash_key, range_key = draw(st.permutations(sorted(types)))[:2]
        index: dict[str, Any] = {"name": name, "hash_key": hash_key, "hash_key_type": types[hash_key]}
        if draw(st.booleans()):
            index |= {"range_key": range_key, "range_key_type": types[range_key]}
        projection = draw(st.sampled_from([None, *PROJECTIONS]))
        index["projection"] = projection
        if projection == "INCLUDE":
            index["non_key_attributes"] = draw(st.lists(attributes, unique=True, min_size=1, max_size=5))
        made.append(index)
    return made


@given(good_indexes())
def test_what_is_allowed_is_taken_as_it_is_given(given_indexes: list[Any]) -> None:
    assert problems(*given_indexes) == []
    for given_index, index in zip(given_indexes, indexes_from(given_indexes), strict=True):
        assert index.name == given_index["name"]
        assert index.hash_key == Key(given_index["hash_key"], given_index["hash_key_type"])
        assert (index.range_key is None) == ("range_key" not in given_index)
        assert index.projection == (given_index["projection"] or "ALL")
        assert list(index.non_key_attributes) == given_index.get("non_key_attributes", [])


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(sorted(IndexArgs.__annotations__)) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=10,
)


@given(anything)
def test_anything_else_is_refused_with_a_path_a_rule_and_what_was_found(value: Any) -> None:
    for problem in indexes(INPUT, value):
        assert re.match(rf"{INPUT}(\[\d+\](\..*?(\[\d+\])?)?)?: (must|is not an input; )", problem, re.DOTALL)
        assert "; got " in problem or "is not an input" in problem


def test_the_least_that_an_index_has_and_its_defaults() -> None:
    assert indexes_from([IndexArgs(name="by-status", hash_key="Status")]) == (
        Index("by-status", Key("Status", "S"), None, "ALL", ()),
    )


@pytest.mark.parametrize(
    ("change", "field", "found"),
    [
        ({"name": None}, "name", "must be 3 to 255 ASCII letters, digits and _ . -, and not ParkedDomains"),
        ({"name": "ab"}, "name", "; got 'ab'; give such a name"),
        ({"name": "a" * 256}, "name", "must be 3 to 255"),
        ({"name": "by status"}, "name", "got 'by status'"),
        ({"name": "by-status\n"}, "name", "must be 3 to 255"),
        ({"name": PARKED_INDEX}, "name", "and not ParkedDomains, which the component has; got 'ParkedDomains'"),
        ({"name": 7}, "name", "got 7"),
        ({"hash_key": None}, "hash_key", "must be the name of an attribute of the row, of 1 to 255 bytes; got nothing"),
        ({"hash_key": ""}, "hash_key", "got ''; name one that to_dynamo_item returns"),
        ({"hash_key": "é" * 128}, "hash_key", "of 1 to 255 bytes"),
        ({"hash_key": ["Status"]}, "hash_key", "got ['Status']"),
        ({"hash_key": "DomainId"}, "hash_key", "must be another attribute than DomainId, the table's own key"),
        ({"range_key": "DomainId"}, "range_key", "must be another attribute than DomainId, the table's own key"),
        ({"range_key": "Status"}, "range_key", "must be another attribute than hash_key; got 'Status'; leave it out"),
        ({"range_key": ""}, "range_key", "got ''"),
        ({"hash_key_type": "string"}, "hash_key_type", "must be S (text), N (number) or B (binary); got 'string'"),
        ({"range_key": "Size", "range_key_type": "n"}, "range_key_type", "must be S (text), N (number) or B (binary)"),
        ({"range_key_type": "N"}, "range_key_type", "must be left out without range_key; got 'N'; give range_key, too"),
        ({"projection": "SOME"}, "projection", "must be ALL, KEYS_ONLY or INCLUDE; got 'SOME'; give one"),
        ({"projection": "INCLUDE"}, "non_key_attributes", "must be given with the projection INCLUDE; got nothing"),
        (
            {"non_key_attributes": ["Name"]},
            "non_key_attributes",
            "must be left out without the projection INCLUDE; got ['Name']; give projection INCLUDE",
        ),
        ({"projection": "INCLUDE", "non_key_attributes": []}, "non_key_attributes", "a list of 1 to 20 attributes' na"),
        ({"projection": "INCLUDE", "non_key_attributes": "Name"}, "non_key_attributes", "got 'Name'; take"),
        (
            {"projection": "INCLUDE", "non_key_attributes": [f"A{n}" for n in range(MAX_NON_KEY_ATTRIBUTES + 1)]},
            "non_key_attributes",
            "got 21; take the projection KEYS_ONLY for none and ALL for more",
        ),
        (
            {"projection": "INCLUDE", "non_key_attributes": ["A", 5]},
            "non_key_attributes[1]",
            "must be the name of an attribute, of 1 to 255 bytes; got 5",
        ),
        (
            {"projection": "INCLUDE", "non_key_attributes": ["A", "A"]},
            "non_key_attributes[1]",
            "must be another attribute than those before it; got 'A'",
        ),
        ({"hashkey": "Status"}, "hashkey", "is not an input; did you mean hash_key?"),
        ({"hashKey": "Status"}, "hashKey", "is not an input; did you mean hash_key?"),
    ],
)
def test_a_field_that_is_wrong_is_named_with_the_rule(change: dict[str, Any], field: str, found: str) -> None:
    (problem,) = problems({**GOOD, "name": "another"}, GOOD | change)
    assert problem.startswith(f"{INPUT}[1].{field}: ")
    assert found in problem


@pytest.mark.parametrize("field", ["hash_key", "range_key"])
@pytest.mark.parametrize("name", RESERVED_ATTRIBUTES)
def test_the_pipelines_own_attributes_are_no_keys(field: str, name: str) -> None:
    (problem,) = problems(GOOD | {field: name})
    assert problem.startswith(
        f"{INPUT}[0].{field}: must not begin with CpEventSource, as the pipeline's own attributes"
    )


def test_the_name_that_is_taken_is_the_one_that_the_commands_use() -> None:
    assert selection.PARKED_INDEX == PARKED_INDEX


@pytest.mark.parametrize("value", [GOOD, "by-status", 7, {}])
def test_indexes_are_a_list(value: Any) -> None:
    (problem,) = indexes(INPUT, value)
    assert problem.startswith(f"{INPUT}: must be a list of indexes, each a dictionary with name and hash_key; got ")


@pytest.mark.parametrize("value", ["by-status", None, ["by-status"], {5: "by-status"}])
def test_an_index_is_a_dictionary(value: Any) -> None:
    (problem,) = problems(value)
    assert problem.startswith(f"{INPUT}[0]: must be an index, a dictionary with name and hash_key; got ")


@pytest.mark.parametrize(
    "given_indexes",
    [
        lambda index: pulumi.Output.from_input([index]),
        lambda index: [pulumi.Output.from_input(index)],
        lambda index: [{name: pulumi.Output.from_input(value) for name, value in index.items()}],
    ],
)
def test_indexes_may_come_later_and_are_checked_then(given_indexes: Callable[[Any], Any]) -> None:
    later = deploy(in_program(lambda: component(domain_table_indexes=given_indexes(GOOD))))
    at_once = deployed_with(domain_table_indexes=[GOOD])
    for type_, name, part in (
        ("Table", "files-domain", "globalSecondaryIndexes"),
        ("Table", "files-domain", "attributes"),
        ("Function", "files-project", "environment"),
        ("Policy", "files-reader", "policy"),
    ):
        assert later.only(type_, name).inputs[part] == at_once.only(type_, name).inputs[part]
    with pytest.raises(pulumi.InputPropertiesError, match=rf"^{INPUT}\[0\].name: must be 3 to 255"):
        deploy(in_program(lambda: component(domain_table_indexes=given_indexes(GOOD | {"name": "x"}))))


def test_a_table_has_one_index_less_than_dynamodb_allows() -> None:
    most = [GOOD | {"name": f"index-{number}"} for number in range(MAX_INDEXES)]
    assert problems(*most) == []
    (problem,) = problems(*most, GOOD)
    assert problem.startswith(f"{INPUT}: must have at most 19 indexes, since DynamoDB gives a table 20 and the ")
    assert "; got 20; " in problem


def test_two_indexes_have_two_names() -> None:
    (problem,) = problems(GOOD, GOOD | {"name": "other"}, GOOD)
    assert problem == (
        f"{INPUT}[2].name: must be another name than that of {INPUT}[0]; got 'by-status'; rename one of them"
    )


def test_an_attribute_has_one_type_in_all_indexes() -> None:
    (problem,) = problems(GOOD, {"name": "other", "hash_key": "Size", "range_key": "Status", "range_key_type": "N"})
    assert problem.startswith(
        f"{INPUT}[1].range_key_type: must be 'S', since the attribute 'Status' has this type in {INPUT}[0], "
    )
    assert problem.endswith("; got 'N'; give both the same")


def test_all_indexes_together_include_a_hundred_attributes() -> None:
    def including(*numbers: int) -> list[dict[str, Any]]:
        return [
            GOOD | {"name": f"i-{position}", "projection": "INCLUDE", "non_key_attributes": [f"A{n}" for n in range(c)]}
            for position, c in enumerate(numbers)
        ]

    assert sum([20] * 5) == MAX_ALL_NON_KEY_ATTRIBUTES
    assert problems(*including(20, 20, 20, 20, 20)) == []
    (problem,) = problems(*including(20, 20, 20, 20, 20, 1))
    assert problem.startswith(f"{INPUT}: must have at most 100 non_key_attributes in all indexes together")
    assert "; got 101; " in problem


@pytest.mark.parametrize(("last", "is_refused"), [(100, False), (101, True)])
def test_the_keys_names_fit_into_the_functions_environment(last: int, is_refused: bool) -> None:
    lengths = [100] * 9 + [last]
    assert sum([100] * 10) == MAX_KEYS_LENGTH
    found = problems(
        *({"name": f"i-{number}", "hash_key": f"{number}".ljust(length, "k")} for number, length in enumerate(lengths)),
    )
    assert [INPUT in each and "; got 1001; give shorter names" in each for each in found] == [True] * is_refused


def test_all_that_is_wrong_is_said_at_once_and_beside_other_inputs() -> None:
    message = refused(
        domain_table_indexes=[
            GOOD,
            {"hash_key": "", "projection": "SOME"},
            GOOD,
            {"name": "typed", "hash_key": "Status", "hash_key_type": "N"},
        ],
        cp_domain_name="",
    )
    assert [line.partition(":")[0] for line in message.splitlines()] == [
        "cp_domain_name",
        f"{INPUT}[1].name",
        f"{INPUT}[1].hash_key",
        f"{INPUT}[1].projection",
        f"{INPUT}[2].name",
        f"{INPUT}[3].hash_key_type",
    ]
