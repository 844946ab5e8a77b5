"""Guarantees: `events` shows the events that its options want, by time; memory holds as many as the limit."""

import pytest

from cp_event_source.local import LocalRun
from cp_event_source.operate.event_filter import EventFilter
from cp_event_source.operate.events import find_events
from cp_event_source.operate.pace import Pace
from tests.e2e.events import new_id, renamed, uploaded
from tests.handler.doubles import stored
from tests.operate.conftest import Cli
from tests.operate.tables import Tables, quiet


def tables_with(objects: int, events: int) -> Tables:
    tables = Tables(page_items=7)
    for number in range(objects):
        tables.put_events(*(stored(10 * minute + number, domain_id=f"o{number}") for minute in range(events)))
    tables.db.settle()
    return tables


def test_events_of_all_objects_are_sorted_by_time() -> None:
    tables = tables_with(9, 8)

    found = find_events(tables.pipeline, EventFilter(), 1000, Pace(1e9, tables.clock), quiet())

    keys = [event.key for event in found.events]
    assert (len(keys), keys, found.is_cut) == (72, sorted(keys), False)


@pytest.mark.parametrize(("limit", "is_cut"), [(71, True), (72, False), (5, True)])
def test_a_result_of_more_than_the_limit_is_cut_and_says_so(limit: int, is_cut: bool) -> None:
    tables = tables_with(9, 8)

    found = find_events(tables.pipeline, EventFilter(), limit, Pace(1e9, tables.clock), quiet())

    assert (len(found.events), found.is_cut) == (limit, is_cut)


def test_what_dynamodb_sends_too_much_is_left_out() -> None:
    tables = tables_with(3, 3)  # its Scan knows no filters
    wanted = EventFilter(since="2026-01-01T00:10:00.000000000Z", until="2026-01-01T00:12:00.000000000Z")

    found = find_events(tables.pipeline, wanted, 1000, Pace(1e9, tables.clock), quiet())

    assert [event.domain_id for event in found.events] == ["o0", "o1"]


def test_the_command_finds_events_by_all_options_at_once(run: LocalRun, cli_on: Cli) -> None:
    files, order, user = [new_id(), new_id()], new_id(), new_id()
    events = [
        event
        for file in files
        for event in (
            uploaded(file, 1, UserId=user, CorrelationId=order),
            renamed(file, 2, "secret", UserId=user, CorrelationId=order),
            renamed(file, 3, "other", UserId=user),
        )
    ]
    run.publish(events)
    run.drain()

    done = cli_on("events", "--correlation-id", order, "--user", user, "--event", "FileRenamed", "--json")
    cut = cli_on("events", "--user", user, "--limit", "4")
    none = cli_on("events", "--user", new_id(), "--since", "2026-01-01")

    assert {each["domain_id"] for each in done.document["events"]} == set(files)
    assert [each["event_name"] for each in done.document["events"]] == ["FileRenamed", "FileRenamed"]
    assert "payload" not in done.document["events"][0]
    assert "read unit" in done.errors
    assert "There are more" in cut.output
    assert "secret" not in cut.output
    assert (none.exit_code, "0 events" in none.output) == (0, True)


def test_text_that_no_event_can_have_is_refused(cli_on: Cli) -> None:
    done = cli_on("events", "--event", "")

    assert done.exit_code == 2
    assert "--event: must be a non-empty string" in done.errors
