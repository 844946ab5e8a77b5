"""The snapshots table: for each domain a few slots, used again and again.

Nothing in it is needed for the right result. A snapshot is used only where it is, by its own words, what a mark of the
row names; one that another writer put over it in the meantime is passed over.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..projection.rows import BOOKKEEPING
from ..projection.snapshots import Snapshot, slot_key

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient


@dataclass(frozen=True, slots=True)
class SnapshotsTable:
    """The snapshots of all domains, by DomainId and slot."""

    client: "DynamoDBClient"
    name: str

    def get(self, domain_id: str, slot: int) -> Snapshot | None:
        """What lies in a slot, strongly consistent; None where nothing readable does.

        Raises:
            botocore.exceptions.ClientError: the table cannot be read just now.
        """
        reply = self.client.get_item(TableName=self.name, Key=slot_key(domain_id, slot), ConsistentRead=True)
        return Snapshot.from_item(reply["Item"]) if "Item" in reply else None

    def put(self, domain_id: str, slot: int, snapshot: Snapshot) -> None:
        """Put a snapshot over whatever lies in the slot.

        Raises:
            botocore.exceptions.ClientError: the table cannot be written just now.
        """
        self.client.put_item(TableName=self.name, Item=snapshot.to_item(domain_id, slot))

    def wipe(self, domain_id: str, slot: int) -> None:
        """Write the bare key over the snapshot in a slot, if one is there: the function may not delete.

        Raises:
            botocore.exceptions.ClientError: the table cannot be written just now.
        """
        with suppress(self.client.exceptions.ConditionalCheckFailedException):
            self.client.put_item(
                TableName=self.name,
                Item=slot_key(domain_id, slot),
                ConditionExpression=f"attribute_exists({BOOKKEEPING})",
            )
