"""The expected result, computed from the stored events without the functions' code.

Only the encodings of marks and snapshots are read with the code that wrote them.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from cp_event_source.handler.projection.marks import Mark
from cp_event_source.handler.projection.rows import DomainRow
from cp_event_source.handler.projection.snapshots import Snapshot

from ..doubles.dynamodb import DynamoDB
from .domain import refuses

if TYPE_CHECKING:
    from .pipeline import Pipeline

Item = Mapping[str, Any]

LOGIC, OUT_OF_TIME, PROCESS_DIED, EVENTS_MISSING = "LOGIC", "OUT_OF_TIME", "PROCESS_DIED", "EVENTS_MISSING"
"""The causes that an object may be parked for."""


def stored(db: DynamoDB, domain_id: str) -> list[Item]:
    """A domain object's stored events in EventKey order."""
    collection = db.tables["events"].collection(domain_id)
    return [collection.items[key].image for key in sorted(collection.items)]


def keys_of(db: DynamoDB, domain_id: str) -> list[str]:
    return sorted(db.tables["events"].collection(domain_id).items)


def row_of(db: DynamoDB, domain_id: str) -> Item | None:
    kept = db.tables["rows"].collection(domain_id).items.get("")
    return None if kept is None else kept.image


def revision_of(row: Item) -> str:
    revision: str = row["CpEventSource"]["M"]["Revision"]["S"]
    return revision


def entries_of(row: Item) -> list[tuple[str, str]]:
    """The ids of the events in the state of a row or snapshot, in the order of the fold, each with its version."""
    pairs = (entry["S"].partition("@") for entry in row.get("Entries", {"L": []})["L"])
    return [(event_id, version) for event_id, _, version in pairs]


def ids_of(row: Item) -> list[str]:
    return [event_id for event_id, _ in entries_of(row)]


def parked_of(row: Item | None) -> Mapping[str, str] | None:
    notes = {} if row is None else row["CpEventSource"]["M"]
    return {name: value["S"] for name, value in notes["Parked"]["M"].items()} if "Parked" in notes else None


def is_taken_in(db: DynamoDB, domain_id: str, keys: Collection[str]) -> bool:
    """True if a domain row has the events of these keys, or is parked and lets them wait."""
    row = row_of(db, domain_id)
    if row is None:
        return False
    return parked_of(row) is not None or {key.partition("#")[2] for key in keys} <= {*ids_of(row)}


def is_kept(pipeline: "Pipeline", body: str) -> bool:
    """True if a message's event is stored, or the unchanged message is in quarantine with its reason."""
    return is_stored(pipeline.db, body) or body in quarantined_bodies(pipeline)


