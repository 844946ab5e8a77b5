"""The two functions with doubles instead of AWS, on a clock that moves only when a test moves it."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from unittest import mock

from cp_event_source.handler.aws import clients
from cp_event_source.handler.aws.settings import PersistSettings, ProjectSettings
from cp_event_source.handler.aws.telemetry import Telemetry
from cp_event_source.handler.aws.tracing import Tracing
from cp_event_source.handler.domain.logic import DomainLogic
from cp_event_source.handler.persist import Persist
from cp_event_source.handler.project import Project

from ..doubles.aws import Clock
from ..doubles.clients import retries_without_waiting
from ..doubles.clock import FunctionClock, no_timers
from ..handler.doubles import InOrder

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


class Silent(Telemetry):
    """Writes nothing."""

    def _write(self, line: dict[str, object]) -> None:
        pass


class Function:
    """One started process of a function. `handle` is what Lambda calls."""

    def __init__(
        self,
        name: str,
        dynamodb: Any,
        sqs: Any,
        *,
        clock: Clock,
        domain: DomainLogic,
        has_threads: bool = False,
        telemetry: type[Telemetry] = Silent,
        **settings: str,
    ) -> None:
        environment = {**os.environ, **ENVIRONMENT, **settings}
        passing = FunctionClock(clock)
        tracing = Tracing(passing, environment.get("AWS_XRAY_DAEMON_ADDRESS", ""))
        written = telemetry(DOMAIN_NAME, environment["AWS_LAMBDA_FUNCTION_NAME"], passing, tracing)
        self._writers: Executor = ThreadPoolExecutor(clients.CONNECTIONS) if has_threads else InOrder()
        if name == PERSIST:
            persist = PersistSettings.read(environment)
            self.handle: Callable[[dict[str, Any], object], Any] = Persist.start(
                persist, dynamodb, sqs, written, self._writers, passing
            ).handle
        else:
            project = ProjectSettings.read(environment)
            self.handle = Project.start(project, domain, dynamodb, sqs, written, self._writers, passing).handle

    def stop(self) -> None:
        """Wait for the threads that still write."""
        self._writers.shutdown(wait=True)


@contextmanager
def environment() -> Iterator[None]:
    """The environment that botocore's clients need while tests run. They do not wait between their tries.

    Folds set no timers.
    """
    with mock.patch.dict("os.environ", ENVIRONMENT), retries_without_waiting(), no_timers():
        yield
