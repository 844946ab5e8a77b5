"""Numbers as DynamoDB holds them, without a loss.

Source of the limits: the DynamoDB developer guide, "Supported data types", Number.
"""

from decimal import Context, Decimal

MOST_DIGITS = 38
LARGEST_EXPONENT = 125
SMALLEST_EXPONENT = -130

_MOST_PLACES = 130
"""Places before or after the point up to which a number is written plainly: enough for what DynamoDB holds. Beyond, the
exponent itself is written."""
_PLAIN_INTEGERS = 10**_MOST_PLACES
_STORABLE_INTEGERS = 10**MOST_DIGITS
_LARGEST_INTEGER_BITS = (10 ** (LARGEST_EXPONENT + 1)).bit_length()
_DYNAMODB = Context(prec=MOST_DIGITS, Emin=SMALLEST_EXPONENT, Emax=LARGEST_EXPONENT, traps=[])

_MOST_ZEROS = 20
"""Zeros that JSON text may have for an exponent. A number of four characters, 1e125, must not become one of 126: a
message is full of them."""
_FEWEST_ZEROS = 5
"""Zeros behind a decimal point up to which the decimal module writes no exponent."""
_SHORT_INTEGERS = 10 ** (_MOST_ZEROS + 1)
_WRITER = Context(capitals=1, traps=[])
"""Of our own: the text must not depend on a context that domain logic may have set."""


def whole(number: Decimal) -> int | Decimal:
    """`number` as `int` where it is whole and within DynamoDB's range of exponents, else unchanged."""
    if number.adjusted() <= LARGEST_EXPONENT and number == number.to_integral_value():
        return int(number)
    return number


def is_storable(number: int | Decimal) -> bool:
    """Whether DynamoDB keeps `number` exactly: 38 significant digits, 1E-130 to 9.9...E+125, or zero."""
    if isinstance(number, int):
        if -_STORABLE_INTEGERS < number < _STORABLE_INTEGERS:
            return True
        if number.bit_length() > _LARGEST_INTEGER_BITS:  # before it is made a Decimal, which takes time
            return False
        number = Decimal(number)
    if not number.is_finite():
        return False
    if not number:
        return True
    # of what DynamoDB rounds to fewer digits the rounded value differs
    in_range = SMALLEST_EXPONENT <= number.adjusted() <= LARGEST_EXPONENT
    return in_range and _DYNAMODB.create_decimal(number) == number


def number_text(number: int | Decimal) -> str:
    """The one text of a finite number in DynamoDB's form: plain digits, as far as DynamoDB's range goes.

    Equal numbers have equal texts, and each is a JSON number.

    Raises:
        ValueError: NaN or an infinity.
    """
    if isinstance(number, int):
        if -_PLAIN_INTEGERS < number < _PLAIN_INTEGERS:
            return int.__repr__(number)  # not str: a subclass of int may have a text of its own
        number = Decimal(number)
    _check_finite(number)
    if not number:
        return "0"
    magnitude = number.adjusted() + 1
    if -_MOST_PLACES <= magnitude <= _MOST_PLACES:
        return _plain(number)
    sign, digits, power = _parts(_WRITER.to_sci_string(number))
    if magnitude > 0 and power <= _MOST_PLACES:  # long by its digits, not by zeros
        return _plain(number)
    return f"{sign}{digits}E{power}"


def short_text(number: int | Decimal) -> str:
    """The one short text of a finite number: at most 20 characters longer than any JSON text of the same number.

    Equal numbers have equal texts, and each is a JSON number. Plain where that takes few zeros, else with an exponent.

    Raises:
        ValueError: NaN or an infinity.
    """
    if isinstance(number, int):
        if -_SHORT_INTEGERS < number < _SHORT_INTEGERS:
            return int.__repr__(number)
        if number.bit_length() <= _LARGEST_INTEGER_BITS:  # such as 1e125
            text = int.__repr__(number)
            digits = text.rstrip("0")
            zeros = len(text) - len(digits)
            return f"{digits}E{zeros}" if zeros > _MOST_ZEROS else text
        number = Decimal(number)
    text = _WRITER.to_sci_string(number)
    if "." in text and "E" not in text and not text.endswith("0"):  # nearly every fraction
        return text
    _check_finite(number)
    if not number:
        return "0"
    sign, digits, power = _parts(text)
    if power > _MOST_ZEROS:
        return f"{sign}{digits}E{power}"
    if power >= 0:
        return f"{sign}{digits}{'0' * power}"
    magnitude = len(digits) + power
    if magnitude > 0:
        return f"{sign}{digits[:magnitude]}.{digits[magnitude:]}"
    if magnitude >= -_FEWEST_ZEROS:
        return f"{sign}0.{'0' * -magnitude}{digits}"
    return f"{sign}{digits}E{power}"


def _parts(text: str) -> tuple[str, str, int]:
    """Sign, digits without zeros at either end, and power of ten of a number that is not zero."""
    coefficient, _, exponent = text.partition("E")
    before, _, after = coefficient.partition(".")
    sign = "-" if before.startswith("-") else ""
    digits = f"{before.removeprefix('-')}{after}"
    significant = digits.rstrip("0")
    return sign, significant.lstrip("0"), int(exponent or 0) - len(after) + len(digits) - len(significant)


def _check_finite(number: Decimal) -> None:
    if not number.is_finite():
        raise ValueError(f"{number} is not a finite number")


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
