"""Says how two rows differ, attribute by attribute."""

from collections.abc import Iterator
from typing import Any, Final

from ..handler.values.attribute_value import Item, decode

_MAX_SHOWN_CHARACTERS: Final = 200
"""A message shows at most this many characters of a value."""
_NOTHING: Final[Item] = {}
"""Stands for an attribute that a row does not have. No attribute value is empty."""
_SETS: Final = ("SS", "NS", "BS")


def row_differences(one: Item, other: Item, names: tuple[str, str]) -> list[str]:
    """A line for each attribute, at any depth, in which two rows differ.

    Values differ if their types in DynamoDB do: true is not 1.

    Args:
        one, other: the rows, as items.
        names: what to call them, such as `expected` and `got`.
    """
    return [
        f"{path}: {names[0]} {_shown(left)}, {names[1]} {_shown(right)}" for path, left, right in _in_maps(one, other)
    ]


def shown(value: Any) -> str:
    """A value and its type, shortened."""
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001  a class may raise anything
        text = f"(its repr raises {type(error).__name__})"
    if len(text) > _MAX_SHOWN_CHARACTERS:
        text = f"{text[:_MAX_SHOWN_CHARACTERS]}... ({len(text)} characters)"
    return f"{text} ({type(value).__name__})"


def _shown(attribute: Item) -> str:
    if not attribute:
        return "nothing"
    value = decode(attribute)
    return "None" if value is None else shown(sorted(value) if isinstance(value, set) else value)


def _in_maps(one: Item, other: Item, path: str = "") -> Iterator[tuple[str, Item, Item]]:
    for name in sorted({*one, *other}):
        yield from _in_values(one.get(name, _NOTHING), other.get(name, _NOTHING), f"{path}.{name}" if path else name)


def _in_values(one: Item, other: Item, path: str) -> Iterator[tuple[str, Item, Item]]:
    if one == other:
        return
    kind = next(iter(one), "")
    if kind not in other or kind not in {"M", "L", *_SETS}:
        yield path, one, other
    elif kind == "M":
        yield from _in_maps(one["M"], other["M"], path)
    elif kind == "L":
        left, right = one["L"], other["L"]
        for index in range(max(len(left), len(right))):
            yield from _in_values(
                left[index] if index < len(left) else _NOTHING,
                right[index] if index < len(right) else _NOTHING,
                f"{path}[{index}]",
            )
    else:
        yield path, one, other
