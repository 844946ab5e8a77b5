"""`history` shows all events of one object, in the order of the fold, and payloads only if somebody asks for them."""

from cp_event_source.local import LocalRun, Pipeline
from tests.e2e.events import new_id, renamed, uploaded
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
