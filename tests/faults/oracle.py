"""What must be, by a reckoning of its own from what is stored: it shares no rule with the functions' code.

Only the encodings of marks and snapshots are read with the code that wrote them.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
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
    """A domain's stored events in EventKey order."""
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
    """The ids of the events in a row's or a snapshot's state as they were folded, with the version that did it."""
    pairs = (entry["S"].partition("@") for entry in row.get("Entries", {"L": []})["L"])
    return [(event_id, version) for event_id, _, version in pairs]


def ids_of(row: Item) -> list[str]:
    return [event_id for event_id, _ in entries_of(row)]


def parked_of(row: Item | None) -> Mapping[str, str] | None:
    notes = {} if row is None else row["CpEventSource"]["M"]
    return {name: value["S"] for name, value in notes["Parked"]["M"].items()} if "Parked" in notes else None


def is_taken_in(db: DynamoDB, domain_id: str, keys: Collection[str]) -> bool:
    """Whether a domain's row has events of these keys, or is parked and lets them wait."""
    row = row_of(db, domain_id)
    if row is None:
        return False
    return parked_of(row) is not None or {key.partition("#")[2] for key in keys} <= {*ids_of(row)}


def is_kept(pipeline: "Pipeline", body: str) -> bool:
    """Whether a message's event is stored, or the message is set aside whole with its reason."""
    return is_stored(pipeline.db, body) or body in bodies_set_aside(pipeline)