def is_stored(db: DynamoDB, body: str) -> bool:
    """True if a message's event is stored. In the tests' messages, all fields but the version are texts."""
    try:
        detail = json.loads(body)["detail"]
        texts = {name: {"S": value} for name, value in detail.items() if name != "Version"}
        events = stored(db, detail["DomainId"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return False
    return any(texts.items() <= event.items() for event in events)


def quarantined_bodies(pipeline: "Pipeline") -> Counter[str]:
    """The bodies of the messages in the dead-letter queue that have a reason."""
    messages = pipeline.sqs.messages(pipeline.dead_letters)
    return Counter(each.body for each in messages if each.attributes.get("ReasonCode", {}).get("StringValue"))


_IDENTITY = ("EventKey", "Cause", "Error")


def _failure(notice: Mapping[str, str]) -> tuple[str, ...]:
    """What identifies one failure, without its text."""
    return tuple(notice[name] for name in ("DomainId", *_IDENTITY))


def notices(pipeline: "Pipeline") -> list[dict[str, str]]:
    return [json.loads(message.body) for message in pipeline.sqs.messages(pipeline.parked)]


def faults_of_row(pipeline: "Pipeline", item: Item) -> Iterable[str]:
    """What is wrong with a row that was just written."""
    domain_id: str = item["DomainId"]["S"]
    lost = [event for event in pipeline.lost if event["DomainId"]["S"] == domain_id]
    known = sorted([*stored(pipeline.db, domain_id), *lost], key=lambda event: str(event["EventKey"]["S"]))
    events = {event["EventId"]["S"]: event for event in known}
    ids = ids_of(item)
    where = f"in the row of {domain_id} with {ids}"
    if [each for each in events if each in ids] != ids:
        yield f"not stored events in order {where}"
        return
    keys = [str(events[each]["EventKey"]["S"]) for each in ids]
    notes = item["CpEventSource"]["M"]
    if (int(notes["EventCount"]["N"]), notes["Digest"]["B"]) != _key_set(keys):
        yield f"EventCount or Digest is wrong {where}"
    if notes.get("Checkpoint", {"S": None})["S"] != (keys[-1] if keys else None):
        yield f"the checkpoint is wrong {where}"
    versions = {version for _, version in entries_of(item)}
    if notes["LogicVersion"]["S"] != "mixed" and not versions <= {notes["LogicVersion"]["S"]}:
        yield f"folded by {versions}, but LogicVersion is {notes['LogicVersion']['S']} {where}"
    if item.keys() - {"DomainId", "Entries", "CpEventSource", "CpEventSourceParked"}:
        yield f"unknown attributes {where}"
    yield from _faults_of_marks(pipeline, item, keys, where)
    parked = parked_of(item)
    if parked is not None and parked["EventKey"] in keys:
        if parked["Cause"] == PROCESS_DIED:
            yield f"parked without a try at an event that the row has {where}"
        if parked["Cause"] == LOGIC and parked["LogicVersion"] == notes["LogicVersion"]["S"]:
            yield f"parked at an event that the same logic applied {where}"
    if ("CpEventSourceParked" in item) != (parked is not None):
        yield f"CpEventSourceParked is wrong {where}"
    if parked is not None:
        yield from _faults_of_parking(pipeline, domain_id, parked, where)


def _faults_of_marks(pipeline: "Pipeline", item: Item, keys: Sequence[str], where: str) -> Iterable[str]:
    row = DomainRow.from_item(item)
    marks = row.marks.read() if row is not None else ()
    slots = [mark.slot for mark in marks if mark.slot is not None]
    if len({*slots}) < len(slots) or [mark.key for mark in marks] != sorted({mark.key for mark in marks}):
        yield f"marks out of order, or two with one slot {where}"
    for mark in marks:
        before = [key for key in keys if key < mark.key]
        if (mark.applied.count, mark.applied.digest.to_bytes(16, "big")) != _key_set(before):
            yield f"the mark {mark.key} does not match {where}"
        yield from _faults_of_snapshot(pipeline, item["DomainId"]["S"], mark, before, where)


def _faults_of_snapshot(
    pipeline: "Pipeline", domain_id: str, mark: Mark, before: Sequence[str], where: str
) -> Iterable[str]:
    kept = pipeline.db.tables["snapshots"].collection(domain_id).items.get(mark.slot)
    if kept is None:
        return
    snapshot = Snapshot.from_item(kept.image)
    if snapshot is None or not snapshot.is_of(mark):
        return
    state = snapshot.state
    if ids_of(state.attributes) != [key.partition("#")[2] for key in before] or state.checkpoint != before[-1]:
        yield f"the snapshot at {mark.key} holds {ids_of(state.attributes)} {where}"
    if {version for _, version in entries_of(state.attributes)} != {snapshot.logic_version}:
        entries = entries_of(state.attributes)
        yield f"the LogicVersion of the snapshot at {mark.key} is {snapshot.logic_version}, of {entries} {where}"


def _faults_of_parking(pipeline: "Pipeline", domain_id: str, parked: Mapping[str, str], where: str) -> Iterable[str]:
    cause = tuple(parked[name] for name in _IDENTITY)
    if (domain_id, *cause) not in {_failure(each) for each in notices(pipeline)}:
        yield f"parked without a notice {where}"
    if parked["Cause"] == EVENTS_MISSING and not pipeline.lost_ever:
        yield f"parked for missing events, but the store lost none {where}"
    if parked["Cause"] != LOGIC:
        return
    (event,) = (each for each in stored(pipeline.db, domain_id) if each["EventKey"]["S"] == parked["EventKey"])
    if not refuses(parked["LogicVersion"], event["EventName"]["S"]):
        yield f"parked at a good event, {parked} {where}"


# The checks of a pipeline after everything is delivered. Each name states a guarantee.


def no_step_broke_a_guarantee(pipeline: "Pipeline") -> Iterable[str]:
    return pipeline.violations


def rows_are_folds_of_all_stored_events(pipeline: "Pipeline") -> Iterable[str]:
    for domain_id in domain_ids(pipeline.db):
        events = stored(pipeline.db, domain_id)
        row = row_of(pipeline.db, domain_id)
        if row is None:
            yield f"no row of {domain_id}"
            continue
        ids = ids_of(row)
        parked = parked_of(row)
        expected = [event["EventId"]["S"] for event in events]
        checkpoint = row["CpEventSource"]["M"].get("Checkpoint", {"S": ""})["S"]
        if parked is not None and parked["EventKey"] > checkpoint >= parked["WaitingFrom"]:
            # late events wait too
            expected = [each for each in expected if each in ids]
        elif parked is not None and parked["EventKey"] > checkpoint:
            expected = [event["EventId"]["S"] for event in events if event["EventKey"]["S"] < parked["EventKey"]]
        elif parked is not None:  # late: the row keeps the state that it had
            expected = [each for each in expected if each in ids]
        if ids != expected:
            yield f"the row of {domain_id} must hold {expected}; it holds {ids}; parked: {parked}"
        yield from faults_of_row(pipeline, row)


def events_are_stored_as_they_were_sent(pipeline: "Pipeline") -> Iterable[str]:
    kept = {(item["DomainId"]["S"], item["EventKey"]["S"]): item for item in pipeline.db.items("events")}
    for event in pipeline.events:
        if kept.get((event["DomainId"]["S"], event["EventKey"]["S"])) != event:
            yield f"lost or changed: {event['EventKey']}"
    for record in pipeline.db.records("events"):
        is_ours = record["dynamodb"]["Keys"]["EventKey"]["S"] in pipeline.lost_ever
        if record["eventName"] != "INSERT" and not is_ours:
            yield f"{record['eventName']} of {record['dynamodb']['Keys']}"


def messages_are_stored_or_quarantined(pipeline: "Pipeline") -> Iterable[str]:
    """Each message is either stored or quarantined. It is quarantined twice only if the first reply was lost."""
    quarantined = quarantined_bodies(pipeline)
    for body in pipeline.sent:
        if is_stored(pipeline.db, body) == (body in quarantined):
            yield f"{'both' if body in quarantined else 'neither'} stored and quarantined: {body[:300]}"
    for message in pipeline.sqs.messages(pipeline.dead_letters):
        if message.body not in pipeline.sent:
            yield f"the body was changed: {message.body[:300]}"
        if message.body not in quarantined:
            yield f"quarantined without a reason: {message.body[:300]}"


def every_notice_has_a_cause(pipeline: "Pipeline") -> Iterable[str]:
    """The object has an event that its logic refuses, or one that may have crashed processes, or another cause."""
    for notice in notices(pipeline):
        events = [
            each for each in stored(pipeline.db, notice["DomainId"]) if each["EventKey"]["S"] == notice["EventKey"]
        ]
        if notice["Cause"] == OUT_OF_TIME and pipeline.is_slow:
            continue
        if notice["Cause"] == PROCESS_DIED and pipeline.injector.crashes > 1:
            continue
        if notice["Cause"] == EVENTS_MISSING and pipeline.lost_ever:
            continue
        if not events or not refuses(notice["LogicVersion"], events[0]["EventName"]["S"]):
            yield f"parked without a cause: {notice}"


def callers_were_told_what_is_stored(pipeline: "Pipeline") -> Iterable[str]:
    """A decision is in the store whole or not at all, once, and its caller was not told otherwise."""
    ids = Counter((event["DomainId"]["S"], event["EventId"]["S"]) for event in pipeline.db.items("events"))
    outcomes: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for told in pipeline.told:
        outcomes.setdefault((told.domain_id, told.event_ids), []).append(told.outcome)
    for (domain_id, event_ids), told_of in outcomes.items():
        counts = [ids[domain_id, each] for each in event_ids]
        if counts not in ([0] * len(counts), [1] * len(counts)):
            yield f"not whole, or twice: {counts}"
        if "decided" in told_of and not counts[0]:
            yield f"told {told_of}, and not stored"
        if counts[0] and not {"decided", "unknown"} & {*told_of}:
            yield f"told {told_of}, and stored"
    for event_id in {event["EventId"]["S"] for event in pipeline.db.items("events") if "Decided" in event}:
        if not any(event_id in told.event_ids for told in pipeline.told):
            yield f"nobody decided {event_id}"


def no_balance_is_below_zero_at_a_decision(pipeline: "Pipeline") -> Iterable[str]:
    """Late events only add. So each decision, on what it knew, left at least zero."""
    for domain_id in domain_ids(pipeline.db):
        balance = 0
        events = sorted(stored(pipeline.db, domain_id), key=lambda event: str(event["EventKey"]["S"]))
        for event in events:
            balance += -1 if "Decided" in event else 1
            if balance < 0:
                yield f"the balance of {domain_id} is {balance}"


CHECKS: tuple[Callable[["Pipeline"], Iterable[str]], ...] = (
    no_step_broke_a_guarantee,
    rows_are_folds_of_all_stored_events,
    events_are_stored_as_they_were_sent,
    messages_are_stored_or_quarantined,
    every_notice_has_a_cause,
    callers_were_told_what_is_stored,
    no_balance_is_below_zero_at_a_decision,
)


def broken(pipeline: "Pipeline") -> list[str]:
    """The broken guarantees, each with the name of the check that found it."""
    return [f"{check.__name__}: {fault}" for check in CHECKS for fault in check(pipeline)]


def parked_objects(pipeline: "Pipeline") -> set[str]:
    """The DomainIds of the parked domain objects."""
    return {each for each in domain_ids(pipeline.db) if parked_of(row_of(pipeline.db, each)) is not None}


def domain_ids(db: DynamoDB) -> list[str]:
    """The DomainIds that have events."""
    return sorted(name for name, collection in db.tables["events"].collections.items() if collection.items)


def _key_set(keys: Collection[str]) -> tuple[int, bytes]:
    return len(keys), (sum(map(_digest, keys)) % 2**128).to_bytes(16, "big")


@cache
def _digest(key: str) -> int:
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:16], "big")
