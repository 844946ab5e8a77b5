"""JSON values as flat lists of tokens, to compare them at any depth. Types differ; numbers are compared as numbers."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

Token = tuple[str, Any]

_LEXEME = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s,:"\[\]{}]+|[\[\]{}]')


def tokens(value: Any) -> list[Token]:
    """The tokens of a value as the functions hand it out: objects by their names, in order."""
    return list(_walk(value, _plain))


def tokens_of_typed(value: Any) -> list[Token]:
    """The tokens of a value in DynamoDB JSON."""
    return list(_walk(value, _typed))


def tokens_of_text(text: str) -> list[Token]:
    """The tokens of a JSON text: by the standard parser or, if the text is nested too deeply, in the text's order."""
    try:
        return tokens(json.loads(text, parse_float=Decimal, parse_int=Decimal))
    except RecursionError:
        return [_of_lexeme(lexeme) for lexeme in _LEXEME.findall(text)]


def _walk(value: Any, split: Any) -> Iterator[Token]:
    """Without recursion."""
    left: list[Any] = [value]
    while left:
        each = left.pop()
        if type(each) is tuple:  # a token that was put here
            yield each
            continue
        kind, content = split(each)
        if kind == "{":
            yield ("{", None)
            left.append(("}", None))
            for name in sorted(content, reverse=True):
                left += (content[name], ("S", name))
        elif kind == "[":
            yield ("[", None)
            left.append(("]", None))
            left += reversed(content)
        else:
            yield kind, content


def _plain(value: Any) -> Token:
    match value:
        case dict():
            return "{", value
        case list():
            return "[", value
        case None | bool():
            return "literal", value
        case str():
            return "S", value
        case int() | Decimal():
            return "N", value
    raise AssertionError(f"not a value of exact JSON: {type(value)}")


def _typed(value: Any) -> Token:
    ((kind, content),) = value.items()
    match kind:
        case "M":
            return "{", content
        case "L":
            return "[", content
        case "NULL" | "BOOL":
            return "literal", None if kind == "NULL" else content
        case "N":
            return "N", Decimal(content)
    return kind, content


def _of_lexeme(lexeme: str) -> Token:
    if lexeme in "[]{}":
        return lexeme, None
    if lexeme in {"null", "true", "false"} or lexeme[0] == '"':
        return _plain(json.loads(lexeme))
    return "N", Decimal(lexeme)
