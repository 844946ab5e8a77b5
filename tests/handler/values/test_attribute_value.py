"""Guarantee: values go into DynamoDB's form and back without a loss, or are refused with the path that is at fault."""

import base64
import json
import re
import sys
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.handler.values.attribute_value import (
    ITEM_SIZE_LIMIT,
    NESTING_LIMIT,
    NotStorable,
    copy,
    decode,
    decode_item,
    differences,
    encode,
    encode_item,
    item_size,
)
from cp_event_source.handler.values.exact_numbers import is_storable, number_text
from tests.handler.strategies import json_values, numbers


class Colour(Enum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Kind(StrEnum):
    FILE = "file"


class OldKind(str, Enum):  # noqa: UP042  the form that logic written for Python 3.10 has
    FILE = "file"


class Point(NamedTuple):
    x: int
    y: int


@dataclass
class Address:
    Street: str
    Lines: list[Any] = field(default_factory=list)


@dataclass
class Node:
    Next: Any = None


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
storable_numbers = numbers.filter(is_storable)
scalars = st.none() | st.booleans() | storable_numbers | texts | st.binary(max_size=10)
sets = (
    st.sets(texts, min_size=1, max_size=4)
    | st.sets(storable_numbers, min_size=1, max_size=4)
    | st.sets(st.binary(max_size=10), min_size=1, max_size=4)
)
storable: st.SearchStrategy[Any] = st.recursive(
    scalars | sets,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts.filter(bool), inner, max_size=4),
    max_leaves=12,
)
items = st.dictionaries(texts.filter(bool), storable, max_size=4)


def named(value: object) -> str:
    """A parameter's name, the same in each process: without addresses, and with the elements of a set in order."""
    text = f"{{{', '.join(sorted(map(repr, value)))}}}" if isinstance(value, set | frozenset) and value else repr(value)
    return re.sub(r" at 0x[0-9a-f]+", "", text)[:40]


def test_numbers_are_equal_after_the_round_trip_whole_ones_as_int() -> None:
    for text in ("0.1", "12345678901234567890", "1E+30", "0.12345678901234567890123456789012345678", "-0.0", "1E-130"):
        value = decode(encode(Decimal(text)))
        assert value == Decimal(text)
        assert isinstance(value, int) == (Decimal(text) == Decimal(text).to_integral_value())


@given(storable)
def test_round_trip(value: Any) -> None:
    once = encode(value)
    assert decode(once) == value
    assert encode(decode(once)) == once


@given(storable)
def test_round_trip_through_a_stream_record(value: Any) -> None:
    """A stream record is JSON: bytes come as base64 text."""
    assert decode(json.loads(json.dumps(encode(value), default=_base64))) == value


@pytest.mark.parametrize(
    ("value", "attribute"),
    [
        (None, {"NULL": True}),
        (True, {"BOOL": True}),
        (False, {"BOOL": False}),
        (0, {"N": "0"}),
        (-1, {"N": "-1"}),
        (0.1, {"N": "0.1"}),
        (1e22, {"N": "10000000000000000000000"}),
        (-0.0, {"N": "0"}),
        (Decimal("1.50"), {"N": "1.5"}),
        ("", {"S": ""}),
        ("\0é\U0001f600", {"S": "\0é\U0001f600"}),
        (b"", {"B": b""}),
        (bytearray(b"\0\xff"), {"B": b"\0\xff"}),
        ({}, {"M": {}}),
        (OrderedDict(a=1), {"M": {"a": {"N": "1"}}}),
        ([], {"L": []}),
        ([1, "1", True], {"L": [{"N": "1"}, {"S": "1"}, {"BOOL": True}]}),
        ((1, None), {"L": [{"N": "1"}, {"NULL": True}]}),
        (Point(1, 2), {"L": [{"N": "1"}, {"N": "2"}]}),
        ({"b", "a"}, {"SS": ["a", "b"]}),
        (frozenset({2, Decimal("0.5")}), {"NS": ["0.5", "2"]}),
        ({b"b", b"a"}, {"BS": [b"a", b"b"]}),
        (date(2026, 1, 2), {"S": "2026-01-02"}),
        (datetime(2026, 1, 2, 3, 4, 5, 6, UTC), {"S": "2026-01-02T03:04:05.000006+00:00"}),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=-5))), {"S": "0001-01-01T00:00:00-05:00"}),
        (UUID(int=1), {"S": "00000000-0000-0000-0000-000000000001"}),
        (Colour.RED, {"S": "red"}),
        (Level.HIGH, {"N": "3"}),
        (Kind.FILE, {"S": "file"}),
        (OldKind.FILE, {"S": "file"}),
        ({Colour.RED, "blue"}, {"SS": ["blue", "red"]}),
        (Address("Main", ["a"]), {"M": {"Street": {"S": "Main"}, "Lines": {"L": [{"S": "a"}]}}}),
    ],
    ids=named,
)
def test_every_type(value: Any, attribute: dict[str, Any]) -> None:
    encoded = encode(value)
    assert encoded == attribute
    assert repr(encoded) == repr(attribute)  # True is 1 to ==


