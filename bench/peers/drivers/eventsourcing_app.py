"""eventsourcing with eventsourcing-dynamodb: an aggregate and an application, as in the README of the latter."""

import os
from typing import Any
from uuid import UUID

from eventsourcing.application import AggregateNotFoundError, Application  # type: ignore[import-not-found]
from eventsourcing.domain import Aggregate, event  # type: ignore[import-not-found]

from .driver import serve


class Account(Aggregate):  # type: ignore[misc]
    """The aggregate. An event's own fields travel as arguments, as the library has it."""

    @event("Opened")  # type: ignore[untyped-decorator]
    def __init__(self, domain_id: str) -> None:
        self.domain_id = domain_id
        self.balance = 0
        self.entries = 0
        self.last = ""

    @staticmethod
    def create_id(domain_id: str) -> UUID:
        return UUID(domain_id)

    @event("Entered")  # type: ignore[untyped-decorator]
    def enter(  # an argument is an attribute of the stored event, used or not
        self,
        event_id: str,
        event_time: str,  # noqa: ARG002
        payload: dict[str, Any],
        metadata: dict[str, Any],  # noqa: ARG002
    ) -> None:
        self.balance += payload["Amount"]
        self.entries += 1
        self.last = event_id


class Accounts(Application):  # type: ignore[misc]
    """The application."""

    def enter(self, detail: dict[str, Any]) -> None:
        try:
            account = self.repository.get(Account.create_id(detail["DomainId"]))
        except AggregateNotFoundError:
            account = Account(detail["DomainId"])
        _enter(account, detail)
        self.save(account)


def _enter(account: Account, detail: dict[str, Any]) -> None:
    metadata = {name: detail[name] for name in ("CorrelationId", "UserId", "IpAddress", "Version")}
    account.enter(detail["EventId"], detail["EventTime"], detail["Payload"], metadata)


def main() -> None:
    accounts = Accounts(
        env={
            "PERSISTENCE_MODULE": "eventsourcing_dynamodb",
            "DYNAMO_TABLE": "events",
            "DYNAMO_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL_DYNAMODB"],
        }
    )

    def deliver(events: list[dict[str, Any]]) -> None:
        for detail in events:
            accounts.enter(detail)

    def seed(events: list[dict[str, Any]]) -> None:
        account = Account(events[0]["DomainId"])
        for detail in events:
            _enter(account, detail)
        accounts.save(account)

    def state(domain_id: str, times: int = 1) -> dict[str, Any]:
        for _ in range(times):
            account = accounts.repository.get(Account.create_id(domain_id))
        return {"Balance": account.balance, "Entries": account.entries, "Last": account.last}

    serve(
        {"deliver": deliver, "seed": seed, "state": state, "rebuild": state},
        ("eventsourcing", "eventsourcing-dynamodb", "boto3", "botocore"),
    )


if __name__ == "__main__":
    main()
