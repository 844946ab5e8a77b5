"""Represents a row of the domain table: a domain object's state and the pipeline's notes, and its item."""

import secrets
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeVar

from ..domain.contract import RESERVED_ATTRIBUTES
from ..domain.index_keys import NO_INDEX_KEYS, IndexKeys, refusals
from ..domain.state import INITIAL_STATE, SET_ASIDE, DomainState
from ..events.key_set import NO_KEYS, KeySet, Span
from ..values import exact_json
from ..values.attribute_value import Item, binary
from .marks import MAX_BYTES, NO_MARKS, START, Mark, Marks, are_one_path
from .notes import CrashProbe, Parked, Progress, Rebuilding, is_event_key

BOOKKEEPING, PARKED_SINCE, _ = RESERVED_ATTRIBUTES
MIXED = "mixed"
"""The LogicVersion of a row that several versions computed."""

MAX_CRASH_PROBES = 2
"""The maximum crash probes in a row, each about another event of the object. A shard delivers events in order; after it
splits, two may be in delivery. A third event is retried without a note: once the crashes of the others reach the limit,
the object is parked, and no event is retried."""


MAX_UNSEEN = 99
"""The maximum keys that a row names of events which no writer has seen in the store: those of the largest decision.
Their ids are UUIDs, and so they take less than 3 KB of the row: they are compressed."""

_MAX_UNSEEN_TEXT = 128 * 1024
"""More characters than these keys have as text."""


def _new_revision() -> str:
    return secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class DomainRow:
    """One domain object's row. Its `revision` is a random token of the write that made it: the optimistic lock."""

    domain_id: str
    state: DomainState
    logic_version: str
    """The version that computed the whole state, or `mixed`."""
    parked: Parked | None = None
    revision: str = field(default_factory=_new_revision)
    marks: Marks = NO_MARKS
    rebuilding: Rebuilding | None = None
    progress: Progress | None = None
    """The progress of an unfinished fold of the whole history."""
    probes: tuple[CrashProbe, ...] = ()
    unseen: tuple[str, ...] = ()
    """The keys of its last decision, until a writer has seen them in the store. They are stored; but DynamoDB shows a
    transaction item by item, so that a query may miss them for some milliseconds."""
    readable: bool = True
    """False if a manual edit made its notes invalid. Then it proves nothing, and the store replaces it."""
    revision_of_other_type: Mapping[str, Any] | None = None
    """The revision attribute if a manual edit gave it another type than text; it is only the condition of a write."""

    @property
    def lock(self) -> Mapping[str, Any]:
        """The attribute value that the table must still hold for a write over this row."""
        return {"S": self.revision} if self.revision_of_other_type is None else self.revision_of_other_type

    def known_marks(self) -> tuple[Mark, ...]:
        """The marks, oldest first; empty if they contradict the row, which only a manual edit can cause."""
        marks = self.marks.read()
        if not marks or not are_one_path(marks):
            return ()
        last = marks[-1]
        return marks if last.key <= (self.state.checkpoint or "") and last.count < self.state.applied.count else ()

    def marks_of_progress(self, logic_version: str) -> tuple[Mark, ...]:
        """The marks of an unfinished fold that this version can continue, oldest first."""
        if self.progress is None or self.progress.logic_version != logic_version:
            return ()
        marks = self.progress.marks.read()
        return marks if are_one_path(marks) else ()

    def history_part(self, first: str, last: str) -> "HistoryPart":
        """The part of the row's history that includes two keys, both at or before its checkpoint."""
        marks = self.known_marks()
        older = [mark for mark in marks if mark.key <= first]
        newer = [mark for mark in marks if mark.key > last]
        before = older[-1] if older else START
        unseen = tuple(key for key in self.unseen if before.key <= key and not (newer and key >= newer[0].key))
        if newer:
            return HistoryPart(before, Span(start=before.key, before=newer[0].key), newer[0].applied, unseen)
        return HistoryPart(before, Span(start=before.key, up_to=self.state.checkpoint), self.state.applied, unseen)

    def slots(self) -> set[int]:
        """The slots of the snapshots that the row lists. They are needed until the row is written over."""
        listed = self.marks.read() + (self.progress.marks.read() if self.progress is not None else ())
        return {mark.slot for mark in listed if mark.slot is not None}

    def followed_by(self, **changes: Any) -> "DomainRow":
        """The row with changes and a new revision."""
        return replace(self, **{"revision": _new_revision(), "revision_of_other_type": None, **changes})

    def to_item(self, index_keys: IndexKeys = NO_INDEX_KEYS, ttl_attribute: str = "") -> Item:
        """The item of the row.

        An index may be newer than the state and not allow an attribute of it. DynamoDB would then refuse every write of
        the row, and the object could not even be parked. So the item has that attribute in the pipeline's notes. So it
        has the attribute by which rows expire while the object is parked: an event that waits may change it, and if the
        row expired before, nothing would say that the event waits.
        """
        notes: Item = {
            **self.state.notes(),
            "Revision": {"S": self.revision},
            "LogicVersion": {"S": self.logic_version},
        }
        item: Item = {"DomainId": {"S": self.domain_id}, **self.state.attributes, BOOKKEEPING: {"M": notes}}
        aside = set(refusals(self.state.attributes, index_keys))
        if self.parked is not None and "N" in self.state.attributes.get(ttl_attribute, {}):  # others do not expire
            aside.add(ttl_attribute)
        if aside:
            notes[SET_ASIDE] = {"M": {name: item.pop(name) for name in aside}}
        if self.marks.encoded:
            notes["Marks"] = {"B": self.marks.encoded}
        if self.rebuilding is not None:
            notes["Rebuilding"] = {"M": self.rebuilding.to_attributes()}
        if self.progress is not None:
            notes["Progress"] = {"M": self.progress.to_attributes()}
        if self.probes:
            notes["CrashProbes"] = {"L": [{"M": probe.to_attributes()} for probe in self.probes]}
        if self.unseen:
            notes["Unseen"] = {"B": zlib.compress(exact_json.dumps(list(self.unseen)).encode())}
        if self.parked is not None:
            notes["Parked"] = {"M": self.parked.to_attributes()}
            item[PARKED_SINCE] = {"S": self.parked.since}
        return item

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "DomainRow | None":
        """The row of an item; None if the pipeline did not write the item.

        If the pipeline cannot have written its notes, the row is not readable: only its revision counts, as the
        condition of the write over it. An invalid note about a rebuild, an unfinished fold or a crash probe counts as
        missing, because starting these again is always correct.
        """
        notes = item.get(BOOKKEEPING, {}).get("M", {})
        if "Revision" not in notes:
            return None
        try:
            return cls._from_notes(item, notes)
        except _INVALID_NOTE:
            revision = notes["Revision"].get("S")
            other_type = notes["Revision"] if revision is None else None
            return cls(
                item["DomainId"]["S"],
                INITIAL_STATE,
                MIXED,
                revision=revision or "",
                readable=False,
                revision_of_other_type=other_type,
            )

    @classmethod
    def _from_notes(cls, item: Mapping[str, Any], notes: Mapping[str, Any]) -> "DomainRow":
        state = DomainState.of(item, notes)
        # if the checkpoint were too low, events that the row has would be applied again
        if not (is_event_key(state.checkpoint) if state.checkpoint is not None else state.applied == NO_KEYS):
            raise ValueError("Checkpoint")
        return cls(
            domain_id=item["DomainId"]["S"],
            state=state,
            logic_version=notes["LogicVersion"]["S"],
            parked=Parked.of(notes["Parked"]["M"]) if "Parked" in notes else None,
            revision=notes["Revision"]["S"],
            marks=_marks(notes),
            rebuilding=_if_valid(Rebuilding.of, notes, "Rebuilding"),
            progress=_if_valid(Progress.of, notes, "Progress"),
            probes=_probes(notes),
            unseen=_unseen(notes, state.checkpoint or ""),
        )


