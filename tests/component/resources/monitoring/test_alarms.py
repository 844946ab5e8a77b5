"""Every alarm: what it watches, when it goes off, and whom it notifies."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from cp_event_source.resources import persist_function, project_function
from cp_event_source.resources.monitoring import DEFAULT_THRESHOLDS
from cp_event_source.resources.monitoring.catalogue import ALARMS
from cp_event_source.resources.monitoring.metric_alarms import create_alarms
from cp_event_source.resources.monitoring.tables import OPERATIONS

from ...deployment import Deployment, Registration, physical
from .documented import is_documented
from .handler_metrics import operations_on, sent_by
from .metric_math import computed
from .program import TAGS, deployed

TOPIC = "arn:aws-cn:sns:cn-north-1:111122223333:alarms"
ACTIONS = ["arn:aws-cn:sns:cn-north-1:111122223333:pager", "arn:aws-cn:sns:cn-north-1:111122223333:chat"]

DAY = 24 * 3600
HOUR_MS = 3600 * 1000


def registered(*, bus: str = "files", preview: bool = False, **thresholds: float) -> dict[str, Registration]:
    named = {name.replace("_", "-"): threshold for name, threshold in thresholds.items()}
    deployment = deployed(
        lambda scope, watched: create_alarms(scope, watched, topic_arn=TOPIC, actions=ACTIONS, thresholds=named),
        bus=bus,
        preview=preview,
    )
    return by_name(deployment)


def by_name(deployment: Deployment) -> dict[str, Registration]:
    """Alarms by the names that users name their thresholds by."""
    found = [each for each in deployment.resources if each.type == "aws:cloudwatch/metricAlarm:MetricAlarm"]
    return {each.name.removeprefix("files-alarm-"): each for each in found}


@pytest.fixture(scope="module")
def all_alarms() -> dict[str, Registration]:
    return registered()


def metrics_of(alarm: Registration) -> list[dict[str, Any]]:
    """The metrics that an alarm reads."""
    inputs = alarm.inputs
    if "metricQueries" not in inputs:
        return [{**inputs, "stat": inputs["statistic"]}]
    return [each["metric"] for each in inputs["metricQueries"] if "metric" in each]


def queue(suffix: str) -> dict[str, str]:
    return {"QueueName": physical(f"files-{suffix}")}


def function(suffix: str) -> dict[str, str]:
    return {"FunctionName": physical(f"files-{suffix}")}


def handler(suffix: str) -> dict[str, str]:
    return {"DomainName": "File", **function(suffix)}


def rule(suffix: str) -> dict[str, str]:
    return {"EventBusName": "files", "RuleName": physical(f"files-{suffix}")}


def table(suffix: str, operation: str = "") -> dict[str, str]:
    return {"TableName": physical(f"files-{suffix}")} | ({"Operation": operation} if operation else {})


# Name: namespace, metric, dimensions, statistic, threshold, (period, periods, breaching periods).
ONE_METRIC = {
    "ingest-age": ("SQS", "ApproximateAgeOfOldestMessage", queue("ingest"), "Maximum", 900, (300, 1, 1)),
    "ingest-dead-letter": (
        "SQS",
        "ApproximateNumberOfMessagesVisible",
        queue("ingest-dead-letter"),
        "Maximum",
        0,
        (300, 1, 1),
    ),
    "ingest-dead-letter-age": (
        "SQS",
        "ApproximateAgeOfOldestMessage",
        queue("ingest-dead-letter"),
        "Maximum",
        7 * DAY,
        (300, 1, 1),
    ),
    "parked": ("SQS", "ApproximateNumberOfMessagesVisible", queue("parked"), "Maximum", 0, (300, 1, 1)),
    "parked-age": ("SQS", "ApproximateAgeOfOldestMessage", queue("parked"), "Maximum", 7 * DAY, (300, 1, 1)),
    "projection-dead-letter": (
        "SQS",
        "ApproximateNumberOfMessagesVisible",
        queue("projection-dead-letter"),
        "Maximum",
        0,
        (300, 1, 1),
    ),
    "projection-dead-letter-age": (
        "SQS",
        "ApproximateAgeOfOldestMessage",
        queue("projection-dead-letter"),
        "Maximum",
        7 * DAY,
        (300, 1, 1),
    ),
    "conflicts": ("CpEventSource", "ConflictingEvents", handler("persist"), "Sum", 0, (300, 1, 1)),
    "stream-age": ("Lambda", "IteratorAge", function("project"), "Maximum", HOUR_MS, (900, 2, 1)),
    "stream-age-grave": ("Lambda", "IteratorAge", function("project"), "Maximum", 12 * HOUR_MS, (900, 2, 1)),
    "destination-failures": ("Lambda", "DestinationDeliveryFailures", function("project"), "Sum", 0, (300, 6, 1)),
    "persist-errors": ("Lambda", "Errors", function("persist"), "Sum", 0, (300, 3, 2)),
    "persist-throttles": ("Lambda", "Throttles", function("persist"), "Sum", 0, (300, 3, 3)),
    "persist-duration": ("Lambda", "Duration", function("persist"), "Maximum", 72_000, (300, 6, 1)),
    "project-errors": ("Lambda", "Errors", function("project"), "Sum", 0, (300, 6, 2)),
    "project-throttles": ("Lambda", "Throttles", function("project"), "Sum", 0, (300, 3, 3)),
    "project-duration": ("Lambda", "Duration", function("project"), "Maximum", 720_000, (300, 6, 1)),
    "domain-event-rule-failures": ("Events", "FailedInvocations", rule("domain-event"), "Sum", 0, (300, 1, 1)),
    "domain-event-rule-losses": (
        "Events",
        "InvocationsFailedToBeSentToDlq",
        rule("domain-event"),
        "Sum",
        0,
        (300, 1, 1),
    ),
    "rebuild-rule-failures": ("Events", "FailedInvocations", rule("rebuild"), "Sum", 0, (300, 1, 1)),
    "rebuild-rule-losses": ("Events", "InvocationsFailedToBeSentToDlq", rule("rebuild"), "Sum", 0, (300, 1, 1)),
    "rebuilds-failed": ("CpEventSource", "RebuildsFailed", handler("project"), "Sum", 0, (300, 1, 1)),
    "rebuilds-dropped": ("Lambda", "AsyncEventsDropped", function("project"), "Sum", 0, (300, 6, 1)),
    "rebuild-requests": ("Events", "TriggeredRules", rule("rebuild"), "Sum", 100, (300, 1, 1)),
}

# Name: the metrics by their ids, threshold, (period, periods, breaching periods).
SEVERAL_METRICS = {
    "not-projected": (
        {
            "stored": ("CpEventSource", "EventsStored", handler("persist")),
            "projected": ("CpEventSource", "EventsProjected", handler("project")),
            "waiting": ("CpEventSource", "EventsWaiting", handler("project")),
            "again": ("CpEventSource", "BatchesRedelivered", handler("project")),
        },
        0,
        (900, 2, 1),
    ),
    **{
        f"{each}-throttles": (
            {
                "reads": ("AWS/DynamoDB", "ReadThrottleEvents", table(each)),
                "writes": ("AWS/DynamoDB", "WriteThrottleEvents", table(each)),
            },
            0,
            (300, 3, 3),
        )
        for each in ("domain-events", "domain", "domain-snapshots")
    },
    "tables-system-errors": (
        {
            "domain_events_PutItem": ("AWS/DynamoDB", "SystemErrors", table("domain-events", "PutItem")),
            "domain_events_Query": ("AWS/DynamoDB", "SystemErrors", table("domain-events", "Query")),
            "domain_BatchGetItem": ("AWS/DynamoDB", "SystemErrors", table("domain", "BatchGetItem")),
            "domain_GetItem": ("AWS/DynamoDB", "SystemErrors", table("domain", "GetItem")),
            "domain_PutItem": ("AWS/DynamoDB", "SystemErrors", table("domain", "PutItem")),
            "domain_snapshots_GetItem": ("AWS/DynamoDB", "SystemErrors", table("domain-snapshots", "GetItem")),
            "domain_snapshots_PutItem": ("AWS/DynamoDB", "SystemErrors", table("domain-snapshots", "PutItem")),
        },
        0,
        (300, 3, 3),
    ),
}


def test_these_are_all_alarms(all_alarms: Mapping[str, Registration]) -> None:
    assert all_alarms.keys() == ONE_METRIC.keys() | SEVERAL_METRICS.keys()
    assert all_alarms.keys() == DEFAULT_THRESHOLDS.keys()
    assert len(ALARMS) == len(DEFAULT_THRESHOLDS) == 29


@pytest.mark.parametrize("name", ONE_METRIC)
def test_an_alarm_watches_a_metric(all_alarms: Mapping[str, Registration], name: str) -> None:
    service, metric, dimensions, statistic, threshold, evaluation = ONE_METRIC[name]
    inputs = all_alarms[name].inputs
    assert inputs["namespace"] == (service if service == "CpEventSource" else f"AWS/{service}")
    assert (inputs["metricName"], inputs["dimensions"], inputs["statistic"]) == (metric, dimensions, statistic)
    assert (inputs["period"], inputs["evaluationPeriods"], inputs["datapointsToAlarm"]) == evaluation
    assert inputs["threshold"] == DEFAULT_THRESHOLDS[name] == threshold


@pytest.mark.parametrize("name", SEVERAL_METRICS)
def test_an_alarm_watches_what_is_computed_from_metrics(all_alarms: Mapping[str, Registration], name: str) -> None:
    metrics, threshold, (period, periods, breaching) = SEVERAL_METRICS[name]
    inputs = all_alarms[name].inputs
    queries = inputs["metricQueries"]
    found = {each["id"]: each["metric"] for each in queries if "metric" in each}
    assert found == {
        id_: {
            "namespace": namespace,
            "metricName": metric,
            "dimensions": dimensions,
            "stat": "Sum",
            "period": period,
        }
        for id_, (namespace, metric, dimensions) in metrics.items()
    }
    assert [each["id"] for each in queries if each["returnData"]] == ["watched"]
    assert (inputs["evaluationPeriods"], inputs["datapointsToAlarm"]) == (periods, breaching)
    assert inputs["threshold"] == DEFAULT_THRESHOLDS[name] == threshold
    assert inputs.keys().isdisjoint({"metricName", "namespace", "dimensions", "statistic", "period"})


def test_every_alarm_goes_off_above_its_threshold_and_takes_silence_as_right(
    all_alarms: Mapping[str, Registration],
) -> None:
    assert {each.inputs["comparisonOperator"] for each in all_alarms.values()} == {"GreaterThanThreshold"}
    assert {each.inputs["treatMissingData"] for each in all_alarms.values()} == {"notBreaching"}


def test_every_alarm_is_enabled_and_tells_when_it_begins_and_when_it_ends(
    all_alarms: Mapping[str, Registration],
) -> None:
    for alarm in all_alarms.values():
        assert alarm.inputs["actionsEnabled"] is True
        assert alarm.inputs["alarmActions"] == [TOPIC, *ACTIONS]
        assert alarm.inputs["okActions"] == [TOPIC]
        assert "insufficientDataActions" not in alarm.inputs


def test_every_alarm_is_tagged_belongs_to_the_component_and_gets_its_physical_name_from_pulumi(
    all_alarms: Mapping[str, Registration],
) -> None:
    for alarm in all_alarms.values():
        assert alarm.inputs["tags"] == TAGS
        assert alarm.parent.endswith("test:index:Parent::files")
        assert "name" not in alarm.inputs


def test_a_threshold_is_overridden_by_the_alarms_name() -> None:
    changed = registered(rebuild_requests=7.0, ingest_age=60.0)
    assert changed["rebuild-requests"].inputs["threshold"] == 7
    assert changed["ingest-age"].inputs["threshold"] == 60
    others = DEFAULT_THRESHOLDS.keys() - {"rebuild-requests", "ingest-age"}
    assert {name: changed[name].inputs["threshold"] for name in others} == {
        name: DEFAULT_THRESHOLDS[name] for name in others
    }


@pytest.mark.parametrize("name", ["domain-event-rule-failures", "rebuild-rule-losses", "rebuild-requests"])
def test_a_rule_on_the_default_bus_has_metrics_without_the_bus(name: str) -> None:
    dimensions = registered(bus="default")[name].inputs["dimensions"]
    assert dimensions == {"RuleName": ONE_METRIC[name][2]["RuleName"]}


def test_duration_is_watched_at_four_fifths_of_each_functions_time_out() -> None:
    seconds = {"persist": persist_function.TIMEOUT_SECONDS, "project": project_function.TIMEOUT_SECONDS}
    for name, timeout in seconds.items():
        assert DEFAULT_THRESHOLDS[f"{name}-duration"] == pytest.approx(0.8 * timeout * 1000)


@pytest.mark.parametrize("bus", ["default", "files"])
def test_every_metric_is_one_that_somebody_sends(bus: str) -> None:
    for name, alarm in registered(bus=bus).items():
        for metric in metrics_of(alarm):
            if metric["namespace"] == "CpEventSource":
                sender = metric["dimensions"]["FunctionName"].split("-")[1]
                assert metric["metricName"] in sent_by(sender), name
                assert metric["dimensions"].keys() == {"DomainName", "FunctionName"}
            else:
                assert is_documented(metric["namespace"], metric["metricName"], metric["dimensions"]), name


def test_faults_of_dynamodb_are_counted_for_each_operation_that_the_functions_use() -> None:
    modules = {"domain-events": "events_table", "domain": "domain_table", "domain-snapshots": "snapshots_table"}
    assert {table: set(operations) for table, operations in OPERATIONS.items()} == {
        table: operations_on(module) for table, module in modules.items()
    }


def test_cloudwatchs_limits_are_kept(all_alarms: Mapping[str, Registration]) -> None:
    for alarm in all_alarms.values():
        metrics = metrics_of(alarm)
        assert len(metrics) <= 10
        (period,) = {each["period"] for each in metrics}
        span = period * alarm.inputs["evaluationPeriods"]
        assert span <= DAY if period < 3600 else span <= 7 * DAY
        assert len(alarm.inputs["alarmDescription"]) <= 1024
        for query in alarm.inputs.get("metricQueries", []):
            assert query["id"].replace("_", "").isalnum()
            assert query["id"][0].islower()


def test_the_longest_domain_name_fits_into_every_description() -> None:
    assert all(len(alarm.description("x" * 256)) <= 1024 for alarm in ALARMS)


def test_all_alarms_together_read_so_many_metrics(all_alarms: Mapping[str, Registration]) -> None:
    """CloudWatch charges an alarm by the metrics that it reads, $0.10 a month each."""
    assert sum(len(metrics_of(alarm)) for alarm in all_alarms.values()) == 41


def test_a_preview_knows_all_alarms() -> None:
    assert registered(preview=True).keys() == DEFAULT_THRESHOLDS.keys()


@pytest.mark.parametrize(
    ("stored", "projected", "alarmed"),
    [
        pytest.param([None, None, None], [None, None, None], False, id="nothing happens"),
        pytest.param([5, 5, 5], [5, 5, 5], False, id="all is projected"),
        pytest.param([5, 5, 5], [None, None, None], True, id="nothing is projected"),
        pytest.param([None, 1, None], [None, None, None], True, id="a single event is not projected"),
        pytest.param([None, 1, None], [None, 1, None], False, id="a single event is projected"),
        pytest.param([None, 1, None], [None, None, 1], False, id="projected in the next period"),
        pytest.param([None, None, 1], [None, None, None], False, id="stored just now"),
        pytest.param([None, 7, 7], [None, None, 1], False, id="it goes on again"),
        pytest.param([1, 1], [None, None], True, id="CloudWatch reads no more periods than it evaluates"),
        pytest.param([1, None], [1, None], False, id="nor does the first of them count without one before it"),
        pytest.param([1, None, None], [1, None, None], False, id="long ago"),
    ],
)
@pytest.mark.parametrize("dealt_with", ["projected", "waiting", "again"])
def test_stored_but_not_projected(
    all_alarms: Mapping[str, Registration],
    stored: Sequence[float | None],
    projected: Sequence[float | None],
    *,
    alarmed: bool,
    dealt_with: str,
) -> None:
    """Series have a value for each quarter of an hour; the alarm looks at the last two."""
    nothing = dict.fromkeys(("projected", "waiting", "again"), [None] * len(stored))
    inputs = all_alarms["not-projected"].inputs
    expressions = {each["id"]: each["expression"] for each in inputs["metricQueries"] if "expression" in each}
    watched = computed(expressions, {"stored": stored, **nothing, dealt_with: projected})["watched"].values
    last = watched[-int(inputs["evaluationPeriods"]) :]
    breaching = [value for value in last if value is not None and value > inputs["threshold"]]
    assert (len(breaching) >= inputs["datapointsToAlarm"]) is alarmed


def test_what_is_stored_in_the_first_period_of_all_is_not_judged(all_alarms: Mapping[str, Registration]) -> None:
    """There is no period before it: whether its events were projected is only seen in the next."""
    inputs = all_alarms["not-projected"].inputs
    expressions = {each["id"]: each["expression"] for each in inputs["metricQueries"] if "expression" in each}
    watched = computed(
        expressions, {"stored": [3, None], "projected": [None, 3], "waiting": [None, None], "again": [None, None]}
    )["watched"].values
    assert list(watched) == [0, 0]


def test_throttles_of_reads_and_writes_and_faults_of_all_operations_are_added_up(
    all_alarms: Mapping[str, Registration],
) -> None:
    for name in SEVERAL_METRICS.keys() - {"not-projected"}:
        queries = all_alarms[name].inputs["metricQueries"]
        ids = [each["id"] for each in queries if "metric" in each]
        expressions = {each["id"]: each["expression"] for each in queries if "expression" in each}
        silent = {each: [None] for each in ids}
        assert list(computed(expressions, silent)["watched"].values) == [0]
        for one in ids:
            assert list(computed(expressions, {**silent, one: [2]})["watched"].values) == [2]
