"""Lays out JSON text without reading its values, so that every number, name and escape stays as it was written."""

import re
from typing import Final

_TOKEN: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},:]|[^\s\[\]{},:"]+', re.DOTALL)
_OPENING: Final = frozenset("[{")
_CLOSING: Final = frozenset("]}")
_SPACED: Final = frozenset(":")
_STEP: Final = "  "
_MAX_DEPTH: Final = 100
"""Deeper text stays as it is: its indentation would be longer than the text."""


def indented(text: str) -> str:
    """Valid JSON text with a line for each member and element."""
    parts: list[str] = []
    depth, before = 0, ""
    for token in _TOKEN.findall(text):
        if token in _CLOSING:
            depth -= 1
        is_first, is_empty = before in _OPENING, token in _CLOSING and before in _OPENING
        if not is_empty and (is_first or token in _CLOSING or before == ","):
            parts.append(f"\n{_STEP * depth}")
        parts.append(f"{token} " if token in _SPACED else token)
        if token in _OPENING:
            depth += 1
            if depth > _MAX_DEPTH:
                return text
        before = token
    return "".join(parts)


def compact(text: str) -> str:
    """Valid JSON text without the spaces between its tokens."""
    return "".join(_TOKEN.findall(text))
