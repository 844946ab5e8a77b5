"""An account in memory, and deciders about it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from cp_event_source.decide.command import Command
from cp_event_source.decide.deciding import Deciding, Who
from cp_event_source.decide.event import Event
from cp_event_source.handler.domain.logic import DomainLogic
from cp_event_source.handler.events.event_time import instant_at
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.projection.rows import DomainRow
from cp_event_source.testing.memory import MemoryTransactions
from tests.handler.doubles import World

DOMAIN_ID = "account-1"


class Overdrawn(Exception):
    """The decider refuses."""


def account_logic(version: str = "v1") -> DomainLogic:
    """An account with a balance. Old logic ("v0") stores it under another name; all refuse an event `Broken`."""

    @dataclass
    class Account:
        DomainId: str
        Balance: int = 0

        def apply(self, event_name: str, payload: Any) -> None:
            match event_name:
                case "Credited":
                    self.Balance += payload["Amount"]
                case "Debited":
                    self.Balance -= payload["Amount"]
                case _:
                    raise ValueError("unknown")

    name = "Balance" if version != "v0" else "Saldo"

    class Domain:
        @staticmethod
        def from_dynamo_item(item: Any) -> Account:
            return Account(item.DomainId, item[name])

        @staticmethod
        def create_new(domain_id: str) -> Account:
            return Account(domain_id)

        @staticmethod
        def to_dynamo_item(account: Account) -> dict[str, Any]:
            return {"DomainId": account.DomainId, name: account.Balance}

    module = ModuleType("domain_handler")
    module.__dict__.update(Domain=Domain, Account=Account)
    return DomainLogic(module)


def withdraw(amount: int, *, parts: int = 1) -> Callable[[Any], list[Event]]:
    """Withdraw, unless the balance is too low."""

    def decide(account: Any) -> list[Event]:
        if account is None or account.Balance < amount * parts:
            raise Overdrawn
        return [Event("Debited", {"Amount": amount})] * parts

    return decide


def credit(minute: int, amount: int = 10, *, name: str = "Credited", event_id: str = "") -> StoredEvent:
    """An event of the bus, as it is stored."""
    event_id = event_id or f"e{minute}"
    key = f"2026-01-01T00:{minute:02}:00.000000000Z#{event_id}"
    texts = {
        "DomainId": DOMAIN_ID,
        "EventKey": key,
        "EventTime": key[:20],
        "EventId": event_id,
        "UserId": "user",
        "EventType": "DOMAIN",
        "EventName": name,
        "DomainName": "Account",
    }
    item: Any = {name: {"S": text} for name, text in texts.items()}
    return StoredEvent.of(item | {"Version": {"N": "1"}, "Payload": {"M": {"Amount": {"N": str(amount)}}}})


@dataclass
class Bank(World):
    """The pipeline's tables in memory, and deciders upon them. The time is that of minute 30."""

    logic: Callable[[str], DomainLogic] = account_logic
    skew: float = 600
    transactions: Any = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.clock.advance(30 * 60)
        self.transactions = self.transactions or MemoryTransactions(self.events, self.rows)

    def deciding(self, version: str = "v1") -> Deciding:
        return Deciding(self.stores, self.transactions, self.config(version), self.clock, "Account", self.skew)

    def command(self, name: str, *, minute: int = 30) -> Command:
        return Command.of(DOMAIN_ID, name, f"2026-01-01T00:{minute:02}:00Z")

    def decide(
        self, decider: Callable[[Any], Any], command: Command | None = None, *, version: str = "v1", seconds: float = 10
    ) -> Any:
        command = command or Command.new(DOMAIN_ID, instant_at(self.clock.now()))
        return self.deciding(version).decide(DOMAIN_ID, command, decider, Who("ada"), timeout_seconds=seconds)

    def keys(self) -> Sequence[str]:
        """The keys of the stored events."""
        return sorted(self.events.events.get(DOMAIN_ID, {}))

    def account(self) -> DomainRow:
        return self.row(DOMAIN_ID)

    def balance(self) -> int:
        return int(self.account().state.attributes["Balance"]["N"])
