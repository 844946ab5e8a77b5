"""Transforms: functions of the program that change a resource's inputs before it is registered."""

import grpc
from google.protobuf import message, struct_pb2
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc, resource_pb2

from cp_event_source.local.errors import ProgramError
from cp_event_source.local.values import MESSAGE_LIMITS


class Transforms:
    """The transforms of a program, which its process runs on request."""

    def __init__(self) -> None:
        self._of_all: list[callback_pb2.Callback] = []
        self._of_resources: dict[str, tuple[str, list[callback_pb2.Callback]]] = {}
        """By URN: the URN of the parent, and the transforms that the resource was given."""

    def add(self, callback: callback_pb2.Callback) -> None:
        """Add one that the program registered for all its resources."""
        self._of_all.append(callback)

    def transformed(self, urn: str, request: resource_pb2.RegisterResourceRequest) -> struct_pb2.Struct:
        """The resource's inputs after its own transforms, those of its parents, and those for all resources.

        What they change in the resource's options has no effect in a local run, like the options themselves.

        Raises:
            ProgramError: one failed.
        """
        self._of_resources[urn] = (request.parent, list(request.transforms))
        callbacks: list[callback_pb2.Callback] = []
        while urn in self._of_resources:
            urn, own = self._of_resources[urn]
            callbacks += own
        properties = request.object
        for callback in callbacks + self._of_all:
            properties = self._call(callback, request, properties)
        return properties

    def _call(
        self,
        callback: callback_pb2.Callback,
        request: resource_pb2.RegisterResourceRequest,
        properties: struct_pb2.Struct,
    ) -> struct_pb2.Struct:
        wanted = resource_pb2.TransformRequest(
            type=request.type,
            name=request.name,
            custom=request.custom,
            parent=request.parent,
            properties=properties,
            options=resource_pb2.TransformResourceOptions(
                depends_on=request.dependencies,
                protect=request.protect,
                ignore_changes=request.ignoreChanges,
                provider=request.provider,
                providers=request.providers,
            ),
        )
        call = callback_pb2.CallbackInvokeRequest(token=callback.token, request=_packed(wanted))
        try:
            with grpc.insecure_channel(callback.target, options=MESSAGE_LIMITS) as channel:
                answer = callback_pb2_grpc.CallbacksStub(channel).Invoke(call)
        except grpc.RpcError as error:
            raise ProgramError(f"a transform failed: {error.details()}") from error
        return resource_pb2.TransformResponse.FromString(answer.response).properties


def _packed(wanted: message.Message) -> bytes:
    return bytes(wanted.SerializeToString())
