"""Domain logic whose state shows which events were folded, in which order, and by which version."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from cp_event_source.handler.domain.logic import DomainLogic

POISON = "Poison"
"""The EventName that every version before v2 refuses."""


def refuses(version: str, event_name: str) -> bool:
    """True if a version of the logic fails at an event."""
    return event_name == POISON and version < "v2"


def logic(version: str, passes: Callable[[], None]) -> DomainLogic:
    """One version of the logic. It calls `passes` for each event, so that time may pass."""

    class Log:  # a dataclass takes a millisecond, and each run has its own
        def __init__(self, domain_id: str, entries: list[str]) -> None:
            self.DomainId = domain_id
            self.Entries = entries

        def apply(self, event_id: str, event_name: str) -> None:
            passes()
            if refuses(version, event_name):
                raise ValueError("poison")
            self.Entries.append(f"{event_id}@{version}")

    class Domain:
        @staticmethod
        def from_dynamo_item(item: Any) -> Log:
            return Log(item.DomainId, item.Entries)

        @staticmethod
        def create_new(domain_id: str) -> Log:
            return Log(domain_id, [])

        @staticmethod
        def to_dynamo_item(log: Log) -> dict[str, Any]:
            return {"DomainId": log.DomainId, "Entries": log.Entries}

    module = ModuleType("domain_handler")
    module.__dict__.update(Domain=Domain, Log=Log)
    return DomainLogic(module)
