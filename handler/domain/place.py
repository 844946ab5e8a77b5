"""Finds where in the layer's files the domain logic failed."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from traceback import walk_tb
from typing import Any

MAX_PLACE_CHARACTERS = 256
"""The maximum characters of a place, all of them ASCII. Of a longer one the end is kept, with the file and the line."""


def place_of(error: BaseException, function: Callable[..., Any] | None, folder: str) -> str:
    """Where domain logic failed, as `domain_handler.py:42`: a file in the layer, and a line.

    It is the innermost line of the author's own files, not of packages that are installed in the layer. If the error
    was not raised in the layer, it is the line that defines the function.

    Args:
        error: what was raised.
        function: the layer's function that was called, or whose result was refused.
        folder: the layer's folder, with a separator at its end.

    Returns:
        The place; empty if the layer is not from files.
    """
    if not folder:
        return ""
    try:
        return _place(error, function, folder)
    except Exception:  # noqa: BLE001  the layer's objects may answer anything; a failure without a place is one, too
        return ""


def _place(error: BaseException, function: Callable[..., Any] | None, folder: str) -> str:
    raised = ((frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__))
    lines = [(Path(file), line) for file, line in [*_definition(function), *raised] if file.startswith(folder)]
    in_layer = [(file.relative_to(folder), line) for file, line in lines]
    own = [(file, line) for file, line in in_layer if file.parts[0] not in installed(folder)]
    for file, line in (own or in_layer)[-1:]:
        return f"{file.as_posix()}:{line}".encode("ascii", "backslashreplace").decode()[-MAX_PLACE_CHARACTERS:]
    return ""


def _definition(function: Callable[..., Any] | None) -> Iterator[tuple[str, int]]:
    code = getattr(inspect.unwrap(function), "__code__", None) if function is not None else None
    if code is not None:
        yield code.co_filename, code.co_firstlineno


@cache
def installed(folder: str) -> frozenset[str]:
    """The top-level names of the packages that an installer put into the layer's folder."""
    names: set[str] = set()
    for record in Path(folder).glob("*.dist-info/RECORD"):
        with suppress(OSError, ValueError):  # a place in a package is better than none
            names |= {line.partition(",")[0].split("/")[0] for line in record.read_text("utf-8").splitlines()}
    return frozenset(names)
