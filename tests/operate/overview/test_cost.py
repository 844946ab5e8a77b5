"""Guarantee: the cost of the last day is what the metrics count, at the prices of the page on costs."""

import pytest

from cp_event_source.operate.overview.cost import cost_of_the_day
from cp_event_source.operate.overview.resource_names import PERSIST
from cp_event_source.operate.overview.snapshot import Unknown
from tests.operate.overview.snapshots import series, snapshot, with_metrics, with_stage

MILLION = 1_000_000.0


def dollars(**metrics: float) -> float:
    lines = cost_of_the_day(with_metrics(**{name: series((600, number)) for name, number in metrics.items()}))
    assert not isinstance(lines, Unknown)
    return sum(line.dollars for line in lines)


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        ({"domain_events_matched": MILLION}, 1.00),
        ({"ingest_sent": MILLION, "parked_empty_receives": MILLION}, 0.80),
        ({"project_invocations": MILLION}, 0.20),
        # Each of the persist function's invocations is a batch that Lambda received and deleted.
        ({"persist_invocations": MILLION}, 0.20 + 2 * 0.40),
        ({"persist_duration": MILLION * 1000}, 13.3334 / 2),
        ({"project_duration": MILLION * 1000}, 13.3334 * 1769 / 1024),
        ({"domain_events_write_units": MILLION, "parked_index_write_units": MILLION}, 2 * 0.625),
        ({"domain_snapshots_read_units": MILLION}, 0.125),
        ({"persist_log_bytes": 1e9, "project_log_bytes": 1e9}, 1.00),
        ({}, 0),
    ],
)
def test_what_a_metric_counts_costs_its_price(metrics: dict[str, float], expected: float) -> None:
    assert dollars(**metrics) == pytest.approx(expected)


def test_without_the_metrics_or_the_memory_the_cost_is_unknown() -> None:
    assert cost_of_the_day(snapshot(metrics=Unknown("w"))) == Unknown("w")
    assert cost_of_the_day(with_stage(PERSIST, function=Unknown("v"))) == Unknown("v")
