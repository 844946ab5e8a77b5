"""Puts domain events on a bus: in batches, with retries of what may succeed later, and returns what was not taken."""

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from .event import DomainEvent

_ENTRIES_PER_CALL: Final = 10
_CALL_BYTES: Final = 1024 * 1024
"""The maximum of all entries of a call together, and also of one event that a bus delivers and the ingest queue
takes."""
_ENVELOPE_BYTES: Final = 1024
"""Reserved for what the bus adds to each event: its own id, time, account, region and their names."""
MAX_ENTRY_BYTES: Final = _CALL_BYTES - _ENVELOPE_BYTES
"""The bus might take a larger entry, which then fits into neither the ingest queue nor its dead-letter queue."""
_DETAIL_TYPE_BYTES: Final = 128
"""The bus takes 128 characters and silently drops events with more. A limit in bytes holds however the bus counts."""
_SOURCE_CHARACTERS: Final = 256

_FIRST_PAUSE_SECONDS: Final = 0.1
_MAX_PAUSE_SECONDS: Final = 5.0
_RETRYABLE: Final = frozenset(
    {
        # errors of entries (PutEventsResultEntry in the API reference), and of whole calls
        "InternalFailure",
        "ThrottlingException",
        # errors of whole calls only
        "InternalException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServiceUnavailable",
        "Throttling",
    }
)
_TOO_MANY_REQUESTS: Final = 429
_SERVER_ERROR: Final = 500

_default_client: Any = None
_default_client_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Unpublished:
    """An event that the bus has not confirmed."""

    event: DomainEvent
    error_code: str
    """AWS's code, such as `ThrottlingException`; the exception's name if there was no answer; or, for an event that was
    not sent, `EntryTooLarge` or `UnsupportedPayload`."""
    error_message: str
    attempts: int
    """How often the event was sent; 0 if it was not sent, since the bus would refuse it."""


def publish(
    events: Iterable[DomainEvent],
    *,
    event_bus: str,
    source: str = "cp-event-source.producer",
    client: Any = None,
    max_attempts: int = 5,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Unpublished]:
    """Put events on a bus.

    An event in the result may be on the bus, since an answer can be lost, and an event may be on the bus twice. The
    pipeline stores it once: you can publish what is in the result again, now or later, as often as necessary.

    Args:
        events: read as they are sent, ten at a time.
        event_bus: the bus's name or ARN. If the bus does not exist, AWS drops events and reports no error.
        source: who publishes, 1 to 256 characters; kept with the event. AWS reserves what begins with `aws.`.
        client: a boto3 client of `events`. By default the first call makes one, which is kept.
        max_attempts: how often an event is sent if the error may pass, at least 1. The pauses between the attempts have
            random lengths, up to 0.1 s, 0.2 s, 0.4 s, ... 5 s. A client's own retries are in addition; the default
            client makes none.
        sleep: pauses for a number of seconds.

    Returns:
        The events that the bus did not take, and why, in no particular order; empty if all are on the bus.

    Raises:
        ValueError: an argument is out of its range; nothing was sent.
        ModuleNotFoundError: boto3 is not installed.
        Exception: what reading `events` raises. Then you do not know which were sent: publish them all again.
    """
    if not event_bus:
        raise ValueError("event_bus: must be the bus's name or ARN; got nothing")
    if not 1 <= len(source) <= _SOURCE_CHARACTERS:
        raise ValueError(f"source: must have 1 to {_SOURCE_CHARACTERS} characters; got {len(source)}")
    if max_attempts < 1:
        raise ValueError(f"max_attempts: must be at least 1; got {max_attempts}")
    unpublished: list[Unpublished] = []
    client = client or _client()
    for batch in _batches(events, event_bus, source, unpublished):
        unpublished += _put(client, batch, max_attempts, sleep)
    return unpublished


@dataclass(frozen=True, slots=True)
class _Entry:
    """An event as PutEvents takes it."""

    event: DomainEvent
    request: dict[str, str]
    size: int
    """Bytes, as PutEvents counts them."""


