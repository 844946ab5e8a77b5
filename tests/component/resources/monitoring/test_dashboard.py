"""The dashboard: a body that CloudWatch takes, of metrics that there are."""

import json
from copy import deepcopy
from itertools import product
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from cp_event_source.resources.monitoring import Watched
from cp_event_source.resources.monitoring.catalogue import ALARMS
from cp_event_source.resources.monitoring.cloudwatch_dashboard import _url, create_dashboard, dashboard_url
from cp_event_source.resources.monitoring.metric_alarms import create_alarms
from cp_event_source.resources.scope import Scope

from ...deployment import REGION, Deployment, arn, physical
from .dashboard_schema import BODY
from .documented import is_documented
from .handler_metrics import sent_by
from .program import deployed, known

VALIDATOR = Draft202012Validator(BODY)


def with_alarms(scope: Scope, watched: Watched) -> None:
    create_dashboard(scope, watched, alarms=create_alarms(scope, watched, topic_arn="topic", actions=[], thresholds={}))


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    return deployed(with_alarms)


@pytest.fixture(scope="module")
def body(deployment: Deployment) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(deployment.only("Dashboard").inputs["dashboardBody"])
    return parsed


def graphs(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [each["properties"] for each in body["widgets"] if each["type"] == "metric"]


def metrics(body: dict[str, Any]) -> list[tuple[str, str, dict[str, str], dict[str, Any]]]:
    """Namespace, name, dimensions and options of every metric that is read."""
    return [
        (row[0], row[1], dict(zip(row[2:-1:2], row[3:-1:2], strict=True)), row[-1])
        for graph in graphs(body)
        for row in graph["metrics"]
        if isinstance(row[0], str)
    ]


def graph(body: dict[str, Any], title: str) -> dict[str, Any]:
    (found,) = [each for each in graphs(body) if each["title"] == title]
    return found


def test_the_body_has_the_documented_structure(body: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(BODY)
    assert [error.message for error in VALIDATOR.iter_errors(body)] == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("x",), 24),
        (("width",), 25),
        (("height",), 0),
        (("type",), "graph"),
        (("properties", "period"), 90),
        (("properties", "view"), "line"),
        (("properties", "statistic"), "Sum"),
        (("properties", "region"), ""),
        (("properties", "metrics"), [["AWS/Lambda", "Errors", "FunctionName"]]),
        (("properties", "metrics"), [["AWS/Lambda", "Errors", "FunctionName", "f", {"stat": "Total"}]]),
        (("properties", "metrics"), [["AWS/Lambda", "Errors", "FunctionName", "f", {"yAxis": "top"}]]),
    ],
)
def test_another_structure_is_found(body: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    broken = deepcopy(body)
    place = next(each for each in broken["widgets"] if each["type"] == "metric")
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert not VALIDATOR.is_valid(broken)


def test_widgets_fit_into_the_grid_and_do_not_overlap(body: dict[str, Any]) -> None:
    cells = [
        cell
        for each in body["widgets"]
        for cell in product(range(each["x"], each["x"] + each["width"]), range(each["y"], each["y"] + each["height"]))
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) == 23


def test_headings_are_the_questions_it_answers(body: dict[str, Any]) -> None:
    headings = [each["properties"]["markdown"] for each in body["widgets"] if each["type"] == "text"]
    assert headings == ["## Is it flowing?", "## How late is it?", "## What is stuck?", "## What does it cost?"]


def test_the_status_of_all_alarms_comes_first(body: dict[str, Any]) -> None:
    first = body["widgets"][0]
    assert first["type"] == "alarm"
    assert (first["x"], first["y"]) == (0, 0)
    assert first["properties"]["alarms"] == [
        arn("cloudwatch", f"alarm:{physical(f'files-alarm-{each.name}')}") for each in ALARMS
    ]


def test_without_alarms_there_is_no_status_of_them() -> None:
    body = json.loads(deployed(create_dashboard).only("Dashboard").inputs["dashboardBody"])
    assert {each["type"] for each in body["widgets"]} == {"metric", "text"}
    assert VALIDATOR.is_valid(body)


@pytest.mark.parametrize("bus", ["default", "files"])
def test_every_metric_is_one_that_somebody_sends(bus: str) -> None:
    body = json.loads(deployed(with_alarms, bus=bus).only("Dashboard").inputs["dashboardBody"])
    for namespace, name, dimensions, _ in metrics(body):
        if namespace == "CpEventSource":
            sender = dimensions["FunctionName"].split("-")[1]
            assert name in sent_by(sender)
            assert dimensions == {"DomainName": "File", "FunctionName": physical(f"files-{sender}")}
        else:
            assert is_documented(namespace, name, dimensions), (namespace, name, dimensions)
            assert ("EventBusName" in dimensions) is (namespace == "AWS/Events" and bus != "default")


@pytest.mark.parametrize("function", ["persist", "project"])
def test_every_metric_that_the_functions_send_is_shown(body: dict[str, Any], function: str) -> None:
    shown = {name for _, name, dimensions, _ in metrics(body) if function in dimensions.get("FunctionName", "")}
    assert sent_by(function) <= shown


def test_all_four_queues_and_all_three_tables_are_shown(body: dict[str, Any]) -> None:
    shown = {name for _, _, dimensions, _ in metrics(body) for name in dimensions.values()}
    queues = {"files-ingest", "files-ingest-dead-letter", "files-parked", "files-projection-dead-letter"}
    tables = {"files-domain-events", "files-domain", "files-domain-snapshots"}
    assert {physical(name) for name in queues | tables} <= shown


def test_graphs_are_of_the_region_deployed_to(body: dict[str, Any]) -> None:
    assert {each["region"] for each in graphs(body)} == {REGION}


def test_counts_are_summed_and_levels_are_shown_at_their_worst(body: dict[str, Any]) -> None:
    levels = {"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible", "ConcurrentExecutions"}
    for _, name, _, options in metrics(body):
        if name in {*levels, "IteratorAge"}:
            assert options["stat"] == "Maximum"
        elif name == "Duration":
            assert options["stat"] in ({"p50", "Maximum"} if options.get("visible", True) else {"Sum"})
        elif name.startswith("LagFrom"):
            assert options["stat"] in {"p50", "p99", "Maximum"}
        else:
            assert options["stat"] == "Sum"


def test_gigabyte_seconds_are_computed_from_milliseconds_and_the_functions_memory(body: dict[str, Any]) -> None:
    rows = graph(body, "GB-seconds")["metrics"]
    assert [row[0] for row in rows if isinstance(row[0], dict)] == [
        {"expression": "m0 * 0.0005", "id": "e0", "label": "persist"},
        {"expression": f"m1 * {1769 / 1024 / 1000!r}", "id": "e1", "label": "project"},
    ]
    assert [row[-1] for row in rows if isinstance(row[0], str)] == [
        {"stat": "Sum", "id": "m0", "visible": False},
        {"stat": "Sum", "id": "m1", "visible": False},
    ]


def test_what_waits_has_an_axis_for_each_unit(body: dict[str, Any]) -> None:
    waiting = graph(body, "What waits longest")
    assert waiting["yAxis"]["left"]["label"] == "milliseconds"
    assert waiting["yAxis"]["right"]["label"] == "seconds"
    assert {row[1]: row[-1].get("yAxis", "left") for row in waiting["metrics"]} == {
        "IteratorAge": "left",
        "ApproximateAgeOfOldestMessage": "right",
    }


def test_the_name_is_unique_among_the_accounts_regions_and_stacks(deployment: Deployment) -> None:
    """Pulumi makes no names for dashboards: two stacks with a component of one name would share one."""
    assert deployment.only("Dashboard").name == "files-dashboard"
    assert deployment.only("Dashboard").inputs["dashboardName"] == f"{physical('files-domain')}-{REGION}"


def test_a_preview_knows_of_the_dashboard() -> None:
    assert deployed(with_alarms, preview=True).only("Dashboard").name == "files-dashboard"


def test_the_address_is_in_the_console_of_the_dashboards_partition() -> None:
    (address,) = known(lambda scope, watched: [dashboard_url(create_dashboard(scope, watched))])
    name = f"{physical('files-domain')}-{REGION}"
    assert address == (
        f"https://{REGION}.console.amazonaws.cn/cloudwatch/home?region={REGION}#dashboards/dashboard/{name}"
    )


@pytest.mark.parametrize(
    ("region", "address"),
    [
        (
            "eu-central-1",
            "https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1#dashboards/dashboard/f",
        ),
        (
            "us-gov-west-1",
            "https://us-gov-west-1.console.amazonaws-us-gov.com/cloudwatch/home?region=us-gov-west-1#dashboards/dashboard/f",
        ),
    ],
)
def test_the_address_in_other_partitions(region: str, address: str) -> None:
    widgets = [{"type": "text", "properties": {}}, {"type": "metric", "properties": {"region": region}}]
    assert _url("f", json.dumps({"widgets": widgets})) == address
