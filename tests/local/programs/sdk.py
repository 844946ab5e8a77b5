"""What an SDK of another language does, as Node's does it: for test programs, which run as a binary of Go's runtime.

When a resource is refused, such a program waits for ever: nothing that depends on the resource is ever known.
"""

import json
import os
import threading
from typing import Any, NoReturn

import grpc
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import alias_pb2, engine_pb2, engine_pb2_grpc, resource_pb2, resource_pb2_grpc

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270"}
OUTPUT = {SIGNATURE: "d0e6a833031e9bbcd3f4e8bde6ca49a4"}
RESOURCE = {SIGNATURE: "5cf8f73096256a8f31e491e813e4eb8e"}

CONFIG: dict[str, str] = json.loads(os.environ["PULUMI_CONFIG"])

_channel = grpc.insecure_channel(os.environ["PULUMI_MONITOR"])
_monitor = resource_pb2_grpc.ResourceMonitorStub(_channel)
_engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(os.environ["PULUMI_ENGINE"]))


def _struct(values: dict[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(values)
    return struct


def _wait_for_ever(_: grpc.RpcError) -> NoReturn:
    threading.Event().wait()
    raise AssertionError


def feature(name: str) -> bool:
    """Whether the monitor supports a feature."""
    return bool(_monitor.SupportsFeature(resource_pb2.SupportsFeatureRequest(id=name)).hasSupport)


def package(name: str) -> str:
    """Register a package, as SDKs do that Pulumi makes; what its resources name it by."""
    return str(_monitor.RegisterPackage(resource_pb2.RegisterPackageRequest(name=name, version="1.0.0")).ref)


def register(kind: str, name: str, inputs: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    """Register a resource, with the options of the protocol; its outputs, `urn` and `id`."""
    request = resource_pb2.RegisterResourceRequest(
        type=kind,
        name=name,
        object=_struct(inputs or {}),
        acceptSecrets=True,
        acceptResources=True,
        aliasSpecs=True,
        supportsResultReporting=True,
        **{"parent": STACK, **options},
    )
    try:
        response = _monitor.RegisterResource(request)
    except grpc.RpcError as error:
        _wait_for_ever(error)
    after = {name: list(each.urns) for name, each in response.propertyDependencies.items()}
    return {**json_format.MessageToDict(response.object), "urn": response.urn, "id": response.id, "after": after}


def component(name: str, logical_name: str, inputs: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Register a component of the package as a remote one, which has been there under another name before."""
    alias = alias_pb2.Alias(spec=alias_pb2.Alias.Spec(name="earlier"))
    kind = f"cp-event-source:index:{name}"
    return register(kind, logical_name, inputs, remote=True, custom=False, aliases=[alias], **options)


def look_up(token: str, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
    """What a function returns."""
    request = resource_pb2.ResourceInvokeRequest(tok=token, args=_struct(arguments or {}), acceptResources=True)
    try:
        response = _monitor.Invoke(request)
    except grpc.RpcError as error:
        _wait_for_ever(error)
    found: dict[str, Any] = json_format.MessageToDict(getattr(response, "return"))
    return found


def get(reference: dict[str, Any]) -> dict[str, Any]:
    """The outputs of a resource that a reference names."""
    state: dict[str, Any] = look_up("pulumi:pulumi:getResource", {"urn": reference["urn"]})["state"]
    return state


def export(**outputs: Any) -> None:
    """Export from the stack."""
    _monitor.RegisterResourceOutputs(resource_pb2.RegisterResourceOutputsRequest(urn=STACK, outputs=_struct(outputs)))


def log_error(message: str) -> None:
    """Log an error, as the SDK does with what a program throws."""
    _engine.Log(engine_pb2.LogRequest(severity=engine_pb2.ERROR, message=message))


STACK = ""
_project, _stack = os.environ["PULUMI_PROJECT"], os.environ["PULUMI_STACK"]
STACK = register("pulumi:pulumi:Stack", f"{_project}-{_stack}", custom=False)["urn"]
