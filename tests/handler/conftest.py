"""AWS as moto simulates it, and a process with few threads."""

import threading
from collections.abc import Callable, Iterator

import pytest
from moto import mock_aws

from cp_event_source.handler.values.clock import Clock

from .on_moto import Calls, PersistFunction, create_tables, shared_clients


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty account in memory."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield


@pytest.fixture
def calls(aws: None) -> Iterator[Calls]:
    """The tables, and what the functions' client asks of DynamoDB."""
    client, _ = shared_clients()
    create_tables(client)
    calls = Calls(client)
    yield calls
    calls.stop()


@pytest.fixture
def persist(aws: None) -> Iterator[PersistFunction]:
    """The persist function, just started."""
    function = PersistFunction(Clock())
    yield function
    function.stop()


@pytest.fixture
def limit_threads(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Limits how many more threads can start."""

    def limit(number: int) -> None:
        start, left = threading.Thread.start, iter(range(number))

        def start_if_allowed(thread: threading.Thread) -> None:
            if next(left, None) is None:
                raise RuntimeError("can't start new thread")
            start(thread)

        monkeypatch.setattr(threading.Thread, "start", start_if_allowed)

    return limit
