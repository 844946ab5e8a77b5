"""Reads metrics of the last day from CloudWatch."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from cp_event_source.deployed.errors import CommandError

PERIOD_SECONDS: Final = 300
"""CloudWatch adds up this much time to a point. A day of a metric has 289 points; a reply has at most 100,800."""

DAY_SECONDS: Final = 24 * 3600

_AT_ONCE: Final = 300
"""Metrics in a call. CloudWatch takes 500, but then a day of them would be more points than a reply has."""


class MetricsError(CommandError):
    """CloudWatch could not read a metric."""


@dataclass(frozen=True)
class Metric:
    """A metric with one of its statistics."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    """All dimensions that its service sends: with others, there are no points."""
    statistic: str = "Sum"


@dataclass(frozen=True)
class Point:
    """What a metric was in a period."""

    begins: float
    """POSIX seconds."""
    value: float


@dataclass(frozen=True)
class Series:
    """The points of a metric. A service sends none where nothing happens: for a sum that is 0, for a level unknown."""

    points: tuple[Point, ...] = ()

    def total(self, begin: float = 0, end: float = float("inf")) -> float:
        """The sum of the periods that begin at or after `begin` and before `end`, in POSIX seconds."""
        return sum(point.value for point in self.points if begin <= point.begins < end)

    def newest(self, begin: float = 0) -> Point | None:
        """The last point of the periods that begin at or after `begin`; None if there is none."""
        return max(
            (point for point in self.points if point.begins >= begin), key=lambda point: point.begins, default=None
        )


def read_metrics(cloudwatch: Any, metrics: Mapping[str, Metric], now: float) -> dict[str, Series]:
    """The last day of metrics, by the names that they are given here.

    Raises:
        botocore.exceptions.ClientError: CloudWatch refuses.
        MetricsError: CloudWatch could not read one of them.
    """
    names = list(metrics)
    found: dict[str, list[Point]] = {name: [] for name in names}
    for first in range(0, len(names), _AT_ONCE):
        part = names[first : first + _AT_ONCE]
        request: dict[str, Any] = {
            "MetricDataQueries": [_query(number, metrics[name]) for number, name in enumerate(part)],
            "StartTime": _moment(now // PERIOD_SECONDS * PERIOD_SECONDS - DAY_SECONDS),
            "EndTime": _moment(now),
        }
        while True:
            reply = cloudwatch.get_metric_data(**request)
            for result in reply["MetricDataResults"]:
                name = part[int(result["Id"][1:])]
                if result.get("StatusCode") in {"InternalError", "Forbidden"}:
                    raise MetricsError(
                        f"{metrics[name].name}: CloudWatch must return it; got {result['StatusCode']}; try again"
                    )
                pairs = zip(result["Timestamps"], result["Values"], strict=True)
                found[name] += [Point(time.timestamp(), value) for time, value in pairs]
            if not reply.get("NextToken"):
                break
            request["NextToken"] = reply["NextToken"]
    return {name: Series(tuple(points)) for name, points in found.items()}


def _query(number: int, metric: Metric) -> dict[str, Any]:
    return {
        "Id": f"m{number}",
        "MetricStat": {
            "Metric": {
                "Namespace": metric.namespace,
                "MetricName": metric.name,
                "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions.items()],
            },
            "Period": PERIOD_SECONDS,
            "Stat": metric.statistic,
        },
        "ReturnData": True,
    }


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
