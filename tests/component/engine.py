"""A stand-in for Pulumi's engine that a plugin process can talk to over gRPC, on 127.0.0.1."""

import contextvars
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime import mocks
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, resource_pb2, resource_pb2_grpc

from .deployment import Deployment, RecordingMonitor


class _Monitor(resource_pb2_grpc.ResourceMonitorServicer):
    """Hands every call to a recording monitor, within the context that knows its project and stack."""

    def __init__(self, monitor: RecordingMonitor, context: contextvars.Context) -> None:
        self._monitor = monitor
        self._context = context

    def RegisterResource(self, request: Any, context: Any) -> Any:  # noqa: N802 - Pulumi's name
        return self._context.run(self._monitor.RegisterResource, request)

    def RegisterResourceOutputs(self, request: Any, context: Any) -> Any:  # noqa: N802 - Pulumi's name
        return self._context.run(self._monitor.RegisterResourceOutputs, request)

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802 - Pulumi's name
        return self._context.run(self._monitor.Invoke, request)

    def GetDeploymentInfo(self, request: Any, context: Any) -> Any:  # noqa: N802 - Pulumi's name
        return self._monitor.GetDeploymentInfo(request)  # type: ignore[no-untyped-call]

    def SupportsFeature(self, request: Any, context: Any) -> Any:  # noqa: N802 - Pulumi's name
        supported = self._monitor.SupportsFeature(request).hasSupport  # type: ignore[no-untyped-call]
        return resource_pb2.SupportsFeatureResponse(hasSupport=supported)

    def RegisterPackage(self, request: Any, context: Any) -> Any:  # noqa: N802 - Pulumi's name
        return self._monitor.RegisterPackage(request)  # type: ignore[no-untyped-call]


class _Engine(engine_pb2_grpc.EngineServicer):
    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def Log(self, request: Any, context: Any) -> Any:  # noqa: N802 - Pulumi's name
        if request.severity >= engine_pb2.WARNING:
            self._deployment.warnings.append(request.message)
        return empty_pb2.Empty()


@contextmanager
def running_engine(deployment: Deployment) -> Iterator[str]:
    """The address of an engine that records into `deployment`."""
    context = contextvars.Context()
    monitor = RecordingMonitor(deployment, preview=False)
    context.run(lambda: mocks.set_mocks(monitor.mocks, project="project", stack="stack", monitor=monitor))
    # One thread: a context can be entered by one at a time.
    server = grpc.server(ThreadPoolExecutor(max_workers=1))
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(_Monitor(monitor, context), server)
    engine_pb2_grpc.add_EngineServicer_to_server(_Engine(deployment), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(grace=None).wait()
