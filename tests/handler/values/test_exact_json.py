"""Guarantee: JSON is read without a loss, and written in one canonical form."""

import json
import re
from decimal import MAX_EMAX, MIN_ETINY, Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.handler.values import exact_json
from cp_event_source.handler.values.exact_json import Document, InvalidJson, UnreadableNumber, dumps, loads, read
from tests.handler.strategies import json_texts, json_texts_of_numbers, json_values, numbers

DEEP = "[" * 3000, "]" * 3000
"""Around a text, more levels than the standard parser goes."""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", Decimal("0.1")),
        ("12345678901234567890", 12345678901234567890),
        ("1E+30", 10**30),
        ("99999999999999999999999999999999999999", 10**38 - 1),
        ("0.12345678901234567890123456789012345678", Decimal("0.12345678901234567890123456789012345678")),
        ("1e-400", Decimal("1e-400")),
        ("1e400", Decimal("1e400")),
        ("-0", 0),
        ("-0.0", 0),
    ],
)
def test_a_number_is_read_as_written(text: str, value: Any) -> None:
    assert loads(text) == value


@pytest.mark.parametrize(("text", "kind"), [("1", int), ("1.0", int), ("1e2", int), ("0.1", Decimal), ("-0.0", int)])
def test_a_whole_number_is_an_int_however_it_is_written(text: str, kind: type) -> None:
    assert type(loads(text)) is kind


@given(json_texts_of_numbers)
def test_every_number_is_read_exactly(text: str) -> None:
    value = loads(text)
    assert not isinstance(value, float)
    assert value == Decimal(text)


def test_a_number_of_more_digits_than_python_turns_into_an_int_is_read_exactly() -> None:
    text = "7" * 5000
    assert loads(text) == Decimal(text)


@pytest.mark.parametrize(
    "text", ["", "NaN", "Infinity", "-Infinity", "[1,]", "{'a': 1}", "01", "1.", "{} {}", '"\n"', "\ufeff1", "[" * 9]
)
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(InvalidJson):
        loads(text)


def test_the_message_says_where_the_text_stops_being_json() -> None:
    with pytest.raises(InvalidJson, match="line 2 column 7"):
        loads('{\n  "a" 1}')


def test_a_constant_that_json_does_not_have_is_named() -> None:
    with pytest.raises(InvalidJson, match="NaN is not JSON"):
        loads('{"a": NaN}')


@pytest.mark.parametrize(
    ("held", "refused"),
    [
        ("9.99e999999999999999999", "1e1000000000000000000"),
        ("-9e999999999999999999", "-10e999999999999999999"),
        ("0.1e1000000000000000000", "1.1e1000000000000000000"),
        ("1e-1999999999999999997", "1e-1999999999999999998"),
        ("123e-1999999999999999997", "123e-1999999999999999998"),
        ("1.0e-1999999999999999996", "1.0e-1999999999999999997"),  # zeros that are written count
        ("0.1e-1999999999999999996", "100e-1999999999999999998"),
        ("0e99999999999999999999", "-7.25e-99999999999999999999"),
    ],
)
def test_the_bounds_of_what_can_be_read(held: str, refused: str) -> None:
    """Python's decimal module holds no more."""
    assert loads(dumps(loads(held))) == loads(held)
    with pytest.raises(UnreadableNumber) as raised:
        loads(f'{{"a": [{refused}]}}')
    assert not isinstance(raised.value, InvalidJson)
    assert str(raised.value) == (
        "a number must be below 1e1000000000000000000 and have at most 1999999999999999997 decimal places; "
        f"found {refused}"
    )
    with pytest.raises(UnreadableNumber, match=re.escape(str(raised.value))):
        loads(f"{DEEP[0]}{refused}{DEEP[1]}")


def test_a_long_number_that_cannot_be_read_is_shown_cut() -> None:
    with pytest.raises(UnreadableNumber) as raised:
        loads(f"{'7' * 100_000}e999999999999999999")
    assert str(raised.value).endswith(f"found {'7' * 80}... (100019 characters)")


def test_the_page_on_events_says_the_bounds() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "domain-event.md").read_text()
    found = re.search(r"a number from `([^`]+)` on, or with more than ([0-9,]+) decimal places", page)
    assert found is not None
    assert found[1] == f"1e{MAX_EMAX + 1}"
    assert int(found[2].replace(",", "")) == -MIN_ETINY


