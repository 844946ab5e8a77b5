"""Guarantee: the project function's rows become the fold of any stored items, or are parked and name the event.

The stored items are events of any content, and items that a person may write: tombstones, and attributes of any type
under any key. Rebuild requests are any JSON. To try more, for hours:

    NIGHTLY=1 FUZZ_INPUTS=1000000 pytest tests/fuzz/test_project.py

An input is a stored item, a record of the stream, or a request.
"""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import note
from hypothesis import strategies as st

from cp_event_source.handler.domain.logic import DomainLogic
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.projection.rebuild import RebuildFailed
from cp_event_source.handler.rebuild_requests import BadRebuildRequest

from ..corpus.pipeline import Pipeline, lambdas, logic_of
from ..doubles.aws import AwsError
from ..handler.strategies import json_texts
from .endurance import WIRED_ONE_IN, search
from .inputs import events_of, odd_key, rebuild_request, seeds, written_by_hand

MAX_EVENTS = 24
PATIENT = ("a", "c", "e", "g")
"""Domain objects whose logic continues if it cannot read an event. The logic of all others fails."""

TOUCHED = (
    "payload",
    "domain_payload",
    "event_id",
    "event_time",
    "event_type",
    "event_name",
    "domain_name",
    "user_id",
    "correlation_id",
    "ip_address",
    "version",
    "extensions",
)


def touched(event: StoredEvent) -> Iterator[str]:
    """All that there is of an event, as text. Raises what the logic would, for a domain that is not patient."""
    for name in TOUCHED:
        try:
            yield f"{name}={_text(getattr(event, name))}"
        except Exception as error:
            if event.domain_id not in PATIENT:
                raise
            yield f"{name}: {type(error).__name__}"


def _text(value: Any) -> str:
    """Equal values have equal texts. The texts are flat, since values may be nested to any depth."""
    parts, left = [], [value]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            parts.append("{")
            left += [part for name in sorted(each) for part in (each[name], name)]
        elif isinstance(each, list):
            parts.append(f"[{len(each)}")
            left += each
        else:
            parts.append(repr(sorted(map(repr, each)) if isinstance(each, set) else each))
    return " ".join(parts)


def traced(trace: str, event: StoredEvent) -> str:
    """A digest of an event's content, and of all before it."""
    return hashlib.sha256("\n".join((trace, event.key, *touched(event))).encode("utf-8", "surrogatepass")).hexdigest()


def logic() -> DomainLogic:
    @dataclass
    class Trace:
        DomainId: str
        Count: int = 0
        Trace: str = ""

        def apply(self, event: StoredEvent) -> None:
            self.Trace = traced(self.Trace, event)
            self.Count += 1

    return logic_of(Trace)


@dataclass
class Fold:
    """What a row must hold: the fold of a domain's items up to the first that cannot be read."""

    count: int = 0
    remaining: int = 0
    """Of them, those that are not erased."""
    trace: str = ""
    stopped_at: str | None = None
    error: str | None = None

    @classmethod
    def of(cls, items: list[dict[str, Any]]) -> "Fold":
        folded = cls()
        for item in items:
            event = StoredEvent.of(item)
            folded.count += 1
            if "Erased" in item:
                continue
            folded.remaining += 1
            try:
                folded.trace = traced(folded.trace, event)
            except Exception as error:  # noqa: BLE001  it is what the logic raises
                folded.stopped_at, folded.error = event.key, type(error).__name__
                folded.count -= 1
                folded.remaining -= 1
                return folded
        return folded

    def assert_held(self, row: dict[str, Any]) -> None:
        """In a row that events were delivered to until none was left."""
        notes = row["CpEventSource"]["M"]
        assert int(notes["EventCount"]["N"]) == self.count
        own = (row["Count"]["N"], row["Trace"]["S"]) if "Count" in row else ("0", "")
        assert own == (str(self.remaining), self.trace)
        parked = notes.get("Parked", {}).get("M")
        assert (parked is None) == (self.stopped_at is None)
        assert ("CpEventSourceParked" in row) == (parked is not None)
        if parked is not None:
            assert (parked["EventKey"]["S"], parked["Error"]["S"]) == (self.stopped_at, self.error)
            assert parked["Reason"]["S"].startswith(f"{self.error}: ")


