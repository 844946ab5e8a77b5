"""Represents a domain object's state: the result of a fold, and the set of events in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..events.key_set import DIGEST_BYTES, NO_KEYS, KeySet
from ..events.stored_event import StoredEvent
from ..values.attribute_value import Item, binary
from .contract import RESERVED_ATTRIBUTES

BOOKKEEPING_BYTES = 27 * 1024
"""The bytes of a row that are reserved for the pipeline's notes, such as marks and the reason of a parked object."""

SET_ASIDE = "SetAside"
"""The note that holds attributes of the state which the row must not have: an index does not allow them, or the row
would expire while it is parked."""

MAX_EVENT_COUNT = 2**63
"""More events than any object has. A mark stores its count in eight bytes."""


@dataclass(frozen=True, slots=True)
class DomainState:
    """The result of a fold: the attributes that domain logic returned, and the set of events in them."""

    attributes: Item = field(default_factory=dict)
    """Empty if domain logic got no event: there was none, or all are erased."""
    checkpoint: str | None = None
    """The newest applied EventKey; None before the first event."""
    applied: KeySet = NO_KEYS

    def after(self, event: StoredEvent, attributes: Item) -> "DomainState":
        """The state after one more event."""
        return DomainState(attributes, event.key, self.applied.plus(event.counted))

    def notes(self) -> Item:
        """The pipeline's notes about this state in an item."""
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
        """The state in an item. Raises KeyError, TypeError or ValueError if the pipeline cannot have written it."""
        checkpoint = notes["Checkpoint"]["S"] if "Checkpoint" in notes else None
        is_empty = checkpoint is None or "Empty" in notes
        count, digest = int(notes["EventCount"]["N"]), binary(notes["Digest"]["B"])
        if not 0 <= count < MAX_EVENT_COUNT or len(digest) != DIGEST_BYTES:
            raise ValueError("EventCount or Digest")
        attributes = {name: value for name, value in item.items() if name not in RESERVED_ATTRIBUTES}
        if SET_ASIDE in notes:
            attributes |= notes[SET_ASIDE]["M"]
        return cls({} if is_empty else attributes, checkpoint, KeySet(count, int.from_bytes(digest, "big")))


INITIAL_STATE = DomainState()
"""The state before the first event."""