@given(storable_numbers, storable_numbers)
def test_numbers_are_equal_in_storage_where_they_are_equal(one: Any, other: Any) -> None:
    assert (encode(one) == encode(other)) == (one == other)


@given(st.floats(allow_nan=False, allow_infinity=False).filter(lambda f: is_storable(Decimal(repr(f)))))
def test_a_float_is_stored_as_the_decimal_that_python_shows(value: float) -> None:
    assert float(decode(encode(value))) == value
    assert encode(value) == encode(Decimal(repr(value)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (1, Decimal("1.00")),
        (0, Decimal("-0.0")),
        (1e3, 1000),
        ({3, 1, 2}, {Decimal("2.0"), 1.0, 3}),
        ({"file": 1}, {Kind.FILE: 1}),
        ({"file": 1}, {OldKind.FILE: 1}),
        ("file", OldKind.FILE),
        ((1, 2), Point(1, 2)),
        ({"a", "b"}, frozenset({"b", "a"})),
        (b"x", bytearray(b"x")),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ],
    ids=named,
)
def test_equal_values_have_equal_attribute_values(one: Any, other: Any) -> None:
    assert encode(one) == encode(other)


def test_elements_of_a_set_that_are_stored_alike_are_stored_once() -> None:
    """DynamoDB refuses a set that names an element twice; read back as Decimal, 0.1 is not Python's float 0.1."""
    assert encode({0.1, Decimal("0.1")}) == {"NS": ["0.1"]}
    assert encode({Colour.RED, "red"}) == {"SS": ["red"]}
    assert encode({date(2026, 1, 2), "2026-01-02"}) == {"SS": ["2026-01-02"]}


def test_a_subclass_of_a_plain_type_is_stored_by_its_value_not_by_its_text() -> None:
    class Text(str):
        def __str__(self) -> str:
            return "\ud800"

    class Cents(int):
        def __repr__(self) -> str:
            return "EUR"

    class Float64(float):  # numpy's looks like this
        def __repr__(self) -> str:
            return f"np.float64({float(self)})"

    assert encode([Text("a"), Cents(5), Float64(0.1)]) == {"L": [{"S": "a"}, {"N": "5"}, {"N": "0.1"}]}
    assert encode({Text("key"): 1}) == {"M": {"key": {"N": "1"}}}
    ((key, _),) = encode({Text("key"): 1})["M"].items()
    assert type(key) is str


class PlainText(str):
    pass


class PlainInt(int):
    pass


class PlainFloat(float):
    pass


class PlainDecimal(Decimal):
    pass


class PlainBytes(bytes):
    pass


class PlainList(list[Any]):
    pass


class PlainDict(dict[Any, Any]):
    pass


def derived(value: Any) -> Any:
    """An equal value, each part of it of a class that derives from the plain one."""
    match value:
        case bool() | None:
            return value
        case str():
            return PlainText(value)
        case int():
            return PlainInt(value)
        case float():
            return PlainFloat(value)
        case Decimal():
            return PlainDecimal(value)
        case bytes():
            return PlainBytes(value)
        case list():
            return PlainList(map(derived, value))
        case dict():
            return PlainDict({derived(key): derived(element) for key, element in value.items()})
        case set():
            return frozenset(map(derived, value))
        case _:
            return value


anything: st.SearchStrategy[Any] = st.recursive(
    scalars | sets | st.floats() | numbers | st.text(st.characters(), max_size=3) | st.builds(set) | st.builds(object),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(), max_size=2), inner, max_size=3)
    ),
    max_leaves=12,
)
"""What can be stored, and what cannot."""


def outcome(value: Any) -> str:
    """The attribute value with the types in it, or the refusal."""
    try:
        return repr(encode(value))
    except NotStorable as refused:
        return str(refused)


