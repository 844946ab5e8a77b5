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
    digits = "".join(map(str, number.as_tuple().digits)).rstrip("0")
    return len(digits.lstrip("0")) <= MOST_DIGITS and SMALLEST_EXPONENT <= number.adjusted() <= LARGEST_EXPONENT


def number_text(number: int | Decimal) -> str:
    """The one text of a finite number: equal numbers have equal texts, and each is a JSON number."""
    if isinstance(number, int):
        if -_PLAIN_INTEGERS < number < _PLAIN_INTEGERS:
            return int.__repr__(number)  # not str: a subclass of int may have a text of its own
        number = Decimal(number)
    if not number:
        return "0"
    sign, digits, exponent = number.as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    significant = text.rstrip("0")
    power = int(exponent) + len(text) - len(significant)
    minus = "-" if sign else ""
    if 0 <= power <= _MOST_ZEROS:
        return f"{minus}{significant}{'0' * power}"
    if power < 0 and -power - len(significant) <= _MOST_ZEROS:
        padded = significant.rjust(1 - power, "0")
        return f"{minus}{padded[:power]}.{padded[power:]}"
    return f"{minus}{significant}E{power}"
