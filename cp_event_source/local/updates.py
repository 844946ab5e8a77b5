"""Changes resources of a run that goes on: what a program that runs again has changed, and what it no longer has.

A function's code and configuration and a layer's version change in place, so does what AWS itself puts over an earlier
one. Everything else is refused in words: a table or a queue that is replaced would lose what it holds.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pulumi

from cp_event_source.deployed.clients import Clients
from cp_event_source.local.archives import zipped
from cp_event_source.local.errors import UnsupportedError
from cp_event_source.local.resources import CREATORS, Created, Request
from cp_event_source.local.resources.lambda_functions import logging_of

FUNCTION_TYPE: Final = "aws:lambda/function:Function"
LAYER_TYPE: Final = "aws:lambda/layerVersion:LayerVersion"


@dataclass(frozen=True)
class Registered:
    """One resource that a program registered."""

    type: str
    name: str
    urn: str
    id: str
    inputs: Mapping[str, Any]
    """Under Pulumi's names."""
    outputs: Mapping[str, Any]
    compared: Mapping[str, Any]
    """The inputs as they are compared with those of the next run: an archive by its content."""

    @property
    def properties(self) -> Mapping[str, Any]:
        """Inputs and outputs, under Pulumi's names."""
        return {**self.inputs, **self.outputs}


def comparable(value: Any, folder: Path) -> Any:
    """An input in a form that is equal only if nothing changed: assets and archives as digests of their contents."""
    if isinstance(value, pulumi.Archive | pulumi.Asset):
        content = zipped(pulumi.AssetArchive({"content": value}), folder)
        return {"sha256": hashlib.sha256(content).hexdigest()}
    if isinstance(value, Mapping):
        return {name: comparable(element, folder) for name, element in value.items()}
    if isinstance(value, list):
        return [comparable(element, folder) for element in value]
    return value


def assets(value: Any) -> Iterator[str]:
    """The paths of the files and folders that an input has content from."""
    if isinstance(value, pulumi.FileAsset | pulumi.FileArchive):
        yield str(value.path)
    elif isinstance(value, pulumi.AssetArchive):
        yield from assets(value.assets)
    elif isinstance(value, Mapping):
        for element in value.values():
            yield from assets(element)
    elif isinstance(value, list):
        for element in value:
            yield from assets(element)


def names_of(before: Registered) -> dict[str, Any]:
    """The inputs that identify a resource that can be put over, with the names that it got when it was made."""
    return {name: before.outputs.get(name, before.id) for name in _PUT.get(before.type, ())}


def update(before: Registered, request: Request, changed: set[str]) -> Created:
    """Change a resource in place.

    Args:
        before: the resource as it is.
        request: the request that would create it as it shall be, with `names_of` it.
        changed: the inputs that differ.

    Raises:
        UnsupportedError: this cannot be done here; the message names the inputs and says what to do.
    """
    if before.type == FUNCTION_TYPE:
        _refuse(
            changed - _FUNCTION.keys() - {"code", "environment", "loggingConfig", "sourceCodeHash", "tracingConfig"}
        )
        return _update_function(before, request, changed)
    if before.type != LAYER_TYPE:  # of a layer there is a new version; earlier ones stay, as on AWS
        _refuse(changed & set(_PUT[before.type]) if before.type in _PUT else changed)
    return CREATORS[before.type](request)


def remove(resource: Registered, clients: Clients) -> bool:
    """Remove what a program no longer has. False if it stays, since without the others it does nothing."""
    remover = _REMOVERS.get(resource.type)
    if remover is None:
        return False
    remover(resource, clients)
    return True


def configure(before: Registered, clients: Clients) -> None:
    """Give a function the layers and the environment back that it had."""
    clients("lambda").update_function_configuration(
        FunctionName=before.id,
        Layers=list(before.inputs.get("layers", [])),
        Environment={"Variables": dict(before.inputs.get("environment", {}).get("variables", {}))},
    )


_FUNCTION: Final[dict[str, tuple[str, Any]]] = {
    "description": ("Description", ""),
    "handler": ("Handler", None),
    "layers": ("Layers", []),
    "memorySize": ("MemorySize", 128),
    "role": ("Role", None),
    "timeout": ("Timeout", 3),
}
"""The inputs of a function that change in place: the service's name, and what it is if the program gives nothing."""

