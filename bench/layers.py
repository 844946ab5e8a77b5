"""The domains in the report: those of the examples, and one whose row has any size and shows every mistake."""

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from cp_event_source.handler.domain.logic import DomainLogic

_EXAMPLES = Path(__file__).parents[1] / "examples"


@dataclass(frozen=True, slots=True)
class Layer:
    """The logic of a domain, and the events of one domain object."""

    name: str
    logic: DomainLogic
    content: Callable[[int], tuple[str, Any]]
    """EventName and payload of the event with a number. The first event has the number 0."""
    apply_arguments: tuple[str, ...]
    """The parameters that `apply` declares."""


@cache
def file_layer() -> Layer:
    """The File domain of examples/default: a row of about 300 bytes."""

    def content(number: int) -> tuple[str, Any]:
        match number % 4:
            case 0:
                return "FileUploaded", {"Name": "report.pdf", "Size": 1000 * number, "ContentType": "application/pdf"}
            case 1:
                return "FileScanned", {"Result": "CLEAN", "Score": Decimal("0.987")}
            case 2:
                return "FileRenamed", {"Name": f"report-{number}.pdf"}
            case _:
                return "FileShared", {"With": f"user-{number % 5}"}

    return Layer("file", DomainLogic(_module("default/file_domain")), content, ("payload", "event_name", "event_time"))


@cache
def account_layer() -> Layer:
    """The Account domain of examples/custom_event_bus: a row of about 200 bytes."""

    def content(number: int) -> tuple[str, Any]:
        return ("AmountCredited", {"Amount": Decimal("12.34"), "Text": "rent"}) if number else ("AccountOpened", {})

    logic = DomainLogic(_module("custom_event_bus/account_domain"))
    return Layer("account", logic, content, ("domain_payload", "event_name"))


@cache
def ledger_layer(bytes_of_text: int = 0) -> Layer:
    """A domain with a sum, a count and the last entry: it shows each late, repeated or lost event."""

    @dataclass
    class Ledger:
        DomainId: str
        Balance: Decimal
        Entries: int
        Last: str
        Text: str

        def apply(self, payload: dict[str, Any], event_id: str) -> None:
            self.Balance += payload["Amount"]
            self.Entries += 1
            self.Last = event_id

    class Domain:
        @staticmethod
        def create_new(domain_id: str) -> Ledger:
            return Ledger(domain_id, Decimal(0), 0, "", "x" * bytes_of_text)

        @staticmethod
        def from_dynamo_item(item: Any) -> Ledger:
            return Ledger(item.DomainId, Decimal(item.Balance), item.Entries, item.Last, item.Text)

        @staticmethod
        def to_dynamo_item(ledger: Ledger) -> dict[str, Any]:
            return {name: getattr(ledger, name) for name in ("DomainId", "Balance", "Entries", "Last", "Text")}

    module = ModuleType("domain_handler")
    module.__dict__.update(Domain=Domain, Ledger=Ledger)

    def content(number: int) -> tuple[str, Any]:
        return "Entered", {"Amount": Decimal(number) / 100}

    return Layer("ledger", DomainLogic(module), content, ("payload", "event_id"))


def _module(folder: str) -> ModuleType:
    name = folder.replace("/", "_")
    specification = importlib.util.spec_from_file_location(name, _EXAMPLES / folder / "domain_handler.py")
    assert specification is not None  # noqa: S101  a path that ends in .py always has one
    assert specification.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module  # dataclasses look their module up
    specification.loader.exec_module(module)
    return module
