"""The package's own plugin, which constructs components and calls functions for programs in other languages."""

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import grpc
from google.protobuf import struct_pb2
from pulumi.runtime.proto import errors_pb2, provider_pb2, provider_pb2_grpc, resource_pb2, status_pb2

from cp_event_source.local.child import child, relay
from cp_event_source.local.deployment import ORGANIZATION, PARALLEL, Deployment
from cp_event_source.local.errors import FailedComponentError, ProgramError, UnsupportedError
from cp_event_source.local.values import MESSAGE_LIMITS, PACKAGE

_PLUGIN: Final = Path(__file__).resolve().parents[1]


class Plugin:
    """The package's plugin. Its process starts with the first component, and ends by `close`.

    Args:
        deployment: the deployment that it serves.
        monitor: the address of the monitor with which it registers resources.
    """

    def __init__(self, deployment: Deployment, monitor: str) -> None:
        self._deployment = deployment
        self._monitor = monitor
        self._starting = threading.Lock()
        self._open = ExitStack()
        self._address = ""
        self._closed = False

    def construct(self, request: resource_pb2.RegisterResourceRequest) -> resource_pb2.RegisterResourceResponse:
        """Construct a component that a program registers as a remote one.

        Raises:
            UnsupportedError: the package has no such component.
            ProgramError: an input is bad.
            FailedComponentError: it failed otherwise.
        """
        package = request.type.partition(":")[0]
        if package != PACKAGE:
            raise UnsupportedError(
                f"a component of the package {package!r}, and a local run has only those of {PACKAGE!r}. Leave it out"
                f" when the stack is {self._deployment.stack!r}; a program in Python may import its class instead"
            )
        try:
            self._check("component", request.type)
            with self._stub() as stub:
                constructed = stub.Construct(self._request_for(request))
        except grpc.RpcError as error:
            if reasons := _bad_inputs(error):
                raise ProgramError(reasons) from error
            raise FailedComponentError(str(error.details())) from error
        return resource_pb2.RegisterResourceResponse(
            urn=constructed.urn,
            object=constructed.state,
            propertyDependencies={
                name: resource_pb2.RegisterResourceResponse.PropertyDependencies(urns=dependencies.urns)
                for name, dependencies in constructed.stateDependencies.items()
            },
        )

    def invoke(self, token: str, arguments: struct_pb2.Struct) -> struct_pb2.Struct:
        """What a function of the package returns.

        Args:
            token: the function's type token.
            arguments: its arguments.

        Raises:
            UnsupportedError: the package has no such function.
            ProgramError: an argument is bad.
            FailedComponentError: it failed otherwise.
        """
        try:
            self._check("function", token)
            with self._stub() as stub:
                answer = stub.Invoke(provider_pb2.InvokeRequest(tok=token, args=arguments))
        except grpc.RpcError as error:
            raise FailedComponentError(str(error.details())) from error
        if answer.failures:
            raise ProgramError(_lines([f"{each.property}: {each.reason}" for each in answer.failures]))
        returned: struct_pb2.Struct = getattr(answer, "return")
        return returned

    def schema(self) -> str:
        """The schema of the package, as JSON.

        Raises:
            ProgramError: the plugin does not start.
        """
        with self._stub() as stub:
            return str(stub.GetSchema(provider_pb2.GetSchemaRequest()).schema)

    def close(self) -> None:
        """End its process, also while it starts."""
        self._closed = True
        self._open.close()

    def _check(self, what: str, token: str) -> None:
        """Raise UnsupportedError if the package has no such component or function."""
        known = json.loads(self.schema())[{"component": "resources", "function": "functions"}[what]]
        if token not in known:
            raise UnsupportedError(f"must be a {what} of {PACKAGE}, which has {' and '.join(known)}")

    @contextmanager
    def _stub(self) -> Iterator[provider_pb2_grpc.ResourceProviderStub]:
        with grpc.insecure_channel(self._started(), options=MESSAGE_LIMITS) as channel:
            yield provider_pb2_grpc.ResourceProviderStub(channel)

    def _started(self) -> str:
        """Its address; it starts if it does not run."""
        with self._starting:
            if not self._address:
                command = [sys.executable, str(_PLUGIN), self._monitor]
                process = self._open.enter_context(child(command, self._deployment))
                if self._closed:
                    self._open.close()
                    raise ProgramError(f"the plugin of {PACKAGE} is not needed any more")
                output, errors = process.outputs
                relay([errors], self._deployment.announce)
                port = output.readline().strip()
                if not port.isdigit():
                    raise ProgramError(f"the plugin of {PACKAGE} does not start; what it wrote is above")
                relay([output], self._deployment.announce)
                self._address = f"127.0.0.1:{int(port)}"
            return self._address

    def _request_for(self, request: resource_pb2.RegisterResourceRequest) -> provider_pb2.ConstructRequest:
        deployment = self._deployment
        return provider_pb2.ConstructRequest(
            project=deployment.project,
            stack=deployment.stack,
            organization=ORGANIZATION,
            config=deployment.config,
            parallel=PARALLEL,
            monitorEndpoint=self._monitor,
            type=request.type,
            name=request.name,
            parent=request.parent,
            inputs=request.object,
            inputDependencies={
                name: provider_pb2.ConstructRequest.PropertyDependencies(urns=dependencies.urns)
                for name, dependencies in request.propertyDependencies.items()
            },
            dependencies=request.dependencies,
            providers=request.providers,
            protect=request.protect,
            aliases=request.aliases,
            additionalSecretOutputs=request.additionalSecretOutputs,
            ignoreChanges=request.ignoreChanges,
            replaceOnChanges=request.replaceOnChanges,
            retainOnDelete=request.retainOnDelete,
            deletedWith=request.deletedWith,
            accepts_output_values=True,
        )


def _bad_inputs(error: grpc.RpcError) -> str:
    """The bad inputs that an error names, as the program spells them; empty if it is another error."""
    for name, value in error.trailing_metadata() or ():
        if name == "grpc-status-details-bin":
            found = errors_pb2.InputPropertiesError()
            for packed in status_pb2.Status.FromString(value).details:
                if packed.Unpack(found):
                    return _lines([f"{each.property_path}: {each.reason}" for each in found.errors])
    return ""


def _lines(reasons: list[str]) -> str:
    return "\n  ".join(reasons if len(reasons) == 1 else [f"{len(reasons)} inputs are bad:", *reasons])
