"""Guarantee: `status` asks for metrics by the names and dimensions with which they are sent; others have no points, and
would show zeros."""

import json

import pytest

from cp_event_source.handler.aws.telemetry import Telemetry
from cp_event_source.handler.values.clock import Clock
from cp_event_source.operate.overview import watched_metrics as names
from cp_event_source.operate.overview.resource_names import DOMAIN_EVENTS, FUNCTIONS, PERSIST, PROJECT, rule_of
from tests.component.resources.monitoring.handler_metrics import sent_by
from tests.operate.overview.snapshots import HERE, OUTPUTS, pipeline

METRICS = names.metrics_of(pipeline(), [(name, f"files-{name}-logs") for name in FUNCTIONS])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_functions_send_what_is_asked_of_them(function: str) -> None:
    lag = {names.LAG} if function == PROJECT else set()
    assert {*names.COUNTED[function], *lag} <= sent_by(function)


def test_the_functions_own_metrics_have_the_dimensions_that_they_send(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry = Telemetry("File", "files-persist", Clock())
    telemetry.count(names.STORED)
    telemetry.flush()
    line = json.loads(capsys.readouterr().out)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    metric = METRICS[names.STORED]
    assert metric.namespace == directive["Namespace"]
    assert dict(metric.dimensions) == {name: line[name] for name in directive["Dimensions"][0]}


def test_aws_s_own_metrics_have_the_names_of_the_resources() -> None:
    assert METRICS[names.invocations(PERSIST)].dimensions == {"FunctionName": "files-persist"}
    assert METRICS[names.INGEST_AGE].dimensions == {"QueueName": "files-ingest"}
    assert METRICS[names.INGEST_AGE].statistic == METRICS[names.ITERATOR_AGE].statistic == "Maximum"
    assert METRICS[names.read_units("domain_events")].dimensions == {"TableName": "files-domain-events"}
    assert METRICS[names.write_units(names.INDEX)].dimensions == {
        "TableName": "files-domain",
        "GlobalSecondaryIndexName": "ParkedDomains",
    }
    assert METRICS[names.matched(DOMAIN_EVENTS)].dimensions == {
        "EventBusName": "files-bus",
        "RuleName": "files-domain-event",
    }
    assert METRICS[names.log_bytes(PROJECT)].dimensions == {"LogGroupName": "files-project-logs"}


def test_a_rule_on_the_default_bus_has_no_bus_among_its_dimensions() -> None:
    on_default = pipeline()
    outputs = {**OUTPUTS, "domain_event_rule_arn": f"arn:aws:events:{HERE}:rule/files-domain-event"}
    rule = rule_of(type(on_default)("files", outputs, on_default.clients), DOMAIN_EVENTS)
    assert (rule.name, rule.bus, rule.dimensions) == (
        "files-domain-event",
        "default",
        {"RuleName": "files-domain-event"},
    )


def test_one_call_takes_all_metrics() -> None:
    assert len(METRICS) < 100
