"""Loads the domain logic: it checks the layer's module `domain_handler` at start, and calls it by parameter name."""

import functools
import importlib
import importlib.machinery
import inspect
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import attrgetter
from pathlib import Path
from traceback import walk_tb
from types import ModuleType
from typing import Any

from ..events.stored_event import StoredEvent
from . import contract


def _arguments(names: Iterable[str]) -> dict[str, Callable[[StoredEvent], Any]]:
    """By the name of a parameter, the function that reads its argument from an event."""
    members = {name: getattr(StoredEvent, name, None) for name in names}
    read = {name: getattr(member, "fget", None) or attrgetter(name) for name, member in members.items()}
    return read | {"event": lambda event: event}


_APPLY_ARGUMENTS = _arguments(contract.APPLY_PARAMETERS)
_CREATE_ARGUMENTS = _arguments(contract.CREATE_PARAMETERS)

# From Python 3.14 on, reading a signature evaluates its annotations. A name that the module imports only for type
# checkers must not prevent the function from starting.
_NAMES_ONLY: dict[str, Any] = {}
if sys.version_info >= (3, 14):
    from annotationlib import Format

    _NAMES_ONLY["annotation_format"] = Format.FORWARDREF

Call = Callable[..., Any]


class BrokenDomainLogic(Exception):
    """The layer breaks its contract. The message names the file and the expected class, method or parameter."""


class RowItem(Mapping[str, Any]):
    """The argument of `from_dynamo_item`: it has the row's attributes as `item.Name` and as `item["Name"]`.

    They are instance attributes, so that one named `items` or `values` hides the mapping's method. As a mapping, it has
    them in the order of their names: storage keeps no order.
    """

    def __init__(self, attributes: dict[str, Any]) -> None:
        self.__dict__ = attributes

    def __getitem__(self, name: str) -> Any:
        return self.__dict__[name]

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"the row has no attribute {name!r}")

    def get(self, name: str, default: Any = None) -> Any:
        return self.__dict__.get(name, default)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self.__dict__))

    def __len__(self) -> int:
        return len(self.__dict__)


class DomainLogic:
    """Calls the layer's functions with the parameters that they declare.

    It passes the layer's domain objects through unchanged.

    Attributes:
        folder: the layer's folder, with a separator at its end; empty if the module is not from a file.
        create_new: returns the domain object before its first event.
        from_dynamo_item: returns the domain object of a row.
        to_dynamo_item: returns the row of a domain object.
    """

    def __init__(self, module: ModuleType) -> None:
        self.folder = _folder(module)
        domain_class = _member(module, contract.CLASS)
        self.from_dynamo_item: Callable[[RowItem], Any] = _member(module, contract.CLASS, "from_dynamo_item")
        self.to_dynamo_item: Callable[[Any], Any] = _member(module, contract.CLASS, "to_dynamo_item")
        create = _member(module, contract.CLASS, "create_new")
        self.create_new: Callable[[StoredEvent], Any] = _by_name(
            create, _CREATE_ARGUMENTS, f"{contract.CLASS}.create_new"
        )
        self._appliers: dict[type, Callable[[Any, StoredEvent], Any]] = {}
        classes = [
            member
            for member in vars(module).values()
            if inspect.isclass(member)
            and member is not domain_class
            and callable(getattr(member, contract.APPLY, None))
        ]
        if not classes:
            raise BrokenDomainLogic(
                f"{contract.FILE} must define, next to the class {contract.CLASS}, a class with the method "
                f"{contract.APPLY}(self, payload, event_name, event_time); found none"
            )
        self._find_applier(classes)

    def apply(self, domain_object: Any, event: StoredEvent) -> Any:
        """The domain object after an event: what its `apply` returned, or the object itself if that is None."""
        after = self.applier(domain_object)(domain_object, event)
        return domain_object if after is None else after

    def applier(self, domain_object: Any, returned_by: str = "the layer") -> Callable[[Any, StoredEvent], Any]:
        """The `apply` of a domain object's class.

        Args:
            domain_object: the object.
            returned_by: the function of the layer that returned it, for the message.

        Raises:
            BrokenDomainLogic: the class has no `apply`, or its `apply` requires an unknown parameter.
        """
        kind = type(domain_object)
        if kind in self._appliers:
            return self._appliers[kind]
        if not self.can_apply(domain_object):
            found = "None" if domain_object is None else f"a value of the type {type(domain_object).__name__}"
            raise BrokenDomainLogic(
                f"{returned_by} returned {found}; it must return the domain object, whose class has the method "
                f"{contract.APPLY}"
            )
        return self._applier(kind)

    def can_apply(self, value: Any) -> bool:
        """True if a value is a domain object: its class has the method `apply`."""
        return callable(getattr(type(value), contract.APPLY, None))

    def _find_applier(self, classes: list[type]) -> None:
        """Demand one class that fits. Other classes, such as a discount, may have another kind of `apply`."""
        errors: list[BrokenDomainLogic] = []
        for each in classes:
            try:
                self._applier(each)
            except BrokenDomainLogic as error:
                errors.append(error)
        if len(errors) == len(classes):
            raise errors[0]

    def _applier(self, kind: type) -> Callable[[Any, StoredEvent], Any]:
        applier = self._appliers.get(kind)
        if applier is None:
            where = f"{kind.__name__}.{contract.APPLY}"
            applier = _by_name(getattr(kind, contract.APPLY), _APPLY_ARGUMENTS, where, bound=1)
            self._appliers[kind] = applier
        return applier


