"""The dashboard: its graphs in CloudWatch's grid.

The body's structure is
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html.
"""

import json
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from .. import arns
from ..scope import Scope
from .graphs import Graph, Line, Question, questions
from .watched import Watched

_GRID_WIDTH: Final = 24
_GRAPHS_IN_A_ROW: Final = 3
_GRAPH_WIDTH: Final = _GRID_WIDTH // _GRAPHS_IN_A_ROW
_GRAPH_HEIGHT: Final = 6
_HEADING_HEIGHT: Final = 1
_ALARMS_HEIGHT: Final = 6

_PERIOD_SECONDS: Final = 300

_CONSOLE: Final = "console.aws.amazon.com"
_OTHER_CONSOLES: Final[Mapping[str, str]] = {
    "cn-": "console.amazonaws.cn",
    "us-gov-": "console.amazonaws-us-gov.com",
}
"""The consoles of the partitions aws-cn and aws-us-gov, by the beginning of their regions' names."""

Widget = dict[str, Any]


def create_dashboard(
    scope: Scope, watched: Watched, *, alarms: Sequence[aws.cloudwatch.MetricAlarm] = ()
) -> aws.cloudwatch.Dashboard:
    """One page that shows whether events flow, how late they are, what is stuck and what it costs.

    Pulumi does not name dashboards automatically, and an account's dashboards share one list for all regions. So the
    name consists of the domain table's name, which is unique in its region, and the region.
    """
    region = watched.tables.domain.arn.apply(_region_of)
    return aws.cloudwatch.Dashboard(
        scope.child("dashboard"),
        region=scope.region,
        dashboard_name=pulumi.Output.concat(watched.tables.domain.name, "-", region),
        dashboard_body=pulumi.Output.json_dumps({"widgets": _widgets(questions(watched), region, alarms)}),
        opts=scope.options(),
    )


def dashboard_url(dashboard: aws.cloudwatch.Dashboard) -> pulumi.Output[str]:
    """The URL of a dashboard made here, in its partition's console."""
    # A dashboard belongs to no region, and its ARN has none: the URL has the region of its graphs.
    return pulumi.Output.all(dashboard.dashboard_name, dashboard.dashboard_body).apply(lambda known: _url(*known))


def _url(name: str, body: str) -> str:
    region = next(each["properties"]["region"] for each in json.loads(body)["widgets"] if each["type"] == "metric")
    others = (console for beginning, console in _OTHER_CONSOLES.items() if region.startswith(beginning))
    return f"https://{region}.{next(others, _CONSOLE)}/cloudwatch/home?region={region}#dashboards/dashboard/{name}"


def _region_of(arn: str) -> str:
    return arns.place_of(arn)[1]


def _widgets(
    asked: Sequence[Question], region: pulumi.Output[str], alarms: Sequence[aws.cloudwatch.MetricAlarm]
) -> list[Widget]:
    widgets: list[Widget] = []
    top = 0
    if alarms:
        widgets.append(_placed("alarm", 0, top, _GRID_WIDTH, _ALARMS_HEIGHT, _alarm_status(alarms)))
        top += _ALARMS_HEIGHT
    for question in asked:
        heading = {"markdown": f"## {question.text}"}
        widgets.append(_placed("text", 0, top, _GRID_WIDTH, _HEADING_HEIGHT, heading))
        top += _HEADING_HEIGHT
        for number, graph in enumerate(question.graphs):
            row, column = divmod(number, _GRAPHS_IN_A_ROW)
            left, above = column * _GRAPH_WIDTH, top + row * _GRAPH_HEIGHT
            widgets.append(_placed("metric", left, above, _GRAPH_WIDTH, _GRAPH_HEIGHT, _graph(graph, region)))
        top += -(-len(question.graphs) // _GRAPHS_IN_A_ROW) * _GRAPH_HEIGHT
    return widgets


def _placed(kind: str, x: int, y: int, width: int, height: int, properties: dict[str, Any]) -> Widget:
    return {"type": kind, "x": x, "y": y, "width": width, "height": height, "properties": properties}


def _alarm_status(alarms: Sequence[aws.cloudwatch.MetricAlarm]) -> dict[str, Any]:
    # Those that have changed last come first.
    return {"title": "Alarms", "sortBy": "stateUpdatedTimestamp", "alarms": [alarm.arn for alarm in alarms]}


def _graph(graph: Graph, region: pulumi.Output[str]) -> dict[str, Any]:
    # Counts and times are never below zero.
    axes = {
        side: {"label": unit, "min": 0, "showUnits": False}
        for side, unit in (("left", graph.left), ("right", graph.right))
        if unit
    }
    return {
        "title": graph.title,
        "region": region,
        "view": "timeSeries",
        "stacked": False,
        "period": _PERIOD_SECONDS,
        "yAxis": axes,
        "metrics": list(chain.from_iterable(_rows(number, line) for number, line in enumerate(graph.lines))),
    }


def _rows(number: int, line: Line) -> list[pulumi.Input[list[Any]]]:
    """A line's rows in the array of metrics: one, or two if the line is computed."""
    metric = line.metric
    shown = {"label": line.label} | ({"yAxis": "right"} if line.right else {})
    if line.times is None:
        options: dict[str, Any] = {"stat": metric.statistic, **shown}
    else:
        options = {"stat": metric.statistic, "id": f"m{number}", "visible": False}
    named = metric.dimensions.apply(
        lambda dimensions: [metric.namespace, metric.name, *chain.from_iterable(dimensions.items()), options]
    )
    if line.times is None:
        return [named]
    expression = pulumi.Output.from_input(line.times).apply(lambda times: f"m{number} * {times!r}")
    return [named, [{"expression": expression, "id": f"e{number}", **shown}]]