def _entry(event: DomainEvent, event_bus: str, source: str) -> _Entry:
    # The pipeline's rules do not look at the DetailType; the whole name is in the detail.
    detail_type = event.event_name.encode()[:_DETAIL_TYPE_BYTES].decode(errors="ignore")
    request = {"EventBusName": event_bus, "Source": source, "DetailType": detail_type, "Detail": event.detail}
    size = len(source.encode()) + len(detail_type.encode()) + len(event.detail)  # the detail is ASCII
    return _Entry(event, request, size)


def _batches(
    events: Iterable[DomainEvent], event_bus: str, source: str, unpublished: list[Unpublished]
) -> Iterator[list[_Entry]]:
    """The events in order, as many in a batch as a call takes. Adds those that no call takes to `unpublished`."""
    batch: list[_Entry] = []
    size = 0
    for event in events:
        entry = _entry(event, event_bus, source)
        if event.unsupported is not None:
            unpublished.append(Unpublished(event, "UnsupportedPayload", event.unsupported, 0))
            continue
        if entry.size > MAX_ENTRY_BYTES:
            message = f"the entry must have at most {MAX_ENTRY_BYTES:,} bytes to reach the pipeline; got {entry.size:,}"
            unpublished.append(Unpublished(event, "EntryTooLarge", message, 0))
            continue
        needed = entry.size + _ENVELOPE_BYTES
        if len(batch) == _ENTRIES_PER_CALL or size + needed > _CALL_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += needed
    if batch:
        yield batch


def _put(client: Any, batch: list[_Entry], max_attempts: int, sleep: Callable[[float], None]) -> Iterator[Unpublished]:
    """Sends a batch, and again what may succeed later; yields what was not taken."""
    pause = _FIRST_PAUSE_SECONDS
    for attempt in range(1, max_attempts + 1):
        refused = []
        for entry, error in zip(batch, _call(client, batch), strict=True):
            if error is None:
                continue
            if error.passes and attempt < max_attempts:
                refused.append(entry)
            else:
                yield Unpublished(entry.event, error.code, error.message, attempt)
        if not refused:
            return
        batch = refused
        sleep(random.uniform(0, pause))  # noqa: S311  # full jitter: producers that were throttled together separate
        pause = min(2 * pause, _MAX_PAUSE_SECONDS)


@dataclass(frozen=True, slots=True)
class _Error:
    code: str
    message: str
    passes: bool
    """Whether the same request may succeed later."""


def _call(client: Any, batch: list[_Entry]) -> list[_Error | None]:
    """One PutEvents; for each entry the error, or None if the bus has the entry."""
    from botocore import exceptions  # here, since events can be made without it

    try:
        answer = client.put_events(Entries=[entry.request for entry in batch])
    except exceptions.ClientError as error:
        said = error.response.get("Error", {})
        code = str(said.get("Code", "Unknown"))
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        passes = code in _RETRYABLE or status == _TOO_MANY_REQUESTS or status >= _SERVER_ERROR
        return [_Error(code, str(said.get("Message", "")), passes)] * len(batch)
    except exceptions.BotoCoreError as error:
        passes = isinstance(error, exceptions.ConnectionError | exceptions.HTTPClientError)
        return [_Error(type(error).__name__, str(error), passes)] * len(batch)
    return [_entry_error(result) for result in answer["Entries"]]


def _entry_error(result: dict[str, Any]) -> _Error | None:
    if "EventId" in result:  # the bus's own
        return None
    code = result.get("ErrorCode", "Unknown")
    return _Error(code, result.get("ErrorMessage", ""), code in _RETRYABLE)


def _client() -> Any:
    """The client of this process."""
    global _default_client
    with _default_client_lock:  # clients are safe to share between threads, and not to be made by several at once
        if _default_client is None:
            import boto3
            from botocore.config import Config

            _default_client = boto3.client("events", config=Config(retries={"total_max_attempts": 1}))
        return _default_client
