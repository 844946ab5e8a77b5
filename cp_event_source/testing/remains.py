"""Finds what a layer's modules, classes and functions keep between two moments."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from types import FunctionType, ModuleType
from typing import Any

from .differences import shown
from .pictures import Picture, differences, picture_of


class Remains:
    """The data that modules hold outside of domain objects, at one moment."""

    def __init__(self, modules: Mapping[str, ModuleType]) -> None:
        self._before = _pictures(modules)

    def found(self, modules: Mapping[str, ModuleType]) -> Iterator[str]:
        """What has changed since then, and how: `FileDomain.Tags: [] (list) became ['a'] (list)`."""
        for name, after in _pictures(modules).items():
            before = self._before.get(name)
            if before is None:
                yield f"{name}: {after.text} is new"
                continue
            for each in islice(differences(before, after), 1):
                if before.kind is FunctionType:  # its text says nothing of what it keeps
                    yield f"{name}{each.path}: {each.before or 'nothing'} became {each.after or 'nothing'}"
                else:
                    yield f"{name}: {before.text} became {after.text}"


def _pictures(modules: Mapping[str, ModuleType]) -> dict[str, Picture]:
    found: dict[str, Picture] = {}
    seen: set[int] = set()
    for module in modules.values():
        for name, value in list(vars(module).items()):
            if not (name.startswith("__") and name.endswith("__")):
                found |= dict(_holders(f"{module.__name__}.{name}", value, modules, seen))
    return found


def _holders(path: str, value: Any, modules: Mapping[str, ModuleType], seen: set[int]) -> Iterator[tuple[str, Picture]]:
    """What may keep data: a module's variables, a class's attributes, a function's defaults and enclosed variables."""
    if isinstance(value, ModuleType) or id(value) in seen:
        return
    if isinstance(value, staticmethod | classmethod):
        value = value.__func__
    if isinstance(value, type):
        if value.__module__ in modules:
            seen.add(id(value))
            for name, member in list(vars(value).items()):
                if name not in {"__dict__", "__weakref__", "__doc__", "__module__"}:
                    yield from _holders(f"{path}.{name}", member, modules, seen)
        return
    if isinstance(value, FunctionType):
        if value.__module__ in modules:
            seen.add(id(value))
            yield path, picture_of(value)
            yield from _attributes(path, value)
        return
    info = getattr(value, "cache_info", None)
    if callable(info):
        yield path, Picture(type(value), shown(info()), tuple(info()))
        return
    yield path, picture_of(value)


def _attributes(path: str, function: FunctionType) -> Iterable[tuple[str, Picture]]:
    return [(f"{path}.{name}", picture_of(value)) for name, value in vars(function).items() if name != "__wrapped__"]
