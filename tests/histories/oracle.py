"""What rows and snapshots must hold, without the pipeline's own code. Only the form of its notes is read with it."""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from itertools import pairwise
from typing import Any

from cp_event_source.handler.events.key_set import KeySet
from cp_event_source.handler.projection.rows import DomainRow
from cp_event_source.handler.projection.snapshots import Snapshot

from .logic import LAST, VERSIONS, can_read, entry, version
from .messages import DecidedEvent, Event

_NUMBERS = {version(number): number for number in (*VERSIONS, LAST)}
MIXED = "mixed"

Item = Mapping[str, Any]
Events = Mapping[str, Event | DecidedEvent]
"""A domain object's stored events, by key."""


def key_set(keys: Iterable[str]) -> KeySet:
    """Count and digest of keys."""
    each = [int(sha256(key.encode()).hexdigest()[:32], 16) for key in keys]
    return KeySet(len(each), sum(each) % (1 << 128))


def entries_of(item: Item) -> list[tuple[str, str]]:
    """EventKey and version of each event in the state of a row or snapshot, in the order of the fold."""
    listed = item.get("Entries", {"L": []})["L"]
    return [(text["S"].rpartition("@")[0], text["S"].rpartition("@")[2]) for text in listed]


def keys_of(item: Item) -> list[str]:
    """The EventKeys in a state."""
    return [key for key, _ in entries_of(item)]


def folded(events: Events, number: int) -> tuple[list[str], str | None]:
    """The state that one version of the logic computes, and the key of the event that it refuses, if any."""
    state: list[str] = []
    for key in sorted(events):
        if number in events[key].refused_by:
            return state, key
        state.append(entry(key, number))
    return state, None


def check_state(item: Item, events: Events, logic_version: str, applied: KeySet) -> None:
    """Guarantee: a state holds only stored events, each once and in order, and its notes are correct."""
    state = entries_of(item)
    keys = [key for key, _ in state]
    assert keys == sorted(set(keys)), f"not in order: {keys}"
    assert set(keys) <= events.keys(), f"not stored: {set(keys) - events.keys()}"
    assert applied == key_set(keys), f"the row says {applied}, but holds {keys}"
    by = {each for _, each in state}
    assert logic_version == MIXED or by <= {logic_version}, f"the row says {logic_version}, but {by} folded it"
    for key, each in state:
        assert _NUMBERS[each] not in events[key].refused_by, f"{each} refuses {key}"
    if state:
        assert item["Form"]["N"] == state[-1][1].removeprefix("v"), "the form is not that of the last version"
        for (_, before), (_, after) in pairwise(state):
            assert can_read(_NUMBERS[after], _NUMBERS[before]), f"{after} cannot read the form of {before}"


def check_row(item: Item, snapshots: Mapping[int, Item], events: Events) -> DomainRow:
    """Guarantee: a row's notes are correct for its state, and so are the snapshots that it can use."""
    row = DomainRow.from_item(item)
    assert row is not None
    assert row.readable
    keys = keys_of(item)
    check_state(item, events, row.logic_version, row.state.applied)
    assert row.state.checkpoint == (keys[-1] if keys else None), f"checkpoint {row.state.checkpoint} of {keys}"
    assert ("CpEventSourceParked" in item) == (row.parked is not None)
    marks = row.marks.read()
    positions = [mark.key for mark in marks]
    assert positions == sorted(set(positions)), f"marks out of order: {positions}"
    slots = [mark.slot for mark in marks if mark.slot is not None]
    assert len(slots) == len(set(slots)), f"one slot for two marks: {marks}"
    for mark in marks:
        before = [key for key in keys if key < mark.key]
        assert mark.applied == key_set(before), f"the mark {mark} is not of {before}"
        kept = snapshots.get(mark.slot) if mark.slot is not None else None
        snapshot = Snapshot.from_item(kept) if kept is not None else None
        if kept is not None and snapshot is not None and snapshot.is_of(mark):
            assert keys_of(kept) == before, f"the snapshot of {mark} holds {keys_of(kept)}"
            assert snapshot.state.checkpoint == before[-1]
            assert snapshot.logic_version != MIXED
            check_state(kept, events, snapshot.logic_version, snapshot.state.applied)
    return row


def is_the_row_of(item: Item, reply: Mapping[str, Any]) -> bool:
    """True if a row is the one that a rebuild with this reply wrote."""
    row = DomainRow.from_item(item)
    if row is None or not row.readable or row.parked is not None:
        return False
    found = (row.state.applied.count, row.state.checkpoint, row.logic_version)
    return found == (reply["EventCount"], reply["Checkpoint"], reply["LogicVersion"])


def check_whole(item: Item, events: Events, number: int) -> None:
    """Guarantee: a row is the fold, by one version, of all these events."""
    state, stopped_at = folded(events, number)
    assert stopped_at is None
    assert [text["S"] for text in item["Entries"]["L"]] == state
    assert item["CpEventSource"]["M"]["LogicVersion"] == {"S": version(number)}
    assert "Parked" not in item["CpEventSource"]["M"]
