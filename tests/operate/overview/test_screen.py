"""Guarantees: whatever is known of a pipeline, the screen shows every part and the document is JSON; what is unknown
says why in both."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text

from cp_event_source.handler.values import exact_json
from cp_event_source.operate.overview.assess import assess
from cp_event_source.operate.overview.assessment import PARTS
from cp_event_source.operate.overview.document import document_of
from cp_event_source.operate.overview.screen import screen
from cp_event_source.operate.overview.snapshot import Alarm, Parked, Snapshot, Unknown
from tests.operate.overview.snapshots import series, snapshot, with_metrics
from tests.operate.overview.test_assess import SNAPSHOTS


def shown(seen: Snapshot) -> str:
    console = Console(file=io.StringIO(), width=200)
    for each in screen(seen, assess(seen)):
        console.print(Text(each) if isinstance(each, str) else each)  # as Output does
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def documented(seen: Snapshot) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(exact_json.dumps(document_of(seen, assess(seen))))
    return document


def unknown_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if value.keys() == {"unknown"}:
            yield value["unknown"]
        for each in value.values():
            yield from unknown_in(each)


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_every_part_is_shown_with_its_verdict(name: str) -> None:
    seen, *_ = SNAPSHOTS[name]
    screened, document = shown(seen), documented(seen)
    assert [part for part in PARTS if part.replace("_", " ").capitalize() not in screened] == []
    assert document["levels"].keys() == set(PARTS)
    assert set(PARTS) <= document.keys()
    assert [why for why in unknown_in(document) if f"unknown: {why}" not in screened] == []


def test_the_names_of_the_document_do_not_depend_on_what_is_seen() -> None:
    names = {frozenset(documented(seen)) for seen, *_ in SNAPSHOTS.values()}
    assert len(names) == 1


def test_levels_have_their_units() -> None:
    seen = with_metrics(
        iterator_age=series((600, 5000.0)),
        lag_median=series((600, 120.0)),
        lag_maximum=series((600, 2500.0)),
        EventsStored=series((600, 3.0), (40_000, 4.0)),
        ContractViolations=series((600, 1.0)),
        ConflictingEvents=series((600, 1.0)),
    )
    screened = shown(seen)
    assert "projection behind the stream: 5 s (10 min ago)" in screened
    assert "from arrival to row: 120 ms median, 2,500 ms maximum" in screened
    assert "7 stored" in screened
    assert "2 quarantined" in screened
    assert documented(seen)["lag"]["iterator_age_milliseconds"]["value"] == 5000
    assert documented(seen)["last_day"]["events_stored"] == 7


def test_a_level_without_a_point_is_no_zero() -> None:
    assert "projection behind the stream: no value in the last 30 min" in shown(snapshot())
    assert documented(snapshot())["lag"]["iterator_age_milliseconds"] is None


def test_alarms_and_parked_objects_are_counted() -> None:
    alarms = [Alarm("a", state, "", None, None) for state in ("OK", "ALARM", "INSUFFICIENT_DATA")]
    screened = shown(snapshot(alarms=alarms, parked=Parked(10_000, False, "2026-01-01")))
    assert "1 of 3 in ALARM, 1 in INSUFFICIENT_DATA" in screened
    assert "more than 10,000, the oldest since 2026-01-01" in screened
    assert "there are no alarms on its resources" in shown(snapshot(alarms=[]))


def test_many_findings_leave_it_one_screen() -> None:
    alarms = [Alarm(f"alarm-{number}", "ALARM", "", None, None) for number in range(100)]
    screened = shown(snapshot(alarms=alarms))
    assert "... and 85 findings more" in screened
    assert screened.count("\n") < 60
    assert len(documented(snapshot(alarms=alarms))["findings"]) == 100


def test_why_a_part_is_unknown_may_be_any_text() -> None:
    assert "unknown: [bold]why[/nothing]" in shown(snapshot(alarms=Unknown("[bold]why[/nothing]")))


def test_a_function_that_ran_and_counted_nothing_is_not_shown_with_zeros() -> None:
    silent = with_metrics(project_invocations=series((600, 2.0)))
    assert "unknown: CloudWatch has none of the counts of functions that ran: project" in shown(silent)
    assert "unknown" in documented(silent)["last_day"]
    failed = with_metrics(project_invocations=series((600, 2.0)), project_errors=series((600, 2.0)))
    assert "project 2" in shown(failed)
    counted = with_metrics(project_invocations=series((600, 2.0)), DomainsReturned=series((600, 1.0)))
    assert "0 projected" in shown(counted)


def test_the_cost_is_shown_with_what_costs_most() -> None:
    seen = with_metrics(domain_write_units=series((600, 2_000_000.0)), ingest_sent=series((600, 1_000_000.0)))
    assert "1.65 dollars (tables: writes 1.25, queues 0.40, event bus 0.00)" in shown(seen)
    assert documented(seen)["cost"]["dollars"] == 1.65
    assert "less than 0.01 dollars" in shown(snapshot())
