"""Guarantee: the layer's functions are called by parameter name; a layer that breaks the contract stops the start."""

import copy
import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from cp_event_source.handler.domain import contract as domain_contract
from cp_event_source.handler.domain.fold import fold
from cp_event_source.handler.domain.logic import BrokenDomainLogic, DomainLogic, RowItem, load
from cp_event_source.handler.domain.state import INITIAL_STATE
from cp_event_source.handler.values.attribute_value import decode_item
from tests.handler.given import layer, logic, stored

SEED_LAYER = Path(__file__).parents[2] / "fixtures" / "seed_layer"
EVENT = stored(7, {"Name": "a.txt"}, CorrelationId="c-1", Version=3, Extra=True)
OFFERED = {
    "domain_payload": {"Name": {"S": "a.txt"}},
    "event_time": "2026-01-01T00:00:07Z",
    "event_type": "DOMAIN",
    "event_name": "Noted",
    "payload": {"Name": "a.txt"},
    "event_id": "e-7",
    "user_id": "u-1",
    "correlation_id": "c-1",
    "version": 3,
    "event": EVENT,
}


@dataclass
class Thing:
    DomainId: str

    def apply(self) -> None: ...


class Domain:
    @staticmethod
    def from_dynamo_item(item: Any) -> Thing:
        return Thing(item.DomainId)

    @staticmethod
    def create_new(domain_id: str) -> Thing:
        return Thing(domain_id)

    @staticmethod
    def to_dynamo_item(thing: Thing) -> dict[str, Any]:
        return {"DomainId": thing.DomainId}


def applied(apply: Callable[..., Any]) -> Any:
    """What a class's `apply` returns for EVENT."""
    kind = type("Thing", (), {"apply": apply})
    return logic(kind, Domain).apply(kind(), EVENT)


def created(create_new: Callable[..., Any]) -> Any:
    """What `create_new` returns for EVENT."""
    return logic(Thing, type("Domain", (Domain,), {"create_new": staticmethod(create_new)})).create_new(EVENT)


@pytest.fixture
def import_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., DomainLogic]:
    """Loads a layer from source as the function does at start."""
    monkeypatch.syspath_prepend(tmp_path)

    def load_from(source: str | None) -> DomainLogic:
        if source is not None:
            (tmp_path / "domain_handler.py").write_text(source)
        monkeypatch.delitem(sys.modules, "domain_handler", raising=False)
        importlib.invalidate_caches()
        before = set(sys.modules)
        try:
            return load()
        finally:
            for name in set(sys.modules) - before:
                module = sys.modules[name]
                if str(tmp_path) in f"{getattr(module, '__file__', '')}{[*getattr(module, '__path__', [])]}":
                    del sys.modules[name]

    return load_from


def test_the_printed_example_works_unchanged(import_layer: Callable[..., DomainLogic]) -> None:
    loaded = import_layer((SEED_LAYER / "domain_handler.py").read_text())
    events = [stored(1, {"Name": "a.txt"}), stored(2, {"Name": "b.txt"})]
    folded = fold(loaded, INITIAL_STATE, events, seconds_per_event=10)
    assert folded.failure is None
    row = decode_item(folded.state.attributes)
    assert row.pop("CreatedAt").startswith("20")
    assert row == {"DomainId": "d-1", "OwnerId": "u-1", "Name": "b.txt", "UpdatedAt": "2026-01-01T00:00:02Z"}


def test_the_contract_names_what_is_offered() -> None:
    assert set(domain_contract.APPLY_PARAMETERS) == OFFERED.keys()


@pytest.mark.parametrize("name", domain_contract.APPLY_PARAMETERS)
def test_apply_gets_each_parameter_by_name(name: str) -> None:
    namespace: dict[str, Any] = {}
    exec(f"def apply(self, {name}): return [{name}]", namespace)
    assert applied(namespace["apply"]) == [OFFERED[name]]


@pytest.mark.parametrize("name", domain_contract.CREATE_PARAMETERS)
def test_create_new_gets_each_parameter_by_name(name: str) -> None:
    namespace: dict[str, Any] = {}
    exec(f"def create_new({name}): return [{name}]", namespace)
    expected = {"domain_id": "d-1", "user_id": "u-1", "event_time": "2026-01-01T00:00:07Z", "event": EVENT}
    assert created(namespace["create_new"]) == [expected[name]]


