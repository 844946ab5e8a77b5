"""Guarantee: a form that reuses what has not changed equals one that is encoded and decoded completely."""

import enum
import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cp_event_source.handler.values.attribute_value import NotStorable, decode_item, encode_item, item_size
from cp_event_source.handler.values.stored_form import NOTHING_STORED, StoredForm


class Text(str):
    """Text with another text of its own."""

    __slots__ = ()

    def __str__(self) -> str:
        return "other"


class Number(int):
    pass


class Kind(enum.Enum):
    A = "a"


names = st.sampled_from(["DomainId", "A", "B", "Ä"])
numbers = st.sampled_from(
    [0, 1, -1, 10**37, 0.0, 1.0, 0.1, Decimal(1), Decimal("1.0"), Decimal("1.10"), Decimal("1E+2"), Number(1)]
)
scalars = numbers | st.sampled_from(
    [None, True, False, "", "a", "\u00e4", "1", Text("a"), Kind.A, b"", b"a", bytearray(b"a")]
)
refused = st.sampled_from(
    [Decimal("NaN"), float("inf"), 10**39 + 1, "\ud800", set(), {1, "a"}, {True}, object(), {"": 1}]
)
sets = st.sampled_from([{"a"}, {"a", "ä"}, {"b", "a"}, {1}, {1, Decimal("0.1")}, {Text("a")}, {b"a"}])
values = st.recursive(
    scalars | sets, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=2), max_leaves=4
)
rows = st.dictionaries(names | names.map(Text), values, max_size=4)


def typed(value: Any) -> Any:
    """A value with the types of all of it, in a form that `==` compares exactly."""
    match value:
        case dict():
            return {name: typed(element) for name, element in value.items()}
        case list():
            return [typed(element) for element in value]
        case set():
            return sorted(map(repr, value))
        case _:
            return type(value), repr(value)


def written_from(read: dict[str, Any], data: st.DataObject) -> dict[Any, Any]:
    """What domain logic might return that was given these values."""
    match data.draw(st.sampled_from(["same", "copy", "changed", "other"])):
        case "same":
            return read
        case "copy":
            return {name: read[name] for name in data.draw(st.permutations(list(read)))}
        case "changed":
            for name in data.draw(st.sets(st.sampled_from([*read, "New"]), min_size=1)):
                value = read.get(name)
                if isinstance(value, list):
                    value.append(1)
                elif isinstance(value, dict):
                    value["New"] = 1
                elif isinstance(value, set):
                    value.discard("a")
                else:
                    read[name] = data.draw(values | refused)
            return read
        case _:
            return data.draw(rows)


def encoded(written: dict[Any, Any]) -> tuple[Any, str]:
    try:
        return encode_item(written), ""
    except NotStorable as error:
        return None, str(error)


@given(st.data())
def test_a_form_is_what_encoding_and_decoding_all_of_it_gives(data: st.DataObject) -> None:
    form = NOTHING_STORED
    for _ in range(data.draw(st.integers(1, 5))):
        if data.draw(st.booleans()):  # the row is stored and read, as between two batches
            form = StoredForm.read(form.attributes)
        written = written_from(form.values(), data)
        expected, refusal = encoded(written)
        if refusal:
            with pytest.raises(NotStorable, match=re.escape(refusal)):
                form.followed_by(written)
            continue
        after = form.followed_by(written)
        assert after.attributes == expected
        assert set(map(type, after.attributes)) <= {str}
        for _ in range(2):  # what a reader does with its values does not reach the next one
            read = after.values()
            assert typed(read) == typed(decode_item(expected))
            assert list(read) == list(expected)
            written_from(read, data)
        size = item_size(expected)
        assert [after.fits(limit) for limit in (size - 1, size, size + 1)] == [False, True, True]
        form = after


@example({"DomainId": "x" * 99, "A": "x" * 99})
@example({"DomainId": "", "A": {}, "B": [[], {}, None, True]})
@given(rows)
def test_a_form_that_was_read_fits_if_its_item_does(row: dict[Any, Any]) -> None:
    item, refusal = encoded(row)
    if refusal:
        return
    size = item_size(item)
    assert [StoredForm.read(item).fits(limit) for limit in (size - 1, size)] == [False, True]


@given(st.data())
def test_it_is_never_taken_for_the_form_of_something_else(data: st.DataObject) -> None:
    form = NOTHING_STORED.followed_by(data.draw(rows))
    written: object = written_from(form.values(), data) if data.draw(st.booleans()) else data.draw(values)
    if form.is_form_of(written):
        assert isinstance(written, dict)
        assert encoded(written) == (form.attributes, "")


def test_it_is_taken_for_the_form_of_what_was_read() -> None:
    form = NOTHING_STORED.followed_by({"DomainId": "d", "N": 1, "S": {"a"}, "L": [{"M": 0.1}], "None": None})
    assert form.is_form_of(form.values())


def test_numbers_that_a_person_wrote_are_written_in_the_one_form() -> None:
    form = StoredForm.read({"N": {"N": "1.0"}, "L": {"L": [{"N": "01"}]}})
    assert form.followed_by(form.values()).attributes == {"N": {"N": "1"}, "L": {"L": [{"N": "1"}]}}


def test_the_size_of_a_row_that_changes_often_does_not_grow() -> None:
    form = NOTHING_STORED.followed_by({"DomainId": "d", "Text": "x" * 900})
    for number in range(100):
        form = form.followed_by({"DomainId": "d", "Text": f"{number % 10}" * 900})
    assert form.fits(1000)
    assert not form.fits(900)
