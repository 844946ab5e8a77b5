"""Looks at one domain object with strongly consistent reads: its row first, then the keys of its events.

In this order the store has every event that the row holds, unless somebody removed it. It may have newer events: they
are on their way through the stream. So one look cannot tell what is missing from what is not there yet. `confirmed`
compares two looks with some time between them: what both of them miss is missing.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from cp_event_source.deployed.counted import counted, duration
from cp_event_source.handler.domain.failure import Cause
from cp_event_source.handler.events.key_set import NO_KEYS, KeySet, key_of
from cp_event_source.handler.events.key_sets import lacking, united, which
from cp_event_source.handler.events.stored_event import ERASED, StoredEvent
from cp_event_source.handler.projection.notes import Parked
from cp_event_source.handler.projection.rows import DomainRow
from cp_event_source.operate.event_ids import EventIds
from cp_event_source.operate.findings import Finding, Kind, finding
from cp_event_source.operate.first_look import earlier_of_id
from cp_event_source.operate.metered import Metered

KEYS_ONLY: Final = f"DomainId, EventKey, {ERASED}, ArrivedAt"
"""What is read of an event. DynamoDB charges for whole items; less is sent."""

MAX_DOUBTFUL: Final = 5_000
"""The keys that memory holds to find out which of them a set lacks."""

_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that one look saw, and that may be live traffic."""

    finding: Finding
    proof: str
    """Equal in two looks if they saw the same thing."""
    beyond: str | None = None
    """For events that the row does not know: all of them have higher keys."""
    lacked: Sequence[str] | None = None
    """The events that the row lacks, if they are known."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one look saw."""

    domain_id: str
    events: int
    has_item: bool
    is_parked: bool
    newest: str = ""
    """The highest EventKey in the store."""
    trouble: Trouble | None = None
    repeated: Finding | None = None
    """An EventId that several events have. One look is enough to see it."""
    is_unclear: bool = False
    """True if the row is parked, and which of the stored events it holds would take too long to find out."""

    def kept(self) -> str:
        """What `confirmed` needs of the first of two looks, as a text."""
        trouble = self.trouble
        saw = trouble and [trouble.finding.kind, trouble.proof]
        return json.dumps([saw, trouble and trouble.lacked, self.newest, self.events])


def confirmed(first: str, second: Look) -> bool | None:
    """True if two looks saw the same trouble; False if the second saw none; None if they saw different ones.

    Args:
        first: the earlier look, `kept`.
        second: the later look. An event has had the time between them to get from the store into the row.
    """
    now = second.trouble
    if now is None:
        return False
    before, lacked, newest, events = json.loads(first)
    if now.beyond is not None:  # up to there nothing is missing
        return bool(newest > now.beyond)
    if now.finding.kind == Kind.NO_ROW.value and events:
        return True
    if now.lacked is not None and lacked is not None:
        return not set(lacked).isdisjoint(now.lacked)
    return before == [now.finding.kind, now.proof] or None


def look(dynamodb: Metered, events_table: str, domain_table: str, domain_id: str, now: float) -> Look:
    """Look at one domain object.

    Args:
        dynamodb: the client.
        events_table, domain_table: the tables' names.
        domain_id: the domain object.
        now: the time in POSIX seconds.
    """
    key = {"DomainId": {"S": domain_id}}
    item = dynamodb.get_item(TableName=domain_table, Key=key, ConsistentRead=True).get("Item")
    items = dynamodb.items(
        "query",
        TableName=events_table,
        KeyConditionExpression="DomainId = :domain",
        ExpressionAttributeValues={":domain": {"S": domain_id}},
        ProjectionExpression=KEYS_ONLY,
        ConsistentRead=True,
    )
    return judge(domain_id, item, map(StoredEvent.of, items), now)


def judge(domain_id: str, item: Mapping[str, Any] | None, events: Iterable[StoredEvent], now: float) -> Look:
    """What is seen in an item of the domain table and the events that were read after it.

    Args:
        domain_id: the domain object.
        item: its item; None if there is none.
        events: its events, in EventKey order.
        now: the time in POSIX seconds.
    """
    row = DomainRow.from_item(item) if item is not None else None
    store = _Store(row if row is not None and row.readable else None)
    try:
        for event in events:
            store.add(event)
    finally:
        store.ids.close()
    is_parked = row is not None and row.parked is not None
    judged = _Judge(domain_id, item is not None, row, store, now)
    trouble = judged.trouble()
    return Look(
        domain_id,
        store.all.count,
        item is not None,
        is_parked,
        store.newest,
        trouble,
        store.repeated_ids(domain_id),
        trouble is None and judged.is_unclear,
    )


