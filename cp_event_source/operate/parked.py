"""`parked`: which domain objects are parked, since when, where and why."""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any, Final

import typer
from rich.console import RenderableType

from cp_event_source.deployed.batches import batches
from cp_event_source.deployed.console import and_more, tables_of
from cp_event_source.deployed.counted import counted
from cp_event_source.deployed.errors import CommandError
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.handler.aws.domain_table import MAX_ROWS_PER_READ, DomainTable, ReadIncomplete
from cp_event_source.handler.aws.events_table import EventsTable
from cp_event_source.handler.projection.notes import Parked
from cp_event_source.handler.projection.rows import PARKED_SINCE, DomainRow
from cp_event_source.handler.values.clock import Clock
from cp_event_source.operate.checks import check_ids
from cp_event_source.operate.described import UNREADABLE
from cp_event_source.operate.journal import Journal
from cp_event_source.operate.metered import Metered
from cp_event_source.operate.options import FAILED, command
from cp_event_source.operate.output import Output
from cp_event_source.operate.pace import DEFAULT_UNITS_PER_SECOND, Pace
from cp_event_source.operate.parking import described_parking, where
from cp_event_source.operate.reading import ReadUnits, priced
from cp_event_source.operate.scan import scan
from cp_event_source.operate.selection import PARKED_INDEX
from cp_event_source.operate.waiting import MOST_COUNTED, Waiting, waiting

_LISTED: Final = 100
_SHOWN_GROUPS: Final = 20
_MOST_GROUPS: Final = 1000
_READERS: Final = 8
_BYTES_PER_UNIT: Final = 4096
"""Of a strongly consistent read."""


@command("parked")
def parked(
    pipeline: Pipeline,
    output: Output,
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="DomainIds; by default all.")] = None,
    *,
    payload: Annotated[
        bool, typer.Option("--payload", help="Show the texts of errors, which may hold values of payloads.")
    ] = False,
    limit: Annotated[
        int, typer.Option("--limit", min=0, metavar="N", help="At most this many objects are listed; all are counted.")
    ] = _LISTED,
    read_units: ReadUnits = DEFAULT_UNITS_PER_SECOND,
) -> None:
    """Show which domain objects are parked, since when, where and why, and how many of their events wait.

    It changes nothing and waits for nothing. Exit code 1 if an object is parked, or if an object that was given has no
    row.
    """
    check_ids(ids or ())
    search = Search(pipeline, Pace(read_units, Clock()), output, limit)
    found = search.find(ids or [])
    if found.parked or found.without_row:
        output.exit_code = FAILED
    output.result(_document(search, found, payload=payload), _tables(search, found, payload=payload))


@dataclass(frozen=True)
class ParkedObject:
    """One object that is parked."""

    domain_id: str
    parked: Parked | None
    """None if the pipeline's notes in its row cannot be read."""
    waiting: Waiting | None


@dataclass(frozen=True)
class Group:
    """What the objects of one group have in common."""

    cause: str
    error: str
    phase: str
    place: str


@dataclass
class _Size:
    objects: int = 0
    since: str = ""
    """When the first of them was parked."""


@dataclass
class FoundParked:
    """What is parked."""

    parked: int = 0
    without_row: list[str] = field(default_factory=list)
    """Objects that were given and have no row."""
    listed: list[ParkedObject] = field(default_factory=list)
    """The first ones, by the time when they were parked, or as they were given."""
    groups: dict[Group, _Size] = field(default_factory=dict)
    in_other_groups: int = 0
    """Objects of more groups than memory holds."""

    def largest_groups(self) -> list[tuple[Group, _Size]]:
        """The groups, the largest one first."""
        return sorted(self.groups.items(), key=lambda each: (-each[1].objects, each[1].since))

    def count(self, row: DomainRow) -> None:
        """Count a row that is parked."""
        self.parked += 1
        note = row.parked
        group = Group(note.cause.value, note.error, note.phase, note.place) if note else Group(UNREADABLE, "", "", "")
        if group not in self.groups and len(self.groups) == _MOST_GROUPS:
            self.in_other_groups += 1
            return
        size = self.groups.setdefault(group, _Size())
        size.objects += 1
        if note is not None:
            size.since = min(size.since or note.since, note.since)


