"""The domain event: the contract of a bus event's `detail`, each field's rule in one place."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import exact_json
from .event_time import UnreadableTime, instant

DOMAIN = "DOMAIN"
"""The EventType that is persisted and projected; all others pass by."""

_HASH_KEY_BYTES = 2048
_RANGE_KEY_BYTES = 1024
_INSTANT_BYTES = len("2026-11-23T08:30:00.000000000Z#")
_NAME_CHARACTERS = 256
_VERSION_LIMIT = 10**38
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule of the contract."""

    field: str
    rule: str
    found: str
    """The value, shortened, as ASCII JSON; "nothing" where the field is missing."""

    def __str__(self) -> str:
        return f"{self.field}: {self.rule}; found {self.found}"


class ContractViolation(ValueError):
    """An event breaks the contract. Holds every broken rule, not the first alone."""

    def __init__(self, violations: list[Violation]) -> None:
        super().__init__(" | ".join(map(str, violations)))
        self.violations = violations


@dataclass(frozen=True, slots=True)
class DomainEvent:
    """One event of one domain object, as its producer claims it."""

    domain_id: str
    event_time: str
    """As it was sent."""
    instant: str
    """`event_time` in UTC, fixed width: its byte order is time order."""
    event_id: str
    user_id: str
    event_type: str
    event_name: str
    domain_name: str
    version: int
    payload: Any
    """Any JSON value; numbers are `int` or `Decimal`."""
    correlation_id: str | None
    ip_address: str | None
    extensions: dict[str, Any]
    """Fields that the contract does not name: kept, so that nothing that was sent is lost."""

    @property
    def key(self) -> str:
        """The EventKey: its byte order is the order in which a domain's events are folded."""
        return f"{self.instant}#{self.event_id}"


def parse_domain_event(detail: Any, *, domain_name: str, latest: str) -> DomainEvent:
    """The domain event in a bus event's `detail`.

    Args:
        detail: the parsed JSON, numbers as `int` or `Decimal`.
        domain_name: the only DomainName that is accepted.
        latest: the latest instant (as `event_time.instant` gives it) that EventTime may name.

    Raises:
        ContractViolation: with all that is wrong.
    """
    if not isinstance(detail, dict):
        raise ContractViolation([Violation("detail", "must be an object", shown(detail))])
    violations: list[Violation] = []

    def checked(field: str, rule: Callable[[Any], Any], *, required: bool = True) -> Any:
        value = detail.get(field)
        if value is None and not required:
            return None
        if field not in detail:
            violations.append(Violation(field, "is required", "nothing"))
            return None
        try:
            return rule(value)
        except _Broken as broken:
            violations.append(Violation(field, str(broken), shown(value)))
            return None

    event = DomainEvent(
        domain_id=checked("DomainId", _hash_key),
        event_time=detail.get("EventTime", ""),
        instant=checked("EventTime", _time(latest)),
        event_id=checked("EventId", _event_id),
        user_id=checked("UserId", _hash_key),
        event_type=checked("EventType", _exactly(DOMAIN)),
        event_name=checked("EventName", _name),
        domain_name=checked("DomainName", _exactly(domain_name)),
        version=checked("Version", _version),
        payload=checked("Payload", lambda value: value),
        correlation_id=checked("CorrelationId", _hash_key, required=False),
        ip_address=checked("IpAddress", _text, required=False),
        extensions={name: value for name, value in detail.items() if name not in _FIELDS},
    )
    if violations:
        raise ContractViolation(violations)
    return event


def shown(value: Any) -> str:
    """`value` as ASCII JSON, cut to 80 characters: fit for a reason, whatever it holds."""
    try:
        text = exact_json.dumps(value)
    except (TypeError, ValueError, RecursionError):  # not from exact JSON, or hundreds of levels
        text = f"a {type(value).__name__}"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text)} characters)"


class _Broken(ValueError):
    """The rule that a value breaks."""


_FIELDS = frozenset(
    {
        "DomainId",
        "EventTime",
        "EventId",
        "UserId",
        "EventType",
        "EventName",
        "DomainName",
        "Version",
        "Payload",
        "CorrelationId",
        "IpAddress",
    }
)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _Broken("must be a string")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise _Broken("must be Unicode text, without lone surrogates") from error
    return value


def _identifier(most_bytes: int) -> Callable[[Any], str]:
    def rule(value: Any) -> str:
        if not isinstance(value, str) or not value:
            raise _Broken("must be a non-empty string")
        if len(value if value.isascii() else _text(value).encode()) > most_bytes:
            raise _Broken(f"must be at most {most_bytes} bytes of UTF-8")
        return value

    return rule


_hash_key = _identifier(_HASH_KEY_BYTES)
_event_id = _identifier(_RANGE_KEY_BYTES - _INSTANT_BYTES)
_name = _identifier(_NAME_CHARACTERS)


def _exactly(expected: str) -> Callable[[Any], str]:
    def rule(value: Any) -> str:
        if value != expected:
            raise _Broken(f"must be {shown(expected)}")
        return expected

    return rule


def _version(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= _VERSION_LIMIT:
        raise _Broken("must be a whole number of at most 38 digits")
    return value


def _time(latest: str) -> Callable[[Any], str]:
    def rule(value: Any) -> str:
        try:
            moment = instant(_text(value))
        except UnreadableTime as error:
            raise _Broken(f"must be a time that can be ordered: {error}") from error
        if moment > latest:
            raise _Broken(f"must not lie in the future, beyond {latest}")
        return moment

    return rule