@dataclass(slots=True)
class _Store:
    """The stored events of an object, divided by what its row should know of them."""

    row: DomainRow | None
    all: KeySet = NO_KEYS
    up_to_checkpoint: KeySet = NO_KEYS
    sure: KeySet = NO_KEYS
    """Those that the row must hold: if it is parked, those that do not wait. If not, all are doubtful or later ones."""
    doubtful: KeySet = NO_KEYS
    """Those up to the checkpoint that the row holds if it is not parked, and may hold if it is."""
    doubtful_keys: list[str] | None = field(default_factory=list)
    arrivals: dict[str, str | None] = field(default_factory=dict)
    later: int = 0
    """Those after everything that the row knows of."""
    later_arrival: str | None = None
    newest: str = ""
    erased: int = 0
    seen: set[str] = field(default_factory=set)
    """Those keys that the row names."""
    parked_at_erased: bool = False
    ids: EventIds = field(default_factory=EventIds)
    repeated: list[str] = field(default_factory=list)
    repeated_count: int = 0

    def add(self, event: StoredEvent) -> None:
        self.all = self.all.plus(event.counted)
        self.newest = event.key
        self._note_id(event)
        row = self.row
        if row is None:
            return
        checkpoint, parked = row.state.checkpoint or "", row.parked
        if event.key <= checkpoint:
            self.up_to_checkpoint = self.up_to_checkpoint.plus(event.counted)
            self.erased += event.is_erased
        if event.key in _named_by(row):
            self.seen.add(event.key)
        if parked is None:
            is_sure, is_doubtful = False, event.key <= checkpoint
        else:
            self.parked_at_erased |= event.is_erased and event.key == parked.event_key
            waits = parked.waiting_from <= event.key <= _known_up_to(parked)
            is_doubtful = waits and event.key <= checkpoint
            if waits and not is_doubtful:
                return
            is_sure = not waits and event.key <= max(checkpoint, _known_up_to(parked))
        if is_sure:
            self.sure = self.sure.plus(event.counted)
        elif is_doubtful:
            self.doubtful = self.doubtful.plus(event.counted)
            self._keep(event)
        else:
            self.later += 1
            self.later_arrival = _earlier(self.later_arrival, event.arrived_at)

    def repeated_ids(self, domain_id: str) -> Finding | None:
        if not self.repeated_count:
            return None
        more = self.repeated_count - len(self.repeated)
        text = f"{'; '.join(self.repeated)}{f'; and {more} more' if more else ''}"
        return finding(domain_id, Kind.REPEATED_ID, text, is_rebuildable=False)

    def _keep(self, event: StoredEvent) -> None:
        if self.doubtful_keys is not None and len(self.doubtful_keys) < MAX_DOUBTFUL:
            self.doubtful_keys.append(event.counted)
            self.arrivals[event.counted] = event.arrived_at
        else:
            self.doubtful_keys, self.arrivals = None, {}

    def _note_id(self, event: StoredEvent) -> None:
        first = earlier_of_id(event, self.ids)
        if first is not None:
            self.repeated_count += 1
            if len(self.repeated) < _SHOWN:
                self.repeated.append(f"EventId {event.event_id} is stored at two times: {first} and {event.key}")