@pytest.mark.parametrize("levels", [900, 1_000, 1_100, 20_000])
@pytest.mark.parametrize(("opening", "inmost", "closing"), [("[", "", "]"), ('{"a":', "1", "}"), ('[{"":', "{}", "}]")])
def test_nesting_of_any_depth_is_read_and_written(levels: int, opening: str, inmost: str, closing: str) -> None:
    text = opening * levels + inmost + closing * levels
    assert dumps(loads(text)) == text


@given(json_texts)
def test_the_deep_parser_gives_the_same_values_as_the_standard_parser(text: str) -> None:
    try:
        value = loads(text)
    except (InvalidJson, UnreadableNumber) as error:
        with pytest.raises(ValueError, match=re.escape(str(error))):
            exact_json._read_deep(text)
    else:
        deep = exact_json._read_deep(text)
        assert _with_types(deep.value) == _with_types(value)
        assert deep == read(text)


def test_what_is_not_json_is_refused_at_any_depth() -> None:
    text = f"{DEEP[0]}1"
    for wrong in (text, f"{text}{DEEP[1][1:]}", f"{text}{DEEP[1]}]", f"{text},{DEEP[1]}", f"{text} 2{DEEP[1]}"):
        with pytest.raises(InvalidJson):
            loads(wrong)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1, "a": 2}', {"a": 2}),
        ('{"a": 1, "a": 1}', {"a": 1}),
        ('[{"": {"a": [], "\\u0061": null}}]', [{"": {"a": None}}]),
    ],
)
def test_the_last_value_of_a_repeated_name_counts_and_the_repetition_is_reported(text: str, value: Any) -> None:
    document = read(text)
    assert document == Document(value, repeats_names=True)
    assert loads(text) == value
    deep = read(f"{DEEP[0]}{text}{DEEP[1]}")
    assert deep.repeats_names
    assert dumps(deep.value) == f"{DEEP[0]}{dumps(value)}{DEEP[1]}"


@given(json_values)
def test_names_that_differ_are_not_noticed(value: Any) -> None:
    text = dumps(value)
    assert not read(text).repeats_names
    assert not read(f"{DEEP[0]}{text}{DEEP[1]}").repeats_names


@pytest.mark.parametrize("text", ["0e99999999999999999999", "-0.00E-99999999999999999999", "0.0e+1000000000000000000"])
def test_zero_is_zero_whatever_its_exponent(text: str) -> None:
    assert loads(text) == 0


@given(json_values)
def test_what_was_written_is_read_back_equal(value: Any) -> None:
    assert _with_types(loads(dumps(value))) == _with_types(value)


@given(json_values)
def test_the_canonical_text_is_json_for_any_parser(value: Any) -> None:
    text = dumps(value)
    assert text.isascii()
    assert _with_types(json.loads(text, parse_float=Decimal)) == _with_types(value)


@given(json_values, json_values)
def test_equal_values_and_only_they_have_equal_texts(one: Any, other: Any) -> None:
    assert (dumps(one) == dumps(other)) == (_with_types(one) == _with_types(other))


@given(st.dictionaries(st.text(), numbers, min_size=2), st.randoms())
def test_the_order_of_keys_does_not_matter(value: dict[str, Any], random: Any) -> None:
    pairs = list(value.items())
    random.shuffle(pairs)
    assert dumps(dict(pairs)) == dumps(value)


def test_the_canonical_text_is_compact_and_sorted() -> None:
    value = {"b": [1, Decimal("2.50"), True, None, "é\ud800"], "a": {}, "": []}
    assert dumps(value) == r'{"":[],"a":{},"b":[1,2.5,true,null,"\u00e9\ud800"]}'


@pytest.mark.parametrize("number", ["1e20", "1e125", "-1e125", "9.9e125", "1e-130", "1e126", "1e4299", "1e-4299"])
def test_a_short_number_is_not_written_as_a_long_text(number: str) -> None:
    """A body of 1 MB must not grow into a hundred."""
    text = "[" + ",".join([number] * 1000) + "]"
    assert len(dumps(loads(text))) < 5 * len(text)


@pytest.mark.parametrize("value", [1.5, b"", {1}, (1,), object()])
def test_what_json_does_not_have_is_not_written(value: Any) -> None:
    with pytest.raises(TypeError, match=f"found a {type(value).__name__}$"):
        dumps([value])


def _with_types(value: Any) -> Any:
    """`value` in a form in which 1, true and "1" differ, and 1 and 1.0 do not."""
    match value:
        case bool():
            return ("bool", value)
        case dict():
            return {key: _with_types(element) for key, element in value.items()}
        case list():
            return [_with_types(element) for element in value]
        case _:
            return value
