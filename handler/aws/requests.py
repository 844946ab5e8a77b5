"""Writes the items in DynamoDB's requests, in place of botocore's serializer.

botocore's serializer builds every value again by the service's model, which takes a twentieth of a call. An item as an
argument and in the request have one form, except for binary values, which are bytes in the argument and base64 text in
the request. Everything else about a call stays botocore's: the endpoint, signature, retries and errors.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

_ARGUMENTS = "handler.aws.requests"


def keep_arguments(params: Mapping[str, Any], context: dict[str, Any], **_: object) -> dict[str, Any]:
    """Handle botocore's event `provide-client-params`: leave only the table for botocore's serializer.

    Args:
        params: the call's arguments.
        context: what botocore keeps for the call.
    """
    context[_ARGUMENTS] = params
    return {"TableName": params["TableName"]}  # botocore may find the endpoint by it


def write_arguments(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
    """Handle botocore's event `before-call`: write the arguments as the request's body.

    Args:
        params: the request.
        context: what botocore keeps for the call.
    """
    params["body"] = _JSON.encode(context.pop(_ARGUMENTS)).encode()


def _base64(value: Any) -> str:
    return base64.b64encode(value).decode()


_JSON = json.JSONEncoder(default=_base64)