def test_the_order_of_parameters_does_not_matter() -> None:
    assert applied(lambda self, version, event_id: [version, event_id]) == [3, "e-7"]
    assert created(lambda user_id, domain_id: [user_id, domain_id]) == ["u-1", "d-1"]


def test_a_parameter_with_a_default_is_passed_only_if_it_is_known() -> None:
    assert applied(lambda self, event_name="default", retries=3: [event_name, retries]) == ["Noted", 3]


def test_keyword_only_and_positional_only_parameters() -> None:
    def apply(self: Any, event_id: Any, version: Any, /, payload: Any, *, user_id: Any) -> list[Any]:
        return [event_id, version, payload, user_id]

    assert applied(apply) == ["e-7", 3, {"Name": "a.txt"}, "u-1"]


def test_args_and_kwargs_stay_empty() -> None:
    assert applied(lambda self, event_id, *rest, **more: [event_id, rest, more]) == ["e-7", (), {}]


def test_each_call_gets_a_payload_of_its_own() -> None:
    def apply(self: Any, domain_payload: Any, payload: Any, event: Any) -> list[Any]:
        domain_payload.clear()
        payload.clear()
        return [event.payload, event.domain_payload]

    assert applied(apply) == [{"Name": "a.txt"}, {"Name": {"S": "a.txt"}}]


def test_apply_that_returns_none_has_changed_its_object() -> None:
    thing = Thing("d-1")
    assert logic(Thing, Domain).apply(thing, EVENT) is thing


def test_apply_may_be_inherited_and_the_object_of_any_class_with_it() -> None:
    class Special(Thing):
        def apply(self, event_id: str) -> list[str]:  # type: ignore[override]
            return [event_id]

    assert logic(Thing, Domain).apply(Special("d-1"), EVENT) == ["e-7"]


def test_an_object_without_apply_is_named() -> None:
    with pytest.raises(BrokenDomainLogic, match="returned None; it must return the domain object"):
        logic(Thing, Domain).apply(None, EVENT)


def test_annotations_are_not_evaluated(import_layer: Callable[..., DomainLogic]) -> None:
    """A name that only type checkers import must not stop the function; from Python 3.14 on it needs no quotes."""
    import_layer("""
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from shared import Payload

class Thing:
    def apply(self, domain_payload: "Payload", event_time: "Missing") -> "Thing": ...

class Domain:
    def from_dynamo_item(item: "Row"): ...
    def create_new(domain_id: "Id") -> "Thing": ...
    def to_dynamo_item(thing: "Thing"): ...
""")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("class Thing:\n def apply(self): ...", "domain_handler.py must define the class Domain"),
        ("class Domain: ...", "domain_handler.py: the class Domain must define the static method from_dynamo_item"),
        (
            "class Domain:\n from_dynamo_item = lambda item: 1\n create_new = lambda domain_id: 1",
            "domain_handler.py: the class Domain must define the static method to_dynamo_item",
        ),
        (
            "class Domain:\n from_dynamo_item = to_dynamo_item = lambda item: 1",
            "domain_handler.py: the class Domain must define the static method create_new",
        ),
        (
            "class Domain:\n from_dynamo_item = to_dynamo_item = lambda item: 1\n create_new = 'text'",
            "domain_handler.py: the class Domain must define the static method create_new",
        ),
        (
            "class Domain:\n from_dynamo_item = to_dynamo_item = lambda item: 1\n create_new = lambda domain_id: 1",
            "domain_handler.py must define, next to the class Domain, a class with the method apply(self, payload",
        ),
        (
            "import re\nimport shared_by_all",
            (
                "domain_handler.py imports shared_by_all, which neither the layer nor Lambda's Python has; add it to "
                "the layer (domain_handler.py:2)"
            ),
        ),
        ("from domain_handler_parts import x", "domain_handler.py imports domain_handler_parts, which"),
        ("\n1 / 0", "domain_handler.py cannot be imported: ZeroDivisionError: division by zero (domain_handler.py:2)"),
        ("\n\nclass Domain", "cannot be imported: SyntaxError: expected ':' (domain_handler.py:3)"),
        ("from os import nonsense", "domain_handler.py cannot be imported: ImportError: cannot import name 'nonsense'"),
        ("raise ModuleNotFoundError('none of it')", "cannot be imported: ModuleNotFoundError: none of it"),
    ],
)
def test_a_broken_layer_is_refused_with_what_is_missing(
    import_layer: Callable[..., DomainLogic], source: str, message: str
) -> None:
    with pytest.raises(BrokenDomainLogic) as broken:
        import_layer(source)
    assert message in str(broken.value)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ("x = 1\nimport shared_by_all", "rules/money.py imports shared_by_all, which neither .*rules/money.py:2"),
        ("def f(:", "domain_handler.py cannot be imported: SyntaxError: .*rules/money.py:1"),
        ("import json\njson.loads('')", "domain_handler.py cannot be imported: JSONDecodeError: .*rules/money.py:2"),
    ],
)
def test_the_file_and_line_are_those_of_the_layers_module_that_fails(
    import_layer: Callable[..., DomainLogic], tmp_path: Path, rules: str, message: str
) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "money.py").write_text(rules)

    with pytest.raises(BrokenDomainLogic, match=message):
        import_layer("import rules.money")


