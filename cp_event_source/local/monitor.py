"""The two services that a Pulumi program talks to: resource monitor and engine.

Under `pulumi up` the Pulumi engine provides them; here they create the program's resources in the emulator. For the
program there is no difference: it uses Pulumi's own SDK over the same protocol.
"""
# The names and signatures of the services' methods are the protocol's.
# ruff: noqa: ARG002, N802

import re
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Final, NoReturn

import grpc
from botocore.exceptions import BotoCoreError, ClientError
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import (
    callback_pb2,
    engine_pb2,
    engine_pb2_grpc,
    provider_pb2,
    resource_pb2,
    resource_pb2_grpc,
)

from cp_event_source.local.construct import Plugin
from cp_event_source.local.deployment import PARALLEL, Deployment
from cp_event_source.local.errors import FailedComponentError, LocalRunError, UnsupportedError
from cp_event_source.local.inputs import Inputs
from cp_event_source.local.lookups import look_up
from cp_event_source.local.resources import CREATORS, Request
from cp_event_source.local.transforms import Transforms
from cp_event_source.local.updates import Registered, comparable, names_of, update
from cp_event_source.local.values import MESSAGE_LIMITS, PACKAGE, plain, properties

STACK_TYPE: Final = "pulumi:pulumi:Stack"
_STACK_REFERENCE_TYPE: Final = "pulumi:pulumi:StackReference"
PROVIDER_PREFIX: Final = "pulumi:providers:"
_GET_RESOURCE: Final = "pulumi:pulumi:getResource"

_FEATURES: Final = {
    "secrets": resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    "resourceReferences": resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
    "outputValues": resource_pb2.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
    "deletedWith": resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    "replaceWith": resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
    "aliasSpecs": resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    "transforms": resource_pb2.RESOURCE_MONITOR_FEATURE_TRANSFORMS,
    "parameterization": resource_pb2.RESOURCE_MONITOR_FEATURE_PARAMETERIZATION,
}
"""What programs may use here, under the names by which older and newer SDKs ask. Those about what exists already, such
as aliases, have no effect: a local run starts with an empty account. An SDK refuses all else in its own words."""

_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
"""Some hosts and SDKs colour what they write, whoever reads it."""

_MOST_WAITING: Final = 512
"""How many calls are served at a time. A component's call waits for those of its children."""


