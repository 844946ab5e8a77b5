"""Runs the projection on stores in memory, with the logic of a layer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from ...handler.events.stored_event import StoredEvent
from ...handler.projection.folding import FoldConfig
from ...handler.projection.projection import Delivery, Projection
from ...handler.projection.rebuild import RebuildFailed, Rebuilds
from ...handler.projection.rows import DomainRow
from ...handler.projection.stores import Stores
from ...handler.values.attribute_value import Item
from ...handler.values.clock import Clock
from ..given import must_end
from ..layer import Layer
from ..memory import InOrder, MemoryEvents, MemoryNotices, MemoryRows, MemorySnapshots

_EVENTS_PER_MARK: Final = 3
"""So few that short histories have marks and snapshots."""


@dataclass(frozen=True)
class Ending:
    """What an object's events ended in."""

    attributes: Item
    """The row; empty if the object is parked, since what its last good state holds depends on the delivery."""
    parked_at: str = ""
    """The EventKey of the event that could not be applied; empty if all could."""
    reason: str = ""


@dataclass
class MemoryPipeline:
    """The tables of one pipeline, in memory."""

    events: MemoryEvents = field(default_factory=MemoryEvents)
    rows: MemoryRows = field(default_factory=MemoryRows)
    snapshots: MemorySnapshots = field(default_factory=MemorySnapshots)

    def deliver(self, layer: Layer, version: str, batch: Iterable[StoredEvent]) -> None:
        """Project a batch of the stream with the logic of a layer."""
        by_object: dict[str, list[StoredEvent]] = {}
        for event in batch:
            by_object.setdefault(event.domain_id, []).append(event)
        projection = Projection(self._stores, MemoryNotices(), _config(layer, version), Clock(), InOrder())
        deliveries = [
            Delivery(domain_id, [event.item for event in events], self.rows.read(domain_id))
            for domain_id, events in by_object.items()
        ]
        with layer.current():
            for result in projection.project(deliveries):
                for error in result.errors:
                    raise error

    def rebuild(self, layer: Layer, version: str, domain_id: str) -> None:
        """Fold an object again from its first event. If the logic fails, its row stays as it is."""
        with layer.current():
            try:
                Rebuilds(self._stores, _config(layer, version), Clock()).rebuild(domain_id)
            except RebuildFailed:
                return

    def row(self, domain_id: str) -> DomainRow:
        """An object's row, after an event of it was delivered."""
        row = self.rows.read(domain_id)
        assert row is not None  # noqa: S101  each delivery writes a row
        return row

    @property
    def _stores(self) -> Stores:
        return Stores(self.events, self.rows, self.snapshots)


def ending_of(row: DomainRow) -> Ending:
    """What a row holds."""
    if row.parked is None:
        return Ending(row.state.attributes)
    return Ending({}, row.parked.event_key, row.parked.reason)


def ending_in_order(layer: Layer, history: Sequence[StoredEvent]) -> Ending:
    """What a history ends in if it is folded once, in order."""
    ended = must_end(layer.fold(history), history)
    if ended.stop is None:
        return Ending(ended.state.attributes)
    return Ending({}, ended.stop.failure.event.key, ended.stop.failure.reason)


def _config(layer: Layer, version: str) -> FoldConfig:
    return FoldConfig(layer.logic, version, layer.seconds_per_event, _EVENTS_PER_MARK)
