"""A row of the domain table: the domain's state, and what the pipeline notes beside it."""

import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from ..domain.contract import RESERVED_ATTRIBUTES
from ..domain.state import INITIAL_STATE, DomainState
from ..events.key_set import NO_KEYS, KeySet, Span
from ..values.attribute_value import Item, binary
from .marks import MAX_BYTES, NO_MARKS, START, Mark, Marks, are_one_path
from .notes import CrashProbe, Parked, Progress, Rebuilding, is_event_key

BOOKKEEPING, PARKED_SINCE, _ = RESERVED_ATTRIBUTES
MIXED = "mixed"
"""The LogicVersion of a row that several versions have folded."""

MAX_CRASH_PROBES = 2
"""Events of one object at a time. They come in one shard's order; after its split two may be under way. A third is
tried without a note: once the others are counted out, the object is parked, and none is tried."""


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
    unexpected_revision: Mapping[str, Any] | None = None
    """Where somebody made the revision another type than text: what is there, to be written over."""

    @property
    def lock(self) -> Mapping[str, Any]:
        """The attribute value that the table must still hold for a write over this row."""
        return {"S": self.revision} if self.unexpected_revision is None else self.unexpected_revision

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

    def around(self, first: str, last: str) -> "Around":
        """What the row knows of the part of its history between two keys, both at or before its checkpoint."""
        marks = self.known_marks()
        older = [mark for mark in marks if mark.key <= first]
        newer = [mark for mark in marks if mark.key > last]
        before = older[-1] if older else START
        if newer:
            return Around(before, Span(start=before.key, before=newer[0].key), newer[0].applied)
        return Around(before, Span(start=before.key, up_to=self.state.checkpoint), self.state.applied)

    def slots(self) -> set[int]:
        """The snapshots' slots that the row names. What lies in them serves until the row is written over."""
        listed = self.marks.read() + (self.progress.marks.read() if self.progress is not None else ())
        return {mark.slot for mark in listed if mark.slot is not None}

    def followed_by(self, **changes: Any) -> "DomainRow":
        """The row with changes, and a revision of its own."""
        return replace(self, **{"revision": _new_revision(), "unexpected_revision": None, **changes})

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
        except _INVALID_NOTE:
            revision = notes["Revision"].get("S")
            strange = notes["Revision"] if revision is None else None
            return cls(
                item["DomainId"]["S"],
                INITIAL_STATE,
                MIXED,
                revision=revision or "",
                readable=False,
                unexpected_revision=strange,
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


@dataclass(frozen=True, slots=True)
class Around:
    """The part of a history in which late events lie, as its row knows it."""

    before: Mark
    """The newest mark at or before the first of them."""
    span: Span
    """From there to the next mark after them, or to the row's checkpoint."""
    applied: KeySet
    """What the row holds up to the span's end."""


_INVALID_NOTE = (AttributeError, KeyError, TypeError, ValueError)
"""What reading raises where a hand made a note something else."""

_Note = TypeVar("_Note")


def _unless_spoilt(read: Callable[[Mapping[str, Any]], _Note], notes: Mapping[str, Any], name: str) -> _Note | None:
    with suppress(*_INVALID_NOTE):
        return read(notes[name]["M"])
    return None


def _marks(notes: Mapping[str, Any]) -> Marks:
    """None where a hand made them larger than the row's room for them: they would be carried along unread."""
    encoded = binary(notes["Marks"]["B"]) if "Marks" in notes else b""
    return Marks(encoded) if len(encoded) <= MAX_BYTES else NO_MARKS


def _probes(notes: Mapping[str, Any]) -> tuple[CrashProbe, ...]:
    with suppress(*_INVALID_NOTE):
        return tuple(CrashProbe.of(probe["M"]) for probe in notes["CrashProbes"]["L"][:MAX_CRASH_PROBES])
    return ()
