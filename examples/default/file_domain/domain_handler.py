"""The File domain: what each event means for a file. The pipeline does everything else.

Domain logic is pure: it reads the event and the file, but never the clock, the network or a random number. When
an event arrives late, the pipeline folds the same events again and must get the same row.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the layer does not hold the package
    from decimal import Decimal

    from cp_event_source.domain_logic import DomainClass, DomainRow, Payload, Row


@dataclass
class FileDomain:
    """One file. The fields have the names of the row's attributes."""

    DomainId: str
    OwnerId: str
    CreatedAt: str
    UpdatedAt: str
    Name: str = ""
    Size: int = 0
    ContentType: str = "application/octet-stream"
    ScanResult: str = "PENDING"
    ScanScore: Decimal | None = None
    SharedWith: set[str] = field(default_factory=set[str])
    Deleted: bool = False

    def apply(self, payload: Payload, event_name: str, event_time: str) -> None:
        """Apply one event. The pipeline passes the parameters that you declare here, by name.

        `payload` is plain Python. Whole numbers are int and all others are Decimal, so nothing is rounded.
        """
        match event_name:
            case "FileUploaded":
                self.Name = payload["Name"]
                self.Size = payload["Size"]
                self.ContentType = payload.get("ContentType", self.ContentType)
                # The content is new, so the scan result of the old content no longer counts.
                self.ScanResult, self.ScanScore = "PENDING", None
                self.Deleted = False
            case "FileScanned":
                self.ScanResult = payload["Result"]
                self.ScanScore = payload["Score"]
            case "FileRenamed":
                self.Name = payload["Name"]
            case "FileShared":
                self.SharedWith.add(payload["With"])
            case "FileDeleted":
                # The row stays, so that readers can distinguish a deleted file from an unknown one.
                self.Deleted = True
                self.SharedWith.clear()
            case _:
                # Refuse an unknown event; do not ignore it. It is newer than this layer. The pipeline parks
                # the file with this text, and its later events wait in order. A new layer that knows the
                # event heals the file. If you ignored the event, the row would be wrong without a notice.
                raise ValueError("the File domain does not know this event")
        self.UpdatedAt = event_time


class Domain:
    """How the pipeline creates, reads and writes a file."""

    @staticmethod
    def from_dynamo_item(item: Row) -> FileDomain:
        """The file that `to_dynamo_item` wrote. Numbers are int or Decimal, and sets are sets."""
        return FileDomain(
            DomainId=item.DomainId,
            OwnerId=item.OwnerId,
            CreatedAt=item.CreatedAt,
            UpdatedAt=item.UpdatedAt,
            Name=item.Name,
            Size=item.Size,
            ContentType=item.ContentType,
            ScanResult=item.ScanResult,
            ScanScore=item.get("ScanScore"),
            SharedWith=set(item.get("SharedWith", ())),
            Deleted=item.Deleted,
        )

    @staticmethod
    def create_new(domain_id: str, user_id: str, event_time: str) -> FileDomain:
        """The file before its first event. It uses the time of the event, not the clock: domain logic is pure."""
        return FileDomain(DomainId=domain_id, OwnerId=user_id, CreatedAt=event_time, UpdatedAt=event_time)

    @staticmethod
    def to_dynamo_item(domain: FileDomain) -> DomainRow:
        """The attributes of the domain row. Leave out what DynamoDB cannot hold, such as an empty set or None."""
        item: DomainRow = {
            "DomainId": domain.DomainId,
            "OwnerId": domain.OwnerId,
            "CreatedAt": domain.CreatedAt,
            "UpdatedAt": domain.UpdatedAt,
            "Name": domain.Name,
            "Size": domain.Size,
            "ContentType": domain.ContentType,
            "ScanResult": domain.ScanResult,
            "Deleted": domain.Deleted,
        }
        if domain.ScanScore is not None:
            item["ScanScore"] = domain.ScanScore
        if domain.SharedWith:  # DynamoDB has no empty set
            item["SharedWith"] = domain.SharedWith
        return item


if TYPE_CHECKING:
    _: type[DomainClass[FileDomain]] = Domain
