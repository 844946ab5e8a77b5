"""What a row says of itself beside its state: why it is parked, what is under way, how far an unfinished fold got.

Each note has its codec beside it. Reading is strict: a note that this package could not have written raises ValueError,
KeyError or TypeError, and it is the row's to say what that means.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Final

from ..values.attribute_value import Item, binary
from .marks import Marks

MAX_INVOCATION_SECONDS: Final = 15 * 60
"""Lambda's longest invocation."""

MAX_REASON_CHARACTERS: Final = 1000
MAX_NAME_CHARACTERS: Final = 256
"""Of an event's name and of an error's class, as a note holds them. An event's name has as many bytes at most."""
MAX_ERROR_CHARACTERS: Final = 64
"""Of an error's class, as it is written: in bytes, four times as many."""
_MAX_TEXT_CHARACTERS: Final = 2048
"""Of any other text in a note: keys and ids have at most 1,024 bytes, the ARN of a layer version fewer."""

MAX_PROGRESS_BYTES: Final = 1536
"""Of an unfinished fold's encoded marks."""


class Cause(Enum):
    """Why an object is parked. The pipeline acts on it; `error` and `reason` are for people."""

    LOGIC = "LOGIC"
    """The domain's logic failed at the event, or worked on it for too long."""
    OUT_OF_TIME = "OUT_OF_TIME"
    """The fold needs more time than one invocation has. Nothing is wrong with the event."""
    PROCESS_DIED = "PROCESS_DIED"
    """Processes ended while they applied the event: out of memory, a hang in C, an exit."""
    EVENTS_MISSING = "EVENTS_MISSING"
    """The store lacks events that the row holds."""


@dataclass(frozen=True, slots=True)
class Parked:
    """Why an object stands still, and which of its events may wait."""

    event_key: str
    """The event that could not be applied. For EVENTS_MISSING: the first of the delivered events."""
    event_id: str
    event_name: str
    cause: Cause
    error: str
    """The class of the error. For people."""
    reason: str
    """What happened, with the error's text; it may hold values of the payload. For people."""
    since: str
    """UTC, ISO 8601."""
    logic_version: str
    """The version that failed."""
    waiting_from: str
    """The lowest EventKey that may wait: below `event_key` where a late event failed, and others were late with it."""
    waiting_up_to: str
    """The newest EventKey known to wait."""

    def is_same(self, other: "Parked | None") -> bool:
        """True if both are one standing failure: same event, cause and class of error, whatever the text says."""
        return other is not None and (self.event_key, self.cause, self.error) == (
            other.event_key,
            other.cause,
            other.error,
        )

    def to_attributes(self) -> Item:
        texts = {
            "EventKey": self.event_key,
            "EventId": self.event_id,
            "EventName": self.event_name,
            "Cause": self.cause.value,
            "Error": self.error,
            "Reason": self.reason,
            "Since": self.since,
            "LogicVersion": self.logic_version,
            "WaitingFrom": self.waiting_from,
            "WaitingUpTo": self.waiting_up_to,
        }
        return {name: {"S": text} for name, text in texts.items()}

    @classmethod
    def of(cls, attributes: Mapping[str, Any]) -> "Parked":
        error = _text(attributes, "Error", most=MAX_NAME_CHARACTERS)
        reason = _text(attributes, "Reason", most=MAX_REASON_CHARACTERS)
        since = _text(attributes, "Since")
        datetime.fromisoformat(since)  # the key of an index: an empty one could not be written again
        return cls(
            event_key=_event_key(attributes, "EventKey"),
            event_id=_text(attributes, "EventId"),
            event_name=_text(attributes, "EventName", most=MAX_NAME_CHARACTERS),
            cause=Cause(_text(attributes, "Cause")) if "Cause" in attributes else _cause_before(reason),
            error=error,
            reason=reason,
            since=since,
            logic_version=_text(attributes, "LogicVersion"),
            waiting_from=_event_key(attributes, "WaitingFrom", or_start=True),
            waiting_up_to=_event_key(attributes, "WaitingUpTo"),
        )