def is_stored(db: DynamoDB, body: str) -> bool:
    """The tests' messages have texts alone, but for the version."""
    try:
        detail = json.loads(body)["detail"]
        texts = {name: {"S": value} for name, value in detail.items() if name != "Version"}
        events = stored(db, detail["DomainId"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return False
    return any(texts.items() <= event.items() for event in events)


def bodies_set_aside(pipeline: "Pipeline") -> Counter[str]:
    """The bodies in the dead-letter queue of messages that carry a reason."""
    messages = pipeline.sqs.messages(pipeline.dead_letters)
    return Counter(each.body for each in messages if each.attributes.get("ReasonCode", {}).get("StringValue"))


_IDENTITY = ("EventKey", "Cause", "Error")


def _failure(notice: Mapping[str, str]) -> tuple[str, ...]:
    """What one standing failure is, whatever its text."""
    return tuple(notice[name] for name in ("DomainId", *_IDENTITY))


def notices(pipeline: "Pipeline") -> list[dict[str, str]]:
    return [json.loads(message.body) for message in pipeline.sqs.messages(pipeline.parked)]


def faults_of_row(pipeline: "Pipeline", item: Item) -> Iterable[str]:
    """What is wrong with any row, whenever it is written."""
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
        yield f"EventCount or Digest are others' {where}"
    if notes.get("Checkpoint", {"S": None})["S"] != (keys[-1] if keys else None):
        yield f"the checkpoint is another's {where}"
    versions = {version for _, version in entries_of(item)}
    if notes["LogicVersion"]["S"] != "mixed" and not versions <= {notes["LogicVersion"]["S"]}:
        yield f"folded by {versions}, and labelled {notes['LogicVersion']['S']} {where}"
    if item.keys() - {"DomainId", "Entries", "CpEventSource", "CpEventSourceParked"}:
        yield f"strange attributes {where}"
    yield from _faults_of_marks(pipeline, item, keys, where)
    parked = parked_of(item)
    if parked is not None and parked["EventKey"] in keys:
        if parked["Cause"] == PROCESS_DIED:
            yield f"parked untried at an event that the row has {where}"
        if parked["Cause"] == LOGIC and parked["LogicVersion"] == notes["LogicVersion"]["S"]:
            yield f"parked at an event that the same logic applied {where}"
    if ("CpEventSourceParked" in item) != (parked is not None):
        yield f"the index of parked domains is wrong {where}"
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
        yield f"the snapshot at {mark.key} is labelled {snapshot.logic_version}: {entries_of(state.attributes)} {where}"


def _faults_of_parking(pipeline: "Pipeline", domain_id: str, parked: Mapping[str, str], where: str) -> Iterable[str]:
    cause = tuple(parked[name] for name in _IDENTITY)
    if (domain_id, *cause) not in {_failure(each) for each in notices(pipeline)}:
        yield f"parked in silence {where}"
    if parked["Cause"] == EVENTS_MISSING and not pipeline.lost_ever:
        yield f"parked for events that nobody lost {where}"
    if parked["Cause"] != LOGIC:
        return
    (event,) = (each for each in stored(pipeline.db, domain_id) if each["EventKey"]["S"] == parked["EventKey"])
    if not refuses(parked["LogicVersion"], event["EventName"]["S"]):
        yield f"parked at a good event, {parked} {where}"


# the checks of a pipeline at rest, each named for what it looks at


def nothing_was_wrong_on_the_way(pipeline: "Pipeline") -> Iterable[str]:
    return pipeline.violations


def rows_are_folds_of_all_stored_events(pipeline: "Pipeline") -> Iterable[str]:
    for domain_id in domains(pipeline.db):
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
            # late ones wait, too
            expected = [each for each in expected if each in ids]
        elif parked is not None and parked["EventKey"] > checkpoint:
            expected = [event["EventId"]["S"] for event in events if event["EventKey"]["S"] < parked["EventKey"]]
        elif parked is not None:  # late: the row keeps the state that it had
            expected = [each for each in expected if each in ids]
        if ids != expected:
            yield f"the row of {domain_id} holds {ids}, and not {expected}; parked: {parked}"
        yield from faults_of_row(pipeline, row)


def events_are_stored_as_they_were_sent(pipeline: "Pipeline") -> Iterable[str]:
    kept = {(item["DomainId"]["S"], item["EventKey"]["S"]): item for item in pipeline.db.items("events")}
    for event in pipeline.events:
        if kept.get((event["DomainId"]["S"], event["EventKey"]["S"])) != event:
            yield f"lost or altered: {event['EventKey']}"
    for record in pipeline.db.records("events"):
        is_ours = record["dynamodb"]["Keys"]["EventKey"]["S"] in pipeline.lost_ever
        if record["eventName"] != "INSERT" and not is_ours:
            yield f"{record['eventName']} of {record['dynamodb']['Keys']}"


def messages_are_stored_or_set_aside(pipeline: "Pipeline") -> Iterable[str]:
    """Never neither, never both; set aside twice only if the first reply was lost."""
    aside = bodies_set_aside(pipeline)
    for body in pipeline.sent:
        if is_stored(pipeline.db, body) == (body in aside):
            yield f"{'both' if body in aside else 'neither'} stored and set aside: {body[:300]}"
    for message in pipeline.sqs.messages(pipeline.dead_letters):
        if message.body not in pipeline.sent:
            yield f"the body was changed: {message.body[:300]}"
        if message.body not in aside:
            yield f"set aside without a reason: {message.body[:300]}"


def parked_domains_are_told(pipeline: "Pipeline") -> Iterable[str]:
    """And none is that has no event which its logic refuses, or of which its process may have died."""
    for notice in notices(pipeline):
        events = [
            each for each in stored(pipeline.db, notice["DomainId"]) if each["EventKey"]["S"] == notice["EventKey"]
        ]
        if notice["Cause"] == OUT_OF_TIME and pipeline.is_slow:
            continue
        if notice["Cause"] == PROCESS_DIED and pipeline.injector.deaths > 1:
            continue
        if notice["Cause"] == EVENTS_MISSING and pipeline.lost_ever:
            continue
        if not events or not refuses(notice["LogicVersion"], events[0]["EventName"]["S"]):
            yield f"parked without a cause of its own: {notice}"


CHECKS: tuple[Callable[["Pipeline"], Iterable[str]], ...] = (
    nothing_was_wrong_on_the_way,
    rows_are_folds_of_all_stored_events,
    events_are_stored_as_they_were_sent,
    messages_are_stored_or_set_aside,
    parked_domains_are_told,
)


def broken(pipeline: "Pipeline") -> list[str]:
    """What does not hold, each with the check that found it."""
    return [f"{check.__name__}: {fault}" for check in CHECKS for fault in check(pipeline)]


def parked_domains(pipeline: "Pipeline") -> set[str]:
    return {each for each in domains(pipeline.db) if parked_of(row_of(pipeline.db, each)) is not None}


def domains(db: DynamoDB) -> list[str]:
    return sorted(name for name, collection in db.tables["events"].collections.items() if collection.items)


def _key_set(keys: Collection[str]) -> tuple[int, bytes]:
    digest = sum(int.from_bytes(hashlib.sha256(key.encode()).digest()[:16], "big") for key in keys)
    return len(keys), (digest % 2**128).to_bytes(16, "big")
