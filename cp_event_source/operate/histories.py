"""Reads domain objects, each with its row and its whole history, in batches to be folded together."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from cp_event_source.deployed.batches import batches
from cp_event_source.handler.aws.domain_table import DomainTable
from cp_event_source.handler.aws.events_table import EventsTable
from cp_event_source.handler.events.key_set import NO_KEYS, KeySet, Span
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.projection.rows import DomainRow
from cp_event_source.handler.values.attribute_value import item_size
from cp_event_source.handler.values.clock import Clock
from cp_event_source.operate.metered import Metered

MAX_BYTES_OF_ONE: Final = 32 * 1024 * 1024
"""An object with a larger history is not folded here, so that memory stays bounded."""

_BYTES_OF_A_BATCH: Final = 8 * 1024 * 1024
_EVENTS_OF_A_BATCH: Final = 2_000
"""One process folds a batch."""

_READERS: Final = 8

_LOOKS: Final = 3
"""How often an object is read whose events and row do not agree: events may arrive between the two reads."""


@dataclass(frozen=True, slots=True)
class History:
    """One object, read strongly consistently: its row first, so that the store has what the row holds."""

    domain_id: str
    row: DomainRow | None
    events: Sequence[StoredEvent]
    """Empty if they are too large."""
    held: KeySet
    """The events in the store."""
    size: int
    """The bytes of the events in memory."""
    is_too_large: bool = False

    @property
    def agrees(self) -> bool:
        """True if the row holds the events in the store, or is parked."""
        row = self.row
        return (
            not self.is_too_large
            and row is not None
            and row.readable
            and (row.parked is not None or row.state.applied == self.held)
        )


def read_histories(
    dynamodb: Metered, events_table: str, domain_table: str, domain_ids: Iterable[str]
) -> Iterator[list[History]]:
    """Objects in their order, in batches. Memory holds one batch, and what is read for the next one.

    Args:
        dynamodb: the client.
        events_table, domain_table: the tables' names.
        domain_ids: the objects.

    Raises:
        botocore.exceptions.ClientError: a table cannot be read.
    """
    client: Any = dynamodb
    events, rows = EventsTable(client, events_table), DomainTable(client, domain_table, Clock())

    def settled(domain_id: str) -> History:
        for _ in range(_LOOKS):
            history = _read(domain_id, rows.read(domain_id), events)
            if history.agrees or history.is_too_large or (history.row is None and not history.events):
                break
        return history

    batch: list[History] = []
    size = number = 0
    with ThreadPoolExecutor(_READERS) as pool:
        for some in batches(domain_ids, _READERS):
            for each in pool.map(settled, some):
                batch.append(each)
                size, number = size + each.size, number + 1 + len(each.events)
                if size >= _BYTES_OF_A_BATCH or number >= _EVENTS_OF_A_BATCH:
                    yield batch
                    batch, size, number = [], 0, 0
        if batch:
            yield batch


def _read(domain_id: str, row: DomainRow | None, table: EventsTable) -> History:
    events: list[StoredEvent] = []
    held, size = NO_KEYS, 0
    for event in table.read(domain_id, Span()):
        events.append(event)
        held = held.plus(event.counted)
        size += item_size(event.item)
        if size > MAX_BYTES_OF_ONE:
            return History(domain_id, row, [], held, 0, is_too_large=True)
    return History(domain_id, row, events, held, size)
