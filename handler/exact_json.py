"""JSON without a loss: numbers of any size and precision, and no value that JSON does not have.

The standard parser reads a fraction as a binary float: 0.1 would reach the domain as 0.1000000000000000055...
"""

import json
from decimal import Decimal
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any

from .exact_numbers import number_text, whole

_LONGEST_INT = 4300
"""Digits up to which `int(text)` is allowed by default (CPython's limit, against quadratic time)."""


class InvalidJson(ValueError):
    """The text is not JSON (RFC 8259), or not readable here; the message says where and why."""


def loads(text: str) -> Any:
    """The value of a JSON text: `int` for whole numbers, `Decimal` for all others, never `float`.

    Raises:
        InvalidJson: not JSON (`NaN` and `Infinity` are not), nested too deeply, or an exponent that no
            `Decimal` can hold.
    """
    try:
        return _READER.decode(text)
    except ArithmeticError as error:
        raise InvalidJson("a number's exponent is too large to be read exactly") from error
    except RecursionError as error:
        raise InvalidJson("arrays and objects are nested too deeply") from error
    except ValueError as error:
        raise InvalidJson(str(error)) from error


def dumps(value: Any) -> str:
    """The canonical JSON text of what `loads` returned: equal values, and only they, have equal texts.

    ASCII only, keys sorted, no spaces, equal numbers written alike (1.0 as 1).
    """
    parts: list[str] = []
    _write(value, parts)
    return "".join(parts)


def _write(value: Any, parts: list[str]) -> None:
    if value is None:
        parts.append("null")
    elif value is True:
        parts.append("true")
    elif value is False:
        parts.append("false")
    elif isinstance(value, str):
        parts.append(_quoted(value))
    elif isinstance(value, int | Decimal):
        parts.append(number_text(value))
    elif isinstance(value, dict):
        separator = "{"
        for key in sorted(value):
            parts.append(f"{separator}{_quoted(key)}:")
            _write(value[key], parts)
            separator = ","
        parts.append("}" if value else "{}")
    elif isinstance(value, list):
        separator = "["
        for element in value:
            parts.append(separator)
            _write(element, parts)
            separator = ","
        parts.append("]" if value else "[]")
    else:
        raise TypeError(f"{type(value).__name__} is not a JSON type")


def _integer(text: str) -> int | Decimal:
    return int(text) if len(text) <= _LONGEST_INT else Decimal(text)


def _fraction(text: str) -> int | Decimal:
    return whole(Decimal(text))


def _refuse(constant: str) -> None:
    raise InvalidJson(f"{constant} is not JSON")


_READER = json.JSONDecoder(parse_int=_integer, parse_float=_fraction, parse_constant=_refuse)
