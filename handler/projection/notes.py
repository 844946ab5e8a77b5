"""Defines the notes in a row: why it is parked, which rebuild and retries run, how far an unfinished fold got.

Each note class encodes and decodes itself. Reading is strict: a note that this package cannot have written raises
ValueError, KeyError or TypeError. The row decides what that means.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from ..domain.failure import MAX_REASON_CHARACTERS, Cause
from ..values.attribute_value import Item, binary
from ..values.clock import Clock, time_text
from .marks import Marks

MAX_INVOCATION_SECONDS: Final = 15 * 60
"""The maximum duration of a Lambda invocation."""

MAX_NAME_CHARACTERS: Final = 256
"""The maximum characters of an event's name, and of an error class's name, in a note."""
_MAX_TEXT_CHARACTERS: Final = 2048
"""The maximum characters of any other text in a note. Keys and ids have at most 1,024 bytes, and the ARN of a layer
version has fewer."""

MAX_PROGRESS_BYTES: Final = 1536
"""The maximum bytes of an unfinished fold's encoded marks."""


@dataclass(frozen=True, slots=True)
class Parked:
    """Why an object is parked, and which of its events may wait."""

    event_key: str
    """The key of the event that could not be applied; for EVENTS_MISSING, of the first delivered event."""
    event_id: str
    event_name: str
    cause: Cause
    error: str
    """The class of the error, for people."""
    reason: str
    """What happened, with the error's text, for people. It may hold values of the payload."""
    since: str
    """When the object was parked; UTC, ISO 8601."""
    logic_version: str
    """The version that failed."""
    waiting_from: str
    """The lowest EventKey that may wait. It is lower than `event_key` if late events wait before the failed one."""
    waiting_up_to: str
    """The newest EventKey known to wait."""
    phase: str = ""
    """Which function of the layer failed, or which check; see `Phase`. Empty if domain logic did not fail."""
    place: str = ""
    """Where in the layer it failed, as `domain_handler.py:42`."""

    def is_same_failure(self, other: "Parked | None") -> bool:
        """True if both have the same event, cause and error class. The text may differ."""
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
            "Phase": self.phase,
            "Place": self.place,
        }
        return {name: {"S": text} for name, text in texts.items() if text or name not in _ONLY_OF_LOGIC}

    @classmethod
    def of(cls, attributes: Mapping[str, Any]) -> "Parked":
        error = _text(attributes, "Error", max_characters=MAX_NAME_CHARACTERS)
        reason = _text(attributes, "Reason", max_characters=MAX_REASON_CHARACTERS)
        since = _text(attributes, "Since")
        datetime.fromisoformat(since)  # it is the key of an index, and DynamoDB refuses an empty key
        return cls(
            event_key=_event_key(attributes, "EventKey"),
            event_id=_text(attributes, "EventId"),
            event_name=_text(attributes, "EventName", max_characters=MAX_NAME_CHARACTERS),
            cause=Cause(_text(attributes, "Cause")) if "Cause" in attributes else _cause_before(reason),
            error=error,
            reason=reason,
            since=since,
            logic_version=_text(attributes, "LogicVersion"),
            waiting_from=_event_key(attributes, "WaitingFrom", or_start=True),
            waiting_up_to=_event_key(attributes, "WaitingUpTo"),
            phase=_text_or_empty(attributes, "Phase"),
            place=_text_or_empty(attributes, "Place"),
        )


_ONLY_OF_LOGIC: Final = ("Phase", "Place")
"""The attributes that only a failure of domain logic has."""


@dataclass(frozen=True, slots=True)
class Rebuilding:
    """A rebuild of the row is running. Deliveries note here what it may have missed."""

    request_id: str
    run: str
    """A random token of the run, since Lambda may deliver one request twice."""
    until: str
    """When the rebuild must have ended; UTC, ISO 8601."""
    changed_from: str | None = None
    """The lowest position of events that arrived since the rebuild last read the row. It may have read past them."""

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
            until=_time(attributes, "Until"),
            changed_from=_text(attributes, "ChangedFrom") if "ChangedFrom" in attributes else None,
        )


@dataclass(frozen=True, slots=True)
class CrashProbe:
    """A note that a process retries an event that may have crashed earlier processes."""

    event_key: str
    logic_version: str
    process: str
    """A random token of the process that retries the event."""
    until: str
    """When that process must have ended; UTC, ISO 8601."""
    crashes: int
    """The number of earlier processes that crashed at the event."""

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
            until=_time(attributes, "Until"),
            crashes=crashes,
        )


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a fold of the whole history got before its time was over: its marks, which name snapshots of its states.

    They say what the *store* held before each mark when the fold read it. A mark is used only while the store holds the
    same events.
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


def is_pending(until: str, clock: Clock) -> bool:
    """True while the invocation that noted `until` as its end may still run.

    A time that no invocation can reach counts as past. Otherwise a note edited by hand would hold the object forever.
    """
    return clock.text() <= until <= _latest(clock)


def is_plausible(until: str, clock: Clock) -> bool:
    """False if no invocation can end so late: then a person wrote the note."""
    return until <= _latest(clock)


def _latest(clock: Clock) -> str:
    return clock.text(later_by=MAX_INVOCATION_SECONDS + _MAX_CLOCK_SKEW_SECONDS)


def noting_change(note: Rebuilding | None, position: str, clock: Clock) -> Rebuilding | None:
    """Extend the note of a running rebuild: events arrived from `position` on, and it may have read past them.

    Every write of a row extends the note, except a write that applies events in order to a row that is not parked.

    Returns:
        The extended note; None if no rebuild runs.
    """
    if note is None or not is_pending(note.until, clock):
        return None
    return replace(note, changed_from=position if note.changed_from is None else min(position, note.changed_from))


def is_event_key(text: str) -> bool:
    """True if a text can be an EventKey."""
    return _EVENT_KEY.match(text) is not None and len(text) <= _MAX_TEXT_CHARACTERS


_EVENT_KEY = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z#.", re.ASCII | re.DOTALL)

_BEFORE_CAUSES: Final = {
    Cause.OUT_OF_TIME: r"OutOfTime: \d+ events folded, and the time of an invocation is over",
    Cause.PROCESS_DIED: r"FunctionDied: the function's process ended each time it (came to apply|applied) the event; "
    "see its logs",
}
"""The complete `Reason` of rows that an older version parked, without a `Cause`."""


def _cause_before(reason: str) -> Cause:
    return next((cause for cause, text in _BEFORE_CAUSES.items() if re.fullmatch(text, reason)), Cause.LOGIC)


def _text(attributes: Mapping[str, Any], name: str, *, max_characters: int = _MAX_TEXT_CHARACTERS) -> str:
    text: str = attributes[name]["S"]
    if len(text) > max_characters:
        raise ValueError(name)
    return text


def _text_or_empty(attributes: Mapping[str, Any], name: str) -> str:
    return _text(attributes, name, max_characters=MAX_NAME_CHARACTERS) if name in attributes else ""


def _event_key(attributes: Mapping[str, Any], name: str, *, or_start: bool = False) -> str:
    text = _text(attributes, name)
    if not is_event_key(text) and not (or_start and text == ""):
        raise ValueError(name)
    return text


def _time(attributes: Mapping[str, Any], name: str) -> str:
    """A time in the form in which times sort as text."""
    text = _text(attributes, name)
    if time_text(datetime.fromisoformat(text).timestamp()) != text:
        raise ValueError(name)
    return text


_MAX_CLOCK_SKEW_SECONDS: Final = 60
"""The maximum seconds that another process's clock may be ahead."""
