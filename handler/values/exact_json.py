"""Reads and writes JSON without loss: numbers of any size and precision, any depth, and only values that JSON has.

The standard parser has two limits. It reads a fraction as a binary float: 0.1 would reach the domain logic as
0.1000000000000000055... It also recurses, and so does its writer: a thousand brackets, which fit into a message of
1 KB, are too many. This module gives the standard parser its own number types. It reads text that is nested too deeply
with its own stack, about ten times more slowly.
"""

import json
import re
from collections.abc import Callable, Iterator
from decimal import MAX_EMAX, MIN_ETINY, Decimal
from json.decoder import scanstring  # type: ignore[attr-defined]  # it has no types
from json.encoder import encode_basestring_ascii as _quoted
from types import NoneType
from typing import Any, NamedTuple

from .exact_numbers import short_text, whole

_MAX_INT_DIGITS = 4300
"""`int(text)` accepts at most this many digits by default: CPython's limit, because the conversion takes quadratic
time."""

_MAX_SHOWN_CHARACTERS = 80
"""A message shows at most this many characters of a number."""


class InvalidJson(ValueError):
    """The text is not JSON (RFC 8259). The message says where and why."""


class UnreadableNumber(ValueError):
    """The text may be JSON, but it has a number that no `Decimal` holds exactly. The message names it and the bounds.

    Such a number is not zero. Either its absolute value is at least 1e1000000000000000000, or it has more than
    1999999999999999997 decimal places, trailing zeros included.
    """


class Document(NamedTuple):
    """A parsed JSON text."""

    value: Any
    repeats_names: bool
    """True if an object in the text has a name twice. RFC 8259 allows this and does not define its meaning. Here, as in
    most parsers, the last value counts."""


def loads(text: str) -> Any:
    """The value of a JSON text: whole numbers as `int`, all other numbers as `Decimal`, never `float`.

    A whole number is also a `Decimal` if it has more than 4,300 digits, or has an exponent beyond DynamoDB's range.

    Raises:
        InvalidJson: the text is not JSON (`NaN` and `Infinity` are not JSON).
        UnreadableNumber: no `Decimal` holds one of its numbers.
    """
    return _read(text, _READER).value


def read(text: str) -> Document:
    """Parse as `loads` does, and detect repeated names. Raises the same errors."""
    try:
        return _read(text, _UNIQUE_NAMES_READER)
    except _RepeatedName:
        return Document(loads(text), repeats_names=True)


def dumps(value: Any) -> str:
    """The canonical JSON text of a value that `loads` returned: two values have equal texts only if they are equal.

    The text is ASCII and has no spaces. Its keys are sorted, and equal numbers have one form (1.0 is written as 1).

    Raises:
        TypeError: a value has a type that `loads` does not return.
    """
    parts: list[str] = []
    write = parts.append
    enclosing: list[tuple[Iterator[Any], dict[str, Any] | None]] = []  # the containers around the current one
    members: Iterator[Any] = iter((value,))  # the current container's sorted names, or its elements
    container: dict[str, Any] | None = None  # the current container, if it is an object
    separator = ""
    while True:  # a loop, because the value may be nested too deeply for recursion
        for each in members:
            if container is None:
                member = each
                write(separator)
            else:
                member = container[each]
                write(f"{separator}{_quoted(each)}:")
            separator = ","
            if isinstance(member, dict | list):
                if not member:
                    write("{}" if isinstance(member, dict) else "[]")
                    continue
                enclosing.append((members, container))
                if isinstance(member, dict):
                    container, members, separator = member, iter(sorted(member)), "{"
                else:
                    container, members, separator = None, iter(member), "["
                break
            write(_scalar(member))
        else:
            if not enclosing:
                return "".join(parts)
            write("]" if container is None else "}")
            members, container = enclosing.pop()


def _scalar(value: Any) -> str:
    writer = _WRITERS.get(type(value))
    if writer is not None:
        return writer(value)
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, int | Decimal):
        return short_text(value)
    raise TypeError(f"must be a value that loads returns; found a {type(value).__name__}")


class _RepeatedName(Exception):
    """An object has a name twice."""


def _read(text: str, reader: json.JSONDecoder) -> Document:
    try:
        try:
            return Document(reader.decode(text), repeats_names=False)
        except RecursionError:
            return _read_deep(text)
    except UnreadableNumber:
        raise
    except ValueError as error:
        raise InvalidJson(str(error)) from error


