"""The domain's own logic: the layer's `domain_handler` module, checked at start and called by parameter name."""

import importlib
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

from ..events.stored_event import StoredEvent
from . import contract

_APPLY_ARGUMENTS: dict[str, Callable[[StoredEvent], Any]] = {
    "domain_payload": lambda event: event.domain_payload,
    "event_time": lambda event: event.event_time,
    "event_type": lambda event: event.event_type,
    "event_name": lambda event: event.event_name,
    "payload": lambda event: event.payload,
    "event_id": lambda event: event.event_id,
    "user_id": lambda event: event.user_id,
    "correlation_id": lambda event: event.correlation_id,
    "version": lambda event: event.version,
    "event": lambda event: event,
}
_CREATE_ARGUMENTS: dict[str, Callable[[StoredEvent], Any]] = {
    "domain_id": lambda event: event.domain_id,
    "user_id": lambda event: event.user_id,
    "event_time": lambda event: event.event_time,
    "event": lambda event: event,
}

# From Python 3.14 on, annotations are evaluated when asked for: a name that the module imports for type checkers alone
# must not keep the function from starting.
_NAMES_ONLY: dict[str, Any] = {}
if sys.version_info >= (3, 14):
    from annotationlib import Format

    _NAMES_ONLY["annotation_format"] = Format.FORWARDREF

Call = Callable[..., Any]


class BrokenDomainLogic(Exception):
    """The layer does not keep its contract. Names the file and the class, method or parameter expected."""


class RowItem(Mapping[str, Any]):
    """What `from_dynamo_item` gets: the row's attributes as `item.Name` and as `item["Name"]`.

    They are the object's own attributes, so that one named `items` or `values` comes before a mapping's method.
    """

    def __init__(self, attributes: dict[str, Any]) -> None:
        self.__dict__ = attributes

    def __getitem__(self, name: str) -> Any:
        return self.__dict__[name]

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"the row has no attribute {name!r}")

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dict__)

    def __len__(self) -> int:
        return len(self.__dict__)


class DomainLogic:
    """Calls the layer's functions with what they declare.

    The object that they fold into is theirs: it passes through here untouched.
    """

    def __init__(self, module: ModuleType) -> None:
        domain = _member(module, contract.CLASS)
        self.from_dynamo_item: Callable[[RowItem], Any] = _member(module, contract.CLASS, "from_dynamo_item")
        self.to_dynamo_item: Callable[[Any], Any] = _member(module, contract.CLASS, "to_dynamo_item")
        create = _member(module, contract.CLASS, "create_new")
        self._create = _by_name(create, _CREATE_ARGUMENTS, f"{contract.CLASS}.create_new")
        self._appliers: dict[type, Callable[[Any, StoredEvent], Any]] = {}
        classes = [
            member
            for member in vars(module).values()
            if inspect.isclass(member) and member is not domain and callable(getattr(member, contract.APPLY, None))
        ]
        if not classes:
            raise BrokenDomainLogic(
                f"{contract.FILE} needs a class with the method {contract.APPLY}(self, domain_payload, event_time, "
                "event_type) beside the class Domain; it has none"
            )
        self._find_applier(classes)

    def create_new(self, event: StoredEvent) -> Any:
        """The object before its first event."""
        return self._create(event)

    def apply(self, domain: Any, event: StoredEvent) -> Any:
        """The object after `event`: what `apply` returned, or the object itself where it returned None."""
        after = self._applier(type(domain))(domain, event)
        return domain if after is None else after

    def _find_applier(self, classes: list[type]) -> None:
        """One class that fits is enough: others may have an `apply` of their own kind (a discount's, say)."""
        misfits: list[BrokenDomainLogic] = []
        for each in classes:
            try:
                self._applier(each)
            except BrokenDomainLogic as error:
                misfits.append(error)
        if len(misfits) == len(classes):
            raise misfits[0]

    def _applier(self, kind: type) -> Callable[[Any, StoredEvent], Any]:
        applier = self._appliers.get(kind)
        if applier is None:
            method = getattr(kind, contract.APPLY, None)
            where = f"{kind.__name__}.{contract.APPLY}"
            if not callable(method):
                raise BrokenDomainLogic(f"{contract.FILE}: {where} is missing")
            applier = self._appliers[kind] = _by_name(method, _APPLY_ARGUMENTS, where, bound=1)
        return applier


def load() -> DomainLogic:
    """The logic of the layer on this function's path.

    Raises:
        BrokenDomainLogic: the module is missing, cannot be imported, or does not keep the contract.
    """
    try:
        module = importlib.import_module(contract.MODULE)
    except ModuleNotFoundError as error:
        if error.name != contract.MODULE:
            raise BrokenDomainLogic(f"{contract.FILE} imports {error.name}, which the layer does not hold") from error
        raise BrokenDomainLogic(
            f"the domain logic layer has no python/{contract.FILE}; it must define the class {contract.CLASS} with "
            f"{', '.join(contract.METHODS)}, and a class with {contract.APPLY}"
        ) from error
    except Exception as error:
        raise BrokenDomainLogic(f"{contract.FILE} cannot be imported: {type(error).__name__}: {error}") from error
    return DomainLogic(module)


def _member(module: ModuleType, name: str, method: str | None = None) -> Any:
    owner = getattr(module, name, None)
    if owner is None:
        raise BrokenDomainLogic(f"{contract.FILE} must define the class {name}")
    if method is None:
        return owner
    found = getattr(owner, method, None)
    if not callable(found):
        raise BrokenDomainLogic(f"{contract.FILE}: the class {name} must define the static method {method}")
    return found


def _by_name(
    function: Call, known: dict[str, Callable[[StoredEvent], Any]], where: str, *, bound: int = 0
) -> Callable[..., Any]:
    """`function` as a function of (its first `bound` arguments, the event).

    Raises:
        BrokenDomainLogic: it requires a parameter that is not known.
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

    def call(*arguments: Any) -> Any:
        *first, event = arguments
        return function(
            *first,
            *(value(event) for value in positional),
            **{name: value(event) for name, value in named.items()},
        )

    return call
