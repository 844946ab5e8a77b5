"""Property values between Pulumi's wire format and Python."""

from typing import Any

import pulumi
import pulumi.runtime.rpc
from google.protobuf import struct_pb2


def properties(struct: struct_pb2.Struct) -> dict[str, Any]:
    """The properties as Python values: assets and archives as Pulumi's classes, whole numbers as int.

    Every number is a float on the wire, and AWS's interfaces distinguish 6 from 6.0.
    """
    values = {name: _value(value) for name, value in pulumi.runtime.rpc.deserialize_properties(struct).items()}
    return {name: value for name, value in values.items() if value is not None}


def _value(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_value(element) for element in value]
    if isinstance(value, dict):
        return {name: _value(element) for name, element in value.items()}
    return value