def test_a_missing_layer_is_refused_with_all_it_must_define(import_layer: Callable[..., DomainLogic]) -> None:
    with pytest.raises(BrokenDomainLogic) as broken:
        import_layer(None)
    for name in ("python/domain_handler.py", "Domain", *domain_contract.METHODS, "apply"):
        assert name in str(broken.value)


def test_an_unknown_required_parameter_is_refused_with_its_method_and_the_known_ones() -> None:
    with pytest.raises(BrokenDomainLogic) as broken:
        applied(lambda self, domain_payload, tenant: None)
    assert "domain_handler.py: Thing.apply requires the parameter 'tenant'" in str(broken.value)
    assert all(name in str(broken.value) for name in domain_contract.APPLY_PARAMETERS)
    with pytest.raises(BrokenDomainLogic, match=r"Domain\.create_new requires the parameter 'payload'"):
        created(lambda domain_id, payload: None)


def test_a_module_may_have_other_members() -> None:
    class Value:
        def apply(self, payload: Any) -> None: ...

    DomainLogic(layer(Value, Thing, Domain, apply=lambda anything: None, Alias=Domain, CONSTANT=1, other=sys))


ROW = RowItem({"DomainId": "d-1", "Name": "a", "Tags": {"x"}})


def test_a_row_item_gives_its_attributes_as_attributes_and_as_keys() -> None:
    assert (ROW.Name, ROW["Name"], ROW.get("Missing", 1), "Tags" in ROW, len(ROW)) == ("a", "a", 1, True, 3)
    assert {**ROW} == dict(ROW) == {"DomainId": "d-1", "Name": "a", "Tags": {"x"}}
    assert getattr(ROW, "Missing", "default") == "default"


def test_a_missing_attribute_is_named() -> None:
    with pytest.raises(AttributeError, match="the row has no attribute 'Missing'"):
        ROW.Missing  # noqa: B018
    with pytest.raises(KeyError, match="Missing"):
        ROW["Missing"]


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_a_row_can_be_copied(duplicate: Callable[[RowItem], RowItem]) -> None:
    assert dict(duplicate(ROW)) == dict(ROW)


def test_a_row_attribute_named_as_a_mappings_method_is_the_attribute() -> None:
    row: Any = RowItem({"items": ["a"], "values": 1})
    assert (row.items, row.values) == (["a"], 1)
    assert dict(row) == {"items": ["a"], "values": 1}


def test_next_to_a_class_that_fits_another_may_have_another_kind_of_apply() -> None:
    class Coupon:
        def apply(self, price: int) -> int:
            return price // 2

    module = ModuleType("domain_handler")
    module.__dict__.update(Coupon=Coupon, Thing=Thing, Domain=Domain)
    assert DomainLogic(module).create_new(EVENT) is not None
