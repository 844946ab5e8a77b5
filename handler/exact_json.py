"""JSON without a loss: numbers of any size and precision, any depth, and no value that JSON does not have.

The standard parser reads a fraction as a binary float: 0.1 would reach the domain as 0.1000000000000000055... It also
recurses, and so does its writer: a thousand brackets, which a message of 1 KB may hold, would be too many. It is used
here as far as it goes, which is nearly always; the rest is read on a stack of our own, about ten times as slowly.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any

from .exact_numbers import number_text, whole

_LONGEST_INT = 4300
"""Digits up to which `int(text)` is allowed by default (CPython's limit, against quadratic time)."""


class InvalidJson(ValueError):
    """The text is not JSON (RFC 8259); the message says where and why."""


class UnreadableNumber(InvalidJson):
    """The text is JSON, with a number whose exponent no `Decimal` can hold (about ±10**18)."""


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON text, read."""

    value: Any
    repeats_names: bool
    """Whether an object in it gives a name twice. RFC 8259 allows it and leaves open what it means; here, as in most
    parsers, the last one counts."""


def loads(text: str) -> Any:
    """The value of a JSON text: `int` for whole numbers, `Decimal` for all others, never `float`.

    Whole numbers of more than 4,300 digits, or written with an exponent beyond DynamoDB's, are a `Decimal`, too.

    Raises:
        InvalidJson: not JSON (`NaN` and `Infinity` are not).
        UnreadableNumber: an exponent that no `Decimal` can hold.
    """
    return _read(text, _READER).value


def read(text: str) -> Document:
    """As `loads`, noting names that are given twice. Raises as `loads`."""
    try:
        return _read(text, _NOTICING_READER)
    except _RepeatedName:
        return Document(loads(text), repeats_names=True)


def dumps(value: Any) -> str:
    """The canonical JSON text of what `loads` returned: equal values, and only they, have equal texts.

    ASCII only, keys sorted, no spaces, equal numbers written alike (1.0 as 1).

    Raises:
        TypeError: a value of a type that `loads` does not return.
    """
    parts: list[str] = []
    inside: list[tuple[Iterator[tuple[str, Any]], str]] = [(iter([("", value)]), "")]
    separator = ""
    while inside:  # not by recursion: the value may be nested to any depth
        members, closing = inside[-1]
        for name, member in members:
            parts.append(f"{separator}{name}")
            separator = ","
            if isinstance(member, dict):
                parts.append("{")
                inside.append((_members(member), "}"))
            elif isinstance(member, list):
                parts.append("[")
                inside.append((_elements(member), "]"))
            else:
                parts.append(_scalar(member))
                continue
            separator = ""
            break
        else:
            parts.append(closing)
            separator = ","
            inside.pop()
    return "".join(parts)


def _members(value: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((f"{_quoted(name)}:", value[name]) for name in sorted(value))


def _elements(value: list[Any]) -> Iterator[tuple[str, Any]]:
    return (("", element) for element in value)


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, int | Decimal):
        return number_text(value)
    raise TypeError(f"{type(value).__name__} is not a JSON type")


class _RepeatedName(Exception):
    """An object gives a name twice."""


def _read(text: str, reader: json.JSONDecoder) -> Document:
    try:
        try:
            return Document(reader.decode(text), repeats_names=False)
        except RecursionError:
            return _read_deep(text)
    except ArithmeticError as error:
        raise UnreadableNumber("a number's exponent is too large to be read exactly") from error
    except ValueError as error:
        raise InvalidJson(str(error)) from error


def _read_deep(text: str) -> Document:
    """What the standard parser gives, read on a stack of our own."""
    around: list[tuple[Any, str]] = []  # the containers around the present one, and the name there of what lies in it
    container: dict[str, Any] | list[Any] | None = None
    name = ""
    names: dict[str, str] = {}  # each name once, as the standard parser has it: a message may hold it 100,000 times
    repeats_names = False
    at = _after_space(text, 0)
    while True:
        opening = text[at : at + 1]
        if opening in _EMPTY:  # a container begins
            inner: dict[str, Any] | list[Any] = {} if opening == "{" else []
            at = _after_space(text, at + 1)
            if text[at : at + 1] != _EMPTY[opening]:
                around.append((container, name))
                container = inner
                if isinstance(inner, dict):
                    name, at = _name(text, at, names)
                continue
            value, at = inner, at + 1
        else:
            value, at = _READER.raw_decode(text, at)
        while container is not None:  # a value is complete, and with it maybe what it lies in
            if isinstance(container, dict):
                repeats_names = repeats_names or name in container
                container[name] = value
                closing = "}"
            else:
                container.append(value)
                closing = "]"
            at = _after_space(text, at)
            if text[at : at + 1] == closing:
                value, at = container, at + 1
                container, name = around.pop()
                continue
            if text[at : at + 1] != ",":
                raise json.JSONDecodeError("Expecting ',' delimiter", text, at)
            at = _after_space(text, at + 1)
            if isinstance(container, dict):
                name, at = _name(text, at, names)
            break
        else:
            at = _after_space(text, at)
            if at != len(text):
                raise json.JSONDecodeError("Extra data", text, at)
            return Document(value, repeats_names)


def _name(text: str, at: int, names: dict[str, str]) -> tuple[str, int]:
    """The name that begins here, and where its value begins."""
    if text[at : at + 1] != '"':
        raise json.JSONDecodeError("Expecting property name enclosed in double quotes", text, at)
    name, at = _READER.raw_decode(text, at)
    at = _after_space(text, at)
    if text[at : at + 1] != ":":
        raise json.JSONDecodeError("Expecting ':' delimiter", text, at)
    return names.setdefault(name, name), _after_space(text, at + 1)


def _after_space(text: str, at: int) -> int:
    return _SPACE.match(text, at).end()  # type: ignore[union-attr]  # it matches anywhere


def _integer(text: str) -> int | Decimal:
    return int(text) if len(text) <= _LONGEST_INT else Decimal(text)


def _fraction(text: str) -> int | Decimal:
    try:
        return whole(Decimal(text))
    except ArithmeticError:
        if _ZERO.fullmatch(text):  # of any exponent
            return 0
        raise


def _refuse(constant: str) -> None:
    raise InvalidJson(f"{constant} is not JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _RepeatedName
    return members


_SPACE = re.compile(r"[ \t\n\r]*")
_ZERO = re.compile(r"-?0(\.0*)?[eE].*")
_EMPTY = {"{": "}", "[": "]"}
"""How a container ends that has nothing in it, by how it begins."""
_READER = json.JSONDecoder(parse_int=_integer, parse_float=_fraction, parse_constant=_refuse)
_NOTICING_READER = json.JSONDecoder(
    parse_int=_integer, parse_float=_fraction, parse_constant=_refuse, object_pairs_hook=_object
)
