"""Checks and writes numbers in DynamoDB's range without loss.

The source of the limits is the DynamoDB developer guide, "Supported data types", Number.
"""

from decimal import Context, Decimal

MAX_DIGITS = 38
MAX_EXPONENT = 125
MIN_EXPONENT = -130

_MAX_PLAIN_MAGNITUDE = 130
"""`number_text` writes plain digits for numbers of up to this many places before or after the decimal point. All that
DynamoDB holds is within this limit. Other numbers get an exponent."""
_PLAIN_INTEGERS = 10**_MAX_PLAIN_MAGNITUDE
_STORABLE_INTEGERS = 10**MAX_DIGITS
_MAX_INTEGER_BITS = (10 ** (MAX_EXPONENT + 1)).bit_length()
_DYNAMODB = Context(prec=MAX_DIGITS, Emin=MIN_EXPONENT, Emax=MAX_EXPONENT, traps=[])

_MAX_TRAILING_ZEROS = 20
"""`short_text` writes at most this many trailing zeros. The four characters 1e125 must not become 126, since a message
may be full of such numbers."""
_MAX_LEADING_ZEROS = 5
"""The decimal module writes no exponent for up to this many zeros after the decimal point."""
_SHORT_INTEGERS = 10 ** (_MAX_TRAILING_ZEROS + 1)
_WRITER = Context(capitals=1, traps=[])
"""A context of this module, because the text must not depend on a context that domain logic has set."""


def whole(number: Decimal) -> int | Decimal:
    """`number` as `int` if it is whole and within DynamoDB's range of exponents, else unchanged."""
    if number.adjusted() <= MAX_EXPONENT and number == number.to_integral_value():
        return int(number)
    return number


def is_storable(number: int | Decimal) -> bool:
    """True if DynamoDB keeps `number` exactly: 38 significant digits, 1E-130 to 9.9...E+125, or zero."""
    if isinstance(number, int):
        if -_STORABLE_INTEGERS < number < _STORABLE_INTEGERS:
            return True
        if number.bit_length() > _MAX_INTEGER_BITS:  # checked first: the conversion to Decimal is slow
            return False
        number = Decimal(number)
    if not number.is_finite():
        return False
    if not number:
        return True
    # if DynamoDB would round the number, the rounded value differs from it
    in_range = MIN_EXPONENT <= number.adjusted() <= MAX_EXPONENT
    return in_range and _DYNAMODB.create_decimal(number) == number


def number_text(number: int | Decimal) -> str:
    """The canonical text of a finite number: plain digits within DynamoDB's range, else with an exponent.

    Equal numbers have equal texts, and each is a JSON number.

    Raises:
        ValueError: the number is NaN or infinite.
    """
    if isinstance(number, int):
        if -_PLAIN_INTEGERS < number < _PLAIN_INTEGERS:
            return int.__repr__(number)  # not str: a subclass of int may define its own text
        number = Decimal(number)
    _check_finite(number)
    if not number:
        return "0"
    magnitude = number.adjusted() + 1
    if -_MAX_PLAIN_MAGNITUDE <= magnitude <= _MAX_PLAIN_MAGNITUDE:
        return _plain(number)
    sign, digits, power = _parts(_WRITER.to_sci_string(number))
    if magnitude > 0 and power <= _MAX_PLAIN_MAGNITUDE:  # it is long because of its digits, not because of zeros
        return _plain(number)
    return f"{sign}{digits}E{power}"


def short_text(number: int | Decimal) -> str:
    """The short canonical text of a finite number: at most 20 characters longer than any JSON text of the same number.

    Equal numbers have equal texts, and each is a JSON number. It is plain if that takes few zeros, else it has an
    exponent.

    Raises:
        ValueError: the number is NaN or infinite.
    """
    if isinstance(number, int):
        if -_SHORT_INTEGERS < number < _SHORT_INTEGERS:
            return int.__repr__(number)
        if number.bit_length() <= _MAX_INTEGER_BITS:  # such as 1e125
            text = int.__repr__(number)
            digits = text.rstrip("0")
            zeros = len(text) - len(digits)
            return f"{digits}E{zeros}" if zeros > _MAX_TRAILING_ZEROS else text
        number = Decimal(number)
    text = _WRITER.to_sci_string(number)
    if "." in text and "E" not in text and not text.endswith("0"):  # nearly every fraction
        return text
    _check_finite(number)
    if not number:
        return "0"
    sign, digits, power = _parts(text)
    if power > _MAX_TRAILING_ZEROS:
        return f"{sign}{digits}E{power}"
    if power >= 0:
        return f"{sign}{digits}{'0' * power}"
    magnitude = len(digits) + power
    if magnitude > 0:
        return f"{sign}{digits[:magnitude]}.{digits[magnitude:]}"
    if magnitude >= -_MAX_LEADING_ZEROS:
        return f"{sign}0.{'0' * -magnitude}{digits}"
    return f"{sign}{digits}E{power}"


def _parts(text: str) -> tuple[str, str, int]:
    """The sign, the digits without zeros at either end, and the power of ten of a nonzero number."""
    coefficient, _, exponent = text.partition("E")
    before, _, after = coefficient.partition(".")
    sign = "-" if before.startswith("-") else ""
    digits = f"{before.removeprefix('-')}{after}"
    significant = digits.rstrip("0")
    return sign, significant.lstrip("0"), int(exponent or 0) - len(after) + len(digits) - len(significant)


def _check_finite(number: Decimal) -> None:
    if not number.is_finite():
        raise ValueError(f"must be a finite number; found {number}")


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
