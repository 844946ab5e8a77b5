"""Two ways to give a double to code that takes a boto3 client.

`direct_dynamodb` and `direct_sqs` are light objects with a client's methods and its exceptions (botocore's own
classes): for tests of which tens of thousands run.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Protocol

from botocore.errorfactory import ClientExceptionsFactory
from botocore.loaders import Loader
from botocore.model import ServiceModel

from .aws import AwsError
from .dynamodb import DynamoDB


class Double(Protocol):
    """A service in memory."""

    def handle(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """The reply to a request. Raises AwsError."""


def direct_dynamodb(db: DynamoDB) -> Any:
    """A DynamoDB client whose calls go straight to `db`."""
    return _DirectDynamoDB(db)


class _Direct:
    """Calls without botocore: no validation of parameters, no retries; errors as botocore raises them."""

    def __init__(self, double: Double, service: str) -> None:
        self.exceptions = _exceptions(service)
        self._double = double

    def _call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        try:
            reply = self._double.handle(operation, request)
        except AwsError as error:
            response: Any = {
                **error.fields,
                "Error": {"Code": error.code, "Message": error.message},
                "ResponseMetadata": {"HTTPStatusCode": 400, "RetryAttempts": 0},
            }
            raise self.exceptions.from_code(error.code)(response, operation) from error
        reply["ResponseMetadata"] = {"HTTPStatusCode": 200, "RetryAttempts": 0}
        return reply


class _DirectDynamoDB(_Direct):
    def __init__(self, db: DynamoDB) -> None:
        super().__init__(db, "dynamodb")

    def put_item(self, **request: Any) -> dict[str, Any]:
        return self._call("PutItem", request)

    def delete_item(self, **request: Any) -> dict[str, Any]:
        return self._call("DeleteItem", request)

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


@cache
def _service_model(service: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


@cache
def _exceptions(service: str) -> Any:
    return ClientExceptionsFactory().create_client_exceptions(_service_model(service))
