"""Guarantee: numbers keep their value, have one text, and DynamoDB's limits are known before DynamoDB is asked."""

import json
from collections.abc import Callable
from decimal import Context, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.handler.values.exact_json import loads
from cp_event_source.handler.values.exact_numbers import is_storable, number_text, short_text, whole
from tests.handler.strategies import decimal_of, json_texts_of_numbers, numbers

any_exponent = st.builds(decimal_of, st.integers(-(10**40), 10**40), st.integers(-5000, 5000))


@given(numbers)
def test_the_text_has_the_numbers_value_and_is_json(number: int | Decimal) -> None:
    text = number_text(number)
    assert Decimal(text) == number
    assert json.loads(text, parse_float=Decimal, parse_int=Decimal) == number


@given(numbers, numbers)
def test_equal_numbers_and_only_they_have_equal_texts(one: int | Decimal, other: int | Decimal) -> None:
    assert (number_text(one) == number_text(other)) == (one == other)


@given(st.integers(-(10**40), 10**40), st.integers(-5000, 5000), st.integers(0, 300))
def test_trailing_zeros_and_exponents_do_not_change_the_text(coefficient: int, exponent: int, zeros: int) -> None:
    padded = decimal_of(coefficient * 10**zeros, exponent - zeros)
    assert number_text(padded) == number_text(decimal_of(coefficient, exponent))


@given(st.integers(-(10**40), 10**40), st.integers(0, 6000))
def test_an_int_and_a_decimal_of_one_value_have_one_text(coefficient: int, zeros: int) -> None:
    assert number_text(coefficient * 10**zeros) == number_text(decimal_of(coefficient, zeros))


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (Decimal("-0.00"), "0"),
        (Decimal("0E+400"), "0"),
        (Decimal("1.0"), "1"),
        (Decimal("1E+30"), "1" + "0" * 30),
        (Decimal("-0.10"), "-0.1"),
        (Decimal("1E-7"), "0.0000001"),
        (Decimal("123.4500"), "123.45"),
        (Decimal("-1E+5000"), "-1E5000"),
        (Decimal("12E-5000"), "12E-5000"),
    ],
)
def test_texts(number: int | Decimal, text: str) -> None:
    assert number_text(number) == text


@given(numbers | any_exponent)
def test_the_short_text_has_the_numbers_value_and_is_json(number: int | Decimal) -> None:
    text = short_text(number)
    assert Decimal(text) == number
    assert json.loads(text, parse_float=Decimal, parse_int=Decimal) == number


@given(numbers, numbers)
def test_equal_numbers_and_only_they_have_equal_short_texts(one: int | Decimal, other: int | Decimal) -> None:
    assert (short_text(one) == short_text(other)) == (one == other)


@given(st.integers(-(10**40), 10**40), st.integers(-5000, 5000), st.integers(0, 300))
def test_a_number_has_one_short_text_however_it_is_held(coefficient: int, exponent: int, zeros: int) -> None:
    text = short_text(decimal_of(coefficient, exponent))
    assert short_text(decimal_of(coefficient * 10**zeros, exponent - zeros)) == text
    if exponent >= 0:
        assert short_text(coefficient * 10**exponent) == text


@given(json_texts_of_numbers | st.from_regex(r"-?[1-9][0-9]{0,3}([eE]-?[0-9]{1,4})", fullmatch=True))
def test_the_short_text_is_not_much_longer_than_any_text_of_the_number(text: str) -> None:
    """The time to read and write a message is proportional to its length, whatever numbers it holds."""
    assert len(short_text(loads(text))) <= min(len(text) + 20, 6 * len(text))


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (Decimal("-0.00"), "0"),
        (Decimal("0E+400"), "0"),
        (-(10**20), "-1" + "0" * 20),
        (10**21, "1E21"),
        (-(10**125), "-1E125"),
        (Decimal("1E+125"), "1E125"),
        (10**125 + 1, "1" + "0" * 124 + "1"),
        (10**300, "1E300"),
        (Decimal("1.0"), "1"),
        (Decimal("-0.10"), "-0.1"),
        (Decimal("123.4500"), "123.45"),
        (Decimal("0.000001"), "0.000001"),
        (Decimal("0.0000001"), "1E-7"),
        (Decimal("0.00000120"), "0.0000012"),
        (Decimal("-12E-5000"), "-12E-5000"),
        (Decimal("1.2E+5000"), "12E4999"),
    ],
)
def test_short_texts(number: int | Decimal, text: str) -> None:
    assert short_text(number) == text


