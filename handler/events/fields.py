"""Defines the fields of a domain event and their rules. The check and the published schema both use them."""

from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

from ..values import exact_json
from .event_time import UnreadableTime, instant

DOMAIN: Final = "DOMAIN"
"""The EventType that the pipeline persists and projects. It ignores all others."""

_HASH_KEY_BYTES: Final = 2048
_RANGE_KEY_BYTES: Final = 1024
_INSTANT_BYTES: Final = len("2026-11-23T08:30:00.000000000Z#")
_NAME_BYTES: Final = 256
_VERSION_DIGITS: Final = 38
"""DynamoDB keeps at most this many digits exactly."""


class BrokenRule(ValueError):
    """A value breaks a rule. The message is the rule."""


class Rule(Protocol):
    """A rule for a field's value."""

    def check(self, value: Any) -> Any:
        """The value in the form that the pipeline uses.

        Raises:
            BrokenRule: the value breaks the rule.
        """


class Text(NamedTuple):
    """Unicode text of limited length."""

    max_bytes: int
    """The maximum bytes of UTF-8."""
    may_be_empty: bool = False

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or not (value or self.may_be_empty):
            raise BrokenRule("must be a string" if self.may_be_empty else "must be a non-empty string")
        if len(value if value.isascii() else _utf8(value)) > self.max_bytes:
            raise BrokenRule(f"must be at most {self.max_bytes} bytes of UTF-8")
        return value


class Time(NamedTuple):
    """A date and time that can be ordered. Its check returns the instant."""

    latest: str | None = None
    """The latest allowed instant; None if all are allowed."""

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
            raise BrokenRule(f"must not be in the future, after {self.latest}")
        return moment


class Exactly(NamedTuple):
    """Exactly one text."""

    text: str

    def check(self, value: Any) -> str:
        if value != self.text:
            raise BrokenRule(f"must be {exact_json.dumps(self.text)}")
        return self.text


class WholeNumber(NamedTuple):
    """A whole number of limited length. True and false are not numbers."""

    max_digits: int

    def check(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 10**self.max_digits:
            raise BrokenRule(f"must be a whole number of at most {self.max_digits} digits")
        return value


@dataclass(frozen=True, slots=True)
class AnyJson:
    """Any JSON value, including null."""

    def check(self, value: Any) -> Any:
        return value


class Field(NamedTuple):
    """One field of the contract."""

    name: str
    rule: Rule
    title: str
    description: str
    example: Any
    required: bool = True
    """False if the field may be missing or null."""


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
        "An ISO 8601 date and time in the extended or the basic form, such as every RFC 3339 time with at most nine "
        "fraction digits of a second. A space may stand for the T, and a comma for the decimal point. The seconds may "
        "be missing. No zone means UTC. The second may be 60 at 23:59 UTC on the last day of a month. The date must "
        "exist. The instant must be in the years 0001 to 9999 in UTC, and no further in the future than the pipeline "
        "allows.",
        "2026-03-02T09:00:04.125Z",
    ),
    Field(
        "EventId",
        # the range key of the events table is the instant, a # and the EventId
        Text(_RANGE_KEY_BYTES - _INSTANT_BYTES),
        "Which event it is",
        "An event that is sent again has the same EventId and the same EventTime, and is stored once.",
        "1f0c5c1e-6f0e-4a55-9a59-2ad0f5f0c0de",
    ),
    Field(
        "CorrelationId",
        Text(_HASH_KEY_BYTES),
        "The id that related events share",
        "All events that follow from one request have the same one.",
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
        "Marks the event as a domain event",
        "The pipeline ignores events of other types.",
        DOMAIN,
    ),
    Field(
        "EventName",
        Text(_NAME_BYTES),
        "What happened",
        "The domain logic distinguishes events by it.",
        "FileScanned",
    ),
    Field(
        "DomainName",
        # a pipeline accepts only its own name, which is at most this long
        Text(_NAME_BYTES),
        "The domain: the type of object",
        "The cp_domain_name of the pipeline that the event is for. The pipeline ignores events of other domains.",
        "File",
    ),
    Field(
        "IpAddress",
        Text(_HASH_KEY_BYTES, may_be_empty=True),
        "The address that caused it",
        "As the producer claims.",
        "192.0.2.10",
        required=False,
    ),
    Field(
        "Payload",
        AnyJson(),
        "The event's content",
        "The content that the domain logic gets: any JSON value, including null.",
        {"Result": "CLEAN", "Score": 0.1},
    ),
    Field(
        "Version",
        WholeNumber(_VERSION_DIGITS),
        "The version of this event's own schema",
        "The producer counts the versions of the schema that its events with this EventName have.",
        1,
    ),
)
"""All fields that the contract names, in the order in which they are checked and listed."""


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise BrokenRule("must be Unicode text, without lone surrogates") from error
