"""Python values as DynamoDB attribute values (`{"S": ...}`) and back, exactly.

boto3 has such a pair (`boto3.dynamodb.types`), but it refuses floats, returns every number as `Decimal`, does
not look for what DynamoDB would refuse, and brings boto3 into the pure core.

Equal values have equal attribute values: numbers have one text, sets are sorted.
Source of the limits: the DynamoDB developer guide, "Supported data types" and "Quotas".
"""

import base64
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from .exact_numbers import is_storable, number_text, whole

Item = dict[str, Any]
"""Attribute names to attribute values."""

ITEM_SIZE_LIMIT = 400 * 1024
"""Bytes of an item, attribute names included."""

NESTING_LIMIT = 32
"""Levels of lists and maps, the attribute's own included."""

_LONGEST_KEY = 65_535
"""Bytes of an attribute's name and of a map's key."""


class NotStorable(ValueError):
    """DynamoDB cannot keep this value as it is. Names the attribute's path and says why."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why


def encode_item(attributes: Mapping[str, Any]) -> Item:
    """The item of `attributes`.

    Raises:
        NotStorable: naming the path of the first value that DynamoDB cannot keep.
    """
    return {_key(name, "the item"): encode(value, name) for name, value in attributes.items()}


def decode_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """The values of an item's attributes, by name."""
    return {name: decode(value) for name, value in item.items()}


def encode(value: Any, path: str = "value", depth: int = 0) -> dict[str, Any]:
    """The attribute value of `value`.

    Takes None, bool, int, float, Decimal, str, bytes, dict, list, tuple, set, frozenset, date, datetime (as ISO
    8601 text), UUID (as text), Enum (as its value) and dataclass (as a map of its fields).

    Args:
        value: what to store.
        path: how the message of an error names it.
        depth: levels of lists and maps around it.

    Raises:
        NotStorable: a type that is not listed, a number beyond 38 digits or DynamoDB's range, NaN, an infinity, text
            that is not Unicode (a lone surrogate), a key that is empty or beyond 64 KB, an empty set, a set of mixed
            types, or too many levels.
    """
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case Enum():  # before str and int, which an Enum may also be
            return encode(value.value, path, depth)
        case str():
            return {"S": _text(value, path)}
        case int() | Decimal() | float():
            return {"N": _number(value, path)}
        case bytes() | bytearray():
            return {"B": bytes(value)}
        case dict():
            inside = _deeper(depth, path)
            return {"M": {_key(k, path): encode(v, f"{path}.{k}", inside) for k, v in value.items()}}
        case list() | tuple():
            inside = _deeper(depth, path)
            return {"L": [encode(v, f"{path}[{i}]", inside) for i, v in enumerate(value)]}
        case set() | frozenset():
            return _encode_set(value, path)
        case date():  # a datetime is one, too
            return {"S": value.isoformat()}
        case UUID():
            return {"S": str(value)}
        case _ if is_dataclass(value) and not isinstance(value, type):
            return encode({f.name: getattr(value, f.name) for f in fields(value)}, path, depth)
        case _:
            raise NotStorable(path, f"a {type(value).__name__} cannot be stored")


def decode(attribute: Mapping[str, Any]) -> Any:
    """The Python value of an attribute value; whole numbers as `int`, all others as `Decimal`."""
    ((kind, value),) = attribute.items()
    match kind:
        case "S" | "BOOL":
            return value
        case "N":
            return _parse_number(value)
        case "M":
            return {key: decode(element) for key, element in value.items()}
        case "L":
            return [decode(element) for element in value]
        case "NULL":
            return None
        case "B":
            return binary(value)
        case "SS":
            return set(value)
        case "NS":
            return {_parse_number(number) for number in value}
        case "BS":
            return {binary(element) for element in value}
        case _:
            raise ValueError(f"DynamoDB has no type {kind!r}")


def copy(attribute: Mapping[str, Any]) -> dict[str, Any]:
    """A copy that shares nothing that can be changed with `attribute`."""
    ((kind, value),) = attribute.items()
    if kind == "M":
        return {kind: {key: copy(element) for key, element in value.items()}}
    if kind == "L":
        return {kind: [copy(element) for element in value]}
    if kind in {"SS", "NS", "BS"}:
        return {kind: list(value)}
    return {kind: value}


def binary(value: Any) -> bytes:
    """The bytes of a `B`: boto3 gives bytes, a stream's record gives them as base64 text."""
    return base64.b64decode(value) if isinstance(value, str) else bytes(value)


def item_size(item: Mapping[str, Any]) -> int:
    """Bytes that an item takes, at most; DynamoDB's rule for numbers is approximate, this one never too low."""
    return sum(len(name.encode()) + _size(attribute) for name, attribute in item.items())


def _size(attribute: Mapping[str, Any]) -> int:
    ((kind, value),) = attribute.items()
    match kind:
        case "S":
            return len(value.encode())
        case "N":
            return _number_size(value)
        case "B":
            return len(binary(value))
        case "M":
            return 3 + sum(1 + len(key.encode()) + _size(element) for key, element in value.items())
        case "L":
            return 3 + sum(1 + _size(element) for element in value)
        case "SS":
            return sum(len(element.encode()) for element in value)
        case "NS":
            return sum(_number_size(number) for number in value)
        case "BS":
            return sum(len(binary(element)) for element in value)
        case _:
            return 1


def _number_size(text: str) -> int:
    return min(len(text) // 2 + 2, 21)


def _parse_number(text: str) -> int | Decimal:
    return int(text) if text.lstrip("-").isdecimal() else whole(Decimal(text))


def _number(value: int | Decimal | float, path: str) -> str:
    # float's own repr is the shortest text that reads back as the same float: 0.1 is stored as 0.1
    number = Decimal(float.__repr__(value)) if isinstance(value, float) else value
    if not is_storable(number):
        raise NotStorable(path, "DynamoDB keeps finite numbers of up to 38 digits between 1E-130 and 1E+126")
    return number_text(number)


def _text(value: str, path: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise NotStorable(path, "the text holds a lone surrogate, which UTF-8 does not have") from error
    return str.__str__(value)  # not str(value): a subclass may have a text of its own, an Enum has


def _key(key: Any, path: str) -> str:
    if not isinstance(key, str):
        raise NotStorable(path, f"keys must be text; found a {type(key).__name__}")
    if not key:
        raise NotStorable(path, "an empty key cannot be stored")
    text = _text(key, path)
    if len(text.encode()) > _LONGEST_KEY:
        raise NotStorable(path, "a key is longer than 64 KB")
    return text


def _deeper(depth: int, path: str) -> int:
    if depth + 1 > NESTING_LIMIT:
        raise NotStorable(path, f"more than {NESTING_LIMIT} levels of lists and maps")
    return depth + 1


def _encode_set(value: set[Any] | frozenset[Any], path: str) -> dict[str, Any]:
    elements = [encode(element, path) for element in value]
    kinds = {kind for element in elements for kind in element}
    if not kinds:
        raise NotStorable(path, "an empty set cannot be stored; leave the attribute out or use a list")
    if len(kinds) > 1 or not kinds <= {"S", "N", "B"}:
        raise NotStorable(path, "a set holds only text, only numbers, or only bytes")
    (kind,) = kinds
    # different values may be stored alike (0.1 and Decimal("0.1"), an Enum and its value): once, or DynamoDB refuses
    return {f"{kind}S": sorted({element[kind] for element in elements})}
