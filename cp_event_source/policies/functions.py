"""Policies on the functions, and on what invokes them."""

from collections.abc import Iterator
from typing import Final

from ..layer.runtime import RUNTIME
from .documents import Request, allows
from .policy import EVENTS, EachPolicy, PipelinePolicy, encrypted, has, shown
from .resource import Pipeline, Resource


def _invoked_by_own_rule(pipeline: Pipeline) -> Iterator[tuple[Resource, str]]:
    rules = pipeline.by_arn("EventRule")
    for permission in pipeline.all_of("Permission"):
        for expected, name in (
            (EVENTS, "principal"),
            ("lambda:InvokeFunction", "action"),
            (pipeline.account, "sourceAccount"),
        ):
            yield from ((permission, each) for each in has(name, must_be=expected)(permission))
        if permission.get("sourceArn") not in rules:
            found = shown(permission.get("sourceArn"))
            yield permission, f"sourceArn must be a rule of the pipeline; found {found}"
    for url in pipeline.all_of("FunctionUrl"):
        yield url, "must not exist: anybody who may reach it could invoke the function"


def _traced(pipeline: Pipeline) -> Iterator[tuple[Resource, str]]:
    for function in pipeline.all_of("Function"):
        yield from ((function, each) for each in has("tracingConfig", "mode", must_be="Active")(function))
        for action in ("xray:PutTraceSegments", "xray:PutTelemetryRecords"):
            yield from _lacks(pipeline, function, action, "*")


def _environment_encrypted(pipeline: Pipeline) -> Iterator[tuple[Resource, str]]:
    for function in pipeline.all_of("Function"):
        found = list(encrypted(function))
        yield from ((function, each) for each in found)
        if not found:
            yield from _lacks(pipeline, function, "kms:Decrypt", function.known("kmsKeyArn"))


def _results_go_to_the_bus(pipeline: Pipeline) -> Iterator[tuple[Resource, str]]:
    functions = {each.known("name"): each for each in pipeline.all_of("Function")}
    configured = {each.get("functionName"): each for each in pipeline.all_of("FunctionEventInvokeConfig")}
    buses = {each.get("eventBusName") for each in pipeline.all_of("EventRule")}
    for name in {each.get("function") for each in pipeline.all_of("Permission")} & functions.keys():
        for result in ("onSuccess", "onFailure"):
            config = configured.get(name)
            found = config.get("destinationConfig", result, "destination") if config else None
            if not found or not {found, found.rpartition(":event-bus/")[2]} & buses:
                yield (
                    functions[name],
                    f"the result of asynchronous invocations must go to the bus: {result} is {shown(found)}",
                )
            else:
                yield from _lacks(pipeline, functions[name], "events:PutEvents", found)


def _batches_fail_by_the_record(pipeline: Pipeline) -> Iterator[tuple[Resource, str]]:
    queues = pipeline.by_arn("Queue")
    for mapping in pipeline.all_of("EventSourceMapping"):
        if list(mapping.get("functionResponseTypes") or ()) != ["ReportBatchItemFailures"]:
            yield mapping, "functionResponseTypes must be ReportBatchItemFailures"
        if "/stream/" in mapping.known("eventSourceArn"):
            for expected, name in (
                (True, "bisectBatchOnFunctionError"),
                (-1, "maximumRetryAttempts"),
                (-1, "maximumRecordAgeInSeconds"),
                ("TRIM_HORIZON", "startingPosition"),
            ):
                yield from ((mapping, each) for each in has(name, must_be=expected)(mapping))
            failed = mapping.get("destinationConfig", "onFailure", "destinationArn")
            if failed not in queues:
                yield mapping, f"destinationConfig.onFailure must be a queue of the pipeline; found {shown(failed)}"


def _messages_stay_hidden_long_enough(pipeline: Pipeline) -> Iterator[tuple[Resource, str]]:
    queues = pipeline.by_arn("Queue")
    for function in pipeline.all_of("Function"):
        for mapping in pipeline.mappings_of(function):
            queue = queues.get(mapping.known("eventSourceArn"))
            needed = 6 * function.known("timeout")
            if queue is not None and (queue.get("visibilityTimeoutSeconds") or 30) < needed:
                found = shown(queue.get("visibilityTimeoutSeconds"))
                yield queue, f"visibilityTimeoutSeconds must be 6 times the function's time-out; found {found}"


def _lacks(pipeline: Pipeline, function: Resource, action: str, resource: str) -> Iterator[tuple[Resource, str]]:
    if not allows(pipeline.role_policy(function), Request(action, resource)):
        yield function, f"its role must allow {action} on {resource}"


POLICIES: Final = (
    PipelinePolicy("invoked-by-own-rule", _invoked_by_own_rule),
    EachPolicy("newest-runtime", ("Function",), has("runtime", must_be=RUNTIME)),
    PipelinePolicy("tracing", _traced),
    PipelinePolicy("environment-encrypted", _environment_encrypted),
    PipelinePolicy("asynchronous-failures", _results_go_to_the_bus),
    PipelinePolicy("batch-failures", _batches_fail_by_the_record),
    PipelinePolicy("visibility-timeout", _messages_stay_hidden_long_enough),
)
