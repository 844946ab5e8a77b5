"""Deploys a Pulumi program to a recording stand-in for the engine.

Unlike Pulumi's own mocks it keeps what each registration asked for: parent, dependencies, protection, provider.
"""

import contextvars
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from unittest.mock import patch

import pulumi
from google.protobuf import struct_pb2
from pulumi.runtime import mocks, resource, rpc
from pulumi.runtime.proto import source_pb2

from cp_event_source import CpEventSource
from cp_event_source.policies import Resource

ACCOUNT = "111122223333"
PARTITION = "aws-cn"
REGION = "cn-north-1"
LAYER = f"arn:{PARTITION}:lambda:{REGION}:{ACCOUNT}:layer:file:7"


def arn(service: str, rest: str) -> str:
    """An ARN in the partition, region and account that everything is deployed to. Not the usual ones, so that
    a hardcoded one is found out."""
    return f"arn:{PARTITION}:{service}:{REGION}:{ACCOUNT}:{rest}"


def physical(name: str) -> str:
    """The name that automatic naming gives."""
    return f"{name}-1a2b3c4"


_ARNS = {
    "aws:cloudwatch/eventBus:EventBus": ("events", "event-bus/{}"),
    "aws:cloudwatch/eventRule:EventRule": ("events", "rule/{}"),
    "aws:cloudwatch/logGroup:LogGroup": ("logs", "log-group:{}"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("cloudwatch", "alarm:{}"),
    "aws:dynamodb/table:Table": ("dynamodb", "table/{}"),
    "aws:iam/policy:Policy": ("iam", "policy/{}"),
    "aws:iam/role:Role": ("iam", "role/{}"),
    "aws:kms/key:Key": ("kms", "key/{}"),
    "aws:lambda/eventSourceMapping:EventSourceMapping": ("lambda", "event-source-mapping:{}"),
    "aws:lambda/function:Function": ("lambda", "function:{}"),
    "aws:lambda/layerVersion:LayerVersion": ("lambda", "layer:{}:1"),
    "aws:sns/topic:Topic": ("sns", "{}"),
    "aws:sqs/queue:Queue": ("sqs", "{}"),
}


_REFERENCE = struct_pb2.Value(string_value=rpc._special_resource_sig)


@dataclass(frozen=True)
class Registration:
    """A resource as the program asked for it."""

    type: str
    name: str
    urn: str
    parent: str
    inputs: dict[str, Any]
    custom: bool
    dependencies: frozenset[str]
    """URNs of what it waits for."""
    property_dependencies: dict[str, frozenset[str]]
    """URNs of what each property's value comes from."""
    protect: bool
    provider: str


@dataclass
class Deployment:
    """What a program did."""

    resources: list[Registration] = field(default_factory=list)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What each component registered as its outputs, by URN. A resource is there by its URN."""
    warnings: list[str] = field(default_factory=list)

    def only(self, type_: str, name: str | None = None) -> Registration:
        """The one resource of a type, and of a name where there are several of the type."""
        found = [each for each in self.resources if each.type.endswith(f":{type_}") and name in {None, each.name}]
        assert len(found) == 1, f"{len(found)} resources of type {type_} and name {name}"
        return found[0]

    def children(self) -> list[Registration]:
        """What a cloud provider would make."""
        return [each for each in self.resources if each.custom]

    def waits_for(self, resource: Registration) -> set[tuple[str, str]]:
        """Type, without its package, and name of what a resource waits for."""
        return {
            (each.type.rsplit(":", 1)[-1], each.name) for each in self.resources if each.urn in resource.dependencies
        }

    def states(self) -> list[Resource]:
        """All resources as policies see them after an update: with what AWS computed."""
        cloud = _Cloud(preview=False)
        return [
            Resource(
                type=each.type,
                name=each.name,
                urn=each.urn,
                parent=each.parent,
                protect=each.protect,
                properties=cloud.state(each) if each.custom else self.outputs.get(each.urn, {}),
            )
            for each in self.resources
        ]

    def names(self) -> set[tuple[str, str]]:
        """Type, without its package, and name of every resource that a provider would make."""
        return {(each.type.rsplit(":", 1)[-1], each.name) for each in self.children()}


class _Cloud(mocks.Mocks):
    """Computes what AWS would; in a preview nothing, so that it stays unknown."""

    def __init__(self, *, preview: bool) -> None:
        self._preview = preview

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if self._preview:
            return None, dict(args.inputs)
        name = args.inputs.get("layerName") or physical(args.name)
        computed = {"name": name}
        if args.typ in _ARNS:
            service, rest = _ARNS[args.typ]
            computed["arn"] = arn(service, rest.format(name))
        if args.typ == "aws:cloudwatch/dashboard:Dashboard":
            computed = {"dashboardName": name, "dashboardArn": arn("cloudwatch", f"dashboard/{name}")}
        if args.typ == "aws:dynamodb/table:Table":
            computed["streamArn"] = f"{computed['arn']}/stream/2026-11-23T08:30:00.000"
        if args.typ == "aws:sqs/queue:Queue":
            computed["url"] = f"https://sqs.{REGION}.amazonaws.com.cn/{ACCOUNT}/{name}"
        if args.typ == "aws:lambda/layerVersion:LayerVersion":
            computed["version"] = "1"
        return f"{name}-id", {**computed, **args.inputs}

    def state(self, resource: Registration) -> dict[str, Any]:
        """What a resource is after it was created."""
        args = mocks.MockResourceArgs(resource.type, resource.name, resource.inputs, None, None, resource.custom)
        return self.new_resource(args)[1]

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"{args.token} is called: an invoke needs credentials and rights at preview")


class RecordingMonitor(mocks.MockMonitor):
    """Keeps every registration; refuses to read what exists or to call a provider's function."""

    def __init__(self, deployment: Deployment, *, preview: bool) -> None:
        super().__init__(_Cloud(preview=preview))
        self._deployment = deployment

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - Pulumi's name
        response = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        if request.type != "pulumi:pulumi:Stack":
            self._deployment.resources.append(
                Registration(
                    type=request.type,
                    name=request.name,
                    urn=response.urn,
                    parent=request.parent,
                    inputs=rpc.deserialize_properties(request.object, keep_unknowns=True),
                    custom=request.custom,
                    dependencies=frozenset(request.dependencies),
                    property_dependencies={
                        name: frozenset(each.urns) for name, each in request.propertyDependencies.items()
                    },
                    protect=request.protect,
                    provider=request.provider,
                )
            )
        return response

    def ReadResource(self, request: Any) -> Any:  # noqa: N802 - Pulumi's name
        raise AssertionError(f"{request.type} {request.id} is read: a .get needs credentials at preview")

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 - Pulumi's name
        outputs = struct_pb2.Struct()
        for name, value in request.outputs.fields.items():
            # Read as a resource, a reference would be looked up by a call to this monitor, which is at work.
            is_reference = value.struct_value.fields.get(rpc._special_sig_key) == _REFERENCE
            outputs.fields[name].CopyFrom(value.struct_value.fields["urn"] if is_reference else value)
        self._deployment.outputs[request.urn] = rpc.deserialize_properties(outputs, keep_unknowns=True)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


class _Warnings(logging.Handler):
    def __init__(self, deployment: Deployment) -> None:
        super().__init__(logging.WARNING)
        self._deployment = deployment

    def emit(self, record: logging.LogRecord) -> None:
        self._deployment.warnings.append(record.getMessage())


def deploy(program: Callable[[], object], *, preview: bool = False) -> Deployment:
    """Run a program as `pulumi up` does, or `pulumi preview`, before which nothing is deployed."""
    deployment = Deployment()
    logger = logging.Logger("program", logging.WARNING)  # the SDK logs some calls for each resource to debug itself
    logger.addHandler(_Warnings(deployment))

    def run() -> None:
        mocks.set_mocks(
            _Cloud(preview=preview),
            project="project",
            stack="stack",
            preview=preview,
            logger=logger,
            monitor=RecordingMonitor(deployment, preview=preview),
        )
        pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]

    run_apart(run)
    return deployment