@pytest.mark.parametrize("write", [number_text, short_text])
@pytest.mark.parametrize("number", ["NaN", "sNaN", "-Infinity"])
def test_what_is_no_number_has_no_text(write: Callable[[Decimal], str], number: str) -> None:
    with pytest.raises(ValueError, match="must be a finite number; found"):
        write(Decimal(number))


def test_texts_do_not_depend_on_the_decimal_context_of_the_domains_logic() -> None:
    with localcontext(Context(prec=3, capitals=0, Emax=9, Emin=-9)):
        assert short_text(Decimal("-1.25E+400")) == "-125E398"
        assert number_text(Decimal("-1.25E+400")) == "-125E398"
        assert is_storable(Decimal("1.2345E+125"))


@given(st.integers(-(10**40), 10**40), st.integers(-5000, 5000))
def test_no_text_is_much_longer_than_the_numbers_digits(coefficient: int, exponent: int) -> None:
    number = decimal_of(coefficient, exponent)
    assert len(number_text(number)) <= len(number.as_tuple().digits) + len("-0.") + 130


def test_a_number_of_thousands_of_digits_has_a_text() -> None:
    assert short_text(10**4400 + 1) == "1" + "0" * 4399 + "1"
    assert number_text(10**4400 + 1) == "1" + "0" * 4399 + "1"


def test_a_subclass_of_int_is_written_as_its_number() -> None:
    """Not by its text, which DynamoDB would refuse each time."""

    class Cents(int):
        def __repr__(self) -> str:
            return f"{int(self) / 100:.2f} EUR"

        __str__ = __repr__

    assert number_text(Cents(250)) == short_text(Cents(250)) == "250"
    assert short_text(Cents(10**38)) == "1E38"
    assert number_text(Cents(10**38)) == "1" + "0" * 38


@given(numbers)
def test_whole_changes_no_value(number: int | Decimal) -> None:
    assert whole(Decimal(number)) == number


@pytest.mark.parametrize("text", ["0", "-0", "1", "1.00", "1E+125", "9.9E+125", "-25E1", "0E-300"])
def test_a_whole_number_is_an_int(text: str) -> None:
    assert isinstance(whole(Decimal(text)), int)


@pytest.mark.parametrize("text", ["0.5", "1E-130", "1E+126", "1E+999999999999", "1E-999999999999"])
def test_a_fraction_and_what_is_beyond_the_range_stay_decimal(text: str) -> None:
    assert isinstance(whole(Decimal(text)), Decimal)


@pytest.mark.parametrize(
    ("number", "storable"),
    [
        (0, True),
        (Decimal("-0.0"), True),
        (Decimal("0E+999"), True),
        (10**38 - 1, True),
        (-(10**38 - 1), True),
        (10**38, True),  # one digit and zeros
        (10**38 + 1, False),
        (-(10**38) - 1, False),
        (10**125, True),
        (int("9" * 38 + "0" * 88), True),
        (int("9" * 39 + "0" * 87), False),
        (Decimal("9" * 38 + "E+88"), True),
        (Decimal("9" * 39 + "E+87"), False),
        (10**126, False),
        (-(10**126), False),
        (10**4000, False),
        (Decimal("9.9999999999999999999999999999999999999E+125"), True),
        (Decimal("1E+126"), False),
        (Decimal("1E-130"), True),
        (Decimal("-1E-130"), True),
        (Decimal("9.9E-131"), False),
        (Decimal("1.0000000000000000000000000000000000000"), True),
        (Decimal("1.00000000000000000000000000000000000000000"), True),  # zeros are no significant digits
        (Decimal("1.2345678901234567890123456789012345678"), True),
        (Decimal("1.23456789012345678901234567890123456789"), False),
        (Decimal("0.00012345678901234567890123456789012345678"), True),
        (Decimal("NaN"), False),
        (Decimal("sNaN"), False),
        (Decimal("Infinity"), False),
        (Decimal("-Infinity"), False),
    ],
)
def test_what_dynamodb_keeps_exactly(number: int | Decimal, storable: bool) -> None:
    assert is_storable(number) is storable


@given(numbers)
def test_an_int_and_a_decimal_of_one_value_are_both_storable_or_not(number: int | Decimal) -> None:
    if number == int(number):
        assert is_storable(int(number)) == is_storable(Decimal(int(number))) == is_storable(number)
