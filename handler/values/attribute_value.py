"""Converts Python values to DynamoDB attribute values (`{"S": ...}`) and back, exactly.

boto3 has such converters (`boto3.dynamodb.types`). They refuse floats, return every number as `Decimal`, do not detect
values that DynamoDB refuses, and would bring boto3 into the pure core.

Equal values have equal attribute values: each number has one text, and sets are sorted. Equal attribute values have
equal values, in which the keys of maps are sorted: DynamoDB keeps no order of them. Otherwise what is computed from
them could depend on whether they were stored in between.
The source of the limits is the DynamoDB developer guide, "Supported data types" and "Quotas".
"""

import base64
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from types import NoneType
from typing import Any
from uuid import UUID

from .exact_numbers import is_storable, number_text, whole

Item = dict[str, Any]
"""Maps attribute names to attribute values."""

ITEM_SIZE_LIMIT = 400 * 1024
"""The maximum bytes of an item, including attribute names."""

NESTING_LIMIT = 32
"""The maximum levels of lists and maps, including the attribute's own."""

_MAX_KEY_BYTES = 65_535
"""The maximum bytes of an attribute's name and of a map's key."""


class NotStorable(ValueError):
    """DynamoDB cannot keep this value exactly. The message names the attribute's path and says why."""

    def __init__(self, why: str, path: str = "") -> None:
        super().__init__(why, path)
        self.path = path
        self.why = why

    def __str__(self) -> str:
        return f"{self.path}: {self.why}"


def encode_item(attributes: Mapping[str, Any]) -> Item:
    """The item of `attributes`.

    Raises:
        NotStorable: DynamoDB cannot keep a value. The error names the path of the first one.
    """
    try:
        return _elements(attributes, 0)
    except NotStorable as refused:
        raise NotStorable(refused.why, refused.path.removeprefix(".") or "the item") from None


def decode_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """The values of an item's attributes, by name, in the order of the names."""
    return _decode_map(item)


def encode(value: Any, path: str = "value") -> dict[str, Any]:
    """The attribute value of `value`.

    It accepts None, bool, int, float, Decimal, str, bytes, dict, list, tuple, set, frozenset, date and datetime (as ISO
    8601 text), UUID (as text), Enum (as its value) and dataclass (as a map of its fields).

    Args:
        value: the value to store.
        path: the name of the value in error messages.

    Raises:
        NotStorable: DynamoDB cannot keep the value: a type that is not listed, a number with more than 38 digits or
            beyond DynamoDB's range, NaN, an infinity, text that is not Unicode (a lone surrogate), a key that is empty
            or longer than 64 KB, an empty set, a set of mixed types, or too many levels.
    """
    try:
        return _ENCODERS.get(type(value), _encode_other)(value, 0)
    except NotStorable as refused:
        raise NotStorable(refused.why, f"{path}{refused.path}") from None


def decode(attribute: Mapping[str, Any]) -> Any:
    """The Python value of an attribute value: whole numbers as `int`, others as `Decimal`, maps with sorted keys."""
    (kind,) = attribute
    value = attribute[kind]
    if kind == "S" or kind == "BOOL":  # nearly every value
        return value
    decoder = _DECODERS.get(kind)
    if decoder is None:
        raise ValueError(f"must be a DynamoDB type; found {kind!r}")
    return decoder(value)


def copy(attribute: Mapping[str, Any]) -> dict[str, Any]:
    """A copy that shares no mutable object with `attribute`. Binary values are bytes, keys of maps are sorted."""
    (kind,) = attribute
    value = attribute[kind]
    if kind == "M":
        return {kind: {key: copy(value[key]) for key in sorted(value)}}
    if kind == "L":
        return {kind: [copy(element) for element in value]}
    if kind in {"SS", "NS"}:
        return {kind: list(value)}
    if kind == "BS":
        return {kind: [binary(element) for element in value]}
    return {kind: binary(value) if kind == "B" else value}


Difference = tuple[str, Mapping[str, Any], Mapping[str, Any]]
"""A path at which two items differ, and both values; an empty one if the item has none there."""


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[Difference]:
    """Where two items differ, sorted by path. It descends into maps, and into lists of equal length."""
    found: list[Difference] = []
    for name in sorted({*one, *other}):
        found += _differences(one.get(name, {}), other.get(name, {}), name)
    return found


