"""A domain event as its producer makes it: complete, valid and immutable."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from cp_event_source.handler.events import domain_event
from cp_event_source.handler.events import fields as event_fields
from cp_event_source.handler.values import exact_json

from .clock import event_time, next_nanosecond, uuid7
from .payload import ExactPayload, exact_payload

_MADE: Final[Any] = object()
"""Stands for a value that the event makes itself."""
_MAX_LEVELS: Final = 1100
"""How many levels of objects and arrays PutEvents processes (its API reference). `detail` is the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainEvent:
    """An event of one domain object, ready to be published.

    Events of a process are folded in the order in which it made them, if it gives no `event_id`, and no `event_time` or
    always the same.

    Raises:
        ContractViolation: (a ValueError) with everything that is wrong, each with the field of the contract.
    """

    domain_name: str
    """The `cp_domain_name` of the pipeline that the event is for. Pipelines ignore events of other names."""
    domain_id: str
    """The domain object that the event happened to."""
    event_name: str
    """What happened."""
    payload: Any = field(compare=False, repr=False)
    """The content: None, bool, int, float, Decimal, str, and dicts with string keys, lists and tuples of them. The
    event has a copy, with `Decimal` for floats and lists for tuples."""
    user_id: str
    """Who caused the event."""
    version: int = 1
    """The version of the schema of events with this name."""
    correlation_id: str | None = None
    """The same for all events that belong together."""
    ip_address: str | None = None
    """The address that the event was caused from."""
    event_id: str = _MADE
    """Identifies the event: by default a new UUIDv7, which contains the time at which the event was made."""
    event_time: str = _MADE
    """When the event happened, in ISO 8601: by default now, in UTC with nine digits of a second, later than that of
    every event that the process made before."""
    detail: str = field(init=False, repr=False)
    """The event as JSON text: the `detail` of what is put on the bus."""
    unsupported: str | None = field(init=False, compare=False, repr=False)
    """Why PutEvents does not take this payload; None if it does."""

    def __post_init__(self) -> None:
        now = next_nanosecond()
        if self.event_id is _MADE:
            object.__setattr__(self, "event_id", uuid7(now))
        if self.event_time is _MADE:
            object.__setattr__(self, "event_time", event_time(now))
        content = exact_payload(self.payload)
        fields = {
            "DomainId": self.domain_id,
            "EventTime": self.event_time,
            "EventId": self.event_id,
            "CorrelationId": self.correlation_id,
            "UserId": self.user_id,
            "EventType": event_fields.DOMAIN,
            "EventName": self.event_name,
            "DomainName": self.domain_name,
            "IpAddress": self.ip_address,
            "Payload": content.value,
            "Version": self.version,
        }
        violations = [*_violations(fields), *content.violations]
        if violations:
            raise domain_event.ContractViolation(violations)
        absent = {name for name, value in fields.items() if value is None and name != "Payload"}
        detail = exact_json.dumps({name: value for name, value in fields.items() if name not in absent})
        object.__setattr__(self, "payload", content.value)
        object.__setattr__(self, "detail", detail)
        object.__setattr__(self, "unsupported", _unsupported(content))


def _violations(fields: dict[str, Any]) -> Iterator[domain_event.Violation]:
    """The rules of the contract that the fields break, for any pipeline's DomainName and at any time.

    The pipeline checks whether a time is too far in the future, by its own setting and its own clock.
    """
    for name, value in fields.items():
        try:
            domain_event.check_field(name, value)
        except domain_event.ContractViolation as broken:
            yield from broken.violations


def _unsupported(content: ExactPayload) -> str | None:
    levels = content.levels + 1
    if levels > _MAX_LEVELS:
        return f"Payload: must have at most {_MAX_LEVELS} levels, the event's own included, for PutEvents; got {levels}"
    if content.large_integer is not None:
        return f"{content.large_integer}: must be within 64 bits, for PutEvents; got a larger number; send it as text"
    return None
