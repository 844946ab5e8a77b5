"""This project's library for services that decide, with its own client, and the project function, which rebuilds.

Each event is a command of its own, so that it is recognized if it comes again. A long history is decided in parts.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bench import events
from bench.pipeline import EVENTS, ROWS, SNAPSHOTS, SPACING, Pipeline
from cp_event_source.decide import Event, Objects
from cp_event_source.decide.deciding import MAX_EVENTS, Decider
from cp_event_source.decide.settings import OUTPUT, DeciderSettings
from cp_event_source.handler.aws import clients

from ..domain import Account, domain_handler, layer
from .driver import serve

_SETTINGS = DeciderSettings(events.DOMAIN_NAME, EVENTS, ROWS, SNAPSHOTS, "v1", 10, SPACING, 600, "{}")
"""As the component gives them by default, for the version that the project function has."""


class Overdrawn(Exception):
    """The decider refused. No event of the comparison makes it."""


def entering(details: Sequence[dict[str, Any]]) -> Decider[Account]:
    """The decider: the entries, if the balance covers them."""

    def decide(account: Account | None) -> list[Event]:
        balance = account.Balance if account is not None else 0
        if balance + sum(detail["Payload"]["Amount"] for detail in details) < 0:
            raise Overdrawn
        return [Event(detail["EventName"], detail["Payload"], detail["Version"]) for detail in details]

    return decide


def main() -> None:
    accounts: Objects[Account] = Objects.connect({OUTPUT: _SETTINGS.to_text()}, layer=domain_handler())
    project = Pipeline().projection(layer(), client=clients.dynamodb())  # its tables are not used
    sent_at: dict[str, datetime] = {}  # this process is the sender as well: a command that is sent again has its time
    came_with: dict[str, str] = {}  # by the id that a decision gave an event, the id that it came with

    def append(details: Sequence[dict[str, Any]]) -> None:
        first = details[0]
        decided = accounts.decide(
            first["DomainId"],
            entering(details),
            user_id=first["UserId"],
            command_id=first["EventId"],
            command_time=sent_at.setdefault(first["EventId"], datetime.now(UTC)),
            correlation_id=first["CorrelationId"],
            ip_address=first["IpAddress"],
        )
        for event, detail in zip(decided.events, details, strict=True):
            came_with[event.event_id] = detail["EventId"]

    def deliver(events: list[dict[str, Any]]) -> None:
        for event in events:
            append([event])

    def seed(events: list[dict[str, Any]]) -> None:
        *before, last = events  # a row names the events of its last decision: here one, as after single events
        for start in range(0, len(before), MAX_EVENTS):
            append(before[start : start + MAX_EVENTS])
        append([last])

    def state(domain_id: str, times: int = 1) -> dict[str, Any]:
        for _ in range(times):
            account = accounts.get(domain_id)
        assert account is not None  # noqa: S101  it has events
        last = came_with.get(account.Last)  # None if another process decided it
        return {"Balance": int(account.Balance), "Entries": int(account.Entries), "Last": last}

    def rebuild(domain_id: str) -> None:
        request = {"EventType": "REBUILD", "DomainName": events.DOMAIN_NAME, "DomainId": domain_id}
        project.rebuild_requests.handle(request)

    serve({"deliver": deliver, "seed": seed, "state": state, "rebuild": rebuild}, ("boto3", "botocore"))


if __name__ == "__main__":
    main()
