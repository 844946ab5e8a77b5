"""The Item domain: what each event means. The pipeline does everything else.

Domain logic is pure: no clock, no network, no random numbers. When an event arrives late, the pipeline folds the same
events again and must get the same row.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # for type checkers alone: the layer does not hold the package
    from cp_event_source.domain_logic import DomainClass, DomainRow, Payload, Row


@dataclass
class ItemDomain:
    """One object of the domain. Its fields are the attributes of the row: replace them with your own."""

    DomainId: str
    CreatedAt: str
    UpdatedAt: str
    Name: str = ""
    Status: str = "NEW"

    def apply(self, payload: Payload, event_name: str, event_time: str) -> None:
        """Apply one event. The pipeline passes the parameters that you declare here, by name."""
        match event_name:
            case "ItemAdded":
                self.Name = payload["Name"]
                self.Status = "ADDED"
            case "ItemRenamed":
                self.Name = payload["Name"]
            case _:
                # The event is newer than this logic. The object parks with its last good row, and its later events
                # wait. Logic that knows the event heals the object.
                raise ValueError("the Item domain does not know this event")
        self.UpdatedAt = event_time


class Domain:
    """How the pipeline creates, reads and writes an object."""

    @staticmethod
    def create_new(domain_id: str, event_time: str) -> ItemDomain:
        """The object before its first event. It takes the event's time, not the clock's."""
        return ItemDomain(domain_id, CreatedAt=event_time, UpdatedAt=event_time)

    @staticmethod
    def from_dynamo_item(item: Row) -> ItemDomain:
        """The object of a row.

        Convert what the table returns as another type: `Decimal(item.Total)`, since 5.00 comes back as the int 5, or
        `date.fromisoformat(item.Due)`. It is strict: a row that lacks an attribute, since older logic wrote it, is an
        error, and the pipeline then folds the object again from its first event.
        """
        return ItemDomain(
            DomainId=item.DomainId,
            CreatedAt=item.CreatedAt,
            UpdatedAt=item.UpdatedAt,
            Name=item.Name,
            Status=item.Status,
        )

    @staticmethod
    def to_dynamo_item(domain_object: ItemDomain) -> DomainRow:
        """The row. Leave out what a table cannot hold, such as an empty set."""
        return asdict(domain_object)


if TYPE_CHECKING:
    _: type[DomainClass[ItemDomain]] = Domain
