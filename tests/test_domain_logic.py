"""Guarantee: the types for authors say what the pipeline passes to domain logic, and cost a layer nothing."""

import ast
import inspect
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from cp_event_source import domain_logic
from cp_event_source.domain_logic import DomainClass, Event, Row
from cp_event_source.handler.domain import contract
from cp_event_source.handler.domain.logic import RowItem
from cp_event_source.handler.events.stored_event import StoredEvent

ROOT = Path(__file__).parents[1]
LAYERS = sorted((ROOT / "examples").glob("*/*_domain"))

OF_THE_PIPELINE = {"of", "item", "counted", "is_erased"}
"""What the pipeline reads of a stored event, and domain logic has no use for: it gets no erased event."""


def members(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


def test_the_event_has_what_a_stored_event_has() -> None:
    assert members(Event) == members(StoredEvent) - OF_THE_PIPELINE


@pytest.mark.parametrize("name", sorted(members(Event)))
def test_a_value_of_the_event_has_the_type_of_the_stored_events(name: str) -> None:
    def type_of(kind: type) -> Any:
        read = inspect.getattr_static(kind, name)
        return get_type_hints(read.fget)["return"] if isinstance(read, property) else get_type_hints(kind)[name]

    assert type_of(Event) == type_of(StoredEvent)


def test_the_row_has_what_the_rows_item_has() -> None:
    assert members(Row) == members(RowItem) == members(Mapping)
    used = {"__getattr__", "__getitem__", "__contains__", "__iter__", "__len__"}
    assert used <= set(vars(Row))
    assert used <= set(dir(RowItem))


def test_a_type_checker_accepts_what_the_pipeline_passes() -> None:
    """mypy checks these two assignments."""
    row: Row = RowItem({"DomainId": "f", "items": 1})
    event: Event = StoredEvent({}, "2026-03-02T09:00:00.000000000Z#e-1", "f")
    assert (row.DomainId, row["items"], event.event_id) == ("f", 1, "e-1")


def test_the_class_domain_has_the_methods_of_the_contract() -> None:
    assert members(DomainClass) == set(contract.METHODS)
    assert members(domain_logic.DomainObject) == {contract.APPLY}


def test_the_module_lists_the_parameters_of_the_contract() -> None:
    """Those are passed by name, so a protocol cannot list them."""
    listed = {
        name.strip()
        for line in (domain_logic.__doc__ or "").splitlines()
        if line.startswith("    ") and ": " in line and not line.strip().startswith(("from", "if", "_"))
        for name in line.partition(":")[0].split(",")
    }
    assert listed == {*contract.APPLY_PARAMETERS, *contract.CREATE_PARAMETERS}


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_a_layer_with_these_types_runs_without_the_package(layer: Path) -> None:
    program = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "cp_event_source":
            raise ModuleNotFoundError(f"not to be imported: {name}", name=name)

sys.meta_path.insert(0, Missing())
import domain_handler, inspect
print(inspect.signature(domain_handler.Domain.from_dynamo_item))
"""
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=layer, capture_output=True, text=True, check=False, env={"PYTHONPATH": "."}
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("(item: 'Row')")


def test_the_examples_use_them() -> None:
    for layer in LAYERS:
        tree = ast.parse((layer / contract.FILE).read_text())
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert "cp_event_source.domain_logic" in imported


WRONG = {
    "from_dynamo_item is missing": ("def from_dynamo_item", "def read"),
    "to_dynamo_item returns a text": (
        "def to_dynamo_item(account: Account) -> DomainRow:\n        return asdict(account)",
        "def to_dynamo_item(account: Account) -> str:\n        return account.DomainId",
    ),
    "create_new returns None": (
        "domain_id: str) -> Account:\n        return Account(domain_id)",
        "domain_id: str) -> None:\n        return None",
    ),
    "the object has no apply": ("def apply", "def fold"),
    "an event has no such value": ("event.event_name", "event.name"),
}

LAYER = """\
from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cp_event_source.domain_logic import DomainClass, DomainRow, DynamoPayload, Event, Payload, Row


@dataclass(frozen=True)
class Account:
    DomainId: str
    Balance: Decimal = Decimal(0)
    Last: str = ""

    def apply(self, payload: Payload, domain_payload: DynamoPayload, event: Event) -> Account:
        amount = payload["Amount"] + Decimal(domain_payload["Amount"]["N"])
        return Account(self.DomainId, self.Balance + amount, event.event_name)


class Domain:
    @staticmethod
    def create_new(*, domain_id: str) -> Account:
        return Account(domain_id)

    @classmethod
    def from_dynamo_item(cls, item: Row) -> Account:
        return Account(item.DomainId, Decimal(item["Balance"]), item.get("Last", ""))

    @staticmethod
    def to_dynamo_item(account: Account) -> DomainRow:
        return asdict(account)


if TYPE_CHECKING:
    _: type[DomainClass[Account]] = Domain
"""


def test_a_type_checker_takes_a_layer_that_keeps_the_contract_and_finds_mistakes(tmp_path: Path) -> None:
    """All in one run of mypy; the package is here its types alone, since Pulumi's take a minute to read."""
    package = tmp_path / "cp_event_source"
    package.mkdir()
    (package / "py.typed").touch()
    (package / "__init__.py").touch()
    (package / "domain_logic.py").write_text((ROOT / "cp_event_source" / "domain_logic.py").read_text())
    files = {"right": LAYER}
    for number, (right, wrong) in enumerate(WRONG.values()):
        assert right in LAYER
        files[f"wrong_{number}"] = LAYER.replace(right, wrong)
    for name, text in files.items():
        (tmp_path / f"{name}.py").write_text(text)
    mypy = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir=/dev/null", "."]
    done = subprocess.run(mypy, cwd=tmp_path, capture_output=True, text=True, check=False)
    with_errors = {line.partition(".py:")[0] for line in done.stdout.splitlines() if ": error: " in line}
    assert with_errors == files.keys() - {"right"}, done.stdout