def load() -> DomainLogic:
    """The domain logic of the layer on this function's path.

    Raises:
        BrokenDomainLogic: the module is missing, cannot be imported, or breaks the contract.
    """
    try:
        module = importlib.import_module(contract.MODULE)
    except Exception as error:
        raise BrokenDomainLogic(_why_not_imported(error)) from error
    return DomainLogic(module)


def _why_not_imported(error: Exception) -> str:
    """Why the layer's module cannot be imported, with the file and line in the layer that fails."""
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    if missing == contract.MODULE:
        return (
            f"the domain logic layer has no python/{contract.FILE}; it must define the class {contract.CLASS} with "
            f"{', '.join(contract.METHODS)}, and a class with {contract.APPLY}"
        )
    file, line = _place(error)
    if missing:
        return (
            f"{file} imports {missing}, which neither the layer nor Lambda's Python has; add it to the layer "
            f"({file}:{line})"
        )
    text = error.msg if isinstance(error, SyntaxError) else error
    return f"{contract.FILE} cannot be imported: {type(error).__name__}: {text} ({file}:{line})"


def _place(error: Exception) -> tuple[str, int]:
    """The last file and line in the layer's folder that led to an error of the import."""
    spec = importlib.machinery.PathFinder.find_spec(contract.MODULE)
    folder = (spec.origin or "").removesuffix(contract.FILE) if spec else ""
    places = [(contract.FILE, 1)]
    places += [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
    if isinstance(error, SyntaxError):  # the file that cannot be read has no frame
        places.append((error.filename or "", error.lineno or 1))
    own = [(file.removeprefix(folder), line) for file, line in places if folder and file.startswith(folder)]
    return own[-1] if own else places[0]


def _folder(module: ModuleType) -> str:
    file = getattr(module, "__file__", None)
    if not file:
        return ""
    folder = Path(file).parent
    return f"{folder.parent if hasattr(module, '__path__') else folder}{os.sep}"


def _member(module: ModuleType, name: str, method: str | None = None) -> Any:
    owner = getattr(module, name, None)
    if owner is None:
        raise BrokenDomainLogic(f"{contract.FILE} must define the class {name}; found none")
    if method is None:
        return owner
    found = getattr(owner, method, None)
    if not callable(found):
        raise BrokenDomainLogic(f"{contract.FILE}: the class {name} must define the static method {method}; found none")
    return found


def _by_name(
    function: Call, known: dict[str, Callable[[StoredEvent], Any]], where: str, *, bound: int = 0
) -> Callable[..., Any]:
    """Adapt `function` so that it takes its first `bound` arguments and then the event.

    Raises:
        BrokenDomainLogic: it requires an unknown parameter.
    """
    parameters = list(inspect.signature(function, **_NAMES_ONLY).parameters.values())[bound:]
    positional: list[Callable[[StoredEvent], Any]] = []
    named: dict[str, Callable[[StoredEvent], Any]] = {}
    for parameter in parameters:
        if parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}:
            continue
        if parameter.name not in known:
            if parameter.default is not parameter.empty:
                continue
            raise BrokenDomainLogic(
                f"{contract.FILE}: {where} requires the parameter {parameter.name!r}, which is not one of "
                f"{', '.join(known)}"
            )
        if parameter.kind is parameter.POSITIONAL_ONLY:
            positional.append(known[parameter.name])
        else:
            named[parameter.name] = known[parameter.name]

    by_name = tuple(named.items())

    @functools.wraps(function)  # so that `inspect.unwrap` finds the layer's function
    def call(*arguments: Any) -> Any:
        first, event = arguments[:-1], arguments[-1]
        if positional:
            first += tuple(value(event) for value in positional)
        return function(*first, **{name: value(event) for name, value in by_name})

    return call
