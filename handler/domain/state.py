"""A domain object's state: the result of a fold, and which events are in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..events.key_set import DIGEST_BYTES, NO_KEYS, KeySet
from ..events.stored_event import StoredEvent
from ..values.attribute_value import Item, binary
from .contract import RESERVED_ATTRIBUTES

BOOKKEEPING_BYTES = 24 * 1024
"""Room that a row keeps for the pipeline's own notes: its marks, a parked domain's reason and keys."""

MAX_EVENT_COUNT = 2**63
"""More than any object has: a mark keeps a count in eight bytes."""


@dataclass(frozen=True, slots=True)
class DomainState:
    """A fold's result: the domain's own attributes, and the set of events in them."""

    attributes: Item = field(default_factory=dict)
    """None as long as the domain's logic was given no event: there was none, or each is erased."""
    checkpoint: str | None = None
    """The newest EventKey applied; None before the first."""
    applied: KeySet = NO_KEYS

    def after(self, event: StoredEvent, attributes: Item) -> "DomainState":
        return DomainState(attributes, event.key, self.applied.plus(event.counted))

    def notes(self) -> Item:
        """What an item notes of it, beside the attributes."""
        notes: Item = {
            "EventCount": {"N": str(self.applied.count)},
            "Digest": {"B": self.applied.digest.to_bytes(DIGEST_BYTES, "big")},
        }
        if self.checkpoint is not None:
            notes["Checkpoint"] = {"S": self.checkpoint}
            if not self.attributes:
                notes["Empty"] = {"BOOL": True}
        return notes

    @classmethod
    def of(cls, item: Mapping[str, Any], notes: Mapping[str, Any]) -> "DomainState":
        """The state in an item. Raises KeyError, TypeError or ValueError where the pipeline cannot have written it."""
        checkpoint = notes["Checkpoint"]["S"] if "Checkpoint" in notes else None
        is_empty = checkpoint is None or "Empty" in notes
        count, digest = int(notes["EventCount"]["N"]), binary(notes["Digest"]["B"])
        if not 0 <= count < MAX_EVENT_COUNT or len(digest) != DIGEST_BYTES:
            raise ValueError("EventCount or Digest")
        return cls(
            {} if is_empty else {name: value for name, value in item.items() if name not in RESERVED_ATTRIBUTES},
            checkpoint,
            KeySet(count, int.from_bytes(digest, "big")),
        )


NOTHING = DomainState()