def run_apart(run: Callable[[], object]) -> None:
    """Run a program. Pulumi keeps its state in context variables: each program gets its own."""
    # The SDK looks up the source line of every frame, for each resource: a fifth of a test's time, and nobody reads it.
    with patch.object(resource, "_get_stack_trace", source_pb2.StackTrace):
        contextvars.Context().run(run)


def component(name: str = "files", opts: pulumi.ResourceOptions | None = None, **more: Any) -> CpEventSource:
    args: Any = {"cp_domain_name": "File", "cp_domain_logic_layer": LAYER, **more}
    return CpEventSource(name, args, opts)


def deployed_with(name: str = "files", **inputs: Any) -> Deployment:
    """The component with these inputs, deployed once for all who look at it. The inputs are what JSON can hold."""
    return _deployed(name, json.dumps(inputs))


@cache
def _deployed(name: str, inputs: str) -> Deployment:
    return deploy(in_program(lambda: component(name, **json.loads(inputs))))


def in_program(make: Callable[[], object]) -> Callable[[], None]:
    """A program that returns nothing: Pulumi would wait for a component returned as if it were an output."""

    def program() -> None:
        make()

    return program


def statements(document: str) -> dict[str, dict[str, Any]]:
    """A policy document's statements by their names."""
    return {each["Sid"]: each for each in json.loads(document)["Statement"]}
