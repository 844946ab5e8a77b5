"""Guarantee: the report runs, and says if a guarantee is broken. These tests check no times."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from functools import cache

import pytest

from bench import calls, events, histories, late
from bench.layers import file_layer
from bench.pipeline import Pipeline
from bench.rebuild import EndlessStore
from bench.report import Check, Section, Table, shown
from bench.timing import best, process_seconds
from cp_event_source.handler.aws.events_table import EventsTable
from cp_event_source.handler.events.key_set import Span
from tests.docs.markdown import REPOSITORY
from tests.doubles.clients import direct_dynamodb

SECTIONS = [
    "1. Calls and capacity units per event",
    "2. A late event",
    "3. Disorder",
    "4. CPU time of the handlers alone",
    "5. Throughput of the project function on one core",
    "6. A rebuild",
    "7. Cold start",
    "8. What a handler without guards gets wrong",
]


@cache
def quick() -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench", "--quick"], cwd=REPOSITORY, capture_output=True, text=True, timeout=240
    )


def test_the_quick_report_has_every_section_and_every_guarantee_holds() -> None:
    done = quick()
    assert re.findall(r"^## (.*)$", done.stdout, re.MULTILINE) == SECTIONS, done.stderr
    assert "BROKEN" not in done.stdout
    assert done.stdout.count("- holds: ") >= 11
    assert done.returncode == 0


def test_the_page_has_the_sections_of_the_report() -> None:
    page = (REPOSITORY / "docs" / "performance.md").read_text()
    assert [title for title in re.findall(r"^##+ (.*)$", page, re.MULTILINE) if title in SECTIONS] == SECTIONS


def test_the_page_shows_every_checked_guarantee_and_none_is_broken() -> None:
    page = (REPOSITORY / "docs" / "performance.md").read_text()
    assert "BROKEN" not in page
    # the quick report's histories are shorter
    numbers = re.compile(r"[\d,]*\d")
    checked = {numbers.sub("n", line) for line in quick().stdout.splitlines() if line.startswith("- holds: ")}
    assert checked == {numbers.sub("n", line) for line in page.splitlines() if line.startswith("- holds: ")}


@pytest.mark.parametrize("distance", [1, 99, 100, 101, 250])
def test_a_late_event_reads_at_most_twice_its_distance_plus_two_spacings(distance: int, capsys: object) -> None:
    pipeline = histories.of_lengths(file_layer(), [750])[750]
    cost = late.cost_of_a_late_one(pipeline, "v1", 750, distance, 1)
    assert distance < cost.events_read <= late.bound(distance)
    assert cost.count <= 5 + cost.calls.get(("snapshots", "PutItem"), 0)


@pytest.mark.parametrize("k", [1, 10, 100])
def test_the_fast_path_reads_no_stored_event_and_writes_each_row_once(k: int) -> None:
    pipeline = histories.of_lengths(file_layer(), [20])[20]
    cost, _ = calls.fast_path(pipeline, k)
    assert all(check.holds for check in calls.fast_path_checks({(k, 20): cost}, (20,), (k,)))


def test_a_batch_delivered_again_writes_nothing() -> None:
    pipeline = histories.of_lengths(file_layer(), [10])[10]
    first, again = calls.one_batch(pipeline)
    assert (first.wcu, again.wcu) == (50, 0)
    assert again.events_read == 50 * 30


def test_the_report_says_that_a_guarantee_is_broken() -> None:
    assert Check("a guarantee", holds=True).line() == "- holds: a guarantee"
    section = Section("S", [], [Check("another guarantee", holds=False)])
    assert section.text() == "## S\n\n- BROKEN: another guarantee\n"


def test_a_table_is_markdown_with_numbers_aligned_to_the_right() -> None:
    table = Table(("case", "calls"), [("one", 1), ("more", 1000.0)], title="T", note="N")
    assert list(table.lines()) == [
        "**T**",
        "",
        "| case | calls |",
        "| ---- | ----: |",
        "| one  |     1 |",
        "| more | 1,000 |",
        "",
        "N",
    ]


@pytest.mark.parametrize(
    ("cell", "text"),
    [("x", "x"), (12345, "12,345"), (0.05, "0.05"), (1.256, "1.26"), (123.45, "123.5"), (2.0, "2"), (4321.9, "4,322")],
)
def test_a_number_is_shown_with_its_significant_digits(cell: str | int | float, text: str) -> None:
    assert shown(cell) == text


def best_of_three(act: Callable[[], object]) -> float:
    return best({"act": lambda: act}, 3)["act"]


def by_the_process(act: Callable[[], object]) -> float:
    start = process_seconds()
    act()
    return process_seconds() - start


@pytest.mark.parametrize("clock", [best_of_three, by_the_process])
def test_a_clock_runs_while_a_timer_on_the_cpu_time_is_armed(clock: Callable[..., float]) -> None:
    """A fold arms such a timer for each event. Then `time.process_time` stands still between two ticks."""
    signal.setitimer(signal.ITIMER_VIRTUAL, 200)
    try:
        assert all(clock(lambda: sum(range(20_000))) > 0 for _ in range(100))
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def test_each_run_is_prepared_separately_and_runs_alternate() -> None:
    order: list[str] = []

    def prepared(name: str) -> object:
        return lambda: (order.append(f"prepare {name}"), lambda: order.append(name))[1]

    best({"a": prepared("a"), "b": prepared("b")}, 2)  # type: ignore[dict-item]
    assert order == ["prepare a", "a", "prepare b", "b"] * 2


@pytest.mark.parametrize("span", [Span(), Span(start="2025-01-01T00:00:01"), Span(up_to="2025-01-01T00:00:09")])
def test_the_endless_store_reads_like_a_table_that_holds_its_events(span: Span) -> None:
    pipeline = Pipeline()
    kept = events.items(file_layer(), events.domain_id(), range(20))
    pipeline.store(kept)
    made = EndlessStore(pipeline.db, page=3)
    made.length = 20
    keys = [
        [event.item for event in EventsTable(client, "events").read(events.domain_id(), span)]
        for client in (direct_dynamodb(made), pipeline.client)
    ]
    assert keys[0] == keys[1]
    assert keys[0]


PAGE = (REPOSITORY / "docs" / "performance.md").read_text()
LINES = re.findall(r"^\| .* \| ([\d,]+) [^\u00d7|]*\u00d7 \$([\d.]+)/M \| ([\d.]+) \|$", PAGE, re.MULTILINE)
SUMS = re.findall(r"^\| \*\*sum\*\* \| \| \*\*([\d.]+)\*\* \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("count", "price", "cost"), LINES)
def test_each_cost_on_the_page_is_its_count_times_its_price(count: str, price: str, cost: str) -> None:
    assert abs(Decimal(count.replace(",", "")) * Decimal(price) / 1_000_000 - Decimal(cost)) <= Decimal("0.00005")


def test_the_sums_of_the_page_add_up_its_lines() -> None:
    assert len(LINES) == PAGE.count("/M | ")
    assert sum(map(Decimal, SUMS)) == sum(Decimal(cost) for _, _, cost in LINES)
