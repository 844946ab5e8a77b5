"""The two functions, what feeds them, and where the results of rebuilds go."""

import json

import pulumi
import pytest

from cp_event_source.inputs.spelling import in_schema

from ..deployment import LAYER, Deployment, arn, component, deploy, deployed_with, in_program, physical

FUNCTIONS = ("files-persist", "files-project")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_runs_the_newest_python_is_traced_and_logs_json_to_its_own_group(
    deployment: Deployment, name: str
) -> None:
    function = deployment.only("Function", name).inputs
    assert function["runtime"] == "python3.14"
    assert function["architectures"] == ["arm64"]
    assert function["tracingConfig"] == {"mode": "Active"}
    assert function["kmsKeyArn"] == arn("kms", f"key/{physical('files-key')}")
    assert function["loggingConfig"] == {
        "logFormat": "JSON",
        "logGroup": physical(f"{name}-logs"),
        "systemLogLevel": "INFO",
    }
    assert "iam" in function["role"]
    assert function["role"].endswith(f"role/{physical(f'{name}-role')}")
    assert isinstance(function["code"], pulumi.AssetArchive)
    assert "sourceCodeHash" not in function


@pytest.mark.parametrize("name", FUNCTIONS)
def test_logs_are_encrypted_and_kept_for_a_year(deployment: Deployment, name: str) -> None:
    logs = deployment.only("LogGroup", f"{name}-logs").inputs
    assert logs["kmsKeyId"] == arn("kms", f"key/{physical('files-key')}")
    assert logs["retentionInDays"] == 365


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("days", [30, 3653.0])
def test_logs_are_kept_as_long_as_is_asked_for(name: str, days: float) -> None:
    kept = deployed_with(functions={"log_retention_days": days})
    assert kept.only("LogGroup", f"{name}-logs").inputs["retentionInDays"] == days


def test_concurrency_is_reserved_for_each_function_where_it_is_asked_for(deployment: Deployment) -> None:
    for name in FUNCTIONS:
        assert "reservedConcurrentExecutions" not in deployment.only("Function", name).inputs
    limited = deploy(
        in_program(
            lambda: component(functions={"persist_reserved_concurrency": 5, "project_reserved_concurrency": 20.0})
        )
    )
    reserved = [limited.only("Function", name).inputs["reservedConcurrentExecutions"] for name in FUNCTIONS]
    assert reserved == [5, 20]
    assert limited.only("EventSourceMapping", "files-persist").inputs["scalingConfig"] == {"maximumConcurrency": 5}
    assert "scalingConfig" not in limited.only("EventSourceMapping", "files-project").inputs


def test_the_queues_pollers_get_no_higher_limit_than_lambda_takes() -> None:
    wide = deployed_with(functions={"persist_reserved_concurrency": 3000})
    assert wide.only("EventSourceMapping", "files-persist").inputs["scalingConfig"] == {"maximumConcurrency": 1000}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_signed_code_comes_from_its_bucket_in_one_version_and_is_checked(deployment: Deployment, name: str) -> None:
    config = arn("lambda", "code-signing-config:csc-0123456789abcdef0")
    signed_code = {
        "code_signing_config_arn": pulumi.Output.from_input(config),
        "s3_bucket": "code",
        "s3_key": "handler.zip",
        "s3_object_version": "v1",
    }
    signed = deploy(in_program(lambda: component(functions={"signed_code": signed_code}))).only("Function", name).inputs
    assert "code" not in signed
    assert (signed["s3Bucket"], signed["s3Key"], signed["s3ObjectVersion"]) == ("code", "handler.zip", "v1")
    assert signed["codeSigningConfigArn"] == config
    assert not {"s3Bucket", "codeSigningConfigArn"} & deployment.only("Function", name).inputs.keys()


