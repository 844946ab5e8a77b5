"""Guarantees: a part of the pipeline that cannot be read hides no other part; alarms are those on the pipeline's own
resources; the parked objects are counted up to a limit."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, NoCredentialsError

from cp_event_source.handler.projection.rows import PARKED_SINCE
from cp_event_source.operate.overview import look
from cp_event_source.operate.overview.assess import assess
from cp_event_source.operate.overview.assessment import Level
from cp_event_source.operate.overview.look import look_at
from cp_event_source.operate.overview.snapshot import Depth, Parked, Snapshot, Unknown
from cp_event_source.resources.monitoring.catalogue import ALARMS
from tests.operate.overview.snapshots import LAYER, OUTPUTS, pipeline
from tests.operate.tables import PassingTime

DENIED = "AccessDeniedException"


class Aws:
    """All services of a pipeline in which all is well. An operation that is in `fails` raises its error."""

    endpoint = None

    def __init__(self, fails: dict[str, Exception] | None = None) -> None:
        self.fails = fails or {}
        self.alarms: list[dict[str, Any]] = []
        self.parked: list[str] = []
        self.page = 2
        self.settings: dict[str, Any] = {}

    def with_settings(self, service: str, **settings: Any) -> "Aws":
        self.settings = settings
        return self

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        answer = getattr(type(self), f"on_{operation}")

        def call(**request: Any) -> Any:
            if operation in self.fails:
                raise self.fails[operation]
            return answer(self, request)

        return call

    def get_paginator(self, operation: str) -> Any:
        aws = self

        class Pages:
            def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
                request.pop("PaginationConfig", None)
                yield getattr(aws, operation)(**request)

        return Pages()

    def on_get_function_configuration(self, request: dict[str, Any]) -> dict[str, Any]:
        return {
            "State": "Active",
            "LastUpdateStatus": "Successful",
            "MemorySize": 512,
            "CodeSha256": "abc",
            "Layers": [{"Arn": LAYER}],
            "Environment": {"Variables": {"LOGIC_VERSION": LAYER}},
            "LoggingConfig": {"LogGroup": f"{request['FunctionName']}-logs"},
        }

    def on_get_function_concurrency(self, request: dict[str, Any]) -> dict[str, Any]:
        return {}

    def on_list_event_source_mappings(self, request: dict[str, Any]) -> dict[str, Any]:
        arns = ["arn:of:another", OUTPUTS["ingest_queue_arn"], OUTPUTS["domain_events_stream_arn"]]
        states = ["Disabled", "Enabled", "Enabled"]
        mappings = [
            {"UUID": "u-1", "EventSourceArn": arn, "State": state} for arn, state in zip(arns, states, strict=True)
        ]
        return {"EventSourceMappings": mappings}

    def on_describe_rule(self, request: dict[str, Any]) -> dict[str, Any]:
        assert request["EventBusName"] == "files-bus"
        return {"State": "ENABLED"}

    def on_get_queue_attributes(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"Attributes": dict.fromkeys(request["AttributeNames"], "0")}

    def on_describe_alarms(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"MetricAlarms": self.alarms}

    def on_get_metric_data(self, request: dict[str, Any]) -> dict[str, Any]:
        ids = [query["Id"] for query in request["MetricDataQueries"]]
        return {"MetricDataResults": [{"Id": each, "Timestamps": [], "Values": []} for each in ids]}

    def on_scan(self, request: dict[str, Any]) -> dict[str, Any]:
        assert request["IndexName"] == "ParkedDomains"
        first = int(request.get("ExclusiveStartKey", {}).get("N", 0))
        part = self.parked[first : first + self.page]
        more = {"LastEvaluatedKey": {"N": str(first + self.page)}} if first + self.page < len(self.parked) else {}
        return {"Items": [{PARKED_SINCE: {"S": since}} for since in part], **more}


def seen(aws: Aws) -> Snapshot:
    return look_at(pipeline(aws), PassingTime())


def refused(operation: str, code: str = DENIED) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


def unknown_parts(snapshot: Snapshot) -> set[str]:
    parts: list[tuple[str, object]] = [
        ("metrics", snapshot.metrics),
        ("parked", snapshot.parked),
        ("alarms", snapshot.alarms),
    ]
    parts += [("rule", each) for each in snapshot.rules.values()]
    parts += [("queue", each) for each in snapshot.queues.values()]
    for stage in snapshot.stages.values():
        parts += [
            ("function", stage.function),
            ("source", stage.source),
            ("concurrency", stage.reserved_concurrency),
        ]
    return {name for name, part in parts if isinstance(part, Unknown)}


def test_a_pipeline_in_which_all_is_well_has_no_findings() -> None:
    aws = Aws()
    assert assess(seen(aws)).findings == ()
    assert aws.settings["read_timeout"] < 60


@pytest.mark.parametrize(
    ("operation", "part"),
    [
        ("get_function_configuration", "function"),
        ("get_function_concurrency", "concurrency"),
        ("list_event_source_mappings", "source"),
        ("describe_rule", "rule"),
        ("get_queue_attributes", "queue"),
        ("describe_alarms", "alarms"),
        ("get_metric_data", "metrics"),
        ("scan", "parked"),
    ],
)
@pytest.mark.parametrize(
    "error",
    [refused("Operation"), refused("Operation", "NotImplemented"), ConnectTimeoutError(endpoint_url="https://x")],
    ids=["no right", "no such call", "no answer"],
)
def test_a_part_that_cannot_be_read_hides_no_other(operation: str, part: str, error: Exception) -> None:
    snapshot = seen(Aws({operation: error}))
    assert unknown_parts(snapshot) == {part}
    assert Level.FINE < assess(snapshot).verdict < Level.STOPPED


def test_a_missing_right_is_named() -> None:
    alarms = seen(Aws({"describe_alarms": refused("DescribeAlarms")})).alarms
    assert alarms == Unknown("no right to DescribeAlarms; auditor_policy_arn gives it")


def test_an_error_that_concerns_all_parts_is_raised() -> None:
    with pytest.raises(NoCredentialsError):
        seen(Aws({"describe_alarms": NoCredentialsError()}))


def test_an_output_that_is_not_exported_makes_its_parts_unknown() -> None:
    without = {name: value for name, value in OUTPUTS.items() if name != "parked_queue_url"}
    whole = pipeline(Aws())
    snapshot = look_at(type(whole)("files", without, whole.clients), PassingTime())
    assert unknown_parts(snapshot) == {"queue", "metrics", "alarms"}
    assert snapshot.queues["ingest"] == Depth(0, 0, 0)


def test_alarms_are_those_on_the_pipelines_resources() -> None:
    def alarm(name: str, dimension: str, value: str) -> dict[str, Any]:
        return {"AlarmName": name, "StateValue": "OK", "Dimensions": [{"Name": dimension, "Value": value}]}

    ours, theirs = alarm("ours", "QueueName", "files-ingest"), alarm("theirs", "QueueName", "orders-ingest")
    namesake = alarm("namesake", "TableName", "files-ingest")
    metric = {"MetricStat": {"Metric": {"Dimensions": [{"Name": "TableName", "Value": "files-domain"}]}}}
    computed = {
        "AlarmName": "computed",
        "StateValue": "ALARM",
        "StateUpdatedTimestamp": datetime(2026, 1, 1, tzinfo=UTC),
        "AlarmDescription": ALARMS[0].description("File"),
        "Metrics": [metric, {"Expression": "m1"}],
    }
    aws = Aws()
    aws.alarms = [ours, theirs, namesake, computed]

    found = seen(aws).alarms

    assert not isinstance(found, Unknown)
    assert [each.name for each in found] == ["ours", "computed"]
    assert (found[1].severity, found[1].section) == (ALARMS[0].severity, ALARMS[0].section)
    assert found[1].since == "2026-01-01T00:00:00+00:00"
    assert found[0].section is None


def test_parked_objects_are_counted_with_the_oldest() -> None:
    aws = Aws()
    aws.parked = ["2026-01-03", "2026-01-01", "2026-01-02"]
    assert seen(aws).parked == Parked(3, is_all=True, oldest_since="2026-01-01")


def test_counting_ends_at_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "MAX_COUNTED", 4)
    aws = Aws()
    aws.parked = ["2026-01-01"] * 4
    assert seen(aws).parked == Parked(4, is_all=True, oldest_since="2026-01-01")
    aws.parked = ["2026-01-01"] * 100
    assert seen(aws).parked == Parked(4, is_all=False, oldest_since="2026-01-01")
