"""Guarantees: `parked` shows each parked object once, and no other; no text of an error without `--payload`."""

from dataclasses import replace
from typing import Any

import pytest

from cp_event_source.deployed.errors import CommandError
from cp_event_source.handler.aws import domain_table
from cp_event_source.handler.projection.rows import BOOKKEEPING
from cp_event_source.local import LocalRun, Pipeline
from cp_event_source.operate import parked as module
from cp_event_source.operate.output import Output
from cp_event_source.operate.pace import Pace
from cp_event_source.operate.parked import FoundParked, Search
from tests.e2e.events import domain_event, new_id, renamed, uploaded
from tests.handler.doubles import World, stored
from tests.operate.conftest import Cli
from tests.operate.tables import Tables, quiet


def tables_with(*domain_ids: str, parked: bool = True, tables: Tables | None = None) -> Tables:
    """A pipeline whose objects each have an event in the row and, if they are parked, two that wait."""
    tables = tables or Tables(page_items=7)
    for domain_id in domain_ids:
        world = World()
        world.deliver(
            stored(1, domain_id=domain_id),
            stored(2, domain_id=domain_id, poison=parked),
            stored(3, domain_id=domain_id),
        )
        tables.put_events(*world.events.events[domain_id].values())
        tables.put_row(world.row(domain_id))
    tables.db.settle()
    return tables


def found_in(tables: Tables, *ids: str, limit: int = 100) -> FoundParked:
    return Search(tables.pipeline, Pace(1e9, tables.clock), quiet(), limit).find(ids)


def test_all_parked_objects_are_found_and_counted_by_cause_and_place(capsys: pytest.CaptureFixture[str]) -> None:
    names = [f"o{number:02}" for number in range(45)]
    tables = tables_with("good", parked=False, tables=tables_with(*names))

    search = Search(tables.pipeline, Pace(1e9, tables.clock), Output(), 7)
    found = search.find([])

    assert (found.parked, [each.domain_id for each in found.listed]) == (45, names[:7])
    assert {str(each.waiting) for each in found.listed} == {"2"}
    ((group, size),) = found.largest_groups()
    assert (group.cause, group.error, group.phase, size.objects) == ("LOGIC", "ValueError", "apply", 45)
    search.output.result({}, module._tables(search, found, payload=False))
    shown = capsys.readouterr().out
    assert "Reading 45 rows" in shown
    assert "First since" in shown
    assert "and 38 objects more" in shown
    assert "poison" not in shown.replace("Poison", "")


def test_the_oldest_comes_first() -> None:
    tables = tables_with("a", "b", "c")
    for domain_id, since in (("a", "2026-03-01"), ("b", "2026-01-01"), ("c", "2026-02-01")):
        world = World()
        world.deliver(stored(1, domain_id=domain_id, poison=True))
        row = world.row(domain_id)
        assert row.parked is not None
        tables.put_row(replace(row, parked=replace(row.parked, since=f"{since}T00:00:00.000+00:00")))
    tables.db.settle()

    found = found_in(tables)

    assert [each.domain_id for each in found.listed] == ["b", "c", "a"]
    assert found.largest_groups()[0][1].since == "2026-01-01T00:00:00.000+00:00"


def test_an_object_that_the_index_has_twice_is_shown_once() -> None:
    tables = tables_with("a")
    whole = tables.client.scan

    def scan(**request: Any) -> Any:
        reply = whole(**request)
        reply["Items"] += [{**item, "ParkedSince": {"S": "2020-01-01"}} for item in reply["Items"]]
        return reply

    tables.client.scan = scan  # type: ignore[method-assign]

    found = found_in(tables)

    assert (found.parked, len(found.listed)) == (1, 1)


def test_an_object_that_has_healed_since_the_index_was_written_is_not_parked() -> None:
    tables = tables_with("healed", "gone", "parked")
    tables.delete_row("gone")  # and below the index does not know it yet
    tables_with("healed", parked=False, tables=tables)
    tables_with("healed", "gone", parked=True, tables=(stale := Tables()))
    whole, index = tables.client.scan, stale.client.scan

    def scan(**request: Any) -> Any:
        reply = whole(**request)
        reply["Items"] += index(**request)["Items"]
        return reply

    tables.client.scan = scan  # type: ignore[method-assign]

    found = found_in(tables)

    assert (found.parked, [each.domain_id for each in found.listed]) == (1, ["parked"])


def test_a_row_that_cannot_be_read_hides_no_other() -> None:
    tables = tables_with("a", "b")
    item = tables.client.get_item(TableName="rows", Key={"DomainId": {"S": "a"}}, ConsistentRead=True)["Item"]
    item[BOOKKEEPING]["M"]["Parked"]["M"]["Cause"] = {"S": "by hand"}
    tables.put_row(item)
    tables.put_row({"DomainId": {"S": "foreign"}, "ParkedSince": {"S": "2026"}})
    tables.db.settle()

    found = found_in(tables)

    assert [(each.domain_id, each.parked is None) for each in found.listed] == [("a", True), ("b", False)]
    assert {group.cause for group, _ in found.largest_groups()} == {"(unreadable)", "LOGIC"}


def test_of_given_objects_the_parked_ones_are_shown_and_unknown_ones_named() -> None:
    tables = tables_with("good", parked=False, tables=tables_with("a", "b"))

    found = found_in(tables, "b", "good", "typo", "b")

    assert (found.parked, [each.domain_id for each in found.listed], found.without_row) == (1, ["b"], ["typo"])


def test_memory_holds_a_thousand_groups_and_objects_of_others_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_GROUPS", 1)
    tables = tables_with("a", "b")
    world = World()
    world.deliver(stored(1, domain_id="c", poison=True))
    row = world.row("c")
    assert row.parked is not None
    tables.put_row(replace(row, parked=replace(row.parked, place="elsewhere.py:1")))
    tables.db.settle()

    found = found_in(tables)

    assert found.parked == 3
    assert found.in_other_groups + sum(size.objects for _, size in found.largest_groups()) == 3


def test_a_table_that_is_throttled_for_too_long_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def throttled(*_: Any) -> Any:
        raise domain_table.ReadIncomplete("no row came")

    monkeypatch.setattr(domain_table.DomainTable, "read_many", throttled)

    with pytest.raises(CommandError, match="--read-units"):
        found_in(tables_with("a"))


def test_the_command_shows_what_parks_an_object(run: LocalRun, files: Pipeline, cli_on: Cli) -> None:
    file, healthy = new_id(), new_id()
    bad = domain_event(file, 2, "FileUnknown", {"Name": "secret"})
    run.publish([uploaded(file, 1), bad, renamed(file, 3, "later"), uploaded(healthy, 1)])
    run.drain()

    shown = cli_on("parked", file)
    listed = cli_on("parked", "--json")
    none = cli_on("parked", healthy, "--json")

    assert shown.exit_code == listed.exit_code == 1
    assert "the File domain does not know this event" not in shown.output
    (each,) = [each for each in listed.document["objects"] if each["domain_id"] == file]
    assert (each["event_id"], each["cause"], each["phase"], each["waiting"]) == (bad["EventId"], "LOGIC", "apply", 2)
    assert each["place"].startswith("domain_handler.py:")
    assert "reason" not in each
    assert "the File domain" in cli_on("parked", file, "--payload", "--json").document["objects"][0]["reason"]
    assert (none.exit_code, none.document["parked"]) == (0, 0)
    assert cli_on("parked", new_id()).exit_code == 1
