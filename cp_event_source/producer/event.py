"""One domain event as its producer makes it: complete, valid, and never changed again."""

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
_MOST_LEVELS: Final = 1100
"""Objects and arrays within each other that PutEvents processes (its API reference), `detail` being the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainEvent:
    """An event of one domain object, ready to be published.

    Events of a process are folded in the order in which it made them, as long as it leaves `event_id` to them and
    gives no `event_time`, or the same one.

    Raises:
        ContractViolation: (a ValueError) with all that is wrong, each naming the field of the contract.
    """

    domain_name: str
    """The `cp_domain_name` of the pipeline that the event is for. The bus lets events of other names pass by."""
    domain_id: str
    """The object that the event happened to."""
    event_name: str
    """What happened."""
    payload: Any = field(compare=False, repr=False)
    """The content: None, bool, int, float, Decimal, str, and dicts with string keys, lists and tuples of them. What the
    event has is a copy, with `Decimal` for floats and lists for tuples."""
    user_id: str
    """Who caused it."""
    version: int = 1
    """The version of the schema that events of this name have."""
    correlation_id: str | None = None
    """What it belongs together with."""
    ip_address: str | None = None
    """From where it was caused."""
    event_id: str = _MADE
    """Which event it is: by default a new UUIDv7 that bears the time at which the event was made."""
    event_time: str = _MADE
    """When it happened, in ISO 8601: by default now, in UTC with nine digits of a second, later than that of every
    event that the process made before."""
    detail: str = field(init=False, repr=False)
    """The event as JSON text: the `detail` of what is put on the bus."""
    unsupported: str | None = field(init=False, compare=False, repr=False)
    """Why PutEvents takes no such payload; None where it does."""

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
    """The rules of the contract that are broken, whichever DomainName is the pipeline's and whatever the time is.

    Whether a time lies too far in the future is left to the pipeline: how far it may is the pipeline's setting, and
    the clock that counts is the pipeline's.
    """
    for name, value in fields.items():
        try:
            domain_event.check_field(name, value)
        except domain_event.ContractViolation as broken:
            yield from broken.violations


def _unsupported(content: ExactPayload) -> str | None:
    levels = content.levels + 1
    if levels > _MOST_LEVELS:
        return f"Payload: {levels} levels with the event's own; PutEvents processes {_MOST_LEVELS}"
    if content.large_integer is not None:
        return f"{content.large_integer}: a whole number outside of 64 bits; PutEvents takes none, send it as text"
    return None
