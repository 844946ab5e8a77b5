"""Numbers as DynamoDB holds them, without a loss.

Source of the limits: the DynamoDB developer guide, "Supported data types", Number.
"""

from decimal import Decimal

MOST_DIGITS = 38
LARGEST_EXPONENT = 125
SMALLEST_EXPONENT = -130

_PLAIN_INTEGERS = 10**MOST_DIGITS
_MOST_ZEROS = 130
"""Zeros that may be written for an exponent: enough for what DynamoDB holds. Beyond, the exponent itself is written:
otherwise a message of 1 MB, 1e4000 all over, would grow into hundreds."""


def whole(number: Decimal) -> int | Decimal:
    """`number` as `int` where it is whole and within DynamoDB's range of exponents, else unchanged."""
    if number.adjusted() <= LARGEST_EXPONENT and number == number.to_integral_value():
        return int(number)
    return number


def is_storable(number: int | Decimal) -> bool:
    """Whether DynamoDB keeps `number` exactly: 38 significant digits, 1E-130 to 9.9...E+125, or zero."""
    if isinstance(number, int):
        if -_PLAIN_INTEGERS < number < _PLAIN_INTEGERS:
            return True
        if number.bit_length() > 4 * MOST_DIGITS + 4 * LARGEST_EXPONENT:
            return False
        number = Decimal(number)
    if not number.is_finite():
        return False
    if not number:
        return True
    if not SMALLEST_EXPONENT <= number.adjusted() <= LARGEST_EXPONENT:
        return False
    if len(str(number)) <= MOST_DIGITS:  # then so are its digits
        return True
    return len("".join(map(str, number.as_tuple().digits)).strip("0")) <= MOST_DIGITS


def number_text(number: int | Decimal) -> str:
    """The one text of a finite number: equal numbers have equal texts, and each is a JSON number.

    Raises:
        ValueError: NaN or an infinity.
    """
    if isinstance(number, int):
        if -_PLAIN_INTEGERS < number < _PLAIN_INTEGERS:
            return int.__repr__(number)  # not str: a subclass of int may have a text of its own
        number = Decimal(number)
    if not number.is_finite():
        raise ValueError(f"{number} is not a finite number")
    if not number:
        return "0"
    magnitude = number.adjusted() + 1
    if -_MOST_ZEROS <= magnitude <= _MOST_ZEROS:
        return _plain(number)
    significant = "".join(map(str, number.as_tuple().digits)).rstrip("0")
    power = magnitude - len(significant)
    if magnitude > 0 and power <= _MOST_ZEROS:  # long by its digits, not by zeros
        return _plain(number)
    return f"{'-' if number.is_signed() else ''}{significant}E{power}"


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
