"""Guarantee: a service's type checker knows the objects, and finds a decider that cannot be one.

mypy checks this module: an ignored error that is none would be an error.
"""

from decimal import Decimal
from typing import TYPE_CHECKING, assert_type

from cp_event_source.decide import Decided, Event, Objects

from .given import Bank

if TYPE_CHECKING:
    from cp_event_source.decide import Decider


class Account:
    """An author's class."""

    Balance: Decimal = Decimal(0)


def open_if_new() -> "Decider[Account]":
    def decide(account: Account | None) -> list[Event]:
        if account is not None and account.Balance < 0:
            return []
        return [Event("Credited", {"Amount": 1})] if account is None else []

    return decide


def of_an_open_account(account: Account) -> list[Event]:
    return [Event("Debited", {"Amount": account.Balance})]


def of_another_class(account: int | None) -> list[Event]:
    return []


def one_event(account: Account | None) -> Event:
    return Event("Credited")


def test_the_objects_have_the_authors_class() -> None:
    bank = Bank()
    accounts: Objects[Account] = Objects(bank.deciding())
    done = accounts.decide("a", open_if_new(), user_id="ada")
    assert_type(done, Decided[Account])
    assert_type(done.object, Account | None)
    assert_type(accounts.get("a"), Account | None)
    assert [event.event_name for event in done.events] == ["Credited"]
    if TYPE_CHECKING:
        accounts.decide("a", of_an_open_account, user_id="ada")  # type: ignore[arg-type]  # may be None
        accounts.decide("a", of_another_class, user_id="ada")  # type: ignore[arg-type]
        accounts.decide("a", one_event, user_id="ada")  # type: ignore[arg-type]