@dataclass(frozen=True, slots=True)
class Rebuilding:
    """A rebuild of the row is under way beside the deliveries, which note here what it cannot see."""

    request_id: str
    run: str
    """A random token: one request may be delivered twice."""
    until: str
    """When it is given up for dead. UTC, ISO 8601."""
    changed_from: str | None = None
    """A position from which on events were taken in, since the rebuild last looked, that it may have read past."""

    def to_attributes(self) -> Item:
        texts = {"RequestId": self.request_id, "Run": self.run, "Until": self.until}
        if self.changed_from is not None:
            texts["ChangedFrom"] = self.changed_from
        return {name: {"S": text} for name, text in texts.items()}

    @classmethod
    def of(cls, attributes: Mapping[str, Any]) -> "Rebuilding":
        return cls(
            request_id=_text(attributes, "RequestId"),
            run=_text(attributes, "Run"),
            until=_deadline(attributes, "Until"),
            changed_from=_text(attributes, "ChangedFrom") if "ChangedFrom" in attributes else None,
        )


@dataclass(frozen=True, slots=True)
class CrashProbe:
    """An event being retried that may have crashed the process."""

    event_key: str
    logic_version: str
    process: str
    """A random token of the process that tries it."""
    until: str
    """When that process has ended, whatever became of it. UTC, ISO 8601."""
    crashes: int
    """Processes before it that ended without a word."""

    def to_attributes(self) -> Item:
        texts = {
            "EventKey": self.event_key,
            "LogicVersion": self.logic_version,
            "Process": self.process,
            "Until": self.until,
        }
        return {**{name: {"S": text} for name, text in texts.items()}, "Crashes": {"N": str(self.crashes)}}

    @classmethod
    def of(cls, attributes: Mapping[str, Any]) -> "CrashProbe":
        crashes = int(attributes["Crashes"]["N"])
        if crashes < 0:
            raise ValueError("Crashes")
        return cls(
            event_key=_event_key(attributes, "EventKey"),
            logic_version=_text(attributes, "LogicVersion"),
            process=_text(attributes, "Process"),
            until=_deadline(attributes, "Until"),
            crashes=crashes,
        )


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a fold of the whole history got that ran out of time: its marks, and at them its states as snapshots.

    They say what the *store* held before each mark when it was read. One is used only while the store holds the same.
    """

    logic_version: str
    marks: Marks

    def to_attributes(self) -> Item:
        return {"LogicVersion": {"S": self.logic_version}, "Marks": {"B": self.marks.encoded}}

    @classmethod
    def of(cls, attributes: Mapping[str, Any]) -> "Progress":
        encoded = binary(attributes["Marks"]["B"])
        if len(encoded) > MAX_PROGRESS_BYTES:
            raise ValueError("Marks")
        return cls(_text(attributes, "LogicVersion"), Marks(encoded))


def now_text(*, later_by: float = 0) -> str:
    """The time now, or so many seconds later: UTC, ISO 8601, of one width, to be compared as text."""
    return (datetime.now(UTC) + timedelta(seconds=later_by)).isoformat(timespec="milliseconds")


def is_event_key(text: str) -> bool:
    """True for what can be an EventKey."""
    return _EVENT_KEY.match(text) is not None and len(text) <= _MAX_TEXT_CHARACTERS


_EVENT_KEY = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z#.", re.ASCII | re.DOTALL)

_BEFORE_CAUSES: Final = {
    Cause.OUT_OF_TIME: r"OutOfTime: \d+ events folded, and the time of an invocation is over",
    Cause.PROCESS_DIED: r"FunctionDied: the function's process ended each time it (came to apply|applied) the event; "
    "see its logs",
}
"""The whole `Reason` of rows that were parked before there was a `Cause` in them."""


def _cause_before(reason: str) -> Cause:
    return next((cause for cause, text in _BEFORE_CAUSES.items() if re.fullmatch(text, reason)), Cause.LOGIC)


def _text(attributes: Mapping[str, Any], name: str, *, most: int = _MAX_TEXT_CHARACTERS) -> str:
    text: str = attributes[name]["S"]
    if len(text) > most:
        raise ValueError(name)
    return text


def _event_key(attributes: Mapping[str, Any], name: str, *, or_start: bool = False) -> str:
    text = _text(attributes, name)
    if not is_event_key(text) and not (or_start and text == ""):
        raise ValueError(name)
    return text


def _deadline(attributes: Mapping[str, Any], name: str) -> str:
    """A time that an invocation which has begun ends at: no note may claim more, or it would never run out."""
    text = _text(attributes, name)
    time = datetime.fromisoformat(text)
    latest = datetime.now(UTC) + timedelta(seconds=MAX_INVOCATION_SECONDS + _CLOCKS_APART)
    # of the one form that times are compared in, as text
    if time.astimezone(UTC).isoformat(timespec="milliseconds") != text or time > latest:
        raise ValueError(name)
    return text


_CLOCKS_APART: Final = 60
"""Seconds by which another process's clock may be ahead."""
