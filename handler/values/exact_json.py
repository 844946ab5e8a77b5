"""JSON without a loss: numbers of any size and precision, any depth, and no value that JSON does not have.

The standard parser reads a fraction as a binary float: 0.1 would reach the domain as 0.1000000000000000055... It also
recurses, and so does its writer: a thousand brackets, which a message of 1 KB may hold, would be too many. It is used
here as far as it goes, which is nearly always; the rest is read on a stack of our own, about ten times as slowly.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_ETINY, Decimal
from json.decoder import scanstring  # type: ignore[attr-defined]  # it has no types
from json.encoder import encode_basestring_ascii as _quoted
from types import NoneType
from typing import Any

from .exact_numbers import short_text, whole

_LONGEST_INT = 4300
"""Digits up to which `int(text)` is allowed by default (CPython's limit, against quadratic time)."""


_SHOWN = 80
"""Characters of a number in a message."""


class InvalidJson(ValueError):
    """The text is not JSON (RFC 8259); the message says where and why."""


class UnreadableNumber(ValueError):
    """The text may be JSON, with a number that no `Decimal` holds exactly. The message says which, and the bounds.

    Such a number is not zero, and is 1e1000000000000000000 or more, or less than minus that; or the last of its digits,
    zeros that are written included, is more than 1999999999999999997 places behind the point.
    """


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
        UnreadableNumber: a number that no `Decimal` holds.
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
    write = parts.append
    around: list[tuple[Iterator[Any], dict[str, Any] | None]] = []  # the containers around the present one
    members: Iterator[Any] = iter((value,))  # of the present container: its sorted names, or its elements
    container: dict[str, Any] | None = None  # whose names they are, if it is an object
    separator = ""
    while True:  # not by recursion: the value may be nested to any depth
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
                around.append((members, container))
                if isinstance(member, dict):
                    container, members, separator = member, iter(sorted(member)), "{"
                else:
                    container, members, separator = None, iter(member), "["
                break
            write(_scalar(member))
        else:
            if not around:
                return "".join(parts)
            write("]" if container is None else "}")
            members, container = around.pop()


def _scalar(value: Any) -> str:
    writer = _WRITERS.get(type(value))
    if writer is not None:
        return writer(value)
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, int | Decimal):
        return short_text(value)
    raise TypeError(f"{type(value).__name__} is not a JSON type")


class _RepeatedName(Exception):
    """An object gives a name twice."""


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
    """What the standard parser gives, read on a stack of our own."""
    around: list[tuple[Any, str]] = []  # the containers around the present one, and the name there of what lies in it
    container: dict[str, Any] | list[Any] | None = None
    name = ""
    names: dict[str, str] = {}  # each name once, as the standard parser has it: a message may hold it 100,000 times
    repeats_names = False
    at = _after_space(text, 0)
    while True:
        opening = text[at : at + 1]
        if opening in _CLOSING:  # a container begins
            inner: dict[str, Any] | list[Any] = {} if opening == "{" else []
            at = _after_space(text, at + 1)
            if text[at : at + 1] != _CLOSING[opening]:
                around.append((container, name))
                container = inner
                if opening == "{":
                    name, at = _name(text, at, names)
                continue
            value, at = inner, at + 1
        else:
            value, at = _scalar_at(text, at)
        while container is not None:  # a value is complete, and with it maybe what it lies in
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
                container, name = around.pop()
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
    """The scalar that begins here, and where it ends."""
    try:
        return _scan_once(text, at)
    except StopIteration as end:
        raise json.JSONDecodeError("Expecting value", text, end.value) from None


def _name(text: str, at: int, names: dict[str, str]) -> tuple[str, int]:
    """The name that begins here, and where its value begins."""
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
    return _SPACE.match(text, at).end()  # type: ignore[union-attr]  # it matches anywhere


def _integer(text: str) -> int | Decimal:
    return int(text) if len(text) <= _LONGEST_INT else Decimal(text)


def _fraction(text: str) -> int | Decimal:
    try:
        return whole(Decimal(text))
    except ArithmeticError as error:
        if _ZERO.fullmatch(text):  # of any exponent
            return 0
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text)} characters)"
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
"""How a container ends, by how it begins."""
_READER = json.JSONDecoder(parse_int=_integer, parse_float=_fraction, parse_constant=_refuse)
_scan_once: Callable[[str, int], tuple[Any, int]] = _READER.scan_once  # type: ignore[attr-defined]  # it has no types
_NOTICING_READER = json.JSONDecoder(
    parse_int=_integer, parse_float=_fraction, parse_constant=_refuse, object_pairs_hook=_object
)
_WRITERS: dict[type, Callable[[Any], str]] = {
    NoneType: lambda _: "null",
    bool: lambda value: "true" if value else "false",
    str: _quoted,
    int: short_text,
    Decimal: short_text,
}
"""By the exact type."""
