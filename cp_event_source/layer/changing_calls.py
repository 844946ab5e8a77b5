"""Finds calls whose result differs each time: the same events, folded again, would give another row."""

import ast
from collections.abc import Iterator, Mapping
from typing import Final

from .python_source import Function, dotted

_DIFFERING_CALLS: Final = (
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "os.urandom",
    "time.time",
    "time.time_ns",
    "uuid.uuid1",
    "uuid.uuid4",
)
_DIFFERING_MODULES: Final = ("random.", "secrets.")


def changing_calls(function: Function, full_names: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    """Line and written name of each such call in a function.

    Args:
        function: the function to search.
        full_names: the full name of each name that the file imports.
    """
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            name = dotted(node.func)
            if name and _differs(name, full_names):
                yield node.lineno, name


def _differs(name: str, full_names: Mapping[str, str]) -> bool:
    first, dot, rest = name.partition(".")
    full = f"{full_names.get(first, first)}{dot}{rest}"
    # Without its import, as in a fragment, datetime.now() still is what it looks like.
    return full.startswith(_DIFFERING_MODULES) or any(
        full == each or (dot and each.endswith(f".{full}")) for each in _DIFFERING_CALLS
    )
