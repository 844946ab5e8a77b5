"""Finds calls whose result is another each time: folding the same events again would give another row."""

import ast
from collections.abc import Iterator, Mapping
from typing import Final

from .python_source import Function, dotted

_OTHER_EACH_TIME: Final = (
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
_OTHER_EACH_TIME_MODULES: Final = ("random.", "secrets.")


def changing_calls(function: Function, full_names: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    """Line and written name of each such call in a function.

    Args:
        function: where to look.
        full_names: what the file's imported names stand for.
    """
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            name = dotted(node.func)
            if name and _other_each_time(name, full_names):
                yield node.lineno, name


def _other_each_time(name: str, full_names: Mapping[str, str]) -> bool:
    first, dot, rest = name.partition(".")
    full = f"{full_names.get(first, first)}{dot}{rest}"
    # Written without its import (as in a fragment), datetime.now() still is what it looks like.
    return full.startswith(_OTHER_EACH_TIME_MODULES) or any(
        full == each or (dot and each.endswith(f".{full}")) for each in _OTHER_EACH_TIME
    )
