"""Guarantee: laying out JSON text changes nothing but spaces between its tokens, so exact numbers survive."""

import json
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.handler.values import exact_json
from cp_event_source.operate.json_text import compact, indented

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.decimals(allow_nan=False, allow_infinity=False),
    lambda each: st.lists(each) | st.dictionaries(st.text(), each),
)


@given(VALUES)
def test_every_token_stays(value: object) -> None:
    text = exact_json.dumps(value)
    assert compact(indented(text)) == text


@given(st.recursive(st.integers() | st.text(), lambda each: st.lists(each) | st.dictionaries(st.text(), each)))
def test_the_layout_is_that_of_other_tools(value: object) -> None:
    assert indented(json.dumps(value)) == json.dumps(value, indent=2)


def test_numbers_names_and_escapes_stay_as_they_were_written() -> None:
    text = '{"a":1.0,"a":12345678901234567890.10,"b":[1E+2,-0],"c":"\\u00e9 , : \\" {"}'
    assert compact(indented(text)) == text
    assert exact_json.loads(indented(text))["a"] == Decimal("12345678901234567890.10")


def test_text_that_is_nested_too_deeply_stays_in_a_line() -> None:
    text = "[" * 100_000 + "]" * 100_000
    assert indented(text) == text
