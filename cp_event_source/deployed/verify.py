"""Compares every row of a pipeline with the fold of its stored events by the layer's logic."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cp_event_source.deployed.counted import counted
from cp_event_source.deployed.difference import NOTHING, Difference, differences
from cp_event_source.deployed.logic_process import BrokenLogicError, Folded, History, Stopped, deployed_layers, fold_all
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.handler.domain.failure import Cause
from cp_event_source.handler.events.key_set import NO_KEYS, KeySet

if TYPE_CHECKING:
    from cp_event_source.handler.events.stored_event import StoredEvent
    from cp_event_source.handler.projection.rows import DomainRow

ROW = "(row)"
PARKED = "(parked at)"
APPLIED = "(events applied)"


@dataclass(frozen=True)
class Verification:
    """What the comparison of one pipeline found. `before` is what is stored, `after` what the fold gives."""

    domain_name: str
    objects: int
    """How many domain objects were compared."""
    differences: Sequence[Difference] = field(default_factory=list)
    not_compared: Mapping[str, str] = field(default_factory=dict)
    """By DomainId why an object could not be compared."""

    @property
    def passed(self) -> bool:
        return not self.differences

    def __str__(self) -> str:
        of = f"domain {self.domain_name}: {counted(self.objects, 'row')}"
        result = f"{counted(len(self.differences), 'difference')}" if self.differences else "as the fold gives them"
        result = "as the fold gives it" if self.objects == 1 and not self.differences else result
        left = f", {len(self.not_compared)} not compared" if self.not_compared else ""
        return f"{of} {'with ' if self.differences else ''}{result}{left}"


def verify(pipeline: Pipeline) -> Verification:
    """Compare every row with the fold of its stored events by the deployed logic, in a fresh process.

    Raises:
        BrokenLogicError: the logic does not start in that process.
    """
    histories: dict[str, list[StoredEvent]] = {}
    for event in pipeline.events():
        histories.setdefault(event.domain_id, []).append(event)
    rows = pipeline.rows()
    with deployed_layers(pipeline) as folders:
        try:
            return compare(pipeline.domain_name, histories, rows, lambda parts: fold_all(folders, parts))
        except BrokenLogicError as error:
            raise BrokenLogicError(f"domain {pipeline.domain_name}: the rows cannot be verified: {error}") from error


def compare(
    domain_name: str,
    histories: "Mapping[str, Sequence[StoredEvent]]",
    rows: "Mapping[str, DomainRow]",
    fold: Callable[[Sequence[History]], Sequence[Folded | None]],
) -> Verification:
    """Compare rows with the folds of their histories.

    Args:
        domain_name: the domain.
        histories: the stored events in EventKey order, by DomainId.
        rows: the rows, by DomainId.
        fold: folds histories.
    """
    found: list[Difference] = []
    not_compared: dict[str, str] = {}
    parts: list[tuple[DomainRow, Sequence[StoredEvent]]] = []
    parked: list[DomainRow] = []
    for domain_id in sorted({*histories, *rows}):
        events, row = histories.get(domain_id, []), rows.get(domain_id)
        if row is None:
            found.append(Difference(domain_id, ROW, NOTHING, f"{counted(len(events), 'event')} stored"))
        elif not row.readable:
            found.append(Difference(domain_id, ROW, "its notes cannot be read", f"{counted(len(events), 'event')}"))
        elif (held := _held(row, events)) is None:
            not_compared[domain_id] = "it is parked, and which of the stored events its row holds is not known"
        else:
            parts.append((row, held))
            if row.parked is not None and row.parked.cause is Cause.LOGIC:
                parked.append(row)
    folds = fold([[event.item for event in events] for _, events in parts])
    for (row, events), folded in zip(parts, folds, strict=True):
        found += _differences(row, events, folded)
    whole = fold([[event.item for event in histories.get(row.domain_id, [])] for row in parked])
    for row, folded in zip(parked, whole, strict=True):
        found += _difference_of_parking(row, folded)
    found.sort(key=lambda each: each.domain_id)
    return Verification(domain_name, len({*histories, *rows}) - len(not_compared), found, not_compared)


def _held(row: "DomainRow", events: "Sequence[StoredEvent]") -> "Sequence[StoredEvent] | None":
    """The events that a row should hold; None if it is parked, and no usual set of them is what it holds."""
    if row.parked is None:
        return events
    up_to_checkpoint = [event for event in events if event.key <= (row.state.checkpoint or "")]
    first, last = row.parked.waiting_from, row.parked.waiting_up_to
    for candidate in (
        up_to_checkpoint,
        [event for event in up_to_checkpoint if event.key != row.parked.event_key],
        [event for event in up_to_checkpoint if not first <= event.key <= last],
    ):
        if _keys(candidate) == row.state.applied:
            return candidate
    return None


def _differences(row: "DomainRow", events: "Sequence[StoredEvent]", folded: Folded | None) -> Iterator[Difference]:
    if folded is None:
        yield Difference(row.domain_id, ROW, f"{counted(row.state.applied.count, 'event')} applied", _ENDED)
        return
    yield from differences(row.domain_id, row.state.attributes, folded.attributes)
    if folded.stopped is not None:
        yield Difference(row.domain_id, PARKED, _parking(row), _stopping(folded.stopped))
    elif _keys(events) != row.state.applied:
        yield Difference(row.domain_id, APPLIED, str(row.state.applied.count), f"{len(events)} stored")


def _difference_of_parking(row: "DomainRow", folded: Folded | None) -> Iterator[Difference]:
    """The fold of all events must stop where the row is parked."""
    if folded is None:
        yield Difference(row.domain_id, PARKED, _parking(row), _ENDED)
    elif folded.stopped is None:
        yield Difference(row.domain_id, PARKED, _parking(row), NOTHING)
    elif row.parked is not None and folded.stopped.key != row.parked.event_key:
        yield Difference(row.domain_id, PARKED, _parking(row), _stopping(folded.stopped))


def _keys(events: "Sequence[StoredEvent]") -> KeySet:
    keys = NO_KEYS
    for event in events:
        keys = keys.plus(event.counted)
    return keys


def _parking(row: "DomainRow") -> str:
    return f"{row.parked.event_name} ({row.parked.reason})" if row.parked else NOTHING


def _stopping(stopped: Stopped) -> str:
    return f"{stopped.event_name} ({stopped.reason})"


_ENDED = "the logic ends the process that folds it"
