"""Defines the ports: the operations that the projection needs from the tables and the parked queue."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from ..events.key_set import Span
from ..events.stored_event import StoredEvent
from .notes import Parked
from .rows import DomainRow
from .snapshots import Snapshot


class RowChanged(Exception):
    """Another writer was faster: the table no longer holds the row that was read."""


class EventStore(Protocol):
    """The append-only events of all domain objects. Reads are strongly consistent and in EventKey order."""

    def read(self, domain_id: str, span: Span) -> Iterable[StoredEvent]:
        """A domain object's events whose keys lie in a span."""

    def keys(self, domain_id: str, span: Span) -> Iterable[str]:
        """For each of these events, the key by which a KeySet counts it."""


class RowStore(Protocol):
    """The domain table."""

    def read(self, domain_id: str) -> DomainRow | None:
        """A domain object's row, strongly consistent."""

    def write(self, row: DomainRow, *, replacing: DomainRow | None) -> None:
        """Write `row` if the table still holds `replacing`. Raises RowChanged if it does not."""


class SnapshotStore(Protocol):
    """The snapshots of all domain objects."""

    def get(self, domain_id: str, slot: int) -> Snapshot | None:
        """The snapshot in a slot, strongly consistent."""

    def put(self, domain_id: str, slot: int, snapshot: Snapshot) -> None:
        """Put a snapshot into a slot, over the one that is there."""

    def wipe(self, domain_id: str, slot: int) -> None:
        """Remove the contents of the snapshot in a slot, if there is one."""


class ParkedNotices(Protocol):
    """The queue that notifies people of parked domain objects."""

    def send(self, domain_id: str, parked: Parked) -> None:
        """Notify people that a domain object is parked."""


class Stores(NamedTuple):
    """The three tables."""

    events: EventStore
    rows: RowStore
    snapshots: SnapshotStore


def write_over(rows: RowStore, before: DomainRow | None, after: DomainRow) -> DomainRow | None:
    """Write `after` if the table still holds `before`.

    Returns:
        The row that the table then holds: `after`, or the row of a faster writer.
    """
    try:
        rows.write(after, replacing=before)
    except RowChanged:
        # the faster write may be this one: its reply was lost, and the SDK repeated the call
        return rows.read(after.domain_id)
    return after
