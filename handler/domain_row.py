"""A row of the domain table: the domain's state, and what the pipeline notes beside it."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from .attribute_value import Item, binary
from .domain_contract import RESERVED_ATTRIBUTES

BOOKKEEPING, PARKED_SINCE = RESERVED_ATTRIBUTES
MIXED = "mixed"
"""The LogicVersion of a row that several versions have folded."""

BOOKKEEPING_BYTES = 12 * 1024
"""Room that a row keeps for the pipeline's own notes (a parked domain's reason and keys among them)."""

_DIGEST_MODULUS = 2**256


@dataclass(frozen=True, slots=True)
class KeySet:
    """A set of EventKeys by its size and a digest that no order can change.

    Equal size and digest mean an equal set where one is known to be a subset of the other: the digest is the sum of
    the keys' SHA-256 values modulo 2^256.
    """

    count: int = 0
    digest: int = 0

    def plus(self, key: str) -> "KeySet":
        added = int.from_bytes(sha256(key.encode()).digest(), "big")
        return KeySet(self.count + 1, (self.digest + added) % _DIGEST_MODULUS)


@dataclass(frozen=True, slots=True)
class DomainState:
    """A fold's result: the domain's own attributes, and the set of events in them."""

    attributes: Item = field(default_factory=dict)
    checkpoint: str | None = None
    """The newest EventKey applied; None before the first."""
    applied: KeySet = KeySet()

    def after(self, key: str, attributes: Item) -> "DomainState":
        return DomainState(attributes, key, self.applied.plus(key))


NOTHING = DomainState()


@dataclass(frozen=True, slots=True)
class Parked:
    """Why a domain stands still: the event that its logic could not apply."""

    event_key: str
    event_id: str
    event_name: str
    error: str
    """The class of the error."""
    reason: str
    """What happened, with the error's text; it may hold values of the payload."""
    since: str
    """UTC, ISO 8601."""
    logic_version: str
    """The version that failed."""
    waiting_up_to: str
    """The newest EventKey known to wait."""

    def same_cause(self, other: "Parked | None") -> bool:
        return other is not None and (self.event_key, self.error, self.reason) == (
            other.event_key,
            other.error,
            other.reason,
        )


@dataclass(frozen=True, slots=True)
class DomainRow:
    """One domain's row. `revision` is a random token of the write that made it: the optimistic lock."""

    domain_id: str
    state: DomainState
    logic_version: str
    """The version that computed the whole state, or `mixed`."""
    parked: Parked | None = None
    revision: str = field(default_factory=lambda: secrets.token_hex(8))
    readable: bool = True
    """False where its notes were spoilt by hand: it proves nothing, and is made anew from the store."""

    def to_item(self) -> Item:
        notes: Item = {
            "EventCount": {"N": str(self.state.applied.count)},
            "Digest": {"B": self.state.applied.digest.to_bytes(32, "big")},
            "Revision": {"S": self.revision},
            "LogicVersion": {"S": self.logic_version},
        }
        item: Item = {"DomainId": {"S": self.domain_id}, **self.state.attributes, BOOKKEEPING: {"M": notes}}
        if self.state.checkpoint is not None:
            notes["Checkpoint"] = {"S": self.state.checkpoint}
        if self.parked is not None:
            notes["Parked"] = {"M": {name: {"S": text} for name, text in _parked_texts(self.parked)}}
            item[PARKED_SINCE] = {"S": self.parked.since}
        return item

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "DomainRow | None":
        """The row of an item; None for one that the pipeline did not write.

        Notes that are not whole make a row that is not readable: only its revision counts, for the write over it.
        """
        notes = item.get(BOOKKEEPING, {}).get("M", {})
        try:
            return cls._from_notes(item, notes)
        except (KeyError, TypeError, ValueError):
            revision = notes.get("Revision", {}).get("S")
            if revision is None:
                return None
            return cls(item["DomainId"]["S"], NOTHING, MIXED, revision=revision, readable=False)

    @classmethod
    def _from_notes(cls, item: Mapping[str, Any], notes: Mapping[str, Any]) -> "DomainRow":
        state = DomainState(
            {name: value for name, value in item.items() if name not in RESERVED_ATTRIBUTES},
            notes["Checkpoint"]["S"] if "Checkpoint" in notes else None,
            KeySet(int(notes["EventCount"]["N"]), int.from_bytes(binary(notes["Digest"]["B"]), "big")),
        )
        parked = notes["Parked"]["M"] if "Parked" in notes else None
        return cls(
            domain_id=item["DomainId"]["S"],
            state=state,
            logic_version=notes["LogicVersion"]["S"],
            parked=Parked(*(parked[name]["S"] for name in _PARKED_NAMES)) if parked else None,
            revision=notes["Revision"]["S"],
        )


_PARKED_NAMES = (
    "EventKey",
    "EventId",
    "EventName",
    "Error",
    "Reason",
    "Since",
    "LogicVersion",
    "WaitingUpTo",
)


def _parked_texts(parked: Parked) -> list[tuple[str, str]]:
    texts = (
        parked.event_key,
        parked.event_id,
        parked.event_name,
        parked.error,
        parked.reason,
        parked.since,
        parked.logic_version,
        parked.waiting_up_to,
    )
    return list(zip(_PARKED_NAMES, texts, strict=True))
