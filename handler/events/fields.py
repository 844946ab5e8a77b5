"""The fields of a domain event: each one's rule in one place, for the check and for the published schema alike."""

from dataclasses import dataclass
from typing import Any, Final, Protocol

from ..values import exact_json
from .event_time import UnreadableTime, instant

DOMAIN: Final = "DOMAIN"
"""The EventType that is persisted and projected; all others pass by."""

_HASH_KEY_BYTES: Final = 2048
_RANGE_KEY_BYTES: Final = 1024
_INSTANT_BYTES: Final = len("2026-11-23T08:30:00.000000000Z#")
_NAME_BYTES: Final = 256
_VERSION_DIGITS: Final = 38
"""DynamoDB keeps so many exactly."""


class BrokenRule(ValueError):
    """What a value must be, and is not."""


class Rule(Protocol):
    """What a field's value must be."""

    def check(self, value: Any) -> Any:
        """The value, as the pipeline goes on with it.

        Raises:
            BrokenRule: it is not what it must be.
        """


@dataclass(frozen=True, slots=True)
class Text:
    """Unicode text of limited length."""

    most_bytes: int
    """Of UTF-8."""
    may_be_empty: bool = False

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or not (value or self.may_be_empty):
            raise BrokenRule("must be a string" if self.may_be_empty else "must be a non-empty string")
        if len(value if value.isascii() else _utf8(value)) > self.most_bytes:
            raise BrokenRule(f"must be at most {self.most_bytes} bytes of UTF-8")
        return value


@dataclass(frozen=True, slots=True)
class Time:
    """A date and time that has a place in the order of events. Its check gives the instant."""

    latest: str | None = None
    """The latest instant that is allowed."""

    def check(self, value: Any) -> str:
        if not isinstance(value, str):
            raise BrokenRule("must be a string")
        if not value.isascii():
            _utf8(value)
        try:
            moment = instant(value)
        except UnreadableTime as error:
            raise BrokenRule(f"must be a time that can be ordered: {error}") from error
        if self.latest is not None and moment > self.latest:
            raise BrokenRule(f"must not lie in the future, beyond {self.latest}")
        return moment


@dataclass(frozen=True, slots=True)
class Exactly:
    """One text, and no other."""

    text: str

    def check(self, value: Any) -> str:
        if value != self.text:
            raise BrokenRule(f"must be {exact_json.dumps(self.text)}")
        return self.text


@dataclass(frozen=True, slots=True)
class WholeNumber:
    """A whole number of limited length; true and false are none."""

    most_digits: int

    def check(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 10**self.most_digits:
            raise BrokenRule(f"must be a whole number of at most {self.most_digits} digits")
        return value


@dataclass(frozen=True, slots=True)
class AnyJson:
    """Any JSON value, null too."""

    def check(self, value: Any) -> Any:
        return value


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the contract."""

    name: str
    rule: Rule
    title: str
    description: str
    example: Any
    required: bool = True
    """One that is not may be missing, or null."""


FIELDS: Final = (
    Field(
        "DomainId",
        Text(_HASH_KEY_BYTES),
        "The object that the event happened to",
        "Events of one DomainId are folded into one row, in the order of EventTime and then of EventId.",
        "aefbd80d-7c69-4c2b-b303-ad8cd526f2d0",
    ),
    Field(
        "EventTime",
        Time(),
        "When it happened",
        "An ISO 8601 date and time in the extended or the basic form, such as every RFC 3339 time of at most nine "
        "digits of a second. A space may stand for the T, a comma for the decimal point; seconds may be missing; no "
        "zone means UTC. The second may be 60 at 23:59 UTC on the last day of a month. The date must exist, the "
        "instant lie in the years 0001 to 9999 of UTC, and not further in the future than the pipeline allows.",
        "2026-03-02T09:00:04.125Z",
    ),
    Field(
        "EventId",
        # the range key of the events table is the instant, a # and the EventId
        Text(_RANGE_KEY_BYTES - _INSTANT_BYTES),
        "Which event it is",
        "The same event sent again has the same EventId and the same EventTime, and is stored once.",
        "1f0c5c1e-6f0e-4a55-9a59-2ad0f5f0c0de",
    ),
    Field(
        "CorrelationId",
        Text(_HASH_KEY_BYTES),
        "What the event belongs together with",
        "The same in all that follows from one request.",
        "c0ffee00-4b1d-4c8e-9f53-9a1f6a2f7b11",
        required=False,
    ),
    Field(
        "UserId",
        Text(_HASH_KEY_BYTES),
        "Who caused it",
        "As the producer claims.",
        "fdee430d-40bd-47de-aac1-86cd9790033d",
    ),
    Field(
        "EventType",
        Exactly(DOMAIN),
        "That it is a domain event",
        "Events of other types pass by untouched.",
        DOMAIN,
    ),
    Field(
        "EventName",
        Text(_NAME_BYTES),
        "What happened",
        "The domain's logic tells events apart by it.",
        "FileScanned",
    ),
    Field(
        "DomainName",
        # of one pipeline: exactly its own, which is no longer than this
        Text(_NAME_BYTES),
        "The kind of object",
        "The cp_domain_name of the pipeline that the event is for; events of other domains pass by untouched.",
        "File",
    ),
    Field(
        "IpAddress",
        Text(_HASH_KEY_BYTES, may_be_empty=True),
        "From where it was caused",
        "As the producer claims.",
        "192.0.2.10",
        required=False,
    ),
    Field(
        "Payload",
        AnyJson(),
        "The event's content",
        "What the domain's logic is given. Any JSON value, null included.",
        {"Result": "CLEAN", "Score": 0.1},
    ),
    Field(
        "Version",
        WholeNumber(_VERSION_DIGITS),
        "The version of this event's own schema",
        "The producer's count of what its events of this EventName look like.",
        1,
    ),
)
"""All fields that the contract names, in the order in which they are checked and listed."""


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise BrokenRule("must be Unicode text, without lone surrogates") from error
