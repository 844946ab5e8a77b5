"""The two functions as Lambda starts them, by their own entry points, on doubles and on a history's own time."""

import os
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager, nullcontext
from datetime import datetime, tzinfo
from types import SimpleNamespace
from typing import Any

import pytest

from cp_event_source.handler.aws import clients, telemetry
from cp_event_source.handler.domain import fold
from cp_event_source.handler.domain import logic as domain_logic
from tests.doubles.clients import Double, direct_dynamodb, direct_sqs
from tests.doubles.sqs import SQS
from tests.handler.aws import load_entry_point

from .logic import Now, logic, version

DOMAIN_NAME = "Log"
MAX_FUTURE_SKEW_SECONDS = 600

_DEAD_LETTERS, _PARKED = "ingest-dead-letters", "parked"
_FUNCTION = "AWS_LAMBDA_FUNCTION_NAME"


def create_queues(sqs: SQS) -> tuple[str, str]:
    """The queues that the functions send to: for dead letters and for notices of parked domains. Their URLs."""
    return sqs.create_queue(_DEAD_LETTERS), sqs.create_queue(_PARKED)


class Journal(telemetry.Telemetry):
    """Telemetry that prints nothing, and hands on the errors that the functions took for faults of AWS's."""

    failures: list[BaseException]

    def failed(self, message: str, error: BaseException, **fields: object) -> None:
        Journal.failures.append(error)

    def flush(self) -> None:
        pass

    def _log(self, level: str, message: str, fields: dict[str, object]) -> None:
        pass


class _HistorysTime(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.fromtimestamp(Now.clock.now, tz)


_MODULE_TIME = SimpleNamespace(
    time=lambda: Now.clock.now, monotonic=lambda: Now.clock.now, sleep=lambda seconds: Now.clock.advance(seconds)
)


class Context:
    """What Lambda says of an invocation."""

    def __init__(self, request_id: str, seconds: float | None) -> None:
        self.aws_request_id = request_id
        self._until = Now.clock.now + (900 if seconds is None else seconds)

    def get_remaining_time_in_millis(self) -> int:
        return int(1000 * (self._until - Now.clock.now))


class Functions:
    """Both functions, to be started for each invocation anew."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sqs = SQS()
        dead_letters, parked = create_queues(sqs)
        self._dynamodb: Any = None
        self._sqs: Any = direct_sqs(sqs)
        self._version = 1
        for name, value in {
            _FUNCTION: "function-1",
            "DOMAIN_NAME": DOMAIN_NAME,
            "DOMAIN_EVENTS_TABLE": "events",
            "DOMAIN_TABLE": "rows",
            "DOMAIN_SNAPSHOTS_TABLE": "snapshots",
            "INGEST_DEAD_LETTER_QUEUE_URL": dead_letters,
            "PARKED_QUEUE_URL": parked,
            "MAX_FUTURE_SKEW_SECONDS": str(MAX_FUTURE_SKEW_SECONDS),
            "EVENT_TIME_LIMIT_SECONDS": "60",
            "EVENTS_PER_SNAPSHOT": "2",
            "LOGIC_VERSION": version(1),
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(clients, "dynamodb", lambda: self._dynamodb)
        monkeypatch.setattr(clients, "sqs", lambda: self._sqs)
        monkeypatch.setattr(domain_logic, "load", lambda: logic(self._version))
        # the alarm clock behind the limit is the process's, not a greenlet's; what is parked by it, an error parks too
        monkeypatch.setattr(fold, "time_limit", _no_limit)
        self._persist, self._project = load_entry_point("persist_function"), load_entry_point("project_function")
        for module in (self._persist, self._project):
            monkeypatch.setattr(module, "Telemetry", Journal)
        handler = [each for name, each in sys.modules.items() if name.startswith("cp_event_source.handler.")]
        for module in (*handler, self._persist, self._project):
            if getattr(module, "time", None) is time:
                monkeypatch.setattr(module, "time", _MODULE_TIME)
            if getattr(module, "datetime", None) is datetime:
                monkeypatch.setattr(module, "datetime", _HistorysTime)

    def persist(self, dynamodb: Double, sqs: Double) -> Callable[[dict[str, Any]], Any]:
        """The persist function, to be called before another is started."""
        self._dynamodb, self._sqs = direct_dynamodb(dynamodb), direct_sqs(sqs)
        self._persist._persist = self._persist.start()
        return lambda event: self._persist.handle(event, None)

    def project(
        self, dynamodb: Double, sqs: Double, writers: Any, number: int, events_per_snapshot: int
    ) -> Callable[[dict[str, Any], Context], Any]:
        """The project function with one version of the domain's logic, likewise."""
        self._dynamodb, self._sqs, self._version = direct_dynamodb(dynamodb), direct_sqs(sqs), number
        os.environ.update(LOGIC_VERSION=version(number), EVENTS_PER_SNAPSHOT=str(events_per_snapshot))
        self._project.ThreadPoolExecutor = lambda _: writers
        self._project._project = self._project.start()
        handle: Callable[[dict[str, Any], Context], Any] = self._project.handle
        return handle


@contextmanager
def _no_limit(seconds: float) -> Any:
    yield nullcontext()
