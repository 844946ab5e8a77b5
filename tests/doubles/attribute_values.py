"""DynamoDB's attribute values: which values are valid, how their size is counted, and the form in which they are kept.

AWS says (DynamoDB Developer Guide, "Supported data types and naming rules in Amazon DynamoDB", "Quotas in Amazon
DynamoDB", "DynamoDB item sizes and formats"): numbers have up to 38 digits between 1E-130 and 9.9...E+125, leading
and trailing zeroes are trimmed; sets hold no duplicates, are not empty and keep no order; attributes nest up to 32
levels; a name has 1 to 65,535 bytes; a map is an unordered collection. Here an item and its maps come back in the
opposite order.

Simplified: the size of a number is the published approximation, one byte for two significant digits and one more.
"""

import base64
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from .aws import AwsError, invalid

AttributeValue = dict[str, Any]
Item = dict[str, AttributeValue]

ITEM_SIZE_LIMIT = 400 * 1024
NESTING_LIMIT = 32
NAME_LIMIT = 65_535
DIGITS_LIMIT = 38

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,9})?")


def checked_item(item: Mapping[str, Mapping[str, Any]]) -> tuple[Item, int]:
    """A copy of an item as DynamoDB keeps it, and its size in bytes.

    Raises:
        AwsError: DynamoDB refuses the item.
    """
    kept: Item = {}
    size = 0
    for name, value in reversed(list(item.items())):
        kept[name], value_size = checked(value)
        size += _name_size(name) + value_size
    return kept, size


def checked(attribute: Mapping[str, Any], depth: int = 0) -> tuple[AttributeValue, int]:
    """A copy of an attribute value as DynamoDB keeps it, and its size in bytes.

    Args:
        attribute: the value.
        depth: the number of lists and maps around it.

    Raises:
        AwsError: DynamoDB refuses the value.
    """
    if len(attribute) != 1:
        raise invalid("Supplied AttributeValue must contain exactly one of the supported datatypes")
    ((kind, value),) = attribute.items()
    if kind == "S":
        return {"S": value}, len(value) if type(value) is str and value.isascii() else text_size(value)
    if kind == "N":
        number, size = _checked_number(value)
        return {"N": number}, size
    if kind == "M":
        return _checked_map(value, depth + 1)
    if kind == "L":
        return _checked_list(value, depth + 1)
    if kind == "BOOL":
        return {"BOOL": _expect(bool, value)}, 1
    if kind == "NULL":
        if value is not True:
            raise invalid("One or more parameter values were invalid: Null attribute value types must be true")
        return {"NULL": True}, 1
    if kind == "B":
        return {"B": bytes(_expect((bytes, bytearray), value))}, len(value)
    if kind in _SET_MEMBERS:
        return _checked_set(kind, value)
    raise invalid(f"Supplied AttributeValue has no supported datatype: {kind!r}")


def text_size(text: str) -> int:
    """Bytes of a text in UTF-8."""
    if _expect(str, text).isascii():
        return len(text)
    try:
        return len(text.encode())
    except UnicodeEncodeError as error:  # a lone surrogate: JSON can spell it, UTF-8 cannot hold it
        raise AwsError("SerializationException", "a string is not Unicode") from error


def as_json(attribute: AttributeValue) -> AttributeValue:
    """An attribute value in Lambda's event: the event is JSON, so binary values are base64 text."""
    ((kind, value),) = attribute.items()
    if kind == "M":
        return {"M": {name: as_json(member) for name, member in value.items()}}
    if kind == "L":
        return {"L": [as_json(member) for member in value]}
    if kind == "B":
        return {"B": base64.b64encode(value).decode()}
    if kind == "BS":
        return {"BS": [base64.b64encode(member).decode() for member in value]}
    if kind in {"SS", "NS"}:
        return {kind: list(value)}
    return {kind: value}


def _expect(kind: type | tuple[type, ...], value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"the SDK refuses this before it is sent: {type(value).__name__}, expected {kind}")
    return value


@lru_cache(maxsize=4096)
def _name_size(name: str) -> int:
    size = text_size(name)
    if not 1 <= size <= NAME_LIMIT:
        raise invalid(f"One or more parameter values were invalid: a name must have 1 to {NAME_LIMIT} bytes")
    return size


def _checked_map(members: Mapping[str, Any], depth: int) -> tuple[AttributeValue, int]:
    _check_depth(depth)
    kept = {}
    size = 3 + len(members)  # 3 bytes for a list or map, 1 for each of its elements
    for name, member in reversed(list(members.items())):
        kept[name], member_size = checked(member, depth)
        size += _name_size(name) + member_size
    return {"M": kept}, size


def _checked_list(members: list[Any], depth: int) -> tuple[AttributeValue, int]:
    _check_depth(depth)
    kept = []
    size = 3 + len(members)
    for member in members:
        copy, member_size = checked(member, depth)
        kept.append(copy)
        size += member_size
    return {"L": kept}, size


def _check_depth(depth: int) -> None:
    if depth > NESTING_LIMIT:
        raise invalid("Nesting Levels have exceeded supported limits")


def _checked_set(kind: str, members: list[Any]) -> tuple[AttributeValue, int]:
    if not members:
        raise invalid("One or more parameter values were invalid: An set may not be empty")
    check = _SET_MEMBERS[kind]
    pairs = [check(member) for member in members]
    kept = sorted(member for member, _ in pairs)  # equal sets then have equal forms
    if len(set(kept)) < len(kept):
        raise invalid(f"One or more parameter values were invalid: Input collection {members} contains duplicates")
    return {kind: kept}, sum(size for _, size in pairs)


def _checked_number(text: str) -> tuple[str, int]:
    if _expect(str, text).isascii() and text.isdigit() and text[0] != "0" and len(text) <= DIGITS_LIMIT:
        return text, 1 + (len(text.rstrip("0")) + 1) // 2  # most numbers are small whole ones
    if not _NUMBER.fullmatch(text):
        raise invalid(f"The parameter cannot be converted to a numeric value: {text}")
    number = Decimal(text)
    if not number:
        return "0", 1
    exponent = number.adjusted()
    if exponent > 125:
        raise invalid("Number overflow. Attempting to store a number with magnitude larger than supported range")
    if exponent < -130:
        raise invalid("Number underflow. Attempting to store a number with magnitude smaller than supported range")
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    if len(digits) > DIGITS_LIMIT:
        raise invalid(f"Attempting to store more than {DIGITS_LIMIT} significant digits in a Number")
    plain = f"{number:f}"
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return plain, 1 + (len(digits) + 1) // 2


_SET_MEMBERS: dict[str, Callable[[Any], tuple[Any, int]]] = {
    "SS": lambda text: (text, text_size(text)),
    "NS": _checked_number,
    "BS": lambda value: (bytes(_expect((bytes, bytearray), value)), len(value)),
}
