"""Guarantee: the keys of indexes allow exactly the attribute values that DynamoDB allows in them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.handler.domain.index_keys import IndexKey, from_text, refusals, to_text
from cp_event_source.handler.values.attribute_value import encode

TEXT, NUMBER, BINARY = (IndexKey(type_, 10) for type_ in "SNB")

keys = st.builds(IndexKey, st.sampled_from("SNB"), st.sampled_from([10, 1024, 2048]))
names = st.text(min_size=1, max_size=8)
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**37), 10**37),
    st.text(),
    st.binary(),
    st.lists(st.integers(-(10**37), 10**37)),
    st.just({"x"}),
).map(encode)


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        (TEXT, "x", None),
        (TEXT, "x" * 10, None),
        (TEXT, "x" * 11, "must have 1 to 10 bytes; found 11"),
        (TEXT, "é" * 6, "must have 1 to 10 bytes; found 12"),
        (TEXT, "", "must have 1 to 10 bytes; found 0"),
        (TEXT, 5, "must be text (S); found a number (N)"),
        (TEXT, None, "must be text (S); found None"),
        (TEXT, ["x"], "must be text (S); found the type L"),
        (NUMBER, 5, None),
        (NUMBER, 10**30, None),
        (NUMBER, "5", "must be a number (N); found text (S)"),
        (BINARY, b"x" * 10, None),
        (BINARY, b"", "must have 1 to 10 bytes; found 0"),
        (BINARY, b"x" * 11, "must have 1 to 10 bytes; found 11"),
        (BINARY, True, "must be binary (B); found the type BOOL"),
    ],
)
def test_a_value_has_the_type_and_the_size_of_the_key(key: IndexKey, value: Any, reason: str | None) -> None:
    assert key.refusal(encode(value)) == reason


@given(st.dictionaries(names, values, max_size=5), st.dictionaries(names, keys, max_size=5))
def test_only_attributes_that_are_there_and_are_keys_are_refused(
    attributes: dict[str, Any], of_indexes: dict[str, IndexKey]
) -> None:
    refused = refusals(attributes, of_indexes)
    assert refused.keys() <= attributes.keys() & of_indexes.keys()
    kept = attributes.keys() & of_indexes.keys() - refused.keys()
    assert all(of_indexes[name].type in attributes[name] for name in kept)


@given(st.dictionaries(names, keys))
def test_the_environment_carries_the_keys(of_indexes: dict[str, IndexKey]) -> None:
    text = to_text(of_indexes)
    assert from_text(text) == of_indexes
    assert to_text(dict(reversed(of_indexes.items()))) == text


@pytest.mark.parametrize("text", ["", "[]", "5", '{"A": 5}', '{"A": ["S"]}', '{"A": ["X", 10]}', '{"A": ["S", "ten"]}'])
def test_another_text_is_an_error(text: str) -> None:
    with pytest.raises((ValueError, TypeError, AttributeError)):
        from_text(text)
