"""Entry point of the persist function: ingest queue to domain events table."""

from typing import Any

from .aws import clients
from .aws.events_table import EventsTable
from .aws.queues import Quarantine
from .aws.settings import PersistSettings
from .aws.telemetry import Telemetry
from .aws.tracing import Tracing
from .persist import Persist
from .values.budget import Budget

_SHARE_OF_TIME = 1 / 2
"""Of what Lambda gives, in which messages are begun: enough for the slowest batch. The message that is begun last may
still compute, and take two calls (clients.LONGEST_CALL_SECONDS each)."""


def start() -> Persist:
    """Tie the function together from its environment. Raises BrokenSettings."""
    settings = PersistSettings.read()
    return Persist(
        settings=settings,
        events=EventsTable(clients.dynamodb(), settings.events_table),
        quarantine=Quarantine(clients.sqs(), settings.dead_letter_queue_url, settings.function_name),
        telemetry=Telemetry(settings.domain_name, settings.function_name, Tracing(settings.trace_daemon)),
    )


_persist = start()


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Lambda's call: a batch of the ingest queue. Replies with the messages to deliver again."""
    return _persist.handle(event["Records"], Budget.of(context, _SHARE_OF_TIME))
