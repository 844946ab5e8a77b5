"""Values as a person writes them."""

import base64
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Final

from cp_event_source.handler.values.attribute_value import decode

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def short(identifier: str) -> str:
    """A UUID by its first group; anything else as it is."""
    return f"{identifier[:8]}…" if _UUID.fullmatch(identifier) else identifier


def visible(text: str) -> str:
    """A text without characters that control a terminal or that nobody sees: each is its escape, such as `\\x1b`.

    Letters, marks, symbols and spaces of all scripts stay.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or unicodedata.category(each) == "Zs" else _escape(each) for each in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def listed(elements: Iterable[str]) -> str:
    return "[" + ", ".join(elements) + "]"


def shown(value: Mapping[str, Any] | None, *, whole: bool = False) -> str:
    """A DynamoDB value; empty for None.

    Args:
        value: the attribute value.
        whole: whether UUIDs are whole.
    """
    if value is None:
        return ""
    text = str if whole else short
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return text(content)
        case "BOOL":
            return "true" if content else "false"
        case "NULL":
            return "null"
        case "M":
            elements = (f"{name}: {_inner(element, whole=whole)}" for name, element in content.items())
            return "{" + ", ".join(elements) + "}"
        case "L":
            return listed(_inner(element, whole=whole) for element in content)
        case "SS" | "NS":
            return listed(text(element) or '""' for element in sorted(content))
        case "B":
            return f"{len(content)} bytes"
        case "BS":
            return listed(f"{len(element)} bytes" for element in content)
        case _:
            return str(content)


def plain(value: Mapping[str, Any]) -> Any:
    """A DynamoDB value for a JSON document: bytes are base64 text, and a set is a sorted list."""
    return _jsonable(decode(value))


def _jsonable(value: Any) -> Any:
    match value:
        case dict():
            return {name: _jsonable(element) for name, element in value.items()}
        case list():
            return [_jsonable(element) for element in value]
        case set():
            return [_jsonable(element) for element in sorted(value)]
        case bytes():
            return base64.b64encode(value).decode()
        case _:
            return value


def _inner(value: Mapping[str, Any], *, whole: bool) -> str:
    """A value in a map or a list, where nothing else would show an empty text."""
    return shown(value, whole=whole) or '""'
