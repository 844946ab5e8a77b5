"""Represents a snapshot: a domain object's state at a mark, from which a fold can start."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..domain.contract import RESERVED_ATTRIBUTES
from ..domain.state import DomainState
from ..values.attribute_value import Item
from .marks import Mark
from .rows import BOOKKEEPING

SLOT = RESERVED_ATTRIBUTES[2]


class Snapshot(NamedTuple):
    """A domain object's state before a position in the order of its events. One version computed all of it."""

    position: str
    state: DomainState
    logic_version: str

    def is_of(self, mark: Mark) -> bool:
        """True if this is the state that the mark's row had at the mark."""
        return (self.position, self.state.applied) == (mark.key, mark.applied)

    def to_item(self, domain_id: str, slot: int) -> Item:
        """The item of the snapshot in a slot."""
        notes: Item = {
            **self.state.notes(),
            "Place": {"S": self.position},
            "LogicVersion": {"S": self.logic_version},
        }
        return {**self.state.attributes, **slot_key(domain_id, slot), BOOKKEEPING: {"M": notes}}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "Snapshot | None":
        """The snapshot of an item; None if a manual edit made it invalid."""
        try:
            notes = item[BOOKKEEPING]["M"]
            state = DomainState.of(item, notes)
            return cls(notes["Place"]["S"], state, notes["LogicVersion"]["S"]) if state.checkpoint is not None else None
        except (KeyError, TypeError, ValueError):
            return None


def slot_key(domain_id: str, slot: int) -> Item:
    """The key of a domain object's slot in the snapshots table."""
    return {"DomainId": {"S": domain_id}, SLOT: {"N": str(slot)}}
