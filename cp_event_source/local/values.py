"""What Pulumi's protocol fixes, and property values between its wire format and Python."""

from typing import Any, Final

import pulumi
import pulumi.runtime.rpc
from google.protobuf import struct_pb2

PACKAGE: Final = "cp-event-source"
"""The name of the package whose components are constructed."""

MESSAGE_LIMITS: Final = [
    ("grpc.max_receive_message_length", 400 * 1024 * 1024),  # Pulumi's own
    ("grpc.max_send_message_length", 400 * 1024 * 1024),
]

_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
"""The field by which the protocol marks values of a special kind; its value is the kind."""
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  # a kind of value
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_RESOURCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"


def properties(struct: struct_pb2.Struct) -> dict[str, Any]:
    """The plain properties as Python values: assets and archives as Pulumi's classes, whole numbers as int.

    Every number is a float on the wire, and AWS's interfaces distinguish 6 from 6.0.
    """
    values = {name: _value(value) for name, value in pulumi.runtime.rpc.deserialize_properties(plain(struct)).items()}
    return {name: value for name, value in values.items() if value is not None}


def plain(struct: struct_pb2.Struct) -> struct_pb2.Struct:
    """The properties as the engine gives them to a provider that knows no special values but assets and archives.

    A secret and an output are their value, and a reference to a resource is its id, or the URN of a component.
    """
    result = struct_pb2.Struct()
    for name, value in struct.fields.items():
        result.fields[name].CopyFrom(_plain(value))
    return result


def _plain(value: struct_pb2.Value) -> struct_pb2.Value:
    if value.HasField("list_value"):
        return struct_pb2.Value(list_value=struct_pb2.ListValue(values=map(_plain, value.list_value.values)))
    if not value.HasField("struct_value"):
        return value
    fields = dict(value.struct_value.fields)
    kind = fields[_SIGNATURE].string_value if _SIGNATURE in fields else ""
    if kind in (_SECRET, _OUTPUT):
        return _plain(fields.get("value", struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)))
    if kind == _RESOURCE:
        identity = fields.get("id")
        return identity if identity is not None and identity.string_value else fields["urn"]
    return struct_pb2.Value(struct_value=plain(value.struct_value))


def _value(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_value(element) for element in value]
    if isinstance(value, dict):
        return {name: _value(element) for name, element in value.items()}
    return value
