"""Folds objects here, and shows what a rebuild would change. It writes nothing and invokes nothing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from cp_event_source.deployed.counted import counted
from cp_event_source.deployed.difference import Difference, differences
from cp_event_source.deployed.logic_process import Folded, fold_all
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.handler.values.attribute_value import Item
from cp_event_source.operate.histories import MAX_BYTES_OF_ONE, History, read_histories
from cp_event_source.operate.metered import Metered
from cp_event_source.operate.pace import Pace


class Fate(Enum):
    """What a rebuild does to an object's row."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    HEALED = "healed"
    """It was parked; attributes may change, too."""
    FAILS = "fails"
    """The row stays as it is: if it is parked, it stays parked, and if not, an event in this place parks it."""
    NOT_FOLDED = "not folded"
    """The history is too large to be folded here."""


@dataclass(frozen=True)
class Preview:
    """What a rebuild would do to one object."""

    domain_id: str
    fate: Fate
    differences: Sequence[Difference] = ()
    """From the row as it is to the row as it would be."""
    reason: str = ""
    """Why and where it fails, or why it is not folded."""


def preview(
    domain_ids: Iterable[str],
    pipeline: Pipeline,
    folders: Sequence[Path],
    pace: Pace,
    *,
    accept_missing_events: bool = False,
) -> Iterator[Preview]:
    """What rebuilds with some logic would do to objects, in their order. Memory holds one batch.

    Args:
        domain_ids: the objects.
        pipeline: the pipeline, which is read strongly consistently.
        folders: what is first on the path, with the logic.
        pace: the cap for the reads.
        accept_missing_events: as of the rebuild.

    Raises:
        BrokenLogicError: the logic does not start.
    """
    fold_all(folders, [])  # before anything is read: whether the logic starts
    dynamodb = Metered(pipeline.clients("dynamodb"), pace)
    tables = pipeline.events_table, pipeline.domain_table
    for batch in read_histories(dynamodb, *tables, domain_ids):
        yield from _previews(batch, folders, accept_missing_events=accept_missing_events)


def _previews(batch: Sequence[History], folders: Sequence[Path], *, accept_missing_events: bool) -> Iterator[Preview]:
    known = [_without_fold(read, accept_missing_events=accept_missing_events) for read in batch]
    folds = iter(fold_all(folders, _items_of(read for read, each in zip(batch, known, strict=True) if each is None)))
    for read, each in zip(batch, known, strict=True):
        yield each if each is not None else _after_fold(read, next(folds))


def _items_of(histories: Iterable[History]) -> list[list[Item]]:
    return [[event.item for event in each.events] for each in histories]


def _without_fold(read: History, *, accept_missing_events: bool) -> Preview | None:
    """What is known before the fold; None if the fold decides."""
    if read.is_too_large:
        reason = f"its history has more than {MAX_BYTES_OF_ONE // 1024**2} MB, and is not folded here"
        return Preview(read.domain_id, Fate.NOT_FOLDED, reason=reason)
    if not read.events:
        return Preview(read.domain_id, Fate.FAILS, reason="no event is stored for this DomainId")
    held = read.row.state.applied.count if read.row is not None else 0
    if held > read.held.count and not accept_missing_events:
        reason = f"the store lacks {held - read.held.count} of the {held} events that the row holds"
        return Preview(read.domain_id, Fate.FAILS, reason=reason)
    return None


def _after_fold(read: History, folded: Folded | None) -> Preview:
    if folded is None:
        return Preview(read.domain_id, Fate.FAILS, reason="the logic ends the process that folds it")
    if folded.stopped is not None:
        stopped = folded.stopped
        where = " ".join(filter(None, (stopped.phase, stopped.place)))
        reason = f"at {stopped.event_name} {stopped.event_id}{f' in {where}' if where else ''}: {stopped.reason}"
        return Preview(read.domain_id, Fate.FAILS, reason=reason)
    before: dict[str, Any] = dict(read.row.state.attributes) if read.row is not None else {}
    changed = [each for each in differences(read.domain_id, before, folded.attributes) if each.attribute != "DomainId"]
    is_parked = read.row is not None and read.row.parked is not None
    if is_parked:
        return Preview(read.domain_id, Fate.HEALED, changed)
    if changed or read.row is None or not read.row.readable or read.row.state.applied != read.held:
        return Preview(read.domain_id, Fate.CHANGED, changed, _beside(read))
    return Preview(read.domain_id, Fate.UNCHANGED)


def _beside(read: History) -> str:
    """What changes beside the attributes."""
    if read.row is None or not read.row.readable:
        return f"a row of {counted(read.held.count, 'event')}"
    if read.row.state.applied != read.held:
        return f"holds {counted(read.row.state.applied.count, 'event')}, and the store {read.held.count}"
    return ""
