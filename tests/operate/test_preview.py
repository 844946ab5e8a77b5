"""Guarantee: a preview says of each object what a rebuild does to its row: the same that the rebuild then does."""

from pathlib import Path
from typing import Any

import pytest

from cp_event_source.deployed import logic_process
from cp_event_source.deployed.logic_process import BrokenLogicError
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.handler.projection.rebuild import RebuildFailed
from cp_event_source.handler.values.clock import Clock
from cp_event_source.operate import histories
from cp_event_source.operate import preview as module
from cp_event_source.operate.pace import Pace
from cp_event_source.operate.preview import Fate, Preview, preview
from tests.handler.doubles import World, stored

LAYER = """
class Log:
    def __init__(self, domain_id, entries, versions):
        self.DomainId, self.entries, self.versions = domain_id, entries, versions

    def apply(self, event_id, event_name):
        if event_name == "Poison" and VERSION < "v2":
            raise ValueError("poison")
        if event_id == "e99":
            import os
            os._exit(1)
        self.entries.append(event_id)
        self.versions.append(VERSION)


class Domain:
    @staticmethod
    def create_new(domain_id):
        return Log(domain_id, [], [])

    @staticmethod
    def from_dynamo_item(item):
        return Log(item.DomainId, list(item.Entries), list(item.Versions))

    @staticmethod
    def to_dynamo_item(log):
        return {"DomainId": log.DomainId, "Entries": log.entries, "Versions": log.versions}


VERSION = %r
"""


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A pipeline's tables, in place of DynamoDB's."""
    world = World()
    monkeypatch.setattr(histories, "EventsTable", lambda *_: world.events)
    monkeypatch.setattr(histories, "DomainTable", lambda *_: world.rows)
    return world


def layer(folder: Path, version: str) -> Path:
    folder = folder / version
    folder.mkdir()
    (folder / "domain_handler.py").write_text(LAYER % version)
    return folder


def previews(folder: Path, *domain_ids: str, **options: bool) -> dict[str, Preview]:
    clients: Any = lambda _: None  # noqa: E731
    outputs = {"domain_events_table_name": "events", "domain_table_name": "rows"}
    pipeline = Pipeline("log", outputs, clients)
    return {each.domain_id: each for each in preview(domain_ids, pipeline, [folder], Pace(1e9, Clock()), **options)}


def changes(each: Preview) -> list[tuple[str, str, str]]:
    return [(change.attribute, change.before, change.after) for change in each.differences]


def test_what_a_preview_says_is_what_the_rebuild_does(world: World, tmp_path: Path) -> None:
    world.deliver(stored(1, domain_id="old"), version="v1")
    world.deliver(stored(1, domain_id="current"), version="v2")
    world.deliver(stored(1, domain_id="parked"), stored(2, domain_id="parked", poison=True), version="v1")
    world.deliver(stored(1, domain_id="knows"), stored(2, domain_id="knows", poison=True), version="v2")
    world.deliver(stored(1, domain_id="behind"), version="v2")
    world.events.put(stored(2, domain_id="behind"))
    world.events.put(stored(1, domain_id="rowless"))
    names = ["old", "current", "parked", "knows", "behind", "rowless", "nobody"]

    later = previews(layer(tmp_path, "v2"), *names)

    assert {name: each.fate for name, each in later.items()} == {
        "old": Fate.CHANGED,
        "current": Fate.UNCHANGED,
        "parked": Fate.HEALED,
        "knows": Fate.UNCHANGED,
        "behind": Fate.CHANGED,
        "rowless": Fate.CHANGED,
        "nobody": Fate.FAILS,
    }
    assert changes(later["old"]) == [("Versions[0]", "v1", "v2")]
    assert changes(later["behind"])[0] == ("Entries", "[e1]", "[e1, e2]")
    assert later["behind"].reason == "holds 1 event, and the store 2"

    earlier = previews(layer(tmp_path, "v1"), *names)
    assert {name for name, each in earlier.items() if each.fate is Fate.FAILS} == {"parked", "knows", "nobody"}
    assert "at Poison e2 in apply domain_handler.py:8: ValueError: poison" in earlier["knows"].reason

    for name, each in later.items():
        before = world.rows.read(name)
        try:
            after = world.rebuilds("v2").rebuild(name)
        except RebuildFailed:
            assert each.fate is Fate.FAILS
            continue
        held = before.state.attributes if before is not None else {}
        assert (held != after.state.attributes) == bool(each.differences)
    assert {each.fate for each in previews(tmp_path / "v2", *names[:-1]).values()} == {Fate.UNCHANGED}


def test_events_that_the_store_lacks(world: World, tmp_path: Path) -> None:
    world.deliver(*(stored(number, domain_id="a") for number in range(4)), version="v2")
    world.events.lose(stored(1, domain_id="a"))
    folder = layer(tmp_path, "v2")

    (lacks,) = previews(folder, "a").values()
    (accepted,) = previews(folder, "a", accept_missing_events=True).values()

    assert (lacks.fate, lacks.reason) == (Fate.FAILS, "the store lacks 1 of the 4 events that the row holds")
    assert accepted.fate is Fate.CHANGED


def test_logic_that_ends_the_process_fails_at_that_object_alone(world: World, tmp_path: Path) -> None:
    for name, number in (("a", 1), ("b", 99), ("c", 1)):
        world.events.put(stored(number, domain_id=name))

    found = previews(layer(tmp_path, "v2"), "a", "b", "c")

    assert [each.fate for each in found.values()] == [Fate.CHANGED, Fate.FAILS, Fate.CHANGED]
    assert found["b"].reason == "the logic ends the process that folds it"


def test_logic_that_does_not_start_is_an_error(world: World, tmp_path: Path) -> None:
    (tmp_path / "domain_handler.py").write_text("import nothing_of_this_name")
    with pytest.raises(BrokenLogicError, match="nothing_of_this_name"):
        previews(tmp_path, "a")


def test_memory_holds_one_batch_and_no_history_without_a_limit(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(histories, "MAX_BYTES_OF_ONE", 2000)
    monkeypatch.setattr(histories, "_EVENTS_OF_A_BATCH", 10)
    batches = []
    fold_all = logic_process.fold_all

    def noting(folders: Any, histories: Any) -> Any:
        batches.append(sum(map(len, histories)))
        return fold_all(folders, histories)

    monkeypatch.setattr(module, "fold_all", noting)
    names = [f"o{number:02}" for number in range(20)]
    for name in names:
        world.deliver(*(stored(number, domain_id=name) for number in range(3)), version="v2")
    world.deliver(*(stored(number, domain_id="long") for number in range(30)), version="v2")

    found = previews(layer(tmp_path, "v2"), *names, "long")

    assert [each.fate for each in found.values()] == [Fate.UNCHANGED] * 20 + [Fate.NOT_FOLDED]
    assert max(batches) < 20
    assert sum(batches) == 60
