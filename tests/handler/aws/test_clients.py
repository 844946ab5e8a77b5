"""Guarantee: the clients send no header that no service needs, and repeat failed calls as botocore does."""

import importlib
from collections.abc import Iterator
from typing import Any

import botocore.handlers
import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import EndpointConnectionError

from cp_event_source.handler.aws import clients
from tests.doubles.clients import retries_without_waiting, wire
from tests.doubles.dynamodb import DynamoDB


class Network:
    """DynamoDB with one table, behind a network that fails some times."""

    def __init__(self, client: Any, *, failures: int = 0) -> None:
        self.requests: list[AWSPreparedRequest] = []
        self._failures_left = failures
        db = DynamoDB()
        db.create_table("rows", "DomainId")
        wire(client, db)
        client.meta.events.register_first("before-send.dynamodb", self._send)

    def _send(self, request: AWSPreparedRequest, **_: object) -> None:
        self.requests.append(request)
        if self._failures_left:
            self._failures_left -= 1
            raise EndpointConnectionError(endpoint_url=request.url)


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "us-east-1")


@pytest.fixture
def reloaded() -> Iterator[None]:
    yield
    importlib.reload(clients)


def test_no_header_tells_aws_of_repetitions() -> None:
    client: Any = clients.dynamodb()
    network = Network(client)
    client.get_item(TableName="rows", Key={"DomainId": {"S": "d"}})
    (request,) = network.requests
    assert not [name for name in request.headers if name.lower().startswith("amz-sdk")]
    assert "Authorization" in request.headers


def test_a_call_is_repeated_without_these_headers() -> None:
    client: Any = clients.dynamodb()
    network = Network(client, failures=2)
    with retries_without_waiting() as waits:
        client.put_item(TableName="rows", Item={"DomainId": {"S": "d"}})
    assert len(network.requests) == 3
    assert len(waits) == 2


@pytest.mark.usefixtures("reloaded")
def test_a_botocore_without_the_handler_of_these_headers_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as other_botocore:
        other_botocore.delattr(botocore.handlers, "add_retry_headers")
        client: Any = importlib.reload(clients).dynamodb()
    network = Network(client)
    client.get_item(TableName="rows", Key={"DomainId": {"S": "d"}})
    assert len(network.requests) == 1
