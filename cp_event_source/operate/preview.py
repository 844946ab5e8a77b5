"""Folds objects here, and shows what a rebuild would change. It writes nothing and invokes nothing."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

from cp_event_source.deployed.counted import counted
from cp_event_source.deployed.difference import Difference, differences
from cp_event_source.deployed.logic_process import Folded, fold_all
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.handler.aws.domain_table import DomainTable
from cp_event_source.handler.aws.events_table import EventsTable
from cp_event_source.handler.events.key_set import NO_KEYS, KeySet, Span
from cp_event_source.handler.projection.rows import DomainRow
from cp_event_source.handler.values.attribute_value import Item, item_size
from cp_event_source.handler.values.clock import Clock
from cp_event_source.operate.pace import Pace

MAX_BYTES_OF_ONE: Final = 32 * 1024 * 1024
"""An object with a larger history is not folded here, so that memory stays bounded."""

_BYTES_OF_A_BATCH: Final = 8 * 1024 * 1024
_EVENTS_OF_A_BATCH: Final = 2_000
"""One process folds a batch."""

_READERS: Final = 8
_BYTES_PER_UNIT: Final = 4096
"""Of a strongly consistent read."""

_LOOKS: Final = 3
"""How often an object is read whose events and row do not agree: events may arrive between the two reads."""


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


@dataclass(frozen=True)
class _Read:
    domain_id: str
    row: DomainRow | None
    items: Sequence[Item]
    held: KeySet
    """The events in the store."""
    size: int
    is_too_large: bool = False


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
    left = iter(domain_ids)
    read = partial(_read, pipeline, pace)
    batch: list[_Read] = []
    size, events = 0, 0
    with ThreadPoolExecutor(_READERS) as pool:
        while some := list(islice(left, _READERS)):
            for each in pool.map(read, some):
                batch.append(each)
                size, events = size + each.size, events + len(each.items)
                if size >= _BYTES_OF_A_BATCH or events >= _EVENTS_OF_A_BATCH:
                    yield from _previews(batch, folders, accept_missing_events=accept_missing_events)
                    batch, size, events = [], 0, 0
        yield from _previews(batch, folders, accept_missing_events=accept_missing_events)


def _read(pipeline: Pipeline, pace: Pace, domain_id: str) -> _Read:
    dynamodb = pipeline.clients("dynamodb")
    rows = DomainTable(dynamodb, pipeline.output("domain_table_name"), Clock())
    for look in range(_LOOKS):
        read = _history(pipeline, pace, domain_id)
        row = rows.read(domain_id)
        pace.spend(1)
        if row is None or row.parked is not None or row.state.applied == read.held or look == _LOOKS - 1:
            break
        if read.is_too_large:
            break
    return _Read(domain_id, row, read.items, read.held, read.size, read.is_too_large)


def _history(pipeline: Pipeline, pace: Pace, domain_id: str) -> _Read:
    table = EventsTable(pipeline.clients("dynamodb"), pipeline.output("domain_events_table_name"))
    items: list[Item] = []
    held, size, unpaid = NO_KEYS, 0, 0
    for event in table.read(domain_id, Span()):
        items.append(event.item)
        held = held.plus(event.counted)
        bytes_of_event = item_size(event.item)
        size += bytes_of_event
        unpaid += bytes_of_event
        if unpaid >= 256 * _BYTES_PER_UNIT:
            pace.spend(unpaid / _BYTES_PER_UNIT)
            unpaid = 0
        if size > MAX_BYTES_OF_ONE:
            return _Read(domain_id, None, [], held, 0, is_too_large=True)
    pace.spend(-(-unpaid // _BYTES_PER_UNIT))
    return _Read(domain_id, None, items, held, size)


def _previews(batch: Sequence[_Read], folders: Sequence[Path], *, accept_missing_events: bool) -> Iterator[Preview]:
    known = [_without_fold(read, accept_missing_events=accept_missing_events) for read in batch]
    folds = iter(fold_all(folders, [read.items for read, each in zip(batch, known, strict=True) if each is None]))
    for read, each in zip(batch, known, strict=True):
        yield each if each is not None else _after_fold(read, next(folds))


def _without_fold(read: _Read, *, accept_missing_events: bool) -> Preview | None:
    """What is known before the fold; None if the fold decides."""
    if read.is_too_large:
        reason = f"its history has more than {MAX_BYTES_OF_ONE // 1024**2} MB, and is not folded here"
        return Preview(read.domain_id, Fate.NOT_FOLDED, reason=reason)
    if not read.items:
        return Preview(read.domain_id, Fate.FAILS, reason="no event is stored for this DomainId")
    held = read.row.state.applied.count if read.row is not None else 0
    if held > read.held.count and not accept_missing_events:
        reason = f"the store lacks {held - read.held.count} of the {held} events that the row holds"
        return Preview(read.domain_id, Fate.FAILS, reason=reason)
    return None


def _after_fold(read: _Read, folded: Folded | None) -> Preview:
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


def _beside(read: _Read) -> str:
    """What changes beside the attributes."""
    if read.row is None or not read.row.readable:
        return f"a row of {counted(read.held.count, 'event')}"
    if read.row.state.applied != read.held:
        return f"holds {counted(read.row.state.applied.count, 'event')}, and the store {read.held.count}"
    return ""