def test_the_persist_function(deployment: Deployment) -> None:
    function = deployment.only("Function", "files-persist").inputs
    assert function["handler"] == "handler.persist_function.handle"
    assert (function["timeout"], function["memorySize"]) == (90, 512)
    assert "layers" not in function
    assert function["environment"]["variables"] == {
        "DOMAIN_NAME": "File",
        "DOMAIN_EVENTS_TABLE": physical("files-domain-events"),
        "INGEST_DEAD_LETTER_QUEUE_URL": queue_url(deployment, "ingest_dead_letter"),
        "MAX_FUTURE_SKEW_SECONDS": "600",
        "LOG_LEVEL": "INFO",
    }


def test_the_project_function_has_the_domains_logic_and_knows_its_version(deployment: Deployment) -> None:
    function = deployment.only("Function", "files-project").inputs
    assert function["handler"] == "handler.project_function.handle"
    assert (function["timeout"], function["memorySize"]) == (900, 1769)
    assert function["layers"] == [LAYER]
    assert function["environment"]["variables"] == {
        "DOMAIN_NAME": "File",
        "DOMAIN_EVENTS_TABLE": physical("files-domain-events"),
        "DOMAIN_TABLE": physical("files-domain"),
        "DOMAIN_SNAPSHOTS_TABLE": physical("files-domain-snapshots"),
        "PARKED_QUEUE_URL": queue_url(deployment, "parked"),
        "LOGIC_VERSION": LAYER,
        "EVENT_TIME_LIMIT_SECONDS": "10",
        "EVENTS_PER_SNAPSHOT": "100",
        "LOG_LEVEL": "INFO",
    }


@pytest.mark.parametrize(("given", "passed"), [(0, "0"), (60, "60"), (90.0, "90")])
def test_the_future_skew_reaches_the_persist_function_as_a_whole_number(given: float, passed: str) -> None:
    """Over gRPC whole numbers arrive as floats."""
    skewed = deployed_with(max_future_skew_seconds=given)
    variables = skewed.only("Function", "files-persist").inputs["environment"]["variables"]
    assert variables["MAX_FUTURE_SKEW_SECONDS"] == passed


@pytest.mark.parametrize(("given", "passed"), [(10, "10"), (100.0, "100"), (10_000, "10000")])
def test_events_per_snapshot_reach_the_project_function_as_a_whole_number(given: float, passed: str) -> None:
    """Over gRPC whole numbers arrive as floats."""
    spaced = deployed_with(events_per_snapshot=given)
    variables = spaced.only("Function", "files-project").inputs["environment"]["variables"]
    assert variables["EVENTS_PER_SNAPSHOT"] == passed


def test_events_come_from_the_queue_ten_at_a_time_each_failing_alone(deployment: Deployment) -> None:
    mapping = dict(deployment.only("EventSourceMapping", "files-persist").inputs)
    mapping.pop("tags")
    assert mapping == {
        "functionName": arn("lambda", f"function:{physical('files-persist')}"),
        "eventSourceArn": arn("sqs", physical("files-ingest")),
        "batchSize": 10,
        "functionResponseTypes": ["ReportBatchItemFailures"],
    }


def test_stored_events_come_from_the_stream_from_its_beginning_and_none_is_ever_skipped(
    deployment: Deployment,
) -> None:
    mapping = dict(deployment.only("EventSourceMapping", "files-project").inputs)
    mapping.pop("tags")
    pattern = mapping["filterCriteria"]["filters"][0].pop("pattern")
    assert json.loads(pattern) == {
        "eventName": ["INSERT"],
        "dynamodb": {"NewImage": {"Decided": {"S": [{"exists": False}]}}},
    }
    assert mapping == {
        "functionName": arn("lambda", f"function:{physical('files-project')}"),
        "eventSourceArn": deployment.outputs[deployment.only("CpEventSource").urn]["domainEventsStreamArn"],
        "startingPosition": "TRIM_HORIZON",
        "batchSize": 100,
        "parallelizationFactor": 1,
        "bisectBatchOnFunctionError": True,
        "maximumRetryAttempts": -1,
        "maximumRecordAgeInSeconds": -1,
        "functionResponseTypes": ["ReportBatchItemFailures"],
        "filterCriteria": {"filters": [{}]},
        "destinationConfig": {"onFailure": {"destinationArn": arn("sqs", physical("files-projection-dead-letter"))}},
    }


