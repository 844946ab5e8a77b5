"""The two functions, started as Lambda starts them, in a time that passes only when a test tells it to."""

import importlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, tzinfo
from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest import mock

from cp_event_source.handler.aws import clients, telemetry
from cp_event_source.handler.domain import logic as domain_logic
from cp_event_source.handler.domain.logic import DomainLogic

from ..doubles.aws import Clock
from ..doubles.clients import retries_without_waiting
from .domain import logic

PERSIST, PROJECT = "persist", "project"
DOMAIN_NAME = "Log"
EVENTS_PER_MARK = 2

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_LAMBDA_FUNCTION_NAME": "function",
    "DOMAIN_NAME": DOMAIN_NAME,
    "DOMAIN_EVENTS_TABLE": "events",
    "DOMAIN_TABLE": "rows",
    "DOMAIN_SNAPSHOTS_TABLE": "snapshots",
    "INGEST_DEAD_LETTER_QUEUE_URL": "unset",
    "PARKED_QUEUE_URL": "unset",
    "MAX_FUTURE_SKEW_SECONDS": "86400",
    "EVENT_TIME_LIMIT_SECONDS": "60",
    "EVENTS_PER_SNAPSHOT": str(EVENTS_PER_MARK),
    "LOGIC_VERSION": "v1",
}


class InOrder(Executor):
    """Writes at once, in the caller's thread, so that the order of calls is always the same."""

    def __init__(self, threads: int) -> None:
        """Takes what a pool of threads takes."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001  as a pool's thread does
            future.set_exception(error)
        return future


class Function:
    """One started process of a function; `handle` is Lambda's call."""

    def __init__(
        self,
        name: str,
        dynamodb: Any,
        sqs: Any,
        *,
        environment: Mapping[str, str],
        domain: DomainLogic,
        has_threads: bool,
    ) -> None:
        self._name = f"_{name}"
        self._module = _entry_point(f"{name}_function")
        os.environ.update(environment)  # `environment` puts it back
        with ExitStack() as stack:
            stack.enter_context(mock.patch.object(clients, "dynamodb", _giving(dynamodb)))
            stack.enter_context(mock.patch.object(clients, "sqs", _giving(sqs)))
            stack.enter_context(mock.patch.object(domain_logic, "load", _giving(domain)))
            if name == PROJECT and not has_threads:
                stack.enter_context(mock.patch.object(self._module, "ThreadPoolExecutor", InOrder))
            self._started = self._module.start()

    def handle(self, event: dict[str, Any], context: object) -> Any:
        with mock.patch.object(self._module, self._name, self._started):
            return self._module.handle(event, context)

    def stop(self) -> None:
        """Wait for the threads that still write."""
        self._started.writers.shutdown(wait=True)


@contextmanager
def environment() -> Iterator[None]:
    """The functions' environment, for as long as tests run."""
    with mock.patch.dict("os.environ", ENVIRONMENT):
        yield


@contextmanager
def time_of(clock: Clock) -> Iterator[None]:
    """All of the functions' clocks are the test's; nothing waits, nothing is logged."""

    class Datetime(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Datetime":
            return cls.fromtimestamp(clock.now, tz or UTC)

    passing = SimpleNamespace(
        monotonic=lambda: clock.now,
        time=lambda: clock.now,
        time_ns=lambda: int(clock.now * 1e9),
        sleep=clock.advance,
    )
    with ExitStack() as stack:
        for module in _modules():
            if vars(module).get("time") is time:
                stack.enter_context(mock.patch.object(module, "time", passing))
            if vars(module).get("datetime") is datetime:
                stack.enter_context(mock.patch.object(module, "datetime", Datetime))
        stack.enter_context(mock.patch.object(telemetry, "_write", _giving(None)))
        stack.enter_context(retries_without_waiting())
        yield


def _giving(value: Any) -> Callable[..., Any]:
    """A function that always returns this; lighter than a mock."""
    return lambda *_: value


def _modules() -> list[ModuleType]:
    """The functions' own."""
    entry_points = [_entry_point(f"{name}_function") for name in (PERSIST, PROJECT)]
    return entry_points + [
        module for name, module in sys.modules.items() if name.startswith("cp_event_source.handler.")
    ]


@cache
def _entry_point(name: str) -> ModuleType:
    """A function's entry point, imported for these tests alone; what it starts when imported is thrown away."""
    full = f"cp_event_source.handler.{name}"
    before = sys.modules.pop(full, None)
    with (
        environment(),
        mock.patch.object(clients, "dynamodb", _giving(None)),
        mock.patch.object(clients, "sqs", _giving(None)),
        mock.patch.object(domain_logic, "load", _giving(logic("v1", _giving(None)))),
    ):
        module = importlib.import_module(full)
    del sys.modules[full]
    if before is not None:
        sys.modules[full] = before
    return module
