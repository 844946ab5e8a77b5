"""Reads and writes the snapshots table, which has a few slots for each domain object. Slots are reused.

The right result does not depend on any snapshot. A snapshot is used only if its own notes equal a mark of the row; one
that another writer has replaced in the meantime is ignored.
"""

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from ..projection.rows import BOOKKEEPING
from ..projection.snapshots import Snapshot, slot_key

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient


class SnapshotsTable(NamedTuple):
    """The snapshots of all domain objects, by DomainId and slot."""

    client: "DynamoDBClient"
    name: str

    def get(self, domain_id: str, slot: int) -> Snapshot | None:
        """The snapshot in a slot, strongly consistent; None if the slot has no readable snapshot.

        Raises:
            botocore.exceptions.ClientError: the table cannot be read now.
        """
        reply = self.client.get_item(TableName=self.name, Key=slot_key(domain_id, slot), ConsistentRead=True)
        return Snapshot.from_item(reply["Item"]) if "Item" in reply else None

    def put(self, domain_id: str, slot: int, snapshot: Snapshot) -> None:
        """Put a snapshot into a slot and replace its content.

        Raises:
            botocore.exceptions.ClientError: the table cannot be written now.
        """
        self.client.put_item(TableName=self.name, Item=snapshot.to_item(domain_id, slot))

    def wipe(self, domain_id: str, slot: int) -> None:
        """Write the bare key over the snapshot in a slot, if there is one. The function has no right to delete.

        Raises:
            botocore.exceptions.ClientError: the table cannot be written now.
        """
        with suppress(self.client.exceptions.ConditionalCheckFailedException):
            self.client.put_item(
                TableName=self.name,
                Item=slot_key(domain_id, slot),
                ConditionExpression=f"attribute_exists({BOOKKEEPING})",
            )