class HistoryPart(NamedTuple):
    """The part of a history around some events, and the events that the row has in it."""

    before: Mark
    """The newest mark at or before the first of these events."""
    span: Span
    """The span from that mark to the next mark after these events, or to the row's checkpoint."""
    applied: KeySet
    """All events that the row holds up to the end of the span."""
    unseen: tuple[str, ...] = ()
    """Those of the row's last decision that are in the span."""


_INVALID_NOTE = (AttributeError, KeyError, TypeError, ValueError)
"""The errors that reading raises if a manual edit made a note invalid."""

_Note = TypeVar("_Note")


def _if_valid(read: Callable[[Mapping[str, Any]], _Note], notes: Mapping[str, Any], name: str) -> _Note | None:
    if name in notes:
        with suppress(*_INVALID_NOTE):
            return read(notes[name]["M"])
    return None


def _marks(notes: Mapping[str, Any]) -> Marks:
    """The encoded marks; empty if a manual edit made them larger than MAX_BYTES, since writes copy them unread."""
    encoded = binary(notes["Marks"]["B"]) if "Marks" in notes else b""
    return Marks(encoded) if len(encoded) <= MAX_BYTES else NO_MARKS


def _probes(notes: Mapping[str, Any]) -> tuple[CrashProbe, ...]:
    if "CrashProbes" in notes:
        with suppress(*_INVALID_NOTE):
            return tuple(CrashProbe.of(probe["M"]) for probe in notes["CrashProbes"]["L"][:MAX_CRASH_PROBES])
    return ()


def _unseen(notes: Mapping[str, Any], checkpoint: str) -> tuple[str, ...]:
    """The keys of the last decision; empty if a manual edit made them invalid."""
    if "Unseen" not in notes:
        return ()
    with suppress(*_INVALID_NOTE, zlib.error):
        text = zlib.decompressobj().decompress(binary(notes["Unseen"]["B"]), _MAX_UNSEEN_TEXT)
        keys: list[str] = exact_json.loads(text.decode())
        if len(keys) <= MAX_UNSEEN and all(is_event_key(key) and key <= checkpoint for key in keys):
            return tuple(keys)
    return ()
