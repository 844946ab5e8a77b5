"""Guarantees: all points of a day are read, page by page; a sum without points is 0, a level without points unknown."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.operate.overview.metric_data import (
    DAY_SECONDS,
    Metric,
    MetricsError,
    Point,
    Series,
    read_metrics,
)

NOW = 1_767_225_733.0
METRICS = {name: Metric("AWS/SQS", name, {"QueueName": "q"}) for name in ("Sent", "Received")}


class CloudWatch:
    """CloudWatch with points by the metric's name; a page has some of them."""

    def __init__(
        self, points: dict[str, list[tuple[float, float]]], page: int = 1000, status: str = "Complete"
    ) -> None:
        self.requests: list[dict[str, Any]] = []
        self._points = points
        self._page = page
        self._status = status

    def get_metric_data(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        first = int(request.get("NextToken", 0))
        results = []
        is_more = False
        for query in request["MetricDataQueries"]:
            points = self._points.get(query["MetricStat"]["Metric"]["MetricName"], [])
            part = points[first : first + self._page]
            is_more = is_more or len(points) > first + self._page
            times = [datetime.fromtimestamp(time, UTC) for time, _ in part]
            results.append(
                {
                    "Id": query["Id"],
                    "Timestamps": times,
                    "Values": [value for _, value in part],
                    "StatusCode": self._status,
                }
            )
        return {"MetricDataResults": results, **({"NextToken": str(first + self._page)} if is_more else {})}


points = st.lists(st.tuples(st.integers(0, 288), st.integers(0, 10**6)), unique_by=lambda pair: pair[0])


@given(points, st.integers(1, 20))
def test_all_pages_are_read(given_points: list[tuple[int, int]], page: int) -> None:
    sent = [(NOW - 300.0 * ago, float(value)) for ago, value in given_points]
    found = read_metrics(CloudWatch({"Sent": sent}, page), METRICS, NOW)
    assert found["Sent"].total() == sum(value for _, value in given_points)
    assert (found["Received"].total(), found["Received"].newest()) == (0, None)


def test_one_call_asks_for_a_day_in_whole_periods() -> None:
    cloudwatch = CloudWatch({})
    read_metrics(cloudwatch, METRICS, NOW)
    (request,) = cloudwatch.requests
    begin = request["StartTime"].timestamp()
    assert begin % 300 == 0
    assert 0 <= NOW - begin - DAY_SECONDS < 300
    assert request["EndTime"].timestamp() == NOW
    assert {query["MetricStat"]["Stat"] for query in request["MetricDataQueries"]} == {"Sum"}


def test_a_metric_that_cannot_be_read_is_no_zero() -> None:
    with pytest.raises(MetricsError, match=r"Sent.*InternalError"):
        read_metrics(CloudWatch({}, status="InternalError"), METRICS, NOW)


@given(points, st.integers(0, 288))
def test_a_sum_is_the_sum_of_its_parts_and_the_newest_point_is_the_last_one(
    given_points: list[tuple[int, int]], cut: int
) -> None:
    series = Series(tuple(Point(float(time), float(value)) for time, value in given_points))
    assert series.total(end=cut) + series.total(begin=cut) == series.total()
    later = [time for time, _ in given_points if time >= cut]
    newest = series.newest(cut)
    assert (newest.begins if newest else None) == (max(later) if later else None)
