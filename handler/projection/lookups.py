"""Looks up in the stores which events they hold, and which states a fold can start from."""

from collections.abc import Iterable, Sequence
from typing import Final

from ..events.key_set import NO_KEYS, KeySet, Span, is_erased_key, key_of
from ..events.key_sets import lacking, which
from ..events.stored_event import StoredEvent
from ..values.budget import Budget
from .marks import START, Mark
from .rows import DomainRow, HistoryPart
from .snapshots import Snapshot
from .stores import EventStore, SnapshotStore

_KEYS_PER_CHECK: Final = 1_000
"""The number of keys that are read between two checks of the time."""


def row_has(events: EventStore, row: DomainRow, event: StoredEvent) -> bool:
    """True if the row proves that it holds an event. It does not run domain logic.

    If the row lacks others of the stored events, count and digest tell which, unless they are too many.
    """
    if event.key > (row.state.checkpoint or ""):
        return False
    part = row.history_part(event.key, event.key)
    shown = list(events.keys(row.domain_id, part.span))
    lacked = which(shown, lacking(_stored(shown, part), part.applied), NO_KEYS.plus(*shown))
    return isinstance(lacked, list) and event.key not in map(key_of, lacked)


def row_has_all(events: EventStore, domain_id: str, part: HistoryPart) -> bool:
    """True if the row holds all events that are stored in a part of its history."""
    return _stored(events.keys(domain_id, part.span), part) == part.applied


def _stored(shown: Iterable[str], part: HistoryPart) -> KeySet:
    """The events that are stored up to the end of a part of a row's history, by the keys that the store shows of it."""
    stored, unseen = part.before.applied, set(part.unseen)
    for key in shown:
        stored = stored.plus(key)
        unseen.discard(key_of(key))
    return stored.plus(*unseen)


def up_to(marks: Sequence[Mark], position: str) -> list[Mark]:
    """The marks that hold no event from a position on."""
    return [mark for mark in marks if mark.key <= position]


def newest_snapshot(
    snapshots: SnapshotStore, domain_id: str, marks: Sequence[Mark], version: str
) -> tuple[tuple[Mark, ...], Snapshot] | None:
    """The newest mark whose state is kept in a snapshot of one version.

    All snapshots that a row lists have one version: that of the last fold from its first event. If the first found
    snapshot has another version, the others have it too.

    Returns:
        The marks up to that mark, and the snapshot; None if there is no such mark.
    """
    for number in range(len(marks), 0, -1):
        mark = marks[number - 1]
        snapshot = snapshots.get(domain_id, mark.slot) if mark.slot is not None else None
        if snapshot is None or not snapshot.is_of(mark):
            continue
        return (tuple(marks[:number]), snapshot) if snapshot.logic_version == version else None
    return None


def still_true(
    events: EventStore, domain_id: str, marks: Sequence[Mark], budget: Budget, *, after: Mark = START
) -> tuple[list[Mark], bool]:
    """The marks of an unfinished fold that still say what the store holds.

    It reads the keys of the history up to the last mark, or as far as the time allows. Without this check, a fold that
    continues from such a mark would miss events that arrived late or were erased in the meantime.

    Args:
        events, domain_id: the store and the domain object to read.
        marks: at least one, oldest first.
        budget: the available time.
        after: the mark of the row whose state the fold would otherwise start from. Before it the row may count an event
            that has been erased since.

    Returns:
        The marks that are still true, and True if there are erased events before the last of them.
    """
    held: list[Mark] = []
    stored, met_erased = after.applied, False
    left = list(marks)
    for counted in events.keys(domain_id, Span(start=after.key, before=marks[-1].key)):
        key = key_of(counted)
        while left[0].key <= key:
            if left[0].applied != stored:
                return held, met_erased
            held.append(left.pop(0))
        stored = stored.plus(counted)
        met_erased = met_erased or is_erased_key(counted)
        if stored.count % _KEYS_PER_CHECK == 0 and budget.is_over():
            return held, met_erased
    return held + [mark for mark in left if mark.applied == stored][:1], met_erased
