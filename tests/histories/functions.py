"""The two functions as Lambda starts them, on doubles of AWS and on the clock of a history."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from cp_event_source.handler.aws import telemetry
from cp_event_source.handler.aws.settings import PersistSettings, ProjectSettings
from cp_event_source.handler.domain import fold
from cp_event_source.handler.persist import Persist
from cp_event_source.handler.project import Project
from tests.doubles.clients import Double, direct_dynamodb, direct_sqs
from tests.doubles.clock import FunctionClock, measured_only
from tests.doubles.sqs import SQS
from tests.handler.doubles import InOrder

from .logic import Now, logic, version

DOMAIN_NAME = "Log"
MAX_FUTURE_SKEW_SECONDS = 600

_DEAD_LETTERS, _PARKED = "ingest-dead-letters", "parked"


def create_queues(sqs: SQS) -> tuple[str, str]:
    """Create the ingest dead-letter queue and the parked queue. Returns their URLs."""
    return sqs.create_queue(_DEAD_LETTERS), sqs.create_queue(_PARKED)


class Journal(telemetry.Telemetry):
    """Telemetry that prints nothing, and keeps the errors that the functions reported as faults of AWS."""

    failures: list[BaseException]

    def failed(self, message: str, error: BaseException, **fields: object) -> None:
        Journal.failures.append(error)

    def flush(self) -> None:
        pass

    def _log(self, level: str, message: str, fields: dict[str, object]) -> None:
        pass


class Context:
    """Lambda's context of an invocation."""

    def __init__(self, request_id: str, seconds: float | None) -> None:
        self.aws_request_id = request_id
        self._until = Now.clock.now + (900 if seconds is None else seconds)

    def get_remaining_time_in_millis(self) -> int:
        return int(1000 * (self._until - Now.clock.now))


class _Started(NamedTuple):
    dynamodb: Any
    sqs: Any
    telemetry: Journal
    clock: FunctionClock


class Functions:
    """Both functions. Each invocation runs in a process of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._dead_letters, self._parked = create_queues(SQS())
        # the timer of the limit belongs to the process, not to a greenlet; an error parks an object just as the limit
        monkeypatch.setattr(fold, "time_limit", measured_only)

    def persist(self, dynamodb: Double, sqs: Double) -> Callable[[dict[str, Any]], Any]:
        """The persist function."""
        settings = PersistSettings(DOMAIN_NAME, "events", self._dead_letters, MAX_FUTURE_SKEW_SECONDS, "persist")
        on = _started(dynamodb, sqs)
        handle = Persist.start(settings, on.dynamodb, on.sqs, on.telemetry, InOrder(), on.clock).handle
        return lambda event: handle(event, None)

    def project(
        self, dynamodb: Double, sqs: Double, writers: Any, number: int, events_per_snapshot: int
    ) -> Callable[[dict[str, Any], Context], Any]:
        """The project function with one version of the domain logic."""
        settings = ProjectSettings(
            DOMAIN_NAME,
            "events",
            "rows",
            "snapshots",
            self._parked,
            version(number),
            event_time_limit_seconds=60,
            events_per_snapshot=events_per_snapshot,
            function_name="project",
        )
        on = _started(dynamodb, sqs)
        started = Project.start(settings, logic(number), on.dynamodb, on.sqs, on.telemetry, writers, on.clock)
        return started.handle


def _started(dynamodb: Double, sqs: Double) -> _Started:
    clock = FunctionClock(Now.clock)
    return _Started(direct_dynamodb(dynamodb), direct_sqs(sqs), Journal(DOMAIN_NAME, "function", clock), clock)
