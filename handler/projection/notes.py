"""What a row says of itself beside its state: why it is parked, what is under way, how far an unfinished fold got.

Each note has its codec beside it. Reading is strict: a note that this package could not have written raises ValueError,
KeyError or TypeError, and it is the row's to say what that means.
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
"""Lambda's longest invocation."""

MAX_NAME_CHARACTERS: Final = 256
"""Characters of an event's name and of the name of an error's class, as a note holds them."""
_MAX_TEXT_CHARACTERS: Final = 2048
"""Of any other text in a note: keys and ids have at most 1,024 bytes, the ARN of a layer version fewer."""

MAX_PROGRESS_BYTES: Final = 1536
"""Of an unfinished fold's encoded marks."""


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
        error = _text(attributes, "Error", max_characters=MAX_NAME_CHARACTERS)
        reason = _text(attributes, "Reason", max_characters=MAX_REASON_CHARACTERS)
        since = _text(attributes, "Since")
        datetime.fromisoformat(since)  # the key of an index: an empty one could not be written again
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
            until=_time(attributes, "Until"),
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
            until=_time(attributes, "Until"),
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


def is_pending(until: str, clock: Clock) -> bool:
    """True while the invocation that noted `until` as its end may still run.

    A time that no invocation can reach counts as past. Otherwise a note edited by hand would hold the object forever.
    """
    return clock.text() <= until <= _latest(clock)


def is_plausible(until: str, clock: Clock) -> bool:
    """False for an end that lies further ahead than that of any invocation: a hand wrote it."""
    return until <= _latest(clock)


def _latest(clock: Clock) -> str:
    return clock.text(later_by=MAX_INVOCATION_SECONDS + _MAX_CLOCK_SKEW_SECONDS)


def noting_change(note: Rebuilding | None, position: str, clock: Clock) -> Rebuilding | None:
    """The note of a running rebuild, extended: events were taken in from `position` on, which it may have read past.

    Every write of a row extends the note, except one that applies events in order to a row that is not parked.

    Returns:
        The extended note; None if no rebuild runs.
    """
    if note is None or not is_pending(note.until, clock):
        return None
    return replace(note, changed_from=position if note.changed_from is None else min(position, note.changed_from))


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


def _text(attributes: Mapping[str, Any], name: str, *, max_characters: int = _MAX_TEXT_CHARACTERS) -> str:
    text: str = attributes[name]["S"]
    if len(text) > max_characters:
        raise ValueError(name)
    return text


def _event_key(attributes: Mapping[str, Any], name: str, *, or_start: bool = False) -> str:
    text = _text(attributes, name)
    if not is_event_key(text) and not (or_start and text == ""):
        raise ValueError(name)
    return text


def _time(attributes: Mapping[str, Any], name: str) -> str:
    """A time in the one form in which times compare as text."""
    text = _text(attributes, name)
    if time_text(datetime.fromisoformat(text).timestamp()) != text:
        raise ValueError(name)
    return text


_MAX_CLOCK_SKEW_SECONDS: Final = 60
"""How far another process's clock may be ahead."""