@dataclass(frozen=True)
class Search:
    """Looks for parked objects. Memory holds those that are listed, and a batch of rows."""

    pipeline: Pipeline
    pace: Pace
    output: Output
    limit: int = _LISTED

    def find(self, ids: Sequence[str]) -> FoundParked:
        """What is parked of some objects, or of all.

        Args:
            ids: the objects; none means all that the index of parked objects has.

        Raises:
            CommandError: DynamoDB throttled the domain table for too long.
            botocore.exceptions.ClientError: a table cannot be read.
        """
        found = FoundParked()
        with Journal(None, {}) as candidates, Journal(None, {}) as seen:
            if ids:
                wanted: Iterable[str] = dict.fromkeys(ids)
            else:
                self._select(candidates)
                # While the index follows a row that parks again, it may have an object twice.
                wanted = _once((json.loads(each)[1] for each in candidates.open_objects()), seen)
            try:
                self._look_at(wanted, found, are_given=bool(ids))
            except ReadIncomplete as error:
                raise CommandError(
                    f"{self.pipeline.domain_table}: DynamoDB throttles its reads: {error}; give a lower --read-units,"
                    " or try again later"
                ) from error
        return found

    def _select(self, candidates: Journal) -> None:
        """Note the entries of the index, by time. It is eventually consistent, so the rows decide."""
        for page in scan(self._dynamodb, self.pipeline.domain_table, self.pace, IndexName=PARKED_INDEX):
            candidates.add(json.dumps([item[PARKED_SINCE]["S"], item["DomainId"]["S"]]) for item in page.items)
        number = candidates.count()
        if number:
            listed = min(number, self.limit)
            rows = number * max(1, self._units_of_an_item(self.pipeline.domain_table))
            events = math.ceil(listed * MOST_COUNTED * self._units_of_an_item(self.pipeline.events_table))
            self.output.note(
                f"Reading {counted(number, 'row')} that the index of parked objects names: about"
                f" {priced(math.ceil(rows))}; and to count the events that wait, of {counted(listed, 'object')}:"
                f" usually at most {priced(events)}"
            )

    def _units_of_an_item(self, table: str) -> float:
        """The units that a strongly consistent read takes for an item of usual size."""
        description = self._dynamodb.describe_table(TableName=table)["Table"]
        size: float = description.get("TableSizeBytes", 0) / max(1, description.get("ItemCount", 0))
        return size / _BYTES_PER_UNIT

    def _look_at(self, domain_ids: Iterable[str], found: FoundParked, *, are_given: bool) -> None:
        dynamodb: Any = Metered(self._dynamodb, self.pace)
        table = DomainTable(dynamodb, self.pipeline.domain_table, self.pace.clock)
        events = EventsTable(dynamodb, self.pipeline.events_table)

        def listed(row: DomainRow) -> ParkedObject:
            return ParkedObject(row.domain_id, row.parked, waiting(row, row.parked, events) if row.parked else None)

        with self.output.step("Reading rows", None) as step, ThreadPoolExecutor(_READERS) as pool:
            for some in batches(domain_ids, MAX_ROWS_PER_READ):
                rows: dict[str, DomainRow | None] = {}
                for part in table.read_many(some):
                    rows.update(part)
                are_parked = []
                for domain_id in some:
                    row = rows[domain_id]
                    if row is None:
                        found.without_row += [domain_id] if are_given else []
                    elif row.parked is not None or not row.readable:
                        found.count(row)
                        are_parked.append(row)
                found.listed += pool.map(listed, are_parked[: max(0, self.limit - len(found.listed))])
                step.advance(len(some))

    @property
    def _dynamodb(self) -> Any:
        return self.pipeline.clients("dynamodb")


def _once(domain_ids: Iterable[str], seen: Journal) -> Iterator[str]:
    for domain_id in domain_ids:
        if not seen.has(domain_id):
            seen.add([domain_id])
            yield domain_id


def _document(search: Search, found: FoundParked, *, payload: bool) -> dict[str, Any]:
    return {
        "domain_name": search.pipeline.domain_name,
        "parked": found.parked,
        "without_row": found.without_row,
        "groups": [
            {
                "cause": group.cause,
                "error": group.error,
                "phase": group.phase,
                "place": group.place,
                "objects": size.objects,
                "since": size.since,
            }
            for group, size in found.largest_groups()
        ],
        "objects_in_other_groups": found.in_other_groups,
        "objects": [_described(each, payload=payload) for each in found.listed],
        "read_units": Decimal(f"{search.pace.used:.1f}"),
    }


def _described(each: ParkedObject, *, payload: bool) -> dict[str, Any]:
    if each.parked is None or each.waiting is None:
        return {"domain_id": each.domain_id, "unreadable": True}
    return {
        "domain_id": each.domain_id,
        **described_parking(each.parked, reason=payload),
        "waiting": each.waiting.count,
        "waiting_is_at_least": each.waiting.is_at_least,
    }


def _tables(search: Search, found: FoundParked, *, payload: bool) -> Iterator[RenderableType]:
    groups = found.largest_groups()
    if found.parked > len(groups):
        yield from tables_of(
            ("Objects", "Cause", "Error", "Where", "First since"),
            (
                [f"{size.objects:,}", group.cause, group.error, where(group.phase, group.place), size.since]
                for group, size in groups[:_SHOWN_GROUPS]
            ),
        )
        others = sum(size.objects for _, size in groups[_SHOWN_GROUPS:]) + found.in_other_groups
        yield from and_more(others, "object in other groups", "objects in other groups")
    headers = ["DomainId", "Since", "Cause", "Where", "Event", "EventId", "Waiting"]
    rows = (_cells(each, payload=payload) for each in found.listed)
    yield from tables_of([*headers, *(["Reason"] if payload else [])], rows)
    yield from and_more(found.parked - len(found.listed), "object")
    for domain_id in found.without_row:
        yield f"{domain_id} has no row; check the DomainId"
    yield f"{counted(found.parked, 'object')} parked; read {search.pace.used:,.1f} units"
    if found.parked:
        yield f"Try new logic on them: {search.output.command('heal --dry-run --layer FOLDER')}"
        yield f"Once it is deployed: {search.output.command('heal')}"


def _cells(each: ParkedObject, *, payload: bool) -> Sequence[str]:
    note = each.parked
    if note is None:
        return [each.domain_id, "", UNREADABLE, "", "", "", "", *([""] if payload else [])]
    return [
        each.domain_id,
        note.since[:19],
        f"{note.cause.value} {note.error}".rstrip(),
        where(note.phase, note.place),
        note.event_name,
        note.event_id,
        str(each.waiting),
        *([note.reason] if payload else []),
    ]