@given(anything)
def test_a_plain_value_and_one_of_derived_types_have_the_same_result(value: Any) -> None:
    """Plain types need one lookup of the exact type; all others need a test for each."""
    assert outcome(derived(value)) == outcome(value)


@pytest.mark.parametrize(
    ("value", "path", "why"),
    [
        ({"a": [0, object()]}, "value.a[1]", "object"),
        ({"a": {"b": Decimal("NaN")}}, "value.a.b", "38 digits"),
        ([Decimal("sNaN")], "value[0]", "38 digits"),
        (float("nan"), "value", "38 digits"),
        (float("-inf"), "value", "38 digits"),
        (5e-324, "value", "38 digits"),
        (10**38 + 1, "value", "38 digits"),
        (10**126, "value", "38 digits"),
        (Decimal("1E-131"), "value", "38 digits"),
        ("\ud800", "value", "surrogate"),
        ({"\udfff": 1}, "value", "surrogate"),
        ({"": 1}, "value", "a key must not be empty"),
        ({1: 1}, "value", "keys must be text; found a key of the type int"),
        ({None: 1}, "value", "the type NoneType"),
        ({"k" * 65536: 1}, "value", "at most 65535 bytes"),
        (set(), "value", "a set must not be empty"),
        (frozenset(), "value", "a set must not be empty"),
        ({1, "1"}, "value", "a set must hold only"),
        ({True, 2}, "value", "a set must hold only"),
        ({None}, "value", "a set must hold only"),
        ({(1, 2)}, "value", "a set must hold only"),
        ({frozenset({1})}, "value", "a set must hold only"),
        ({"a": {Decimal("NaN")}}, "value.a", "38 digits"),
        (complex(1), "value", "complex"),
        (timedelta(1), "value", "timedelta"),
        (Address, "value", "type"),
        (iter([]), "value", "list_iterator"),
        (Address("a", [{"x": 1j}]), "value.Lines[0].x", "complex"),
    ],
    ids=named,
)
def test_what_dynamodb_does_not_keep_is_refused_with_its_path(value: Any, path: str, why: str) -> None:
    with pytest.raises(NotStorable) as refused:
        encode(value)
    assert refused.value.path == path
    assert why in refused.value.why
    assert str(refused.value) == f"{path}: {refused.value.why}"


def test_an_items_attributes_are_named_in_the_path() -> None:
    with pytest.raises(NotStorable, match=r"Tags\.b\[0\]: a set must not be empty"):
        encode_item({"Name": "x", "Tags": {"b": [set()]}})
    with pytest.raises(NotStorable, match="the item: a key must not be empty"):
        encode_item({"": 1})


@pytest.mark.parametrize(
    "wrap", [lambda inner: [inner], lambda inner: {"a": inner}, Node], ids=["list", "map", "class"]
)
def test_levels_of_nesting(wrap: Any) -> None:
    value: Any = "leaf"
    for _ in range(NESTING_LIMIT):
        value = wrap(value)
    encode(value)
    with pytest.raises(NotStorable, match="at most 32 levels"):
        encode(wrap(value))


def test_a_cycle_is_refused_like_deep_nesting() -> None:
    node = Node()
    node.Next = node
    endless: list[Any] = []
    endless.append(endless)
    for value in (node, endless):
        with pytest.raises(NotStorable, match="levels"):
            encode(value)


def test_nesting_far_beyond_pythons_own_limit_is_refused() -> None:
    value: Any = []
    for _ in range(10 * sys.getrecursionlimit()):
        value = [value]
    with pytest.raises(NotStorable, match="levels"):
        encode(value)


def test_a_number_from_elsewhere_is_read_exactly_however_it_is_spelled() -> None:
    assert [decode({"N": text}) for text in ("1E+30", "1.0", "-0", "007", "1e-7")] == [10**30, 1, 0, 7, Decimal("1e-7")]


def test_a_type_that_dynamodb_does_not_have_is_an_error() -> None:
    with pytest.raises(ValueError, match="'X'"):
        decode({"X": 1})


@given(items)
def test_items(item: dict[str, Any]) -> None:
    assert decode_item(encode_item(item)) == item


