"""What may happen to an account: deciders, each a function of the account that returns events or raises a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cp_event_source.decide import Event

if TYPE_CHECKING:
    from decimal import Decimal

    from cp_event_source.decide import Decider


class Refused(Exception):
    """The business says no."""


def withdraw(amount: Decimal) -> Decider[Any]:
    """Withdraw an amount, unless the account is closed or the balance does not cover it."""

    def decide(account: Any) -> list[Event]:
        if account is None or account.Closed:
            raise Refused("there is no open account with this id")
        if account.Balance < amount:
            raise Refused("the balance does not cover the amount")
        return [Event("AmountDebited", {"Amount": amount})]

    return decide
