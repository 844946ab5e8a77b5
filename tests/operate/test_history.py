"""`history` shows all events of one object, in the order of the fold, and payloads only if somebody asks for them."""

from collections.abc import Iterator
from typing import Any

from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.local import LocalRun, Pipeline
from cp_event_source.operate import history as module
from tests.e2e.events import new_id, renamed, uploaded
from tests.handler.doubles import stored
from tests.operate.conftest import Cli


def test_events_are_in_the_order_of_the_fold(run: LocalRun, files: Pipeline, cli_on: Cli) -> None:
    file = new_id()
    run.publish([renamed(file, 2, "later"), uploaded(file, 1)])
    run.drain()

    shown = cli_on("history", file, "--json").document

    assert [event["event_name"] for event in shown["events"]] == ["FileUploaded", "FileRenamed"]
    assert "payload" not in shown["events"][0]
    assert "later" not in cli_on("history", file).output
    assert "later" in cli_on("history", file, "--payload").output


def test_a_span_of_time_limits_them(run: LocalRun, files: Pipeline, cli_on: Cli) -> None:
    file = new_id()
    events = [uploaded(file, 1), renamed(file, 2, "two"), renamed(file, 3, "three")]
    run.publish(events)
    run.drain()

    shown = cli_on(
        "history", file, "--json", "--since", events[1]["EventTime"], "--until", events[2]["EventTime"]
    ).document

    assert [event["event_id"] for event in shown["events"]] == [events[1]["EventId"]]


def test_a_time_that_is_none_is_refused(cli_on: Cli) -> None:
    done = cli_on("history", "some", "--since", "yesterday")

    assert done.exit_code == 2
    assert "yesterday" in done.errors


def test_an_id_that_nobody_has_is_an_error(cli_on: Cli) -> None:
    unknown = cli_on("history", "no-such-file", "--since", "2026-01-01")
    assert unknown.exit_code == 1
    assert "no-such-file" in unknown.errors

    refused = cli_on("history", "")
    assert refused.exit_code == 2
    assert "ID: must be a non-empty string" in refused.errors


def test_a_time_without_events_is_none(files: Pipeline, cli_on: Cli) -> None:
    file = new_id()
    put(files, stored(1, domain_id=file).item)

    done = cli_on("history", file, "--since", "2027-01-01", "--json")

    assert (done.exit_code, done.document) == (0, {"domain_id": file, "events": []})


def test_an_item_that_cannot_be_decoded_does_not_hide_the_others(files: Pipeline, cli_on: Cli) -> None:
    file = new_id()
    good = stored(2, domain_id=file)
    put(files, {"DomainId": {"S": file}, "EventKey": {"S": "2026-01-01T00:00:00.000000000Z#by\x1b[2J hand"}})
    put(files, good.item)

    done = cli_on("history", file, "--payload")

    assert done.exit_code == 0
    assert "(unreadable)" in done.output
    assert "Numbered" in done.output
    assert "\x1b[2J" not in done.output


def test_a_long_history_is_printed_while_it_is_read() -> None:
    read: list[int] = []

    def events() -> Iterator[StoredEvent]:
        for number in range(1200):
            read.append(number)
            yield stored(number)

    tables = module._tables("a", events(), payload=False)
    next(iter(tables))
    assert len(read) == 500

    read.clear()
    members = dict(module._members("a", events(), payload=False))
    assert [next(members["events"])["event_id"], len(read)] == ["e0", 1]


def put(pipeline: Pipeline, item: Any) -> None:
    pipeline.clients("dynamodb").put_item(TableName=pipeline.output("domain_events_table_name"), Item=item)
