"""Guarantee: the derived latency is the sum of what its sources say, and the page shows what the code derives."""

import re
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import latency_on_aws
from bench.latency_on_aws import FUNCTIONS_SECONDS, QUIET_QUEUE_SECONDS, STAGES, TRAFFIC, Stage, Traffic, seconds
from cp_event_source.pages.costs import load
from tests.docs.markdown import REPOSITORY

ALWAYS = (Stage("first", 2, 2, ""), Stage("second", 3, 3, ""))
"""Stages that always take the same."""
FIXED = 5 + FUNCTIONS_SECONDS
BUSY = Traffic("busy", 0, alone=False)


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_stage_by_itself_has_the_percentiles_of_its_source(stage: Stage) -> None:
    p50, p99 = seconds(BUSY, 0, [stage])
    assert isclose(p50 - FUNCTIONS_SECONDS, stage.p50, rel_tol=0.02)
    assert isclose(p99 - FUNCTIONS_SECONDS, stage.p99, rel_tol=0.03)


def test_stages_and_functions_are_summed() -> None:
    assert seconds(BUSY, 0, ALWAYS, samples=100) == pytest.approx((FIXED, FIXED))


@pytest.mark.parametrize(("window", "wait"), [(0, 0), (1, QUIET_QUEUE_SECONDS + 1), (60, 120)])
@pytest.mark.parametrize(("cold_share", "starts"), [(0, 0), (1, 2)])
def test_an_event_alone_waits_for_both_windows_and_for_both_starts(
    window: int, wait: int, cold_share: float, starts: int
) -> None:
    expected = FIXED + wait + starts * load.COLD_START_SECONDS
    assert seconds(Traffic("", cold_share, alone=True), window, ALWAYS, samples=100) == pytest.approx(
        (expected, expected)
    )


def test_an_event_among_others_comes_at_any_moment_of_two_windows() -> None:
    """The sum of two even distributions up to 10 has its median at 10, and one percent above 20 - 10 * sqrt(0.02)."""
    p50, p99 = seconds(BUSY, 10, ALWAYS)
    assert isclose(p50 - FIXED, 10, rel_tol=0.02)
    assert isclose(p99 - FIXED, 20 - 10 * 0.02**0.5, rel_tol=0.02)


def test_one_invocation_in_a_hundred_is_cold_in_each_function() -> None:
    """So it is in two percent of the sums, which the p99 shows and the p50 does not."""
    assert seconds(Traffic("", 0.01, alone=False), 0, ALWAYS) == pytest.approx(
        (FIXED, FIXED + load.COLD_START_SECONDS), rel=1e-6
    )


@given(st.sampled_from(TRAFFIC), st.integers(0, 300), st.integers(0, 300))
def test_a_longer_window_never_makes_a_row_earlier(traffic: Traffic, one: int, other: int) -> None:
    shorter, longer = sorted((one, other))
    assert seconds(traffic, shorter, samples=50) <= seconds(traffic, longer, samples=50)


def test_the_page_shows_what_the_code_derives() -> None:
    page = (REPOSITORY / "docs" / "performance.md").read_text()
    section = page.partition("\n### 9. Latency\n")[2]
    for table in latency_on_aws.tables():
        assert "\n".join(table.lines()) in section


def test_each_stage_names_its_source_and_its_date() -> None:
    assert all(re.search(r"\(https://[^)]+\).* 20\d\d$", stage.source) for stage in STAGES)