_PUT: Final[dict[str, tuple[str, ...]]] = {
    "aws:cloudwatch/dashboard:Dashboard": ("dashboardName",),
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy": ("eventBusName",),
    "aws:cloudwatch/eventRule:EventRule": ("name", "eventBusName"),
    "aws:cloudwatch/eventTarget:EventTarget": ("targetId", "rule", "eventBusName"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("name",),
    "aws:iam/rolePolicy:RolePolicy": ("name", "role"),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": ("functionName", "qualifier"),
    "aws:sns/topicPolicy:TopicPolicy": ("arn",),
    "aws:sqs/queuePolicy:QueuePolicy": ("queueUrl",),
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": ("queueUrl",),
    "aws:sqs/redrivePolicy:RedrivePolicy": ("queueUrl",),
}
"""The types that AWS puts over an earlier one of the same identity, and the inputs that identify one."""


def _update_function(before: Registered, request: Request, changed: set[str]) -> Created:
    client = request.clients("lambda")
    inputs = request.inputs
    outputs = dict(before.outputs)
    if "code" in changed:
        code = zipped(inputs.need("code"), request.folder)
        answer = client.update_function_code(FunctionName=before.id, ZipFile=code)
        outputs |= {"codeSha256": answer["CodeSha256"], "sourceCodeSize": answer["CodeSize"]}
    configuration = {
        theirs: inputs.get(ours, default) for ours, (theirs, default) in _FUNCTION.items() if ours in changed
    }
    if "environment" in changed:
        environment = inputs.block("environment")
        configuration["Environment"] = {"Variables": environment.get("variables", {}) if environment else {}}
    if "tracingConfig" in changed:
        tracing = inputs.block("tracingConfig")
        configuration["TracingConfig"] = {"Mode": tracing.get("mode") if tracing else "PassThrough"}
    if "loggingConfig" in changed:
        configuration |= logging_of(inputs)
    if configuration:
        client.update_function_configuration(FunctionName=before.id, **configuration)
    # What did not change was read when the function was made.
    inputs.no_effect(*(set(before.inputs) - changed), "sourceCodeHash")
    if environment := inputs.block("environment"):
        environment.no_effect("variables")
    return Created(before.id, outputs)


def _refuse(inputs: set[str]) -> None:
    if inputs:
        raise UnsupportedError(
            f"{', '.join(sorted(inputs))}: must stay as in the run that is up, since a local run cannot change this in"
            " place; got another value; stop the run with Ctrl-C and start it again"
        )


def _remove_target(target: Registered, clients: Clients) -> None:
    place = {"Rule": target.inputs["rule"], "EventBusName": target.outputs["eventBusName"]}
    clients("events").remove_targets(**place, Ids=[target.outputs["targetId"]])


def _remove_rule(rule: Registered, clients: Clients) -> None:
    place = {"Name": rule.outputs["name"], "EventBusName": rule.outputs["eventBusName"]}
    clients("events").delete_rule(**place, Force=True)


def _remove_table(table: Registered, clients: Clients) -> None:
    if table.inputs.get("deletionProtectionEnabled"):
        clients("dynamodb").update_table(TableName=table.id, DeletionProtectionEnabled=False)
    clients("dynamodb").delete_table(TableName=table.id)


_REMOVERS: Final[dict[str, Callable[[Registered, Clients], object]]] = {
    "aws:cloudwatch/eventRule:EventRule": _remove_rule,
    "aws:cloudwatch/eventTarget:EventTarget": _remove_target,
    "aws:dynamodb/table:Table": _remove_table,
    "aws:lambda/eventSourceMapping:EventSourceMapping": lambda mapping, clients: clients(
        "lambda"
    ).delete_event_source_mapping(UUID=mapping.id),
    FUNCTION_TYPE: lambda function, clients: clients("lambda").delete_function(FunctionName=function.id),
    "aws:sns/topicSubscription:TopicSubscription": lambda subscription, clients: clients("sns").unsubscribe(
        SubscriptionArn=subscription.id
    ),
    "aws:sqs/queue:Queue": lambda queue, clients: clients("sqs").delete_queue(QueueUrl=queue.id),
}
"""How to remove what acts by itself or holds something. Other types only serve these, and stay until the run ends."""
