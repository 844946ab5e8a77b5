"""Guarantees: the state after each event is the fold of the history up to it; the changes add up to the whole."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cp_event_source.deployed import logic_process
from cp_event_source.deployed.difference import NOTHING
from cp_event_source.deployed.logic_process import BrokenLogicError, fold_all, fold_in_steps
from cp_event_source.deployed.shown import shown
from cp_event_source.handler.events.stored_event import ERASED, StoredEvent
from cp_event_source.handler.values.attribute_value import encode
from cp_event_source.operate.states import States

LOGIC = """
import os
import signal
import time


class Log:
    def __init__(self, item):
        self.item = item

    def apply(self, event_name, event_id, payload):
        print("printed by the logic", flush=True)
        if event_name == "Fails":
            raise LookupError("no such thing")
        if event_name == "Dies":
            os._exit(3)
        if event_name == "Hangs":
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
            while True:
                time.sleep(1)
        self.item["Entries"].append(event_id)
        self.item[event_name] = payload
        self.item["Raw"] = bytes([len(self.item["Entries"])])


class Domain:
    @staticmethod
    def create_new(domain_id):
        return Log({"DomainId": domain_id, "Entries": []})

    @staticmethod
    def from_dynamo_item(item):
        return Log(dict(item))

    @staticmethod
    def to_dynamo_item(log):
        return log.item
"""

EVENTS = st.lists(
    st.tuples(st.sampled_from(["Named", "Sized", "Named", "Erased", "Fails"]), st.integers(0, 2) | st.text(max_size=2)),
    max_size=9,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("layer")
    (folder / "domain_handler.py").write_text(LOGIC)
    return folder


def history(*events: tuple[str, Any]) -> list[dict[str, Any]]:
    items = []
    for number, (name, payload) in enumerate(events):
        item = {"DomainId": {"S": "a"}, "EventKey": {"S": f"2026-01-01T00:00:0{number}.000000000Z#e{number}"}}
        fields = {"EventName": {"S": name}, "EventTime": {"S": "t"}, "Payload": encode(payload)}
        items.append(item | ({ERASED: {"BOOL": True}} if name == "Erased" else fields))
    return items


def key_of(item: dict[str, Any]) -> str:
    return str(item["EventKey"]["S"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=12)
@given(events=EVENTS, first=st.integers(0, 10), size=st.integers(1, 4))
def test_the_states_on_the_way_are_the_folds_of_the_prefixes(
    folder: Path, events: list[tuple[str, Any]], first: int, size: int
) -> None:
    items = history(*events)
    position = key_of(items[first]) if first < len(items) else "3"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logic_process, "_EVENTS_OF_A_PART", size)
        steps = list(fold_in_steps([folder], items, lambda item: key_of(item) >= position))

    done = 0
    expected = []
    for part, _ in steps:
        assert len(part) == 1 or (len(part) <= size and key_of(part[-1]) < position)
        done += len(part)
        expected.append(items[:done])
    assert [folded for _, folded in steps] == fold_all([folder], expected)
    if not steps or steps[-1][1] is None or steps[-1][1].stopped is None:
        assert done == len(items)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=10)
@given(events=EVENTS, first=st.integers(0, 9))
def test_the_changes_of_all_events_lead_from_one_state_to_the_other(
    folder: Path, events: list[tuple[str, Any]], first: int
) -> None:
    items = history(*events)
    steps = [key_of(item) for item in items[first:]]
    states = States("a", [folder])

    changes = list(states.changes(lambda: map(StoredEvent.of, items), lambda key: key in steps))

    whole, start = fold_all([folder], [items, items[:first]])
    assert whole is not None
    assert start is not None
    assert (states.attributes, states.count, states.stopped) == (whole.attributes, whole.count, whole.stopped)
    reached = [key for key in steps if whole.stopped is None or key < whole.stopped.key]
    assert [event.key for event, _ in changes] == reached
    entries = shown(start.attributes.get("Entries")) or NOTHING
    for event, found in changes:
        named = {each.attribute: each for each in found}
        assert bool(named) != event.is_erased
        if not event.is_erased:
            assert named["Entries"].before == entries
            entries = named["Entries"].after
    assert entries == (shown(whole.attributes.get("Entries")) or NOTHING)


def test_the_event_at_which_the_process_ends_is_found(folder: Path) -> None:
    items = history(("Named", 1), ("Named", 2), ("Dies", 0), ("Named", 3))
    states = States("a", [folder])

    parts = list(states.fold(lambda: map(StoredEvent.of, items)))

    assert parts
    assert states.stopped is not None
    assert (states.stopped.key, states.stopped.event_name) == (key_of(items[2]), "Dies")
    assert states.attributes["Named"] == {"N": "2"}
    assert (states.count, states.checkpoint) == (2, key_of(items[1]))


def test_logic_that_never_ends_is_ended(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logic_process, "_seconds_for", lambda events: 1 if events else 100)
    states = States("a", [folder])

    list(states.fold(lambda: map(StoredEvent.of, history(("Hangs", 1)))))

    assert states.stopped is not None
    assert states.stopped.event_name == "Hangs"


def test_memory_holds_one_part_and_a_step_is_seen_before_the_next_event_is_read(folder: Path) -> None:
    read: list[str] = []

    def events() -> Iterator[dict[str, Any]]:
        for item in history(*[("Named", number) for number in range(8)]):
            read.append(key_of(item))
            yield item

    steps = fold_in_steps([folder], events(), lambda _: True)
    first: Sequence[Any] = next(steps)[0]

    assert len(read) <= 2
    assert key_of(first[0]) == read[0]
    steps.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("code", ["1 / 0", "import os; os._exit(3)"])
def test_logic_that_does_not_start_is_an_error(tmp_path: Path, code: str) -> None:
    (tmp_path / "domain_handler.py").write_text(code)

    with pytest.raises(BrokenLogicError):
        list(fold_in_steps([tmp_path], history(("Named", 1)), lambda _: True))
