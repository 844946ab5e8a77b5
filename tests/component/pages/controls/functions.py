"""Checks of the functions' controls."""

from collections.abc import Mapping

import pulumi_aws as aws

from ...deployment import ACCOUNT, Deployment, physical
from ...policies import Request, allows
from ...removals import Removal, dropped, no_statement, put, several, unset
from .check import (
    EVENTS,
    OTHER_RULE,
    Check,
    all_of,
    arn_of,
    by_arn,
    each_has,
    encrypted,
    key_of,
    mappings_of,
    other_key,
    output,
    role_policy,
    some_of,
)


def invoked_by_own_rule(deployment: Deployment) -> None:
    rules = {arn_of(each) for each in some_of(deployment, "EventRule")}
    for permission in all_of(deployment, "Permission"):
        assert permission.inputs["principal"] == EVENTS
        assert permission.inputs.get("sourceArn") in rules
        assert permission.inputs.get("sourceAccount") == ACCOUNT
        assert permission.inputs["action"] == "lambda:InvokeFunction"
    assert not all_of(deployment, "FunctionUrl")


def newest_runtime(deployment: Deployment) -> None:
    versions = [each.value for each in aws.lambda_.Runtime if each.value.startswith("python3.")]
    newest = max(versions, key=lambda each: int(each.rpartition(".")[2]))
    each_has("Function", newest, "runtime")(deployment)


def traced(deployment: Deployment) -> None:
    each_has("Function", "Active", "tracingConfig", "mode")(deployment)
    for function in some_of(deployment, "Function"):
        for action in ("xray:PutTraceSegments", "xray:PutTelemetryRecords"):
            assert allows(role_policy(deployment, function), Request(action, "*")), function.name


def environment_is_encrypted(deployment: Deployment) -> None:
    encrypted("Function", "kmsKeyArn")(deployment)
    for function in some_of(deployment, "Function"):
        assert allows(role_policy(deployment, function), Request("kms:Decrypt", key_of(deployment))), function.name


def asynchronous_results_go_to_the_bus(deployment: Deployment) -> None:
    bus = output(deployment, "event_bus_arn")
    functions = {physical(each.name): each for each in some_of(deployment, "Function")}
    invoked = {each.inputs["function"] for each in some_of(deployment, "Permission")}
    configured = {each.inputs["functionName"]: each for each in all_of(deployment, "FunctionEventInvokeConfig")}
    assert invoked <= configured.keys(), "a function that is invoked asynchronously notifies nobody of its failure"
    for name in invoked:
        destinations = configured[name].inputs.get("destinationConfig", {})
        for result in ("onSuccess", "onFailure"):
            assert destinations.get(result, {}).get("destination") == bus, f"{name}: {result}"
        assert allows(role_policy(deployment, functions[name]), Request("events:PutEvents", bus)), name


def batches_fail_by_the_record(deployment: Deployment) -> None:
    mappings = some_of(deployment, "EventSourceMapping")
    assert len(mappings) == len(some_of(deployment, "Function"))
    for mapping in mappings:
        inputs = mapping.inputs
        assert inputs.get("functionResponseTypes") == ["ReportBatchItemFailures"], mapping.name
        if "/stream/" in inputs["eventSourceArn"]:
            assert inputs.get("bisectBatchOnFunctionError") is True
            assert inputs.get("maximumRetryAttempts") == -1, "events would be skipped"
            assert inputs.get("maximumRecordAgeInSeconds") == -1, "events would be skipped"
            assert inputs.get("startingPosition") == "TRIM_HORIZON", "the first events would be skipped"
            failed = inputs.get("destinationConfig", {}).get("onFailure", {}).get("destinationArn")
            by_arn(deployment, "Queue", failed)


def messages_stay_hidden_long_enough(deployment: Deployment) -> None:
    for function in some_of(deployment, "Function"):
        for mapping in mappings_of(deployment, function):
            if ":sqs:" in mapping.inputs["eventSourceArn"]:
                queue = by_arn(deployment, "Queue", mapping.inputs["eventSourceArn"])
                assert queue.inputs.get("visibilityTimeoutSeconds", 30) >= 6 * function.inputs["timeout"]


CHECKS: Mapping[str, Check] = {
    "invoked-by-own-rule": Check(
        invoked_by_own_rule,
        (
            Removal("of any source", "Permission", unset("sourceArn")),
            Removal("of another rule", "Permission", put(OTHER_RULE, "sourceArn")),
            Removal("of any account", "Permission", unset("sourceAccount")),
            Removal("of any source and account", "Permission", several(unset("sourceArn"), unset("sourceAccount"))),
            Removal("anybody", "Permission", put("*", "principal")),
            Removal("to do anything", "Permission", put("lambda:*", "action")),
        ),
    ),
    "newest-runtime": Check(
        newest_runtime,
        (
            Removal("out of date", "Function", put("python3.9", "runtime")),
            Removal("not the newest", "Function", put("python3.13", "runtime")),
        ),
    ),
    "tracing": Check(
        traced,
        (
            Removal("off", "Function", unset("tracingConfig")),
            Removal("if others trace", "Function", put("PassThrough", "tracingConfig", "mode")),
            Removal("without the right", "RolePolicy", no_statement("Trace")),
        ),
    ),
    "environment-encrypted": Check(
        environment_is_encrypted,
        (*other_key("Function"), Removal("without the right to read it", "RolePolicy", no_statement("UseKey"))),
    ),
    "asynchronous-failures": Check(
        asynchronous_results_go_to_the_bus,
        (
            Removal("nowhere", "FunctionEventInvokeConfig", dropped),
            Removal("failures nowhere", "FunctionEventInvokeConfig", unset("destinationConfig", "onFailure")),
            Removal("successes nowhere", "FunctionEventInvokeConfig", unset("destinationConfig", "onSuccess")),
            Removal("without the right", "RolePolicy", no_statement("ReportRebuilds")),
        ),
    ),
    "batch-failures": Check(
        batches_fail_by_the_record,
        (
            Removal("whole batches", "EventSourceMapping", unset("functionResponseTypes")),
            Removal("without bisecting", "EventSourceMapping", unset("bisectBatchOnFunctionError")),
            Removal("after ten tries skipped", "EventSourceMapping", put(10, "maximumRetryAttempts"), "files-project"),
            Removal("old ones skipped", "EventSourceMapping", put(3600, "maximumRecordAgeInSeconds"), "files-project"),
            Removal("from now on", "EventSourceMapping", put("LATEST", "startingPosition"), "files-project"),
            Removal("notifies nobody", "EventSourceMapping", unset("destinationConfig")),
        ),
    ),
    "visibility-timeout": Check(
        messages_stay_hidden_long_enough,
        (
            Removal("for half a minute", "Queue", unset("visibilityTimeoutSeconds")),
            Removal("for as long as the function takes", "Queue", put(90, "visibilityTimeoutSeconds"), "files-ingest"),
            Removal("of a function that takes longer", "Function", put(91, "timeout"), "files-persist"),
        ),
    ),
}