class World:
    """A pipeline whose store a person writes to as well."""

    def __init__(self, pipeline: Pipeline, rng: random.Random) -> None:
        self.pipeline = pipeline
        self.rng = rng
        self.inputs = 0
        self._delivered = 0

    def put(self, item: dict[str, Any]) -> None:
        """Write an item by hand, if DynamoDB takes it."""
        self.inputs += 1
        try:
            self.pipeline.db.handle("PutItem", {"TableName": "events", "Item": item})
        except AwsError:
            return

    def add_by_hand(self) -> None:
        """Items with distinct keys, some of them invalid."""
        for item in self._some_items():
            added = odd_key(self.rng, written_by_hand(self.rng, item) if self.rng.random() < 0.5 else item)
            if all(event.key != added["EventKey"]["S"] for event in self.pipeline.events()):
                self.put(added)

    def write_over_by_hand(self) -> None:
        for item in self._some_items():
            self.put(written_by_hand(self.rng, item))

    def _some_items(self) -> list[dict[str, Any]]:
        items = self.pipeline.db.items("events")
        return self.rng.sample(items, min(len(items), self.rng.randrange(6)))

    def deliver_all(self) -> None:
        """All new records of the stream, in any order and grouping, some more than once; in the end each once more."""
        records = self.pipeline.db.records("events")
        new = records[self._delivered :]
        self._delivered = len(records)
        again = self.rng.choices(records, k=len(new) // 3) if records else []
        mixed = self.rng.sample([*new, *again], len(new) + len(again))
        while mixed:
            batch = [mixed.pop() for _ in range(min(len(mixed), self.rng.randrange(1, 12)))]
            self.deliver(batch)
            if self.rng.random() < 0.2:
                self.request()
        for start in range(0, len(new), 25):
            self.deliver(new[start : start + 25])

    def deliver(self, batch: list[dict[str, Any]]) -> None:
        self.inputs += len(batch)
        assert self.pipeline.project(batch) == []

    def request(self, detail: Any = None) -> bool:
        """Ask for a rebuild, of any kind; whether it was made."""
        self.inputs += 1
        detail = rebuild_request(self.rng, sorted(self.items())) if detail is None else detail
        try:
            result = self.pipeline.rebuild(detail)
        except (BadRebuildRequest, RebuildFailed):
            return False
        assert result.keys() == {"DomainName", "DomainId", "EventCount", "Checkpoint", "LogicVersion"}
        assert result["EventCount"] == len(self.items()[result["DomainId"]])
        return True

    def items(self) -> dict[str, list[dict[str, Any]]]:
        """The store's items by domain, in the order of their keys."""
        found: dict[str, list[dict[str, Any]]] = {}
        for item in self.pipeline.db.items("events"):
            found.setdefault(item["DomainId"]["S"], []).append(item)
        return found

    def assert_converged(self) -> None:
        said = {line["message"] for line in self.pipeline.lines() if line.get("level") == "ERROR"}
        assert said <= {"rebuild failed"}, said  # nothing else can have gone wrong: the doubles have no faults
        rows, items = self.pipeline.rows(), self.items()
        assert rows.keys() == items.keys()
        for domain_id, stored in items.items():
            Fold.of(stored).assert_held(rows[domain_id])

    def assert_rebuilt(self) -> None:
        """Each domain by a request: the fold of what the store holds now, or the row as it was."""
        for domain_id, stored in self.items().items():
            before, fold = self.pipeline.rows()[domain_id], Fold.of(stored)
            was_made = self.request({"EventType": "REBUILD", "DomainName": "Log", "DomainId": domain_id})
            assert was_made == (fold.stopped_at is None)
            after = self.pipeline.rows()[domain_id]
            if was_made:
                fold.assert_held(after)
            else:
                assert without_revision(after) == without_revision(before)


def without_revision(row: dict[str, Any]) -> dict[str, Any]:
    notes = {name: value for name, value in row["CpEventSource"]["M"].items() if name != "Revision"}
    return {**row, "CpEventSource": notes}


def try_items(payloads: list[str], seed: int) -> int:
    """A history of events and of items written by hand; how many inputs it had."""
    with lambdas() as make:
        rng = random.Random(seed)
        world = World(make(logic(), is_wired=seed % WIRED_ONE_IN == 1), rng)
        try:
            world.pipeline.persist(*events_of(rng, payloads, MAX_EVENTS))
            world.add_by_hand()
            world.deliver_all()
            world.assert_converged()
            world.write_over_by_hand()
            world.assert_rebuilt()
        except BaseException:
            for item in world.pipeline.db.items("events"):
                note(repr(item)[:5_000])
            raise
    return world.inputs


@pytest.mark.timeout(0)
def test_any_stored_item_is_folded_or_its_object_parked() -> None:
    search("project", try_items, examples=120, payloads=st.lists(json_texts, max_size=3), seed=seeds)
