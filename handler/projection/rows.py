"""A row of the domain table: the domain's state, and what the pipeline notes beside it."""

import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from ..domain.contract import RESERVED_ATTRIBUTES
from ..events.key_set import DIGEST_BYTES, NO_KEYS, KeySet
from ..events.stored_event import StoredEvent
from ..values.attribute_value import Item, binary
from .marks import MOST_BYTES, NO_MARKS, Mark, Marks, are_one_path
from .notes import CrashProbe, Parked, Progress, Rebuilding, is_event_key

BOOKKEEPING, PARKED_SINCE, _ = RESERVED_ATTRIBUTES
MIXED = "mixed"
"""The LogicVersion of a row that several versions have folded."""

BOOKKEEPING_BYTES = 24 * 1024
"""Room that a row keeps for the pipeline's own notes: its marks, a parked domain's reason and keys."""

MAX_EVENT_COUNT = 2**63
"""More than any object has: a mark keeps a count in eight bytes."""

MAX_CRASH_PROBES = 2
"""Events of one object at a time. They come in one shard's order; after its split two may be under way. A third is
tried without a note: once the others are counted out, the object is parked, and none is tried."""


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


def _new_revision() -> str:
    return secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class DomainRow:
    """One domain object's row. `revision` is a random token of the write that made it: the optimistic lock."""

    domain_id: str
    state: DomainState
    logic_version: str
    """The version that computed the whole state, or `mixed`."""
    parked: Parked | None = None
    revision: str = field(default_factory=_new_revision)
    marks: Marks = NO_MARKS
    rebuilding: Rebuilding | None = None
    progress: Progress | None = None
    """Of a fold of the whole history that was not finished."""
    probes: tuple[CrashProbe, ...] = ()
    readable: bool = True
    """False where its notes were spoilt by hand: it proves nothing, and is made again from the store."""
    strange_revision: Mapping[str, Any] | None = None
    """Where somebody made the revision another type than text: what is there, to be written over."""

    @property
    def lock(self) -> Mapping[str, Any]:
        """The attribute value that the table must still hold for a write over this row."""
        return {"S": self.revision} if self.strange_revision is None else self.strange_revision

    def known_marks(self) -> tuple[Mark, ...]:
        """The marks, oldest first; none where they contradict the row, as only a hand could have made them."""
        marks = self.marks.read()
        if not marks or not are_one_path(marks):
            return ()
        last = marks[-1]
        return marks if last.key <= (self.state.checkpoint or "") and last.count < self.state.applied.count else ()

    def marks_of_progress(self, logic_version: str) -> tuple[Mark, ...]:
        """The marks of an unfinished fold that this version can take up, oldest first."""
        if self.progress is None or self.progress.logic_version != logic_version:
            return ()
        marks = self.progress.marks.read()
        return marks if are_one_path(marks) else ()

    def slots(self) -> set[int]:
        """The snapshots' slots that the row names. What lies in them serves until the row is written over."""
        listed = self.marks.read() + (self.progress.marks.read() if self.progress is not None else ())
        return {mark.slot for mark in listed if mark.slot is not None}

    def followed_by(self, **changes: Any) -> "DomainRow":
        """The row with changes, and a revision of its own."""
        return replace(self, **{"revision": _new_revision(), "strange_revision": None, **changes})

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
            notes["Rebuilding"] = {"M": self.rebuilding.to_attributes()}
        if self.progress is not None:
            notes["Progress"] = {"M": self.progress.to_attributes()}
        if self.probes:
            notes["CrashProbes"] = {"L": [{"M": probe.to_attributes()} for probe in self.probes]}
        if self.parked is not None:
            notes["Parked"] = {"M": self.parked.to_attributes()}
            item[PARKED_SINCE] = {"S": self.parked.since}
        return item

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "DomainRow | None":
        """The row of an item; None for one that the pipeline did not write.

        Notes that the pipeline could not have written make a row that is not readable: only its revision counts, for
        the write over it. A spoilt note of a rebuild, of an unfinished fold or of a crash probe counts as none: to
        start these again is always right.
        """
        notes = item.get(BOOKKEEPING, {}).get("M", {})
        if "Revision" not in notes:
            return None
        try:
            return cls._from_notes(item, notes)
        except _SPOILT:
            revision = notes["Revision"].get("S")
            strange = notes["Revision"] if revision is None else None
            return cls(
                item["DomainId"]["S"],
                NOTHING,
                MIXED,
                revision=revision or "",
                readable=False,
                strange_revision=strange,
            )

    @classmethod
    def _from_notes(cls, item: Mapping[str, Any], notes: Mapping[str, Any]) -> "DomainRow":
        state = DomainState.of(item, notes)
        # with a checkpoint that is too low, events that the row has would be applied again
        if not (is_event_key(state.checkpoint) if state.checkpoint is not None else state.applied == NO_KEYS):
            raise ValueError("Checkpoint")
        return cls(
            domain_id=item["DomainId"]["S"],
            state=state,
            logic_version=notes["LogicVersion"]["S"],
            parked=Parked.of(notes["Parked"]["M"]) if "Parked" in notes else None,
            revision=notes["Revision"]["S"],
            marks=_marks(notes),
            rebuilding=_unless_spoilt(Rebuilding.of, notes, "Rebuilding"),
            progress=_unless_spoilt(Progress.of, notes, "Progress"),
            probes=_probes(notes),
        )


_SPOILT = (AttributeError, KeyError, TypeError, ValueError)
"""What reading raises where a hand made a note something else."""

_Note = TypeVar("_Note")


def _unless_spoilt(read: Callable[[Mapping[str, Any]], _Note], notes: Mapping[str, Any], name: str) -> _Note | None:
    with suppress(*_SPOILT):
        return read(notes[name]["M"])
    return None


def _marks(notes: Mapping[str, Any]) -> Marks:
    """None where a hand made them larger than the row's room for them: they would be carried along unread."""
    encoded = binary(notes["Marks"]["B"]) if "Marks" in notes else b""
    return Marks(encoded) if len(encoded) <= MOST_BYTES else NO_MARKS


def _probes(notes: Mapping[str, Any]) -> tuple[CrashProbe, ...]:
    with suppress(*_SPOILT):
        return tuple(CrashProbe.of(probe["M"]) for probe in notes["CrashProbes"]["L"][:MAX_CRASH_PROBES])
    return ()
