"""Domain logic whose state shows which version folded which event and in which order. Its work moves the clock."""

from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

from cp_event_source.handler.domain.logic import DomainLogic
from tests.doubles.aws import Clock

VERSIONS = range(1, 5)
"""The versions that a history deploys."""
LAST = 9
"""The version at the end of a history. It refuses no event."""

SECONDS_PER_EVENT = 1


class Now:
    """The time of the history that runs."""

    clock = Clock()


def can_read(number: int, written_by: int) -> bool:
    """True if a version can read the state of another version. The third version cannot read the first's form."""
    return (number, written_by) != (3, 1)


@cache
def logic(number: int) -> DomainLogic:
    """One version of the logic. It refuses the events whose payload lists it."""

    @dataclass
    class Log:
        DomainId: str
        Form: int
        Entries: list[str]

        def apply(self, event: Any, payload: dict[str, Any]) -> None:
            Now.clock.advance(SECONDS_PER_EVENT)
            if number in payload["RefusedBy"]:
                raise ValueError(f"refused by {number}")
            self.Entries.append(entry(event.key, number))

    class Domain:
        @staticmethod
        def from_dynamo_item(item: Any) -> Log:
            if not can_read(number, item.Form):
                raise LookupError(f"{number} cannot read the form {item.Form}")
            return Log(item.DomainId, number, list(item.Entries))

        @staticmethod
        def create_new(domain_id: str, user_id: str) -> Log:
            return Log(domain_id, number, [])

        @staticmethod
        def to_dynamo_item(log: Log) -> dict[str, Any]:
            return {"DomainId": log.DomainId, "Form": log.Form, "Entries": log.Entries}

    module = ModuleType("domain_handler")
    module.__dict__.update(Domain=Domain, Log=Log)
    return DomainLogic(module)


def entry(key: str, number: int) -> str:
    """What an event adds to the state."""
    return f"{key}@{version(number)}"


def version(number: int) -> str:
    """The name of a version, as rows have it."""
    return f"v{number}"