def _differences(one: Mapping[str, Any], other: Mapping[str, Any], path: str) -> list[Difference]:
    if one == other:
        return []
    if "M" in one and "M" in other:
        return [(f"{path}.{inner}", before, after) for inner, before, after in differences(one["M"], other["M"])]
    if "L" in one and "L" in other and len(one["L"]) == len(other["L"]):
        pairs = zip(one["L"], other["L"], strict=True)
        return [each for index, pair in enumerate(pairs) for each in _differences(*pair, f"{path}[{index}]")]
    return [(path, one, other)]


def binary(value: Any) -> bytes:
    """The bytes of a `B`. botocore returns bytes; a stream record has base64 text."""
    return base64.b64decode(value) if isinstance(value, str) else bytes(value)


def item_size(item: Mapping[str, Any]) -> int:
    """The maximum bytes that an item takes. DynamoDB's rule for numbers is approximate; this is never too low."""
    size = 0
    for name, attribute in item.items():
        size += _text_size(name) + value_size(attribute)
    return size


def value_size(attribute: Mapping[str, Any]) -> int:
    """The maximum bytes that an attribute value takes, without the attribute's name."""
    (kind,) = attribute
    size = _SIZES.get(kind)
    return 1 if size is None else size(attribute[kind])


def _text_size(text: str) -> int:
    return len(text if text.isascii() else text.encode())


