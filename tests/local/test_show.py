"""The tables are readable on a narrow terminal, on a wide one, and in a log."""

import io
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console, RenderableType

from cp_event_source.deployed.console import difference_table, make_console
from cp_event_source.deployed.difference import Difference
from cp_event_source.deployed.logic_process import Stopped
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.deployed.queue_messages import Message
from cp_event_source.handler.domain.failure import Cause
from cp_event_source.handler.domain.state import DomainState
from cp_event_source.handler.events import stored_event
from cp_event_source.handler.events.key_set import KeySet
from cp_event_source.handler.projection import notes
from cp_event_source.handler.projection import rows as domain_row
from cp_event_source.handler.values.attribute_value import encode
from cp_event_source.local.consumers import MAX_LINES, Output
from cp_event_source.local.show import output_lines, pipeline_tables, place_of

ONE = "11111111-1111-4111-8111-111111111111"
OTHER = "22222222-2222-4222-8222-222222222222"
NOTICE = (
    '{"DomainId": "d", "Reason": "because", "EventName": "Broken", "EventId": "the-poison",'
    ' "Phase": "apply", "Place": "domain_handler.py:42"}'
)


def event(domain_id: str, second: int, name: str, payload: Any) -> Any:
    texts = {
        "DomainId": domain_id,
        "EventKey": f"2026-01-01T00:00:0{second}.000000000Z#e",
        "EventId": f"event-{second}",
        "EventTime": f"2026-01-01T00:00:0{second}Z",
        "EventName": name,
    }
    item = {field: {"S": text} for field, text in texts.items()} | {"Payload": encode(payload)}
    return stored_event.StoredEvent.of(item)


def row(domain_id: str, attributes: dict[str, Any], parked: str | None = None) -> Any:
    pause = None
    if parked:
        pause = notes.Parked("k", "i", "Broken", Cause.LOGIC, "ValueError", parked, "now", "v1", "k", "k")
    state = DomainState({name: encode(value) for name, value in attributes.items()}, "k", KeySet(2, 0))
    return domain_row.DomainRow(domain_id, state, "v1", pause)


@pytest.fixture
def pipeline() -> Pipeline:
    broken = '{"detail": {"EventId": "the-broken-one"}}'
    held = SimpleNamespace(
        domain_name="File",
        events=lambda: [
            event(ONE, 1, "FileUploaded", {"Name": "a.txt", "Long": "x" * 300}),
            event(ONE, 2, "FileRenamed", {"Name": "[bold]not markup[/bold]"}),
            event(OTHER, 3, "FileUploaded", {"Name": "größe.txt"}),
        ],
        rows=lambda: {
            ONE: row(ONE, {"DomainId": ONE, "Name": "a.txt", "Owner": OTHER, "Deleted": False}),
            OTHER: row(OTHER, {"DomainId": OTHER, "Size": 12345678901234567890}, parked="nothing fits"),
        },
        quarantined=lambda: [
            Message(broken, {"ReasonCode": "contract-violation", "Reason": "UserId: is required"}),
            Message("not JSON", {"ReasonCode": "contract-violation", "Reason": "body: must be JSON"}),
        ],
        parking_notices=lambda: [Message(NOTICE, {})],
        expired_batches=list,
    )
    return cast("Pipeline", held)


def shown(pipeline: Pipeline, width: int) -> str:
    return printed(pipeline_tables(pipeline, width), width)


def printed(what: RenderableType, width: int = 120) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(what)
    return cast("io.StringIO", console.file).getvalue()


@pytest.mark.parametrize("width", [48, 60, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal(pipeline: Pipeline, width: int) -> None:
    assert max(len(line) for line in shown(pipeline, width).splitlines()) <= width


def test_each_part_is_there_with_its_count(pipeline: Pipeline) -> None:
    text = shown(pipeline, 120)

    for heading in (
        "Domain File: 3 stored events, in EventKey order",
        "Domain File: 2 rows",
        "Ingest dead-letter queue: 2 messages",
        "Parked queue: 1 message\n",
        "Projection dead-letter queue: 0 messages",
    ):
        assert heading in text


def test_values_are_shown_exactly_and_text_is_never_markup(pipeline: Pipeline) -> None:
    text = shown(pipeline, 120)

    assert "12345678901234567890" in text
    assert "[bold]not markup[/bold]" in text
    assert "größe.txt" in text
    assert "false" in text


def test_an_erased_event_is_shown_by_its_key(pipeline: Pipeline) -> None:
    tombstone = {name: event(ONE, 4, "", None).item[name] for name in ("DomainId", "EventKey")}
    erased = stored_event.StoredEvent.of(tombstone | {"Erased": {"S": "2026-02-01"}})
    cast("Any", pipeline).events = lambda: [erased]
    assert "│ 2026-01-01T00:00:04.000000000Z │ (erased)  │ e " in shown(pipeline, 120)


def test_what_was_set_aside_is_shown_with_its_reason(pipeline: Pipeline) -> None:
    text = shown(pipeline, 160)

    assert "UserId: is required" in text
    assert "the-broken-one" in text
    assert "body: must be JSON" in text
    assert "parked at" in text
    assert "nothing fits" in text


def test_a_parked_object_is_shown_with_where_its_logic_failed(pipeline: Pipeline) -> None:
    text = shown(pipeline, 200)

    assert "the-poison" in text
    assert "apply, domain_handler.py:42" in text
    stopped = Stopped("k", "e", "Broken", "no", "round trip", "domain_handler.py:7")
    assert place_of(stopped) == "round trip, domain_handler.py:7"
    assert place_of(replace(stopped, phase="", place="")) == ""


def test_output_of_functions_is_cut_and_says_how_much_is_left() -> None:
    lines = [f"line {number}" for number in range(MAX_LINES + 2)]

    text = printed(output_lines([Output("search", 2, lines), Output("quiet", 1, []), Output("idle", 0, [])]))

    assert "Output of search: 2 invocations\n  line 0\n" in text
    assert f"  line {MAX_LINES - 1}\n... and 2 lines more\n" in text
    assert "Output of quiet: 1 invocation, nothing written\n" in text
    assert "Output of idle: 0 invocations, nothing written\n" in text


def test_a_difference_names_its_object_once() -> None:
    found = [
        Difference(ONE, "Name", "a", "b"),
        Difference(ONE, "Size", "1", "[b]2"),
        Difference(OTHER, "Name", "c", "d"),
    ]

    text = printed(difference_table(found, "Row", "Fold"))

    assert (text.count("11111111…"), text.count("22222222…")) == (1, 1)
    assert "│           │ Size      │ 1   │ [b]2 │" in text


def test_a_log_is_wide_enough_for_the_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr("sys.stdout", io.StringIO())

    assert make_console().width == 120


def test_colours_that_are_asked_for_make_no_terminal_of_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr("sys.stdout", io.StringIO())

    console = make_console()

    assert (console.width, console.is_terminal, console.color_system) == (120, False, "standard")


def test_columns_says_how_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "66")
    monkeypatch.setattr("sys.stdout", io.StringIO())

    assert make_console().width == 66
