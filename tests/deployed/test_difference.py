"""A difference names each attribute that differs, and no other."""

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.deployed.difference import NOTHING, Difference, differences
from cp_event_source.handler.values.attribute_value import encode_item

ID = "22222222-2222-4222-8222-222222222222"


def found(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str, str]]:
    each = differences("d", encode_item(before), encode_item(after))
    return [(one.attribute, one.before, one.after) for one in each]


def test_what_is_new_gone_or_another_value_is_named_with_both_sides() -> None:
    assert found({"Same": 1, "Gone": True, "Other": "a"}, {"Same": 1, "Other": "b", "New": None}) == [
        ("Gone", "true", NOTHING),
        ("Other", "a", "b"),
        ("New", NOTHING, "null"),
    ]


def test_it_descends_into_maps_and_into_lists_of_equal_length() -> None:
    before = {"Address": {"City": "a", "Street": "s"}, "Steps": [1, {"Kind": "x"}], "Tags": [1]}
    after = {"Address": {"City": "b", "Street": "s"}, "Steps": [1, {"Kind": "y"}], "Tags": [1, 2]}

    assert found(before, after) == [
        ("Address.City", "a", "b"),
        ("Steps[1].Kind", "x", "y"),
        ("Tags", "[1]", "[1, 2]"),
    ]


def test_values_that_look_the_same_have_their_types() -> None:
    assert found({"Size": 5}, {"Size": "5"}) == [("Size", "5 (number)", "5 (text)")]
    assert found({"Size": ""}, {}) == [("Size", '""', NOTHING)]


def test_uuids_are_whole() -> None:
    assert found({"Owner": ID}, {"Owner": ID[:-1] + "3"}) == [("Owner", ID, ID[:-1] + "3")]


def test_a_set_has_no_order() -> None:
    before, after = {"Tags": {"SS": ["a", "b"]}}, {"Tags": {"SS": ["b", "a"]}}

    assert list(differences("d", before, after)) == []


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=2) | st.sets(st.integers(0, 3), min_size=1),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xy"), inner, max_size=2),
    max_leaves=5,
)
ROWS = st.dictionaries(st.sampled_from("ABC"), VALUES)


@given(ROWS, ROWS)
def test_there_is_a_difference_if_and_only_if_the_rows_differ(before: dict[str, Any], after: dict[str, Any]) -> None:
    one, other = encode_item(before), encode_item(after)
    each = list(differences("d", one, other))

    assert bool(each) == (one != other)
    assert all(isinstance(difference, Difference) and difference.before != difference.after for difference in each)


def test_a_document_has_values_and_leaves_out_what_is_not_there() -> None:
    before = {"Price": {"N": "0.10"}, "Open": {"BOOL": True}, "Name": {"S": "(none)"}}
    after = {"Price": {"N": "12345678901234567890"}, "Tags": {"SS": ["b", "a"]}, "Open": {"BOOL": True}}

    assert [each.document() for each in differences("a", before, after)] == [
        {"attribute": "Price", "before": Decimal("0.10"), "after": 12345678901234567890},
        {"attribute": "Name", "before": "(none)"},
        {"attribute": "Tags", "after": ["a", "b"]},
    ]