@dataclass(slots=True)
class _Judge:
    domain_id: str
    has_item: bool
    row: DomainRow | None
    store: _Store
    now: float
    is_unclear: bool = False

    def trouble(self) -> Trouble | None:
        """What is wrong. Live traffic may explain it."""
        row, store = self.row, self.store
        stored = f"{counted(store.all.count, 'event')} stored"
        if not self.has_item:
            return self._found(Kind.NO_ROW, f"{stored}, and no row") if store.all.count else None
        if row is None:
            text = f"the item in the domain table has no notes of the pipeline; {stored}"
            return self._found(Kind.FOREIGN_ROW, text, is_rebuildable=store.all.count > 0)
        if not row.readable:
            text = f"the pipeline's notes in the row cannot be read; {stored}"
            return self._found(Kind.UNREADABLE_ROW, text, is_rebuildable=store.all.count > 0)
        held = row.state.applied
        if not store.all.count:
            text = f"the row holds {counted(held.count, 'event')}, and the store has no event of the object"
            return self._found(Kind.NO_EVENTS, text, is_rebuildable=False)
        if row.parked is None and held == store.all and row.state.checkpoint != store.newest:
            return self._wrong_checkpoint(row)
        if store.up_to_checkpoint.count < held.count:  # the store had every event of the row when the row was read
            return self._found(Kind.MISSING_EVENTS, self._comparison(row), is_rebuildable=False)
        return self._of_held(row) or self._of_waiting(row) or self._of_later(row)

    def _of_held(self, row: DomainRow) -> Trouble | None:
        """Whether the row holds the events that it should hold."""
        store = self.store
        lacked = lacking(united(store.sure, store.doubtful), row.state.applied)
        lost = row.parked is not None and row.parked.cause is Cause.EVENTS_MISSING
        may_wait = row.parked is not None
        missing = which(store.doubtful_keys, lacked, store.doubtful)
        if lacked == NO_KEYS or (may_wait and isinstance(missing, list)):
            return None
        if may_wait and missing is True and not lost:
            self.is_unclear = True
            return None
        text = self._comparison(row)
        if lost:
            return self._found(Kind.MISSING_EVENTS, text, is_rebuildable=False)
        if lacked.count > (store.doubtful.count if may_wait else 0):
            trouble = self._found(Kind.LACKS_EVENTS, f"{text}{self._named(missing)}", lacked)
            return replace(trouble, lacked=missing) if isinstance(missing, list) else trouble
        if store.erased:
            text = f"{text}; {counted(store.erased, 'event')} of these erased, and the row counts them otherwise"
            return self._found(Kind.ERASED_EVENTS, text, lacked)
        return self._found(Kind.OTHER_EVENTS, f"{text}, but not the same ones", lacked, is_rebuildable=False)

    def _of_waiting(self, row: DomainRow) -> Trouble | None:
        """Whether the events are there for which a parked row waits."""
        checkpoint, parked = row.state.checkpoint, row.parked
        if parked is not None:
            gone = sorted({parked.event_key, parked.waiting_from, parked.waiting_up_to} - {""} - self.store.seen)
            if gone:
                text = f"the parked row waits for events that are not stored: {', '.join(gone)}"
                return self._found(Kind.WAITS_FOR_MISSING, text, gone, is_rebuildable=False)
            if self.store.parked_at_erased:
                text = f"the row is parked at an event that is erased: {parked.event_key}"
                return self._found(Kind.PARKED_AT_ERASED, text, parked.event_key)
        return self._wrong_checkpoint(row) if checkpoint is not None and checkpoint not in self.store.seen else None

    def _of_later(self, row: DomainRow) -> Trouble | None:
        """Whether there are events after all that the row knows of."""
        if not self.store.later:
            return None
        events, age = counted(self.store.later, "event"), self._age([self.store.later_arrival])
        if row.parked is None:
            text = f"the row lacks {events} after its checkpoint {row.state.checkpoint or '(none)'}; {age}"
            return self._found(Kind.BEHIND, text, beyond=row.state.checkpoint or "")
        known_up_to = max(row.state.checkpoint or "", _known_up_to(row.parked))
        text = f"the parked row does not know of {events} after {known_up_to}; {age}"
        return self._found(Kind.UNKNOWN_EVENTS, text, beyond=known_up_to)

    def _wrong_checkpoint(self, row: DomainRow) -> Trouble:
        checkpoint = row.state.checkpoint or ""
        text = f"the row's checkpoint {checkpoint or '(none)'} is not the key of the newest event that it holds"
        can_rebuild = self.store.up_to_checkpoint.count >= row.state.applied.count
        return self._found(Kind.WRONG_CHECKPOINT, text, checkpoint, is_rebuildable=can_rebuild)

    def _comparison(self, row: DomainRow) -> str:
        return (
            f"up to its checkpoint {row.state.checkpoint} the row holds {counted(row.state.applied.count, 'event')},"
            f" and the store has {self.store.up_to_checkpoint.count}"
        )

    def _named(self, missing: "list[str] | bool") -> str:
        """Which events a row lacks."""
        if not isinstance(missing, list):
            return ""
        keys = [key_of(key) for key in missing[:_SHOWN]]
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        age = self._age([self.store.arrivals.get(key) for key in missing])
        return f"; it lacks {', '.join(keys)}{more}; {age}"

    def _age(self, arrivals: Sequence[str | None]) -> str:
        """How long the oldest of some events has been there."""
        oldest = min((each for each in arrivals if each is not None), default=None)
        try:
            seconds = self.now - datetime.fromisoformat(oldest or "").replace(tzinfo=UTC).timestamp()
        except ValueError:
            return "when they arrived is not known"
        return f"the oldest arrived {duration(max(0, seconds))} ago, at {oldest}"

    def _found(
        self, kind: Kind, text: str, proof: object = "", *, is_rebuildable: bool = True, beyond: str | None = None
    ) -> Trouble:
        return Trouble(finding(self.domain_id, kind, text, is_rebuildable=is_rebuildable), str(proof), beyond)


def _known_up_to(parked: Parked) -> str:
    """The newest event that a parked row knows to wait. A fold that parks an object may fail after those delivered."""
    return max(parked.waiting_up_to, parked.event_key)


def _named_by(row: DomainRow) -> set[str]:
    """The EventKeys in a row's notes."""
    named = {row.state.checkpoint or ""}
    if row.parked is not None:
        named |= {row.parked.event_key, row.parked.waiting_from, row.parked.waiting_up_to}
    return named


def _earlier(one: str | None, other: str | None) -> str | None:
    return min(filter(None, (one, other)), default=None)
