"""Events to send: entries of PutEvents, made from a file or from Python values."""

import gzip
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from cp_event_source.deployed.event_lines import BadLine, detail_of
from cp_event_source.handler.values import exact_json
from cp_event_source.local.errors import EventsError

_GZIP: Final = b"\x1f\x8b"
_SOURCE: Final = "cp-event-source.local"


@dataclass(frozen=True)
class Entry:
    """One event as the bus takes it."""

    source: str
    detail_type: str
    detail: str
    """JSON text; numbers keep all their digits."""
    bus: str | None
    """The bus that the entry itself names."""
    event: Mapping[str, Any]
    """The detail as an object."""

    @property
    def identity(self) -> tuple[str, ...]:
        """The whole content: two entries are one event in two states of a file if these are equal."""
        return self.bus or "", self.source, self.detail_type, exact_json.dumps(_exact(self.event))

    def text(self, name: str) -> str | None:
        """A field of the event, if it is a text."""
        value = self.event.get(name)
        return value if isinstance(value, str) else None


def read_events(file: Path) -> list[Entry]:
    """The entries of a file. Tombstones, which exports have, are left out.

    Args:
        file: a JSON array of domain events, or of PutEvents entries, or of both; or what `cp-event-source export` has
            written, also compressed.

    Raises:
        EventsError: the file cannot be read, is not JSON, has a number that nothing here can hold, or has something
            else.
    """
    try:
        content = file.read_bytes()
        text = (gzip.decompress(content) if content.startswith(_GZIP) else content).decode("utf-8-sig")
        if text.lstrip().startswith("{"):
            return _of_lines(text)
        value = exact_json.loads(text)
    except exact_json.UnreadableNumber as error:
        raise EventsError(f"{file}: {error}; the pipeline would quarantine its event") from error
    except BadLine as error:
        raise EventsError(f"{file}: {error}; if it is no export, put the events into an array, in [ ]") from error
    except ValueError as error:  # not UTF-8, or not JSON
        raise EventsError(f"{file}: not JSON: {error}") from error
    except (EOFError, zlib.error) as error:
        raise EventsError(f"{file}: not a whole gzip file: {error}") from error
    except OSError as error:
        raise EventsError(f"{file}: cannot be read: {error.strerror or error}; name a JSON file") from error
    if not isinstance(value, list):
        raise EventsError(f"{file}: must be an array of events; got {type(value).__name__}; put it in [ ]")
    try:
        return entries(value)
    except EventsError as error:
        raise EventsError(f"{file}: {error}") from error


def _of_lines(text: str) -> list[Entry]:
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            detail = detail_of(line)
        except BadLine as error:
            raise BadLine(f"line {number}: {error}") from error
        if detail is not None:
            found.append(_of_event(detail))
    return found


def unsent(entries_of_file: Sequence[Entry], sent: Counter[tuple[str, ...]]) -> list[Entry]:
    """The entries of a file that were not sent yet, in its order.

    Args:
        entries_of_file: all entries; an event that is there twice is to be sent twice.
        sent: how often each identity was sent.
    """
    left = Counter(sent)
    found = []
    for entry in entries_of_file:
        if left[entry.identity] > 0:
            left[entry.identity] -= 1
        else:
            found.append(entry)
    return found


def entries(events: Sequence[Mapping[str, Any]]) -> list[Entry]:
    """Entries of Python values: domain events (the detail alone), or PutEvents entries (they have a Detail).

    Raises:
        EventsError: one of them is not an object; the message says which.
    """
    return [_entry(event, position) for position, event in enumerate(events, 1)]


def _entry(event: Any, position: int) -> Entry:
    if not isinstance(event, Mapping):
        raise EventsError(f"event {position}: must be an object; got {type(event).__name__}")
    if "Detail" not in event:
        return _of_event(event)
    detail = event["Detail"]
    if isinstance(detail, str):
        try:
            detail = exact_json.loads(detail)
        except exact_json.UnreadableNumber as error:
            raise EventsError(f"event {position}: Detail: {error}; the pipeline would quarantine it") from error
        except ValueError as error:
            raise EventsError(f"event {position}: Detail: not JSON ({error}); the bus would refuse it") from error
    if not isinstance(detail, Mapping):
        raise EventsError(
            f"event {position}: Detail: must be an object, since the bus refuses anything else; "
            f"got {type(detail).__name__}"
        )
    text = event["Detail"] if isinstance(event["Detail"], str) else exact_json.dumps(_exact(detail))
    return Entry(
        str(event.get("Source", _SOURCE)),
        str(event.get("DetailType", _detail_type(detail))),
        text,
        event.get("EventBusName"),
        detail,
    )


def _of_event(event: Mapping[str, Any]) -> Entry:
    """The entry of a domain event."""
    return Entry(_SOURCE, _detail_type(event), exact_json.dumps(_exact(event)), None, event)


def _detail_type(event: Mapping[str, Any]) -> str:
    """The bus requires a DetailType; the pipeline's rules do not look at it."""
    name = event.get("EventName")
    return name if isinstance(name, str) and name else "DomainEvent"


def _exact(value: Any) -> Any:
    """The value with decimals instead of floats, which a Python caller may pass: 0.1 is 0.1."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, Mapping):
        return {name: _exact(element) for name, element in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(element) for element in value]
    return value
