"""Guarantee: `state` shows a row as it is, what earlier events make of it, and which event changed what."""

from pathlib import Path
from typing import Any

import pytest

from cp_event_source.handler.events.stored_event import ERASED
from cp_event_source.local import LocalRun, Pipeline
from tests.e2e.events import domain_event, new_id, renamed, uploaded
from tests.operate.conftest import EXAMPLES, Cli, Done

LAYER = EXAMPLES / "default" / "file_domain"


@pytest.fixture(scope="module")
def events(run: LocalRun) -> list[dict[str, Any]]:
    """The events of one file, the last of which parks it."""
    file = new_id()
    events = [
        uploaded(file, 1),
        renamed(file, 2, "two"),
        renamed(file, 3, "three"),
        domain_event(file, 4, "FileUnknown", {}),
    ]
    run.publish(events)
    run.drain()
    return events


def name_in(done: Done) -> Any:
    return done.document["attributes"]["Name"]


def test_without_options_it_is_the_row(cli_on: Cli, events: list[dict[str, Any]]) -> None:
    file = events[0]["DomainId"]

    done = cli_on("state", file, "--json")
    shown = cli_on("state", file).output

    assert (done.exit_code, name_in(done), done.document["event_count"]) == (0, "three", 3)
    assert done.document["parked"]["event_id"] == events[3]["EventId"]
    assert "three" in shown
    assert "LOGIC at FileUnknown" in shown


def test_an_earlier_state_is_the_fold_of_the_events_up_to_then(cli_on: Cli, events: list[dict[str, Any]]) -> None:
    file, times = events[0]["DomainId"], [event["EventTime"] for event in events]

    assert name_in(cli_on("state", file, "--as-of", times[1], "--json")) == "two"
    assert name_in(cli_on("state", file, "--after", events[1]["EventId"], "--json", "--layer", str(LAYER))) == "two"
    assert "as it is today" in cli_on("state", file, "--as-of", times[1]).output
    early = cli_on("state", file, "--as-of", "2025-01-01")
    assert (early.exit_code, "no state" in early.output) == (0, True)


def test_where_the_logic_fails_is_shown_with_the_state_before(cli_on: Cli, events: list[dict[str, Any]]) -> None:
    done = cli_on("state", events[0]["DomainId"], "--layer", str(LAYER), "--json")

    assert (done.exit_code, name_in(done)) == (1, "three")
    stopped = done.document["stopped"]
    assert (stopped["event_id"], stopped["phase"]) == (events[3]["EventId"], "apply")
    assert stopped["place"].startswith("domain_handler.py:")


def test_the_changes_of_each_event(cli_on: Cli, events: list[dict[str, Any]]) -> None:
    file = events[0]["DomainId"]

    done = cli_on("state", file, "--diff", events[0]["EventId"], events[2]["EventTime"], "--json")
    whole = cli_on("state", file, "--diff", "start", "now")

    assert done.exit_code == 0
    names = [
        [(each["before"], each["after"]) for each in event["changes"] if each["attribute"] == "Name"]
        for event in done.document["events"]
    ]
    assert names == [[("a.txt", "two")], [("two", "three")]]
    assert whole.exit_code == 1
    assert "The state before the event" in whole.output
    assert "FileUnknown" in whole.output


def test_an_erased_event_changes_nothing(files: Pipeline, run: LocalRun, cli_on: Cli) -> None:
    file = new_id()
    events = [uploaded(file, 1), renamed(file, 2, "erased name"), uploaded(file, 3)]
    run.publish(events)
    run.drain()
    (_, renaming, _) = cli_on("history", file, "--json").document["events"]
    item = {"DomainId": {"S": file}, "EventKey": {"S": renaming["event_key"]}, ERASED: {"BOOL": True}}
    files.clients("dynamodb").put_item(TableName=files.output("domain_events_table_name"), Item=item)

    done = cli_on("state", file, "--diff", "start", "now", "--json")

    assert [event["event_name"] for event in done.document["events"]] == ["FileUploaded", "(erased)", "FileUploaded"]
    assert done.document["events"][1]["changes"] == []
    assert cli_on("state", file, "--after", renaming["event_id"], "--json").document["event_count"] == 2


def test_what_cannot_be_shown_is_an_error(cli_on: Cli, events: list[dict[str, Any]], tmp_path: Path) -> None:
    file = events[0]["DomainId"]
    (tmp_path / "domain_handler.py").write_text("1 / 0")

    for arguments, exit_code, text in (
        (["nobody"], 1, "nobody"),
        (["nobody", "--as-of", "2026-01-01"], 1, "nobody"),
        ([""], 2, "ID: must be a non-empty string"),
        ([file, "--as-of", "yesterday"], 2, "yesterday"),
        ([file, "--after", "no-event"], 1, "found none with the EventId 'no-event'"),
        ([file, "--diff", "now", "start"], 2, "A must be before B"),
        ([file, "--diff", "start", "now", "--as-of", "2026-01-01"], 2, "at most one of"),
        ([file, "--layer", str(tmp_path), "--diff", "start", "now", "--json"], 1, "division by zero"),
        ([file, "--layer", str(tmp_path / "none")], 2, "--layer: must be a folder"),
    ):
        done = cli_on("state", *arguments)
        assert (done.exit_code, text in done.errors.replace("\n", " ")) == (exit_code, True), (arguments, done)
        assert not done.output