class Monitor(resource_pb2_grpc.ResourceMonitorServicer, engine_pb2_grpc.EngineServicer):
    """Serves one program. A context manager; `address` is where the program finds it."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._lock = threading.Lock()
        self._creations = threading.Semaphore(PARALLEL)
        self._root_urn = ""
        self._urns: set[str] = set()
        self._constructed: set[str] = set()
        """Components that the package's plugin constructs, and registers itself."""
        self._states: dict[str, resource_pb2.RegisterResourceResponse] = {}
        """What the program got for each resource, by URN."""
        self._transforms = Transforms()
        self._ended = False
        options = [*MESSAGE_LIMITS, ("grpc.so_reuseport", 0)]
        self._server = grpc.server(ThreadPoolExecutor(max_workers=_MOST_WAITING), options=options)
        resource_pb2_grpc.add_ResourceMonitorServicer_to_server(self, self._server)
        engine_pb2_grpc.add_EngineServicer_to_server(self, self._server)
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self.plugin = Plugin(deployment, self.address)

    def __enter__(self) -> "Monitor":
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        self.plugin.close()
        self._server.stop(grace=None).wait()

    def end(self) -> None:
        """Note no further failures: what is going on is about to be interrupted."""
        self._ended = True

    # Resource monitor

    def GetDeploymentInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> resource_pb2.DeploymentInfo:
        deployment = self._deployment
        return resource_pb2.DeploymentInfo(
            project=deployment.project,
            stack=deployment.stack,
            parallel=PARALLEL,
            supportedFeatures=_FEATURES.values(),
        )

    def SupportsFeature(
        self, request: resource_pb2.SupportsFeatureRequest, context: grpc.ServicerContext
    ) -> resource_pb2.SupportsFeatureResponse:
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in _FEATURES)

    def RegisterPackage(
        self, request: resource_pb2.RegisterPackageRequest, context: grpc.ServicerContext
    ) -> resource_pb2.RegisterPackageResponse:
        """Any package, since each of its resources is looked at by its type."""
        return resource_pb2.RegisterPackageResponse(ref=request.name)

    def RegisterStackTransform(self, request: callback_pb2.Callback, context: grpc.ServicerContext) -> empty_pb2.Empty:
        self._transforms.add(request)
        return empty_pb2.Empty()

    def RegisterResource(
        self, request: resource_pb2.RegisterResourceRequest, context: grpc.ServicerContext
    ) -> resource_pb2.RegisterResourceResponse:
        try:
            return self._register(request)
        except FailedComponentError as error:
            self._refuse(context, f"{request.type} {request.name!r}: {error}", known=bool(self._deployment.failures))
        except (LocalRunError, ClientError, BotoCoreError, RuntimeError) as error:
            self._refuse(context, f"{request.type} {request.name!r}: {error}")
        except Exception as error:  # noqa: BLE001  # an input's unexpected form, or a mistake here: report it
            self._refuse(context, f"{request.type} {request.name!r}: not understood: {error!r}")

    def RegisterResourceOutputs(
        self, request: resource_pb2.RegisterResourceOutputsRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        outputs = properties(request.outputs)
        with self._lock:
            if request.urn == self._root_urn:
                self._deployment.outputs.update(outputs)
            else:
                self._deployment.component_outputs[request.urn] = outputs
            if request.urn in self._states:
                self._states[request.urn].object.MergeFrom(request.outputs)
        return empty_pb2.Empty()

    def ReadResource(
        self, request: resource_pb2.ReadResourceRequest, context: grpc.ServicerContext
    ) -> resource_pb2.ReadResourceResponse:
        if request.type != _STACK_REFERENCE_TYPE:
            self._refuse(
                context,
                f"{request.type} {request.name!r}: a local run starts with an empty account, so there is no"
                f" {request.id!r} to read; create it in this program, or take its name from a StackReference",
            )
        name = properties(request.properties).get("name", request.id)
        outputs = self._deployment.earlier_outputs.get("/".join(str(name).split("/")[-2:]))
        if outputs is None:
            known = ", ".join(self._deployment.earlier_outputs) or "none"
            self._refuse(
                context,
                f"StackReference {name!r}: no such stack in this local run (so far: {known}). Name its"
                " program's folder before this one: cp-event-source local THAT_PROGRAM THIS_PROGRAM",
            )
        state = struct_pb2.Struct()
        state.update({"name": name, "outputs": dict(outputs), "secretOutputNames": []})
        urn = self._urn(request.parent, request.type, request.name)
        return resource_pb2.ReadResourceResponse(urn=urn, id=request.id, properties=state)

    def Invoke(
        self, request: resource_pb2.ResourceInvokeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.InvokeResponse:
        arguments = properties(request.args)
        try:
            if request.tok == _GET_RESOURCE:
                found = self._resource(arguments["urn"])
            elif request.tok.partition(":")[0] == PACKAGE:
                found = self.plugin.invoke(request.tok, plain(request.args))
            else:
                found = struct_pb2.Struct()
                found.update(look_up(request.tok, arguments, self._deployment.clients))
        except (LocalRunError, ClientError, BotoCoreError) as error:
            self._refuse(context, f"{request.tok}: {error}")
        return provider_pb2.InvokeResponse(**{"return": found})

    def Call(
        self, request: resource_pb2.ResourceCallRequest, context: grpc.ServicerContext
    ) -> resource_pb2.ResourceInvokeResponse:  # the protocol's CallResponse is never built: this only refuses
        self._refuse(context, f"{request.tok}: methods of remote resources are not supported in a local run")

    def SignalAndWaitForShutdown(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    # Engine

    def Log(self, request: engine_pb2.LogRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        if request.severity == engine_pb2.ERROR:
            with self._lock:
                self._deployment.program_errors.append(_COLOURS.sub("", request.message))
        elif request.severity in (engine_pb2.INFO, engine_pb2.WARNING) and not request.ephemeral:
            prefix = "warning: " if request.severity == engine_pb2.WARNING else ""
            self._deployment.announce(prefix + request.message)
        return empty_pb2.Empty()

    def RequirePulumiVersion(
        self, request: engine_pb2.RequirePulumiVersionRequest, context: grpc.ServicerContext
    ) -> engine_pb2.RequirePulumiVersionResponse:
        """Any version is right: there is no Pulumi engine here."""
        return engine_pb2.RequirePulumiVersionResponse()

    # The work of both

    def _register(self, request: resource_pb2.RegisterResourceRequest) -> resource_pb2.RegisterResourceResponse:
        urn = self._urn(request.parent, request.type, request.name)
        if request.remote:
            request.object.CopyFrom(self._transforms.transformed(urn, request))
            self._constructed.add(urn)
            return self.plugin.construct(request)
        with self._lock:
            if urn in self._urns:
                raise UnsupportedError("a resource of this type and name was registered before; rename one")
            self._urns.add(urn)
        if urn not in self._constructed:
            request.object.CopyFrom(self._transforms.transformed(urn, request))
        inputs = properties(request.object)
        compared = comparable(inputs, self._deployment.folder) if request.custom else {}
        outputs: Mapping[str, Any] = {}
        identity = ""
        if request.type == STACK_TYPE:
            self._root_urn = urn
        elif request.type.startswith(PROVIDER_PREFIX):
            identity = "local"
            if urn not in self._deployment.before:
                self._deployment.announce(
                    f"note: provider {request.name!r} is ignored: the emulator creates every resource"
                )
        elif request.custom:
            with self._creations:
                identity, outputs = self._create_or_update(request, inputs, self._deployment.before.get(urn), compared)
        state = plain(request.object)
        state.update(outputs)
        response = resource_pb2.RegisterResourceResponse(urn=urn, id=identity, object=state)
        with self._lock:
            self._deployment.resources[urn] = Registered(
                request.type, request.name, urn, identity, inputs, outputs, compared
            )
            self._states[urn] = response
        return response

    def _resource(self, urn: str) -> struct_pb2.Struct:
        """A resource of the program, as an SDK asks for it that has a reference to it."""
        with self._lock:
            response = self._states.get(urn)
            if response is None:
                raise UnsupportedError(f"must be a resource of this program; got {urn}")
            found = struct_pb2.Struct()
            found.update({"urn": urn, "id": response.id})
            found["state"] = response.object
        return found

    def _create_or_update(
        self,
        request: resource_pb2.RegisterResourceRequest,
        values: Mapping[str, Any],
        before: Registered | None,
        compared: Mapping[str, Any],
    ) -> tuple[str, Mapping[str, Any]]:
        """Create a resource in the emulator, or change the one that is there; its id and outputs."""
        if before is not None and before.compared == compared:
            return before.id, before.outputs
        if request.importId:
            raise UnsupportedError(
                "the option import_ takes an existing resource, and a local run starts with an empty account; leave it"
                " out"
            )
        creator = CREATORS.get(request.type)
        if creator is None:
            raise UnsupportedError(
                "a local run does not know this resource type. Leave the resource out when the stack is"
                f' {self._deployment.stack!r} (if pulumi.get_stack() != "{self._deployment.stack}": ...), or add'
                f" it to cp_event_source/local/resources. Known types: {', '.join(sorted(CREATORS))}"
            )
        inputs = Inputs({**names_of(before), **values} if before else values)
        self._check_region(inputs.get("region"))
        deployment = self._deployment
        wanted = Request(request.name, inputs, deployment.folder, deployment.clients, deployment.starts)
        if before is None:
            created = creator(wanted)
        else:
            changed = {
                name for name in {*before.compared, *compared} if before.compared.get(name) != compared.get(name)
            }
            created = update(before, wanted, changed)
        for note in created.notes:
            deployment.announce(f"note: {note}")
        if unread := inputs.unread():
            raise UnsupportedError(
                f"a local run does not know the input{'s' if len(unread) > 1 else ''} {', '.join(unread)};"
                " leave it out of the local stack, or translate it in cp_event_source/local/resources"
            )
        always = {"region": self._deployment.clients.region, "tagsAll": inputs.get("tags", {})}
        return created.id, {**always, **created.outputs}

    def _check_region(self, region: str | None) -> None:
        ours = self._deployment.clients.region
        if region is not None and region != ours:
            raise UnsupportedError(
                f"region: must be {ours!r}, since a program has one region in a local run; got {region!r}; leave region"
                " out, or set the program's: --config aws:region=..."
            )

    def _urn(self, parent: str, type_token: str, name: str) -> str:
        parent_type = parent.split("::")[2] if parent else ""
        if parent_type and parent_type != STACK_TYPE:
            type_token = f"{parent_type}${type_token}"
        return f"urn:pulumi:{self._deployment.stack}::{self._deployment.project}::{type_token}::{name}"

    def _refuse(self, context: grpc.ServicerContext, message: str, *, known: bool = False) -> NoReturn:
        """Refuse a call, and note why unless the cause is known: a component fails with each of its children."""
        with self._lock:
            if not (known or self._ended):
                self._deployment.failures.append(message)
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, message)
        raise AssertionError("abort raises")
