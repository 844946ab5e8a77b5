"""A row of the domain table: the domain's state, and what the pipeline notes beside it."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .attribute_value import Item, binary
from .domain_contract import RESERVED_ATTRIBUTES
from .key_set import DIGEST_BYTES, NO_KEYS, KeySet
from .marks import NO_MARKS, Marks
from .stored_event import StoredEvent

BOOKKEEPING, PARKED_SINCE, _ = RESERVED_ATTRIBUTES
MIXED = "mixed"
"""The LogicVersion of a row that several versions have folded."""

BOOKKEEPING_BYTES = 24 * 1024
"""Room that a row keeps for the pipeline's own notes: its marks, a parked domain's reason and keys."""


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
        """The state in an item. Raises KeyError, TypeError or ValueError where its notes are not whole."""
        checkpoint = notes["Checkpoint"]["S"] if "Checkpoint" in notes else None
        is_empty = checkpoint is None or "Empty" in notes
        return cls(
            {} if is_empty else {name: value for name, value in item.items() if name not in RESERVED_ATTRIBUTES},
            checkpoint,
            KeySet(int(notes["EventCount"]["N"]), int.from_bytes(binary(notes["Digest"]["B"]), "big")),
        )


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
    waiting_from: str
    """The lowest EventKey that may wait: below `event_key` where a late event failed, and others were late with it."""
    waiting_up_to: str
    """The newest EventKey known to wait."""

    def same_cause(self, other: "Parked | None") -> bool:
        return other is not None and (self.event_key, self.error, self.reason) == (
            other.event_key,
            other.error,
            other.reason,
        )


@dataclass(frozen=True, slots=True)
class Rebuilding:
    """A rebuild of the row is under way beside the deliveries, which tell it here what it cannot see."""

    request_id: str
    run: str
    """A random token: one request may be delivered twice."""
    until: str
    """When it is given up for dead. UTC, ISO 8601."""
    changed_from: str | None = None
    """A place from which on events were taken in, since the rebuild last looked, that it may have read past."""


@dataclass(frozen=True, slots=True)
class Trial:
    """An event is being tried of which the process may have died before. The next write of the row drops this note."""

    event_key: str
    process: str
    """A random token of the process that tries."""
    logic_version: str
    deaths: int
    """Of processes that wrote such a note for the event before, and nothing after it."""


def _new_revision() -> str:
    return secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class DomainRow:
    """One domain's row. `revision` is a random token of the write that made it: the optimistic lock."""

    domain_id: str
    state: DomainState
    logic_version: str
    """The version that computed the whole state, or `mixed`."""
    parked: Parked | None = None
    revision: str = field(default_factory=_new_revision)
    marks: Marks = NO_MARKS
    rebuilding: Rebuilding | None = None
    trial: Trial | None = None
    readable: bool = True
    """False where its notes were spoilt by hand: it proves nothing, and is made anew from the store."""

    def followed_by(self, **changes: Any) -> "DomainRow":
        """The row with changes, a revision of its own, and no trial but a new one."""
        return replace(self, revision=_new_revision(), **{"trial": None, **changes})

    def to_item(self) -> Item:
        notes: Item = {
            **self.state.notes(),
            "Revision": {"S": self.revision},
            "LogicVersion": {"S": self.logic_version},
        }
        item: Item = {"DomainId": {"S": self.domain_id}, **self.state.attributes, BOOKKEEPING: {"M": notes}}
        if self.marks.encoded:
            notes["Marks"] = {"B": self.marks.encoded}
        if self.rebuilding is not None:
            notes["Rebuilding"] = {"M": _rebuilding_texts(self.rebuilding)}
        if self.trial is not None:
            notes["Trial"] = {"M": _trial_attributes(self.trial)}
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
        parked = notes["Parked"]["M"] if "Parked" in notes else None
        rebuilding = notes["Rebuilding"]["M"] if "Rebuilding" in notes else None
        return cls(
            domain_id=item["DomainId"]["S"],
            state=DomainState.of(item, notes),
            logic_version=notes["LogicVersion"]["S"],
            parked=Parked(*(parked[name]["S"] for name in _PARKED_NAMES)) if parked else None,
            revision=notes["Revision"]["S"],
            marks=Marks(binary(notes["Marks"]["B"])) if "Marks" in notes else NO_MARKS,
            rebuilding=_rebuilding(rebuilding) if rebuilding else None,
            trial=_trial(notes["Trial"]["M"]) if "Trial" in notes else None,
        )


def _trial_attributes(trial: Trial) -> Item:
    return {
        "EventKey": {"S": trial.event_key},
        "Process": {"S": trial.process},
        "LogicVersion": {"S": trial.logic_version},
        "Deaths": {"N": str(trial.deaths)},
    }


def _trial(notes: Mapping[str, Any]) -> Trial:
    deaths = int(notes["Deaths"]["N"])
    return Trial(notes["EventKey"]["S"], notes["Process"]["S"], notes["LogicVersion"]["S"], deaths)


def _rebuilding_texts(note: Rebuilding) -> Item:
    changed = {} if note.changed_from is None else {"ChangedFrom": {"S": note.changed_from}}
    named = {"RequestId": note.request_id, "Run": note.run, "Until": note.until}
    return {**{name: {"S": text} for name, text in named.items()}, **changed}


def _rebuilding(texts: Mapping[str, Any]) -> Rebuilding:
    changed = texts["ChangedFrom"]["S"] if "ChangedFrom" in texts else None
    return Rebuilding(texts["RequestId"]["S"], texts["Run"]["S"], texts["Until"]["S"], changed)


_PARKED_NAMES = (
    "EventKey",
    "EventId",
    "EventName",
    "Error",
    "Reason",
    "Since",
    "LogicVersion",
    "WaitingFrom",
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
        parked.waiting_from,
        parked.waiting_up_to,
    )
    return list(zip(_PARKED_NAMES, texts, strict=True))
