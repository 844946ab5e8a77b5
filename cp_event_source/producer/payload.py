"""A payload as exact JSON: a copy without a loss, or what is wrong and where."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from cp_event_source.handler.events import domain_event

_MAX_VIOLATIONS: Final = 10
"""How many violations are named: a list of 100,000 dates has one thing wrong with it."""
_MAX_PATH_CHARACTERS: Final = 200
_MAX_INTEGER: Final = 2**63 - 1
"""The largest whole number that PutEvents takes; the smallest is one further from 0."""


@dataclass(slots=True)
class ExactPayload:
    """A payload as `exact_json.dumps` takes it."""

    value: Any = None
    """A copy, with lists for tuples and decimals for floats."""
    violations: list[domain_event.Violation] = field(default_factory=list)
    """What is not JSON, the first ten. If there are any, `value` is of no use."""
    levels: int = 0
    """How many objects and arrays are nested at the deepest position."""
    large_integer: str | None = None
    """The path of a whole number outside of 64 bits, if there is one."""


@dataclass(slots=True)
class _Container:
    """A dict, list or tuple that is being copied."""

    original: Any
    copy: dict[str, Any] | list[Any]
    members: Iterator[tuple[Any, Any]]
    key: Any = None
    """The key or index that is being copied."""


def exact_payload(payload: Any) -> ExactPayload:
    """The payload's exact copy.

    Args:
        payload: None, bool, int, float, Decimal, str, and dicts with string keys, lists and tuples of them, to any
            depth. A float stands for the decimal that Python writes for it: 0.1 is 0.1.
    """
    found = ExactPayload()
    outermost: list[Any] = []
    around = [_Container(None, outermost, iter([(0, payload)]))]
    open_ids: set[int] = set()  # of the containers around: a container within itself would have no end
    while around:  # not by recursion: the payload may be nested to any depth
        container = around[-1]
        for key, member in container.members:
            container.key = key
            if isinstance(container.copy, dict) and not isinstance(key, str):
                _violate(found, around, "must be named by a string", domain_event.shown(key))
                continue
            copied: Any = None
            if isinstance(member, dict):
                inner = _Container(member, copied := {}, iter(member.items()))
            elif isinstance(member, list | tuple):
                inner = _Container(member, copied := [], enumerate(member))
            else:
                copied = _scalar(member, found, around)
                _put(container, copied)
                continue
            if id(member) in open_ids:
                _violate(found, around, "must not contain itself", f"the same {type(member).__name__}")
                continue
            _put(container, copied)
            open_ids.add(id(member))
            around.append(inner)
            found.levels = max(found.levels, len(around) - 1)
            break
        else:
            open_ids.discard(id(container.original))
            around.pop()
    found.value = outermost[0] if outermost else None
    return found


def _put(container: _Container, copied: Any) -> None:
    if isinstance(container.copy, dict):
        container.copy[container.key] = copied
    else:
        container.copy.append(copied)


def _scalar(value: Any, found: ExactPayload, around: list[_Container]) -> Any:
    if value is None or isinstance(value, str | bool):
        return value
    if not isinstance(value, int | float | Decimal):
        return _violate(found, around, "must be a JSON value", f"a {type(value).__name__}")
    if not isinstance(value, int):
        if isinstance(value, float):
            value = Decimal(float.__repr__(value))  # not repr: a subclass of float may have a text of its own
        if not value.is_finite():
            return _violate(found, around, "must be a finite number", str(value))
    if found.large_integer is None and _is_large_integer(value):
        found.large_integer = _path(around)
    return value


def _is_large_integer(number: int | Decimal) -> bool:
    # compared as it is: the arithmetic of decimals rounds
    beyond = number > _MAX_INTEGER or number < -_MAX_INTEGER - 1
    return beyond and (isinstance(number, int) or number == number.to_integral_value())


def _violate(found: ExactPayload, around: list[_Container], rule: str, value: str) -> None:
    if len(found.violations) < _MAX_VIOLATIONS:
        found.violations.append(domain_event.Violation(_path(around), rule, value))


def _path(around: list[_Container]) -> str:
    """The position that is being copied, as `Payload.Items[3].At`."""
    steps = ["Payload"]
    for container in around[1:]:
        key = container.key
        steps.append(f".{key}" if isinstance(container.copy, dict) else f"[{key}]")
    path = "".join(steps)
    return (
        path
        if len(path) <= _MAX_PATH_CHARACTERS
        else f"{path[: _MAX_PATH_CHARACTERS // 2]}...{path[-_MAX_PATH_CHARACTERS // 2 :]}"
    )
