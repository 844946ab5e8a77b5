"""The Account domain: a balance that never loses a cent, read from the payload in DynamoDB's own JSON."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass
class AccountDomain:
    """One account. Money is Decimal; it is never a float on its way from the event to the row."""

    DomainId: str
    OwnerId: str
    OpenedAt: str
    Balance: Decimal = Decimal(0)
    Closed: bool = False

    def apply(self, domain_payload: dict[str, Any], event_name: str) -> None:
        """Fold one event in. `domain_payload` names each value's type: `{"Amount": {"N": "0.10"}}`."""
        match event_name:
            case "AccountOpened":
                pass  # `create_new` has done it
            case "AmountCredited":
                self.Balance += Decimal(domain_payload["Amount"]["N"])
            case "AmountDebited":
                # No check that the balance suffices: the event says what has happened. And until an earlier
                # credit that is still on its way arrives, the balance may well be below zero.
                self.Balance -= Decimal(domain_payload["Amount"]["N"])
            case "AccountClosed":
                self.Closed = True
            case _:
                raise ValueError("the Account domain does not know this event")


class Domain:
    """How the pipeline makes, reads and writes an account."""

    @staticmethod
    def from_dynamo_item(item: Any) -> AccountDomain:
        """The account that `to_dynamo_item` wrote. A whole balance comes back as int: back to Decimal."""
        return AccountDomain(
            DomainId=item.DomainId,
            OwnerId=item.OwnerId,
            OpenedAt=item.OpenedAt,
            Balance=Decimal(item.Balance),
            Closed=item.Closed,
        )

    @staticmethod
    def create_new(domain_id: str, user_id: str, event_time: str) -> AccountDomain:
        """The account before its first event."""
        return AccountDomain(DomainId=domain_id, OwnerId=user_id, OpenedAt=event_time)

    @staticmethod
    def to_dynamo_item(domain: AccountDomain) -> dict[str, Any]:
        """The row."""
        return {
            "DomainId": domain.DomainId,
            "OwnerId": domain.OwnerId,
            "OpenedAt": domain.OpenedAt,
            "Balance": domain.Balance,
            "Closed": domain.Closed,
        }