def test_results_of_rebuilds_good_or_bad_go_to_the_bus(deployment: Deployment) -> None:
    bus = {"destination": arn("events", f"event-bus/{physical('files-bus')}")}
    assert deployment.only("FunctionEventInvokeConfig").inputs == {
        "functionName": physical("files-project"),
        "destinationConfig": {"onSuccess": bus, "onFailure": bus},
    }


@pytest.mark.parametrize(
    ("kind", "name", "role"),
    [
        ("Function", "files-persist", "files-persist-role"),
        ("Function", "files-project", "files-project-role"),
        ("EventSourceMapping", "files-persist", "files-persist-role"),
        ("EventSourceMapping", "files-project", "files-project-role"),
        ("FunctionEventInvokeConfig", "files-event-bus-destination", "files-project-role"),
    ],
)
def test_a_first_deployment_waits_for_the_roles_rights(deployment: Deployment, kind: str, name: str, role: str) -> None:
    assert ("RolePolicy", role) in deployment.waits_for(deployment.only(kind, name))


def queue_url(deployment: Deployment, queue: str) -> str:
    url = deployment.outputs[deployment.only("CpEventSource").urn][in_schema(f"{queue}_queue_url")]
    assert isinstance(url, str)
    return url


def test_layers_of_the_organisation_come_before_the_domain_logic_whose_files_count() -> None:
    agents = [arn("lambda", "layer:agent:3"), arn("lambda", "layer:extension:1")]
    with_layers = deployed_with(functions={"layers": agents})
    assert with_layers.only("Function", "files-persist").inputs["layers"] == agents
    assert with_layers.only("Function", "files-project").inputs["layers"] == [*agents, LAYER]


def test_variables_of_the_organisation_are_added(deployment: Deployment) -> None:
    more = deployed_with(functions={"environment": {"STAGE": "test"}})
    for name in FUNCTIONS:
        own = deployment.only("Function", name).inputs["environment"]["variables"]
        assert more.only("Function", name).inputs["environment"]["variables"] == {"STAGE": "test", **own}


def test_how_both_functions_run_can_be_chosen() -> None:
    chosen = {
        "batching_window_seconds": 5.0,
        "tracing": "PassThrough",
        "log_level": "WARNING",
        "system_log_level": "WARN",
        "persist_memory_mb": 1024.0,
        "project_memory_mb": 3008,
    }
    stack = deployed_with(functions=chosen)
    for name, memory in zip(FUNCTIONS, (1024, 3008), strict=True):
        function = stack.only("Function", name).inputs
        assert stack.only("EventSourceMapping", name).inputs["maximumBatchingWindowInSeconds"] == 5
        assert function["tracingConfig"] == {"mode": "PassThrough"}
        assert function["environment"]["variables"]["LOG_LEVEL"] == "WARNING"
        assert function["loggingConfig"]["systemLogLevel"] == "WARN"
        assert function["memorySize"] == memory
    body = json.loads(stack.only("Dashboard").inputs["dashboardBody"])
    assert f"m1 * {3008 / 1024 / 1000!r}" in json.dumps(body), "the graph of GB-seconds has the memory"


def test_messages_that_wait_for_others_stay_invisible_for_longer(deployment: Deployment) -> None:
    usual = deployment.only("Queue", "files-ingest").inputs["visibilityTimeoutSeconds"]
    waiting = deployed_with(functions={"batching_window_seconds": 60})
    assert waiting.only("Queue", "files-ingest").inputs["visibilityTimeoutSeconds"] == usual + 60


def test_a_development_stack_traces_only_what_its_producers_trace() -> None:
    assert {
        each.inputs["tracingConfig"]["mode"]
        for each in deployed_with(development=True).resources
        if each.type.endswith(":Function")
    } == {"PassThrough"}