def _number_size(text: str) -> int:
    return min(len(text) // 2 + 2, 21)


_SIZES: dict[str, Callable[[Any], int]] = {
    "S": _text_size,
    "N": _number_size,
    "B": lambda value: len(binary(value)),
    "M": lambda value: 3 + len(value) + item_size(value),
    "L": lambda value: 3 + len(value) + sum(map(value_size, value)),
    "SS": lambda value: _text_size("".join(value)),
    "NS": lambda value: sum(map(_number_size, value)),
    "BS": lambda value: sum(len(binary(element)) for element in value),
}
"""The size of each kind of value; every other kind takes one byte."""


def _parse_number(text: str) -> int | Decimal:
    return int(text) if text.lstrip("-").isdecimal() else whole(Decimal(text))


def _decode_map(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: decode(value[key]) for key in sorted(value)}


_DECODERS: dict[str, Callable[[Any], Any]] = {
    "N": _parse_number,
    "M": _decode_map,
    "L": lambda value: list(map(decode, value)),
    "NULL": lambda _: None,
    "B": binary,
    "SS": set,
    "NS": lambda value: set(map(_parse_number, value)),
    "BS": lambda value: set(map(binary, value)),
}


def _encode(value: Any, depth: int) -> dict[str, Any]:
    """The attribute value of a value at a depth, in levels. The path in an error begins at `value`."""
    return _ENCODERS.get(type(value), _encode_other)(value, depth)


def _encode_none(_value: None, _depth: int) -> dict[str, Any]:
    return {"NULL": True}


def _encode_bool(value: bool, _depth: int) -> dict[str, Any]:  # noqa: FBT001  it is the value itself
    return {"BOOL": value}


def _encode_text(value: str, _depth: int) -> dict[str, Any]:
    return {"S": value if value.isascii() else _unicode(value)}


def _encode_number(value: int | Decimal, _depth: int) -> dict[str, Any]:
    if not is_storable(value):
        raise NotStorable("must be a finite number of at most 38 digits between 1E-130 and 1E+126")
    return {"N": number_text(value)}


def _encode_float(value: float, depth: int) -> dict[str, Any]:
    # the repr of a float is the shortest text that gives the same float: 0.1 is stored as 0.1
    return _encode_number(Decimal(float.__repr__(value)), depth)


def _encode_bytes(value: bytes | bytearray, _depth: int) -> dict[str, Any]:
    return {"B": bytes(value)}


def _encode_map(value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    return {"M": _elements(value, _deeper(depth))}


def _encode_list(value: Sequence[Any], depth: int) -> dict[str, Any]:
    inside = _deeper(depth)
    elements: list[dict[str, Any]] = []
    try:
        for element in value:  # not a comprehension: the number of elements is the index of the refused one
            elements.append(_ENCODERS.get(type(element), _encode_other)(element, inside))  # noqa: PERF401
    except NotStorable as refused:
        raise NotStorable(refused.why, f"[{len(elements)}]{refused.path}") from None
    return {"L": elements}


def _encode_set(value: Collection[Any], _depth: int) -> dict[str, Any]:
    if set(map(type, value)) == {str}:  # nearly every set
        text = "".join(value)
        if not text.isascii():
            _unicode(text)
        return {"SS": sorted(value)}
    elements: dict[str, list[Any]] = {}
    for element in value:
        for kind, stored in _encode(element, 0).items():
            elements.setdefault(kind, []).append(stored)
    if not elements:
        raise NotStorable("a set must not be empty; leave the attribute out or use a list")
    if len(elements) > 1 or not elements.keys() <= {"S", "N", "B"}:
        raise NotStorable("a set must hold only text, only numbers, or only bytes")
    ((kind, encoded),) = elements.items()
    # different values may have one stored form (0.1 and Decimal("0.1")); DynamoDB refuses repeated elements
    return {f"{kind}S": sorted(set(encoded))}


def _encode_other(value: Any, depth: int) -> dict[str, Any]:
    """The attribute value of a value whose type derives from a plain type, or converts to one."""
    match value:
        case Enum():  # before str and int, because an Enum may also be one of them
            return _encode(value.value, depth)
        case str():
            return _encode_text(str.__str__(value), depth)  # not str(value): a subclass may define its own text
        case int():
            return _encode_number(value, depth)
        case Decimal():
            return _encode_number(Decimal(value), depth)
        case float():
            return _encode_float(value, depth)
        case bytes() | bytearray():
            return _encode_bytes(value, depth)
        case dict():
            return _encode_map(value, depth)
        case list() | tuple():
            return _encode_list(value, depth)
        case set() | frozenset():
            return _encode_set(value, depth)
        case date():  # a datetime is also a date
            return _encode_text(value.isoformat(), depth)
        case UUID():
            return _encode_text(str(value), depth)
        case _ if is_dataclass(value) and not isinstance(value, type):
            return _encode_map({f.name: getattr(value, f.name) for f in fields(value)}, depth)
        case _:
            raise NotStorable(
                f"a value of the type {type(value).__name__} cannot be stored; convert it to a type that DynamoDB has"
            )


_ENCODERS: dict[type, Callable[[Any, int], dict[str, Any]]] = {
    NoneType: _encode_none,
    bool: _encode_bool,
    str: _encode_text,
    int: _encode_number,
    Decimal: _encode_number,
    float: _encode_float,
    bytes: _encode_bytes,
    dict: _encode_map,
    list: _encode_list,
    tuple: _encode_list,
    set: _encode_set,
    frozenset: _encode_set,
}
"""The encoder of each exact type: one lookup instead of up to a dozen tests. The results equal `_encode_other`'s."""


def _elements(value: Mapping[Any, Any], inside: int) -> dict[str, Any]:
    """The attribute values of a map's elements at a depth, in levels."""
    elements: dict[str, Any] = {}
    for key, element in value.items():
        name = _key(key)
        try:
            elements[name] = _ENCODERS.get(type(element), _encode_other)(element, inside)
        except NotStorable as refused:
            raise NotStorable(refused.why, f".{name}{refused.path}") from None
    return elements


def _key(key: Any) -> str:
    if type(key) is str and key.isascii() and 0 < len(key) <= _MAX_KEY_BYTES:  # nearly every key
        return key
    if not isinstance(key, str):
        raise NotStorable(f"keys must be text; found a key of the type {type(key).__name__}")
    if not key:
        raise NotStorable("a key must not be empty")
    text = _unicode(str.__str__(key))
    if len(text.encode()) > _MAX_KEY_BYTES:
        raise NotStorable(f"a key must be at most {_MAX_KEY_BYTES} bytes of UTF-8")
    return text


def _unicode(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise NotStorable("text must be Unicode, without lone surrogates") from error
    return text


def _deeper(depth: int) -> int:
    if depth + 1 > NESTING_LIMIT:
        raise NotStorable(f"must have at most {NESTING_LIMIT} levels of lists and maps")
    return depth + 1
