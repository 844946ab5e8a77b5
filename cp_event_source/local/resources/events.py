"""EventBridge: buses, rules, targets, bus policies. Pulumi calls its module by the old name, `cloudwatch`."""

import json
from typing import Any, Final

from cp_event_source.local.resources.request import Created, Creator, Request

_DEFAULT_BUS: Final = "default"


def _bus(request: Request) -> Created:
    inputs = request.inputs
    name = request.physical_name(256)
    bus: dict[str, Any] = {
        "Name": name,
        "Tags": request.tags(),
        **inputs.given(Description="description", KmsKeyIdentifier="kmsKeyIdentifier"),
    }
    # The emulator delivers within its own process: a bus has no dead letters and no log of its own.
    inputs.no_effect("deadLetterConfig", "logConfig")
    arn = request.clients("events").create_event_bus(**bus)["EventBusArn"]
    return Created(name, {"name": name, "arn": arn})


def _rule(request: Request) -> Created:
    inputs = request.inputs
    name = request.physical_name(64)
    bus = inputs.get("eventBusName", _DEFAULT_BUS)
    enabled = inputs.get("isEnabled", True)
    inputs.no_effect("forceDestroy")  # everything is destroyed together
    rule = {
        "Name": name,
        "EventBusName": bus,
        "State": inputs.get("state", "ENABLED" if enabled else "DISABLED"),
        "Tags": request.tags(),
        **inputs.given(
            Description="description",
            EventPattern="eventPattern",
            RoleArn="roleArn",
            ScheduleExpression="scheduleExpression",
        ),
    }
    arn = request.clients("events").put_rule(**rule)["RuleArn"]
    return Created(
        name if bus == _DEFAULT_BUS else f"{bus}/{name}",
        {"name": name, "arn": arn, "eventBusName": bus, "state": rule["State"]},
    )


def _target(request: Request) -> Created:
    inputs = request.inputs
    rule = inputs.need("rule")
    bus = inputs.get("eventBusName", _DEFAULT_BUS)
    target_id = request.physical_name(64, given="targetId")
    target = {
        "Id": target_id,
        "Arn": inputs.need("arn"),
        **inputs.given(Input="input", InputPath="inputPath", RoleArn="roleArn"),
    }
    if dead_letters := inputs.block("deadLetterConfig"):
        target["DeadLetterConfig"] = dead_letters.given(Arn="arn")
    if retry := inputs.block("retryPolicy"):
        target["RetryPolicy"] = retry.given(
            MaximumEventAgeInSeconds="maximumEventAgeInSeconds", MaximumRetryAttempts="maximumRetryAttempts"
        )
    if queue := inputs.block("sqsTarget"):
        target["SqsParameters"] = queue.given(MessageGroupId="messageGroupId")
    if transformer := inputs.block("inputTransformer"):
        target["InputTransformer"] = transformer.given(InputPathsMap="inputPaths", InputTemplate="inputTemplate")
    inputs.no_effect("forceDestroy")
    answer = request.clients("events").put_targets(Rule=rule, EventBusName=bus, Targets=[target])
    if answer["FailedEntryCount"]:
        raise RuntimeError(f"the rule refused its target: {answer['FailedEntries']}")
    return Created(f"{rule}-{target_id}", {"targetId": target_id, "eventBusName": bus})


def _bus_policy(request: Request) -> Created:
    """Not put: the emulator would turn any policy into one that lets everybody in, and has no other accounts."""
    bus = request.inputs.get("eventBusName", _DEFAULT_BUS)
    policy = request.inputs.need("policy")
    if isinstance(policy, str):
        json.loads(policy)
    request.clients("events").describe_event_bus(Name=bus)
    return Created(bus, {"eventBusName": bus})


CREATORS: Final[dict[str, Creator]] = {
    "aws:cloudwatch/eventBus:EventBus": _bus,
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy": _bus_policy,
    "aws:cloudwatch/eventRule:EventRule": _rule,
    "aws:cloudwatch/eventTarget:EventTarget": _target,
}
