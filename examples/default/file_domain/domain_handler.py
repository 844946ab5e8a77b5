"""The File domain: what each event means for a file. The pipeline brings everything else.

A layer is pure: it reads the event and the file, never the clock, the network or a random number. The
pipeline folds the same events again when one arrives late, and must get the same row.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


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
    SharedWith: set[str] = field(default_factory=set)
    Deleted: bool = False

    def apply(self, payload: dict[str, Any], event_name: str, event_time: str) -> None:
        """Fold one event in. The pipeline passes the parameters declared here, by name.

        `payload` is plain Python: whole numbers are int, all others Decimal, so nothing is rounded.
        """
        match event_name:
            case "FileUploaded":
                self.Name = payload["Name"]
                self.Size = payload["Size"]
                self.ContentType = payload.get("ContentType", self.ContentType)
                # New content: what was known about the old content no longer counts.
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
                # The row stays, so that readers can tell "deleted" from "never heard of".
                self.Deleted = True
                self.SharedWith.clear()
            case _:
                # Refused, not ignored: a producer is ahead of this layer. The file is parked with this text
                # and its later events wait in order; a layer that knows the event heals it. Had the event
                # been ignored, the row would be wrong and nobody would know.
                raise ValueError("the File domain does not know this event")
        self.UpdatedAt = event_time


class Domain:
    """How the pipeline makes, reads and writes a file."""

    @staticmethod
    def from_dynamo_item(item: Any) -> FileDomain:
        """The file that `to_dynamo_item` wrote. Numbers are int or Decimal, sets are sets."""
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
        """The file before its first event. The event's own time, not the clock's: see the module's text."""
        return FileDomain(DomainId=domain_id, OwnerId=user_id, CreatedAt=event_time, UpdatedAt=event_time)

    @staticmethod
    def to_dynamo_item(domain: FileDomain) -> dict[str, Any]:
        """The row. It must survive `from_dynamo_item`, so what DynamoDB cannot hold is left out."""
        item: dict[str, Any] = {
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
