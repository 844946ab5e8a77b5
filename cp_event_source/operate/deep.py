"""Folds domain objects with the logic and compares the results with their rows, attribute by attribute."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from cp_event_source.deployed.difference import differences
from cp_event_source.deployed.logic_process import Folded, fold_all
from cp_event_source.deployed.verify import APPLIED, PARKED, ROW, compare
from cp_event_source.handler.events.key_set import NO_KEYS
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.projection.rows import DomainRow
from cp_event_source.handler.values.attribute_value import item_size
from cp_event_source.operate.findings import Finding, Kind, finding
from cp_event_source.operate.metered import Metered

MAX_BYTES_OF_ONE: Final = 32 * 1024 * 1024
"""An object with a larger history is not folded here, so that memory stays bounded."""

_BYTES_OF_A_BATCH: Final = 8 * 1024 * 1024
_EVENTS_OF_A_BATCH: Final = 2_000
"""One process folds a batch."""

_READERS: Final = 8

_LOOKS: Final = 3
"""How often an object is read whose events and row do not agree: events may arrive between the two reads."""

_SEEDS: Final = ("1", "2", "3", "4")
"""Of Python's hashes, which decide the order of sets. A set of two texts has another order with half of the seeds."""


@dataclass(frozen=True, slots=True)
class _Read:
    domain_id: str
    row: DomainRow | None
    events: Sequence[StoredEvent]
    size: int
    is_comparable: bool


@dataclass
class Deep:
    """Compares the objects of one pipeline with folds of their events.

    Args:
        dynamodb: the client.
        events_table, domain_table: the tables' names.
        domain_name: the domain.
        folders: what is first on the path, with the logic.
        logic_version: the version of that logic; None if it is not a deployed one.
    """

    dynamodb: Metered
    events_table: str
    domain_table: str
    domain_name: str
    folders: Sequence[Path]
    logic_version: str | None
    compared: int = 0
    not_compared: int = 0
    """Objects whose history is larger than 32 MB, or that changed during each read, or of which it is not known what
    they hold."""

    def find(self, domain_ids: Iterable[str]) -> Iterator[Finding]:
        """What differs between the rows of objects and the folds. Objects of which the row and the events do not agree
        are left out: the comparison of keys finds them. Memory holds one batch.

        Raises:
            BrokenLogicError: the logic does not start.
            botocore.exceptions.ClientError: a table cannot be read.
        """
        fold_all(self.folders, [])  # before anything is read: whether the logic starts
        left = iter(domain_ids)
        batch: list[_Read] = []
        with ThreadPoolExecutor(_READERS) as pool:
            while some := list(islice(left, _READERS)):
                for read in pool.map(self._read, some):
                    if not read.is_comparable:
                        self.not_compared += 1
                        continue
                    batch.append(read)
                    if (
                        sum(each.size for each in batch) >= _BYTES_OF_A_BATCH
                        or sum(len(each.events) for each in batch) >= _EVENTS_OF_A_BATCH
                    ):
                        yield from self._compared(batch)
                        batch = []
            yield from self._compared(batch)

    def _compared(self, batch: Sequence[_Read]) -> Iterator[Finding]:
        if not batch:
            return
        histories = {read.domain_id: read.events for read in batch}
        rows = {read.domain_id: read.row for read in batch if read.row is not None}
        verification = compare(self.domain_name, histories, rows, lambda parts: fold_all(self.folders, parts))
        self.compared += verification.objects
        self.not_compared += len(verification.not_compared)
        fails: dict[str, None] = {}
        drifted: dict[str, list[str]] = {}
        for each in verification.differences:
            if each.attribute == ROW:
                fails[each.domain_id] = None
            elif each.attribute == PARKED:
                # A parked object that would not stop any more is no finding: it heals.
                if rows[each.domain_id].parked is None:
                    fails[each.domain_id] = None
            elif each.attribute != APPLIED:
                drifted.setdefault(each.domain_id, []).append(each.attribute)
        for domain_id in fails:
            drifted.pop(domain_id, None)
            text = "the logic does not get through the events that the row holds"
            yield finding(domain_id, Kind.FOLD_FAILS, text, is_rebuildable=False)
        yield from self._explained(drifted, histories, rows)

    def _explained(
        self,
        drifted: Mapping[str, Sequence[str]],
        histories: Mapping[str, Sequence[StoredEvent]],
        rows: Mapping[str, DomainRow],
    ) -> Iterator[Finding]:
        """Whether the logic gives other values each time, or the row has others than it gives."""
        if not drifted:
            return
        items = [[event.item for event in histories[domain_id]] for domain_id in drifted]
        runs = [fold_all(self.folders, items, environment={"PYTHONHASHSEED": seed}) for seed in _SEEDS]
        for number, (domain_id, attributes) in enumerate(drifted.items()):
            varying = _varying(domain_id, [run[number] for run in runs])
            if varying:
                text = f"each fold gives other values of {_listed(varying)}"
                yield finding(domain_id, Kind.NOT_DETERMINISTIC, text, is_rebuildable=False)
            others = [each for each in attributes if not any(_is_within(each, name) for name in varying)]
            if others:
                text = f"the fold gives other values of {_listed(others)}{self._of_version(rows[domain_id])}"
                yield finding(domain_id, Kind.DRIFT, text, is_rebuildable=self.logic_version is not None)

    def _of_version(self, row: DomainRow) -> str:
        if self.logic_version is None or row.logic_version == self.logic_version:
            return ""
        return f"; the row is by other logic: {row.logic_version}"

    def _read(self, domain_id: str) -> _Read:
        for _ in range(_LOOKS):
            row = self._row(domain_id)
            events, size = self._history(domain_id)
            if events is None:
                break
            held = NO_KEYS
            for event in events:
                held = held.plus(event.counted)
            if row is not None and row.readable and (row.parked is not None or row.state.applied == held):
                return _Read(domain_id, row, events, size, is_comparable=True)
        return _Read(domain_id, None, [], 0, is_comparable=False)

    def _row(self, domain_id: str) -> DomainRow | None:
        key = {"DomainId": {"S": domain_id}}
        item = self.dynamodb.get_item(TableName=self.domain_table, Key=key, ConsistentRead=True).get("Item")
        return DomainRow.from_item(item) if item is not None else None

    def _history(self, domain_id: str) -> tuple[list[StoredEvent] | None, int]:
        """The events and their size; None if they are too large."""
        items = self.dynamodb.items(
            "query",
            TableName=self.events_table,
            KeyConditionExpression="DomainId = :domain",
            ExpressionAttributeValues={":domain": {"S": domain_id}},
            ConsistentRead=True,
        )
        events: list[StoredEvent] = []
        size = 0
        for item in items:
            events.append(StoredEvent.of(item))
            size += item_size(item)
            if size > MAX_BYTES_OF_ONE:
                return None, 0
        return events, size


def _varying(domain_id: str, folds: Sequence[Folded | None]) -> list[str]:
    """The attributes that differ between folds of the same events."""
    first, *others = [fold.attributes if fold is not None else {} for fold in folds]
    return list(dict.fromkeys(each.attribute for other in others for each in differences(domain_id, first, other)))


def _is_within(attribute: str, name: str) -> bool:
    """True if one path is in the other, whichever is longer."""
    longer, shorter = sorted((attribute, name), key=len, reverse=True)
    return longer == shorter or longer.startswith((f"{shorter}.", f"{shorter}["))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))
