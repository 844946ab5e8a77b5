"""The Account domain: an exact balance in Decimal, read from the payload in DynamoDB's own JSON."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the layer does not hold the package
    from cp_event_source.domain_logic import DomainClass, DomainRow, DynamoPayload, Row


@dataclass
class AccountDomain:
    """One account. Money is Decimal, and never a float, from the event to the row."""

    DomainId: str
    OwnerId: str
    OpenedAt: str
    Balance: Decimal = Decimal(0)
    Closed: bool = False

    def apply(self, domain_payload: DynamoPayload, event_name: str) -> None:
        """Apply one event. `domain_payload` has the type of each value: `{"Amount": {"N": "0.10"}}`."""
        match event_name:
            case "AccountOpened":
                pass  # `create_new` has set all fields
            case "AmountCredited":
                self.Balance += Decimal(domain_payload["Amount"]["N"])
            case "AmountDebited":
                # Do not check the balance: the event is a fact that has happened. The balance can be below
                # zero until a late credit arrives.
                self.Balance -= Decimal(domain_payload["Amount"]["N"])
            case "AccountClosed":
                self.Closed = True
            case _:
                raise ValueError("the Account domain does not know this event")


class Domain:
    """How the pipeline creates, reads and writes an account."""

    @staticmethod
    def from_dynamo_item(item: Row) -> AccountDomain:
        """The account that `to_dynamo_item` wrote. A balance without cents is read as int, so make it Decimal again."""
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
    def to_dynamo_item(domain: AccountDomain) -> DomainRow:
        """The attributes of the domain row."""
        return {
            "DomainId": domain.DomainId,
            "OwnerId": domain.OwnerId,
            "OpenedAt": domain.OpenedAt,
            "Balance": domain.Balance,
            "Closed": domain.Closed,
        }


if TYPE_CHECKING:
    _: type[DomainClass[AccountDomain]] = Domain