def test_the_keys_of_maps_are_read_in_their_own_order_whatever_the_order_that_storage_returns() -> None:
    inner = {"M": {"é": {"N": "1"}, "a": {"N": "2"}, "B": {"N": "3"}}}
    item: dict[str, Any] = {"Z": {"L": [inner]}, "A": inner}
    assert list(decode_item(item)) == ["A", "Z"]
    assert list(decode_item(item)["Z"][0]) == list(decode_item(item)["A"]) == ["B", "a", "é"]
    assert list(copy(item["Z"])["L"][0]["M"]) == ["B", "a", "é"]


@given(storable)
def test_a_copy_is_equal_and_shares_no_mutable_object(value: Any) -> None:
    attribute = encode(value)
    before = repr(attribute)
    duplicate = copy(attribute)
    assert duplicate == attribute
    _spoil(duplicate)
    assert repr(attribute) == before


@given(items)
def test_the_size_of_an_item_is_never_below_dynamodbs_rule(item: dict[str, Any]) -> None:
    encoded = encode_item(item)
    assert item_size(encoded) >= _documented_size(encoded)


@given(items)
def test_a_stream_records_item_has_the_same_size(item: dict[str, Any]) -> None:
    encoded = encode_item(item)
    assert item_size(json.loads(json.dumps(encoded, default=_base64))) == item_size(encoded)


def test_the_size_of_an_item_is_close_to_dynamodbs_rule() -> None:
    """Too high by far would refuse what DynamoDB takes."""
    item = encode_item({"Text": "é" * 1000, "Numbers": list(range(1000)), "Bytes": b"x" * 1000})
    assert item_size(item) <= 1.3 * _documented_size(item)
    assert ITEM_SIZE_LIMIT == 409_600


def _documented_size(item: dict[str, Any]) -> int:
    """The developer guide's "DynamoDB item sizes and formats" in independent code. A number's sign is one byte."""
    return sum(len(name.encode()) + _documented_attribute_size(value) for name, value in item.items())


@pytest.mark.parametrize(
    ("one", "other", "paths"),
    [
        ({}, {}, []),
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": "1"}, ["a"]),
        ({"a": 1}, {"b": 1}, ["a", "b"]),
        ({"b": {"c": [1, {"d": 2}]}, "a": 0}, {"b": {"c": [1, {"d": 3}]}, "a": 1}, ["a", "b.c[1].d"]),
        ({"a": {"b": 1, "c": 1}}, {"a": {"b": 1}}, ["a.c"]),
        ({"a": [1, 2]}, {"a": [1]}, ["a"]),
        ({"a": {1, 2}}, {"a": {1}}, ["a"]),
        ({"a": {}}, {"a": []}, ["a"]),
    ],
)
def test_items_differ_where_their_paths_say(one: Any, other: Any, paths: list[str]) -> None:
    assert [path for path, _, _ in differences(encode_item(one), encode_item(other))] == paths


@given(
    st.dictionaries(st.text("ab", min_size=1), json_values, max_size=3),
    st.dictionaries(st.text("ab", min_size=1), json_values),
)
def test_items_differ_if_and_only_if_a_path_says_so(one: Any, other: Any) -> None:
    try:
        items = encode_item(one), encode_item(other)
    except NotStorable:
        return
    assert bool(differences(*items)) == (items[0] != items[1])


def _documented_attribute_size(attribute: dict[str, Any]) -> int:
    ((kind, value),) = attribute.items()
    if kind == "M":
        return 3 + sum(1 + len(key.encode()) + _documented_attribute_size(each) for key, each in value.items())
    if kind == "L":
        return 3 + sum(1 + _documented_attribute_size(each) for each in value)
    if kind in {"NULL", "BOOL"}:
        return 1
    return sum(
        _documented_scalar_size(kind[0], each) for each in (value if kind.endswith("S") and len(kind) > 1 else [value])
    )


def _documented_scalar_size(kind: str, value: Any) -> int:
    if kind != "N":
        return len(value.encode() if kind == "S" else value)
    significant = number_text(Decimal(value)).replace("-", "").replace(".", "").strip("0")
    is_negative: bool = value.startswith("-")
    return min((len(significant) + 1) // 2 + 1 + is_negative, 21)


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _spoil(attribute: dict[str, Any]) -> None:
    for value in attribute.values():
        if isinstance(value, dict):
            for element in value.values():
                _spoil(element)
            value["changed"] = {"S": "changed"}
        elif isinstance(value, list):
            for element in value:
                if isinstance(element, dict):
                    _spoil(element)
            value.append("changed")
    attribute["changed"] = True
