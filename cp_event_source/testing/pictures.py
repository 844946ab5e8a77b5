"""Pictures of objects: their values and types at all depths, to compare an object with what storage made of it."""

import copyreg
import enum
import warnings
from collections.abc import Iterator, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import cached_property, partial
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType, NoneType
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from .differences import shown

_SCALARS: Final = (NoneType, bool, int, float, complex, str, bytes, bytearray, Decimal, date, time, timedelta, UUID)
_MAX_DEPTH: Final = 200
_NOTES: Final = {"__dict__", "__weakref__", "__orig_class__", "__pydantic_fields_set__"}
"""What Python, typing and pydantic note in an object. It is no state: it says how the object was made."""
_UTC: Final = ("UTC", "Etc/UTC")


@dataclass(frozen=True, slots=True)
class Picture:
    """A value at one moment."""

    kind: type
    text: str
    """The value and its type, for people."""
    value: Any = None
    """What must be equal; None if the parts say all."""
    parts: Mapping[str, "Picture"] | None = None
    """What the value consists of, by the path from it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A value that comes back as another one."""

    path: str
    before: str | None
    """The value and its type; None if there was none."""
    after: str | None

    @property
    def lost(self) -> bool:
        """True if the value does not come back at all."""
        return self.after is None


def picture_of(value: Any) -> Picture:
    """The picture of a value: of its fields, attributes, slots and elements, and of what functions enclose."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # looking at an attribute may warn that it is deprecated
        return _picture(value, {})


def differences(before: Picture, after: Picture, path: str = "") -> Iterator[Difference]:
    """Where two pictures differ."""
    if before.kind is not after.kind or before.value != after.value:
        yield Difference(path, before.text, after.text)
        return
    ours, theirs = before.parts or {}, after.parts or {}
    if any(step.startswith("{") for step in ours.keys() ^ theirs.keys()):  # they have no place
        yield Difference(path, before.text, after.text)
        return
    for step in [*ours, *(step for step in theirs if step not in ours)]:
        if step not in theirs:
            yield Difference(path + step, ours[step].text, None)
        elif step not in ours:
            yield Difference(path + step, None, theirs[step].text)
        else:
            yield from differences(ours[step], theirs[step], path + step)


def _picture(value: Any, around: dict[int, int]) -> Picture:
    kind = type(value)
    if id(value) in around:
        return Picture(kind, "(itself)", around[id(value)])
    if len(around) > _MAX_DEPTH or isinstance(value, type | ModuleType | BuiltinFunctionType | CodeType):
        return Picture(kind, shown(value), id(value))
    if isinstance(value, enum.Enum):
        return Picture(kind, f"{kind.__name__}.{value.name} ({kind.__name__})", value.name)
    scalar = next((each for each in _SCALARS if isinstance(value, each)), None)
    around[id(value)] = len(around)
    try:
        parts = dict(_attributes(value, around))
        if scalar is not None:
            return Picture(kind, shown(value), _scalar(value), parts)
        with suppress(Exception):  # the class may raise anything; what can be read of it is compared
            parts |= _elements(value, around)
        return Picture(kind, shown(value), None, parts)
    finally:
        del around[id(value)]


def _scalar(value: Any) -> Any:
    match value:
        case datetime() | time():
            return value.isoformat(), _zone(value.tzinfo)
        case float():
            return float.__repr__(value)
        case Decimal() if value.is_nan():
            return str(value)
        case bool() | Decimal():  # 5.00 equals 5: a row keeps no trailing zeros
            return value
        case str():
            return str.__str__(value)
        case int():
            return int(value)
    return value


def _zone(zone: Any) -> tuple[str, str]:
    """What a zone does: `timezone.utc` and `ZoneInfo("UTC")` are one, a zone with summer time and an offset are not."""
    if isinstance(zone, ZoneInfo) and zone.key not in _UTC:
        return "zone", zone.key
    if zone is None or isinstance(zone, ZoneInfo | timezone):
        return ("none", "") if zone is None else ("offset", str(zone.utcoffset(None) or timedelta(0)))
    return "other", repr(zone)


def _attributes(value: Any, around: dict[int, int]) -> Iterator[tuple[str, Picture]]:
    """The attributes of an object, in its `__dict__` and its slots, without those of a `cached_property`."""
    kind = type(value)
    if isinstance(value, FunctionType):
        return
    held = dict(getattr(value, "__dict__", {}))
    for each in kind.__mro__:
        slots = each.__dict__.get("__slots__", ())
        for slot in (slots,) if isinstance(slots, str) else tuple(slots):
            name = f"_{each.__name__.lstrip('_')}{slot}" if slot.startswith("__") and not slot.endswith("__") else slot
            if hasattr(value, name):
                held.setdefault(name, getattr(value, name))
    for name, attribute in held.items():
        if name not in _NOTES and not isinstance(getattr(kind, name, None), cached_property):
            yield f".{name}", _picture(attribute, around)


def _elements(value: Any, around: dict[int, int]) -> dict[str, Picture]:
    match value:
        case Mapping():
            items = [(_key(key, around), _picture(each, around)) for key, each in value.items()]
            factory = getattr(value, "default_factory", None)
            made = {} if factory is None else {".default_factory": _picture(factory, around)}
            return {f"[{key}]": each for key, each in items} | made
        case Set():
            return {f"{{{_key(each, around)}}}": _picture(each, around) for each in value}
        case FunctionType():
            return _of_a_function(value, around)
        case MethodType():
            return {
                ".__func__": _picture(value.__func__, around),
                ".__self__": _picture(value.__self__, around),
            }
        case partial():
            called = {"func": value.func, "args": value.args, "keywords": value.keywords}
            return {f".{name}": _picture(each, around) for name, each in called.items()}
        case list() | tuple():
            return {f"[{index}]": _picture(each, around) for index, each in enumerate(value)}
    return _of_another(value, around)


def _of_a_function(function: FunctionType, around: dict[int, int]) -> dict[str, Picture]:
    """The code of a function, its defaults and the variables that it encloses."""
    parts = {"()": Picture(FunctionType, shown(function), (function.__module__, function.__qualname__))}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            parts[f"({name})"] = _picture(cell.cell_contents, around)
        except ValueError:  # it has no value yet
            continue
    for index, default in enumerate(function.__defaults__ or ()):
        parts[f"(default {index})"] = _picture(default, around)
    for name, default in (function.__kwdefaults__ or {}).items():
        parts[f"(default {name})"] = _picture(default, around)
    return parts


def _of_another(value: Any, around: dict[int, int]) -> dict[str, Picture]:
    """What `copy` would make another object from, such as the elements of a deque. Nothing if it cannot be copied."""
    try:
        registered = copyreg.dispatch_table.get(type(value))
        reduced = value.__reduce_ex__(2) if registered is None else registered(value)
        _, arguments, state, elements, items = (*reduced, None, None, None)[:5]
    except Exception:  # noqa: BLE001  the class may raise anything
        return _by_text(value)
    parts = {f"(argument {index})": _picture(each, around) for index, each in enumerate(arguments or ())}
    if state is not None and not hasattr(value, "__dict__") and not isinstance(state, tuple):
        parts["(state)"] = _picture(state, around)
    parts |= {f"[{index}]": _picture(each, around) for index, each in enumerate(elements or ())}
    return parts | {f"[{_key(key, around)}]": _picture(each, around) for key, each in items or ()}


def _by_text(value: Any) -> dict[str, Picture]:
    """What an object's text says of it, as that of an iterator which cannot be copied; nothing if it is an address."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001  the class may raise anything
        return {}
    return {} if " at 0x" in text else {"(text)": Picture(str, text, text)}


def _key(key: Any, around: dict[int, int]) -> str:
    """A key of a mapping or an element of a set, as text: equal keys of one type have one text."""
    key_picture = _picture(key, around)
    if key_picture.value is not None and not key_picture.parts:
        return repr(key) if isinstance(key, str | int) and not isinstance(key, enum.Enum) else key_picture.text
    return key_picture.text