def _read_deep(text: str) -> Document:
    """Parse as the standard parser does, with a stack instead of recursion."""
    enclosing: list[
        tuple[Any, str]
    ] = []  # the containers around the current one, each with the name of its open member
    container: dict[str, Any] | list[Any] | None = None
    name = ""
    names: dict[str, str] = {}  # one string object for each name, to save memory: a name may occur 100,000 times
    repeats_names = False
    at = _after_space(text, 0)
    while True:
        opening = text[at : at + 1]
        if opening in _CLOSING:  # a container begins
            inner: dict[str, Any] | list[Any] = {} if opening == "{" else []
            at = _after_space(text, at + 1)
            if text[at : at + 1] != _CLOSING[opening]:
                enclosing.append((container, name))
                container = inner
                if opening == "{":
                    name, at = _name(text, at, names)
                continue
            value, at = inner, at + 1
        else:
            value, at = _scalar_at(text, at)
        while container is not None:  # a value is complete, and maybe its container too
            if isinstance(container, list):
                container.append(value)
                closing = "]"
            else:
                repeats_names = repeats_names or name in container
                container[name] = value
                closing = "}"
            following = text[at : at + 1]
            if following in _SPACES:
                at = _after_space(text, at)
                following = text[at : at + 1]
            if following == closing:
                value, at = container, at + 1
                container, name = enclosing.pop()
                continue
            if following != ",":
                raise json.JSONDecodeError("Expecting ',' delimiter", text, at)
            at = _after_space(text, at + 1)
            if closing == "}":
                name, at = _name(text, at, names)
            break
        else:
            at = _after_space(text, at)
            if at != len(text):
                raise json.JSONDecodeError("Extra data", text, at)
            return Document(value, repeats_names)


def _scalar_at(text: str, at: int) -> tuple[Any, int]:
    """The scalar that begins at an index, and the index after it."""
    try:
        return _scan_once(text, at)
    except StopIteration as end:
        raise json.JSONDecodeError("Expecting value", text, end.value) from None


def _name(text: str, at: int, names: dict[str, str]) -> tuple[str, int]:
    """The name that begins at an index, and the index where its value begins."""
    if text[at : at + 1] != '"':
        raise json.JSONDecodeError("Expecting property name enclosed in double quotes", text, at)
    name, at = scanstring(text, at + 1)
    if text[at : at + 1] != ":":
        at = _after_space(text, at)
        if text[at : at + 1] != ":":
            raise json.JSONDecodeError("Expecting ':' delimiter", text, at)
    return names.setdefault(name, name), _after_space(text, at + 1)


def _after_space(text: str, at: int) -> int:
    if text[at : at + 1] not in _SPACES:
        return at
    return _SPACE.match(text, at).end()  # type: ignore[union-attr]  # it matches at every index


def _integer(text: str) -> int | Decimal:
    return int(text) if len(text) <= _MAX_INT_DIGITS else Decimal(text)


def _fraction(text: str) -> int | Decimal:
    try:
        return whole(Decimal(text))
    except ArithmeticError as error:
        if _ZERO.fullmatch(text):  # zero, whatever its exponent
            return 0
        fits = len(text) <= _MAX_SHOWN_CHARACTERS
        shown = text if fits else f"{text[:_MAX_SHOWN_CHARACTERS]}... ({len(text)} characters)"
        raise UnreadableNumber(
            f"a number must be below 1e{MAX_EMAX + 1} and have at most {-MIN_ETINY} decimal places; found {shown}"
        ) from error


def _refuse(constant: str) -> None:
    raise InvalidJson(f"{constant} is not JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _RepeatedName
    return members


_SPACE = re.compile(r"[ \t\n\r]*")
_ZERO = re.compile(r"-?0(\.0*)?[eE].*")
_SPACES = frozenset(" \t\n\r")
_CLOSING = {"{": "}", "[": "]"}
"""The closing bracket of each opening bracket."""
_READER = json.JSONDecoder(parse_int=_integer, parse_float=_fraction, parse_constant=_refuse)
_scan_once: Callable[[str, int], tuple[Any, int]] = _READER.scan_once  # type: ignore[attr-defined]  # it has no types
_UNIQUE_NAMES_READER = json.JSONDecoder(
    parse_int=_integer, parse_float=_fraction, parse_constant=_refuse, object_pairs_hook=_object
)
_WRITERS: dict[type, Callable[[Any], str]] = {
    NoneType: lambda _: "null",
    bool: lambda value: "true" if value else "false",
    str: _quoted,
    int: short_text,
    Decimal: short_text,
}
"""The writer of each exact type."""
