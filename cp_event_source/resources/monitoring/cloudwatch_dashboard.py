"""The dashboard: its graphs in CloudWatch's grid.

The body's structure is
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
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

OfLine = tuple[dict[str, str], float | None]
"""What is known of a line later: its metric's dimensions, and the factor if it has one."""


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
        dashboard_body=_body(questions(watched), region, alarms),
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


def _body(
    asked: Sequence[Question], region: pulumi.Output[str], alarms: Sequence[aws.cloudwatch.MetricAlarm]
) -> pulumi.Output[str]:
    """All widgets, as JSON. They are made when all is known: `json_text` would make some thousand outputs of them."""
    lines = [line for question in asked for graph in question.graphs for line in graph.lines]

    def body(known: dict[str, Any]) -> str:
        of_lines = zip(known["dimensions"], known["factors"], strict=True)
        return json.dumps({"widgets": _widgets(asked, known["region"], known["alarms"], of_lines)})

    return pulumi.Output.all(
        region=region,
        alarms=[alarm.arn for alarm in alarms],
        dimensions=[line.metric.dimensions for line in lines],
        factors=[line.times for line in lines],
    ).apply(body)


def _widgets(asked: Sequence[Question], region: str, alarms: Sequence[str], of_lines: Iterator[OfLine]) -> list[Widget]:
    widgets: list[Widget] = []
    top = 0
    if alarms:
        # Those that have changed last come first.
        status = {"title": "Alarms", "sortBy": "stateUpdatedTimestamp", "alarms": alarms}
        widgets.append(_placed("alarm", 0, top, _GRID_WIDTH, _ALARMS_HEIGHT, status))
        top += _ALARMS_HEIGHT
    for question in asked:
        heading = {"markdown": f"## {question.text}"}
        widgets.append(_placed("text", 0, top, _GRID_WIDTH, _HEADING_HEIGHT, heading))
        top += _HEADING_HEIGHT
        for number, graph in enumerate(question.graphs):
            row, column = divmod(number, _GRAPHS_IN_A_ROW)
            left, above = column * _GRAPH_WIDTH, top + row * _GRAPH_HEIGHT
            widgets.append(_placed("metric", left, above, _GRAPH_WIDTH, _GRAPH_HEIGHT, _graph(graph, region, of_lines)))
        top += -(-len(question.graphs) // _GRAPHS_IN_A_ROW) * _GRAPH_HEIGHT
    return widgets


def _placed(kind: str, x: int, y: int, width: int, height: int, properties: dict[str, Any]) -> Widget:
    return {"type": kind, "x": x, "y": y, "width": width, "height": height, "properties": properties}


def _graph(graph: Graph, region: str, of_lines: Iterator[OfLine]) -> dict[str, Any]:
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
        "metrics": list(chain.from_iterable(_rows(n, line, *next(of_lines)) for n, line in enumerate(graph.lines))),
    }


def _rows(number: int, line: Line, dimensions: dict[str, str], factor: float | None) -> list[list[Any]]:
    """A line's rows in the array of metrics: one, or two if the line is computed."""
    metric = line.metric
    named = [metric.namespace, metric.name, *chain.from_iterable(dimensions.items())]
    shown = {"label": line.label} | ({"yAxis": "right"} if line.right else {})
    if factor is None:
        return [[*named, {"stat": metric.statistic, **shown}]]
    return [
        [*named, {"stat": metric.statistic, "id": f"m{number}", "visible": False}],
        [{"expression": f"m{number} * {factor!r}", "id": f"e{number}", **shown}],
    ]
