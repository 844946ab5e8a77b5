"""The domain that all of them fold: the sum, the count and the last of an account's entries.

The count shows each event that is lost or applied twice, and the last entry each that is applied in the wrong order.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from types import ModuleType
from typing import Any

from bench import events
from bench.layers import Layer
from cp_event_source.handler.domain.logic import DomainLogic

Event = dict[str, Any]
State = dict[str, Any]


@dataclass
class Account:
    """One account: the row of this pipeline, and the state of each peer."""

    DomainId: str
    Balance: int = 0
    Entries: int = 0
    Last: str = ""

    def apply(self, payload: dict[str, Any], event_id: str) -> None:
        self.Balance += payload["Amount"]
        self.Entries += 1
        self.Last = event_id


class Domain:
    """The domain logic for this pipeline."""

    @staticmethod
    def create_new(domain_id: str) -> Account:
        return Account(domain_id)

    @staticmethod
    def from_dynamo_item(item: Any) -> Account:
        return Account(item.DomainId, item.Balance, item.Entries, item.Last)

    @staticmethod
    def to_dynamo_item(account: Account) -> dict[str, Any]:
        return asdict(account)


def domain_handler() -> ModuleType:
    """The module of the domain logic."""
    module = ModuleType("domain_handler")
    module.__dict__.update(Domain=Domain, Account=Account)
    return module


@cache
def layer() -> Layer:
    """The domain layer for this pipeline."""
    return Layer("account", DomainLogic(domain_handler()), _content, ("payload", "event_id"))


def _content(number: int) -> tuple[str, Any]:
    return "Entered", {"Amount": number + 1, "Text": f"invoice {number}"}


def history(account: int, numbers: range) -> list[Event]:
    """The events of an account, in the order of their times."""
    return [events.detail(layer(), events.domain_id(account), number) for number in numbers]


def right_state(details: Iterable[Mapping[str, Any]]) -> State:
    """The fold of different events in the order of their times."""
    ordered = sorted(details, key=lambda detail: (detail["EventTime"], detail["EventId"]))
    return {
        "Balance": sum(detail["Payload"]["Amount"] for detail in ordered),
        "Entries": len(ordered),
        "Last": ordered[-1]["EventId"] if ordered else "",
    }


def messages(details: Sequence[Event], first: int) -> list[dict[str, str]]:
    """The messages of the ingest queue with these events. `first` numbers them."""
    return [
        {"messageId": f"m{first + number}", "body": events.body(layer(), detail["DomainId"], first + number, **detail)}
        for number, detail in enumerate(details)
    ]
