"""Guarantee: names that a layer imports for type checkers alone do not keep the function from starting, on any Python.

Python evaluates annotations as a module is imported until 3.13, and when asked for from 3.14 on. What that asks for is
tested here without one.
"""

import importlib.util
import inspect
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from cp_event_source.handler.domain import logic

from .given import layer


class Thing:
    def apply(self, payload: Any) -> None: ...


class Domain:
    @staticmethod
    def create_new(domain_id: str) -> Thing:
        return Thing()

    @staticmethod
    def from_dynamo_item(item: Any) -> Thing:
        return Thing()

    @staticmethod
    def to_dynamo_item(thing: Thing) -> dict[str, Any]:
        return {}


@pytest.mark.parametrize(
    ("version", "options"),
    [((3, 13), {}), ((3, 14), {"annotation_format": "by name"}), ((4, 0), {"annotation_format": "by name"})],
)
def test_annotations_are_asked_for_by_name_where_asking_evaluates_them(
    version: tuple[int, int], options: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    annotationlib: Any = ModuleType("annotationlib")
    annotationlib.Format = SimpleNamespace(FORWARDREF="by name")
    asked: list[dict[str, str]] = []
    signature = inspect.signature

    def noted(function: Any, **named: Any) -> inspect.Signature:
        asked.append(named)
        return signature(function)

    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "annotationlib", annotationlib)
        patch.setattr(sys, "version_info", version)
        patch.setattr(inspect, "signature", noted)
        fresh().DomainLogic(layer(Thing, Domain))
    assert asked
    assert asked == [options] * len(asked)


UNQUOTED = """
class Thing:
    def apply(self, payload: Payload, event_time: Missing) -> Thing: ...

class Domain:
    def from_dynamo_item(item: Row): ...
    def create_new(domain_id: Id) -> Thing: ...
    def to_dynamo_item(thing: Thing): ...
"""


@pytest.mark.skipif(sys.version_info < (3, 14), reason="annotations are evaluated as the module is imported")
def test_a_layer_need_not_quote_them() -> None:
    module = ModuleType("domain_handler")
    exec(UNQUOTED, module.__dict__)
    logic.DomainLogic(module)


def fresh() -> Any:
    """The module as an interpreter that starts now runs it."""
    assert logic.__spec__ is not None
    assert logic.__spec__.loader is not None
    module = importlib.util.module_from_spec(logic.__spec__)
    logic.__spec__.loader.exec_module(module)
    return module
