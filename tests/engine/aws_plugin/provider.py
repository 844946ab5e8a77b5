"""The plugin: Pulumi's protocol of providers, over the creators of the local run and what this package adds to them."""
# The names and signatures of the methods are the protocol's.
# ruff: noqa: N802

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from cp_event_source.local.clients import emulator_clients
from cp_event_source.local.emulator import REGION
from cp_event_source.local.errors import UnsupportedError
from cp_event_source.local.inputs import Inputs
from cp_event_source.local.resources import CREATORS, Created, Request
from cp_event_source.local.starts import Starts
from cp_event_source.local.values import properties

from .calls import Call, Calls
from .deletes import DELETES
from .diffs import changed, is_content, replacing
from .names import named
from .reads import is_gone, read
from .schema import VERSION, schema
from .secret_values import as_secret, has_secrets, opened
from .tags import RETAG
from .updates import Change, make

_COMPUTED: Final = {"region", "tagsAll"}
"""What every resource has beside its inputs and what its creator says."""


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """Serves one configuration: the engine starts a process for each provider of a program."""

    def __init__(self, endpoint: str, calls: Calls) -> None:
        self._endpoint = endpoint
        self._calls = calls
        self._default_tags: dict[str, str] = {}
        self._clients = emulator_clients(endpoint, REGION)

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=VERSION)

    def Attach(self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def GetSchema(
        self, request: provider_pb2.GetSchemaRequest, context: grpc.ServicerContext
    ) -> provider_pb2.GetSchemaResponse:
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema()))

    def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        """As pulumi-aws: another region replaces the provider and all that it made."""
        differing = changed(_plain(request.old_inputs), _plain(request.news))
        return _difference(differing, differing & {"region"})

    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        arguments = _plain(request.args)
        region = arguments.get("region", REGION)
        # The engine's own providers give what is nested as JSON.
        defaults = arguments.get("defaultTags", {})
        if isinstance(defaults, str):
            defaults = json.loads(defaults)
        self._default_tags = defaults.get("tags", {})
        self._clients = emulator_clients(self._endpoint, region)
        return provider_pb2.ConfigureResponse(supportsPreview=True, acceptSecrets=True)

    def Invoke(self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext) -> NoReturn:
        _refuse(context, f"{request.tok}: the stand-in looks nothing up")

    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        self._calls.add(Call("Check", request.type, request.name))
        inputs = struct_pb2.Struct()
        inputs.CopyFrom(request.news)
        inputs.update(named(request.type, request.name, _plain(request.news), _plain(request.olds)))
        return provider_pb2.CheckResponse(inputs=inputs)

    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        old, new = _plain(request.old_inputs), _plain(request.news)
        differing = changed(old, new)
        if request.type in RETAG and _plain(request.olds).get("tagsAll", {}) != self._all_tags(new):
            differing.add("tagsAll")
        replaces = replacing(request.type, differing - {"tagsAll"})
        self._calls.add(Call("Diff", request.type, request.name, changed=sorted(differing), replaces=sorted(replaces)))
        return _difference(differing, replaces)

    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        self._calls.add(Call("Create", request.type, request.name, preview=request.preview))
        if request.preview:
            return provider_pb2.CreateResponse(properties=request.properties)
        try:
            created = self._created(request)
        except Exception as error:  # noqa: BLE001  # whatever it is, the engine shows it
            _refuse(context, f"creating {request.type} {request.name}: {_said(error)}")
        state = self._state(request.type, request.properties, created.outputs)
        return provider_pb2.CreateResponse(id=created.id, properties=state)

    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        self._calls.add(Call("Read", request.type, request.name))
        before, inputs = _plain(request.properties), _plain(request.inputs)
        try:
            found = read(request.type, self._clients, request.id, before)
        except Exception as error:  # noqa: BLE001
            _refuse(context, f"reading {request.type} {request.name}: {_said(error)}")
        if found is None:
            return provider_pb2.ReadResponse()
        if not before:  # an import
            computed = {"arn", "streamArn", "streamLabel"}
            inputs = {name: value for name, value in found.items() if name not in computed}
            found |= {"region": self._clients.region, "tagsAll": found.get("tags", {})}
        # Of what a program did not give, a change is in the state and not in the inputs.
        now = {name: found.get(name, value) for name, value in inputs.items()}
        return provider_pb2.ReadResponse(
            id=request.id, properties=_sealed(found, request.properties), inputs=_sealed(now, request.inputs)
        )

    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        self._calls.add(Call("Update", request.type, request.name, preview=request.preview))
        old_inputs = _plain(request.old_inputs)
        kept = {name: value for name, value in _plain(request.olds).items() if name not in {*old_inputs, *_COMPUTED}}
        if request.preview:
            state = struct_pb2.Struct()
            state.CopyFrom(request.news)
            state.update(kept)
            return provider_pb2.UpdateResponse(properties=state)
        try:
            tags = _plain(request.olds).get("tagsAll", {})
            old, new = _values(_without_contents(request.old_inputs)), _values(request.news)
            retagged = {"tags"} if request.type in RETAG and tags != self._all_tags(new) else set[str]()
            change = Change(
                request.type,
                request.name,
                request.urn,
                request.id,
                self._clients,
                _values(_without_contents(request.olds)),
                old | {"tags": tags},
                new | {"tags": self._all_tags(new)},
                changed(old_inputs, _plain(request.news)) | retagged,
            )
            outputs = make(change)
        except Exception as error:  # noqa: BLE001
            _refuse(context, f"updating {request.type} {request.name}: {_said(error)}")
        return provider_pb2.UpdateResponse(properties=self._state(request.type, request.news, kept | dict(outputs)))

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        self._calls.add(Call("Delete", request.type, request.name))
        try:
            DELETES[request.type](self._clients, request.id, _values(_without_contents(request.properties)))
        except Exception as error:  # noqa: BLE001
            if not is_gone(error):
                _refuse(context, f"deleting {request.type} {request.name}: {_said(error)}")
        return empty_pb2.Empty()

    def _created(self, request: provider_pb2.CreateRequest) -> Created:
        values = _values(request.properties)
        inputs = Inputs(values | self._tags_of(request.type, values))
        created = CREATORS[request.type](Request(request.name, inputs, Path.cwd(), self._clients, Starts()))
        if unread := inputs.unread():
            raise UnsupportedError(f"the stand-in does not know {', '.join(unread)}")
        return created

    def _state(self, type_: str, inputs: struct_pb2.Struct, outputs: Mapping[str, Any]) -> struct_pb2.Struct:
        """The state after a change. As with pulumi-aws, all tags are a secret if some are."""
        plain = _plain(inputs)
        state = {**plain, "region": self._clients.region, **outputs}
        if type_ in RETAG:
            tags = self._all_tags(plain)
            state["tagsAll"] = as_secret(tags) if has_secrets(json_format.MessageToDict(inputs).get("tags")) else tags
        return _sealed(state, inputs)

    def _all_tags(self, inputs: Mapping[str, Any]) -> dict[str, str]:
        return {**self._default_tags, **inputs.get("tags", {})}

    def _tags_of(self, type_: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """All tags as an input, if the type takes any and there are some."""
        tags = self._all_tags(inputs)
        return {"tags": tags} if tags and type_ in RETAG else {}


def _plain(struct: struct_pb2.Struct) -> dict[str, Any]:
    """As on the wire, without the marks of secrets: assets and unknown values keep theirs."""
    plain: dict[str, Any] = opened(json_format.MessageToDict(struct))
    return plain


def _values(struct: struct_pb2.Struct) -> dict[str, Any]:
    """As Python values."""
    return properties(_struct(_plain(struct)))


def _sealed(values: Mapping[str, Any], before: struct_pb2.Struct) -> struct_pb2.Struct:
    """On the wire: the properties that have secrets in `before` are secrets."""
    secret = {name for name, value in json_format.MessageToDict(before).items() if has_secrets(value)}
    return _struct({name: as_secret(value) if name in secret else value for name, value in values.items()})


def _without_contents(struct: struct_pb2.Struct) -> struct_pb2.Struct:
    """A state's properties without assets and archives, of which a state has no more than the hash."""
    return _struct({name: value for name, value in _plain(struct).items() if not is_content(value)})


def _struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(dict(values))
    return struct


def _difference(differing: set[str], replaces: set[str]) -> provider_pb2.DiffResponse:
    response = provider_pb2.DiffResponse
    changes = response.DIFF_SOME if differing else response.DIFF_NONE
    return response(changes=changes, diffs=sorted(differing), replaces=sorted(replaces))


def _said(error: Exception) -> str:
    return re.sub(r"\s+", " ", f"{type(error).__name__}: {error}")


def _refuse(context: grpc.ServicerContext, message: str) -> NoReturn:
    context.abort(grpc.StatusCode.UNKNOWN, message)
    raise AssertionError("abort raises")
