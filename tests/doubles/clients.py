"""Two ways to give a double to code that takes a boto3 client.

- `direct_dynamodb` and `direct_sqs` are light objects with a client's methods and its exceptions (botocore's own
  classes). They are for tests with tens of thousands of runs.
- `wire` attaches a double to a real client instead of the network. All of botocore runs, from the validation of
  parameters to its retries, and gets replies as AWS sends them. A hook that raises botocore's ReadTimeoutError or
  EndpointConnectionError acts as a broken connection.

Simplified on the wire: replies arrive at once and complete; signatures are not checked.
"""

import base64
import io
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from types import SimpleNamespace
from typing import Any, Protocol
from unittest import mock

from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.errorfactory import ClientExceptionsFactory
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.model import ServiceModel
from urllib3 import HTTPResponse

from .aws import AwsError

_STATUSES = {"InternalServerError": 500, "InternalFailure": 500, "ServiceUnavailable": 503}
"""HTTP statuses of error codes. All other codes have status 400."""


class Double(Protocol):
    """A service in memory."""

    def handle(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """The reply to a request. Raises AwsError."""


def direct_dynamodb(db: Double) -> Any:
    """A DynamoDB client whose calls go straight to `db`."""
    return _DirectDynamoDB(db, "dynamodb")


def direct_sqs(sqs: Double) -> Any:
    """An SQS client whose calls go straight to `sqs`."""
    return _DirectSQS(sqs, "sqs")


def wire(client: Any, double: Double) -> Callable[[], None]:
    """Let `double` answer a real client's requests.

    Botocore waits before it retries; see `retries_without_waiting`. In its standard mode each client has a quota of
    retries, which only successes refill.

    Returns:
        A function that detaches the double.
    """
    model = client.meta.service_model

    def answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        return _http_reply(model, double, request)

    event = f"before-send.{model.service_id.hyphenize()}"
    client.meta.events.register_first(event, answer)

    def detach() -> None:
        client.meta.events.unregister(event, answer)

    return detach


@contextmanager
def retries_without_waiting() -> Iterator[list[float]]:
    """Skip botocore's waits before its retries. Yields the list of the skipped waits, in seconds."""
    waits: list[float] = []
    with mock.patch("botocore.endpoint.time", SimpleNamespace(sleep=waits.append)):
        yield waits


class _Direct:
    """Calls without botocore: no validation of parameters and no retries, but botocore's errors."""

    def __init__(self, double: Double, service: str) -> None:
        self.exceptions = _exceptions(service)
        self._double = double

    def _call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        try:
            reply = self._double.handle(operation, request)
        except AwsError as error:
            raise self._raised(operation, error) from error
        reply["ResponseMetadata"] = {"HTTPStatusCode": 200, "RetryAttempts": 0}
        return reply

    def _raised(self, operation: str, error: AwsError) -> ClientError:
        kind: type[ClientError] = self.exceptions.from_code(error.code)
        response: Any = {
            **error.fields,
            "Error": {"Code": error.code, "Message": error.message},
            "ResponseMetadata": {
                "HTTPStatusCode": _STATUSES.get(error.code, 400),
                "RetryAttempts": error.retry_attempts,
            },
        }
        if error.query_code is not None:
            response["Error"] |= {"Code": error.query_code, "QueryErrorCode": error.code, "Type": "Sender"}
        elif kind is not ClientError:  # the service's model knows the error's members
            response["message"] = error.message
        return kind(response, operation)


class _DirectDynamoDB(_Direct):
    def put_item(self, **request: Any) -> dict[str, Any]:
        return self._call("PutItem", request)

    def delete_item(self, **request: Any) -> dict[str, Any]:
        return self._call("DeleteItem", request)

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        return self._call("TransactWriteItems", request)

    def get_item(self, **request: Any) -> dict[str, Any]:
        return self._call("GetItem", request)

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        return self._call("BatchGetItem", request)

    def query(self, **request: Any) -> dict[str, Any]:
        return self._call("Query", request)

    def get_paginator(self, operation_name: str) -> "_QueryPaginator":
        if operation_name != "query":
            raise NotImplementedError(operation_name)
        return _QueryPaginator(self.query)


class _QueryPaginator:
    def __init__(self, query: Callable[..., dict[str, Any]]) -> None:
        self._query = query

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        while True:
            page = self._query(**request)
            yield page
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


class _DirectSQS(_Direct):
    def send_message(self, **request: Any) -> dict[str, Any]:
        return self._call("SendMessage", request)

    def receive_message(self, **request: Any) -> dict[str, Any]:
        return self._call("ReceiveMessage", request)

    def delete_message(self, **request: Any) -> dict[str, Any]:
        return self._call("DeleteMessage", request)

    def change_message_visibility(self, **request: Any) -> dict[str, Any]:
        return self._call("ChangeMessageVisibility", request)


def json_reply(model: Any, double: Double, target: str, request: bytes | str) -> tuple[int, Any, bytes]:
    """The status, headers and body of a reply in AWS's JSON protocol, which both DynamoDB and SQS use.

    Args:
        model: the service's model.
        double: the service.
        target: the request's header X-Amz-Target, which names the operation.
        request: the request's body.
    """
    operation = model.operation_model(target.rpartition(".")[2])
    asked = json.loads(request)
    headers: Any = HeadersDict({"Content-Type": "application/x-amz-json-1.0", "x-amzn-RequestId": "0"})
    try:
        reply = double.handle(operation.name, _converted(operation.input_shape, asked, base64.b64decode))
        status, content = 200, _converted(operation.output_shape, reply, _base64)
    except AwsError as error:
        status = _STATUSES.get(error.code, 400)
        fields = _converted(model.shape_for_error_code(error.code), error.fields, _base64)
        content = {"__type": f"com.amazonaws#{error.code}", "message": error.message, **fields}
        if error.query_code is not None:
            headers["x-amzn-query-error"] = f"{error.query_code};Sender"
    body = json.dumps(content).encode()
    headers["x-amz-crc32"] = str(zlib.crc32(body))
    return status, headers, body


def _http_reply(model: Any, double: Double, request: AWSPreparedRequest) -> AWSResponse:
    status, headers, body = json_reply(model, double, _text(request.headers["X-Amz-Target"]), _text(request.body))
    return AWSResponse(request.url, status, headers, HTTPResponse(io.BytesIO(body), preload_content=False))


def _converted(shape: Any, value: Any, convert_blob: Callable[[Any], Any]) -> Any:
    """A value of a shape of the service's model, with its binary values converted; without a shape it has none."""
    match shape and shape.type_name:
        case "structure":
            return {name: _converted(shape.members[name], member, convert_blob) for name, member in value.items()}
        case "map":
            return {name: _converted(shape.value, member, convert_blob) for name, member in value.items()}
        case "list":
            return [_converted(shape.member, member, convert_blob) for member in value]
        case "blob":
            return convert_blob(value)
        case _:
            return value


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


@cache
def _exceptions(service: str) -> Any:
    model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
    return ClientExceptionsFactory().create_client_exceptions(model)
