"""Parses the domain event in a bus event's `detail`, and checks it against the contract."""

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from ..values import exact_json
from .fields import DOMAIN as DOMAIN
from .fields import FIELDS, BrokenRule, Exactly, Time

_RULES: Final = {field.name: field.rule for field in FIELDS}
_OPTIONAL: Final = frozenset(field.name for field in FIELDS if not field.required)
_MAX_SHOWN_CHARACTERS: Final = 80
"""A message shows at most this many characters of a value."""


class Violation(NamedTuple):
    """One broken rule of the contract."""

    field: str
    rule: str
    found: str
    """The value as ASCII JSON, shortened; "nothing" if the field is missing."""

    def __str__(self) -> str:
        return f"{self.field}: {self.rule}; found {self.found}"


class ContractViolation(ValueError):
    """An event breaks the contract. The error holds every broken rule, not only the first."""

    def __init__(self, violations: list[Violation]) -> None:
        super().__init__(violations)
        self.violations = violations

    def __str__(self) -> str:
        return " | ".join(map(str, self.violations))


@dataclass(frozen=True, slots=True)
class DomainEvent:
    """One event of one domain object, as its producer claims."""

    domain_id: str
    event_time: str
    """The time as the producer sent it."""
    instant: str
    """`event_time` in UTC with a fixed width: its byte order is the order of time."""
    event_id: str
    user_id: str
    event_type: str
    event_name: str
    domain_name: str
    version: int
    payload: Any
    """Any JSON value. Numbers are `int` or `Decimal`."""
    correlation_id: str | None
    ip_address: str | None
    extensions: dict[str, Any]
    """Fields that the contract does not name. They are kept, so that nothing that was sent is lost."""

    @property
    def key(self) -> str:
        """The EventKey: its byte order is the order in which a domain object's events are folded."""
        return f"{self.instant}#{self.event_id}"


def parse_domain_event(detail: Any, *, domain_name: str, latest: str) -> DomainEvent:
    """The domain event in a bus event's `detail`.

    Args:
        detail: the parsed JSON, with numbers as `int` or `Decimal`.
        domain_name: the only accepted DomainName.
        latest: the latest accepted EventTime, in the form that `event_time.instant` returns.

    Raises:
        ContractViolation: the event breaks rules; the error holds all of them.
    """
    if not isinstance(detail, dict):
        raise ContractViolation([Violation("detail", "must be an object", shown(detail))])
    rules = _RULES | {"EventTime": Time(latest), "DomainName": Exactly(domain_name)}
    read: dict[str, Any] = {}
    violations: list[Violation] = []
    for name, rule in rules.items():
        value = detail.get(name)
        if value is None and name in _OPTIONAL:
            read[name] = None
        elif name not in detail:
            violations.append(Violation(name, "is required", "nothing"))
        else:
            try:
                read[name] = rule.check(value)
            except BrokenRule as broken:
                violations.append(Violation(name, str(broken), shown(value)))
    if violations:
        raise ContractViolation(violations)
    return DomainEvent(
        domain_id=read["DomainId"],
        event_time=detail["EventTime"],
        instant=read["EventTime"],
        event_id=read["EventId"],
        user_id=read["UserId"],
        event_type=read["EventType"],
        event_name=read["EventName"],
        domain_name=read["DomainName"],
        version=read["Version"],
        payload=read["Payload"],
        correlation_id=read["CorrelationId"],
        ip_address=read["IpAddress"],
        extensions={name: value for name, value in detail.items() if name not in rules},
    )


def check_field(name: str, value: Any) -> Any:
    """Check one field by the same rule as in an event.

    Two rules need a pipeline and are not checked: which DomainName is accepted, and which time is in the future.

    Args:
        name: a field that the contract names.
        value: parsed JSON, with numbers as `int` or `Decimal`. None means no value, which only an optional field may
            have.

    Returns:
        The value; for `EventTime` its instant.

    Raises:
        ContractViolation: the value breaks the field's rule.
    """
    if value is None and name in _OPTIONAL:
        return None
    try:
        return _RULES[name].check(value)
    except BrokenRule as broken:
        raise ContractViolation([Violation(name, str(broken), shown(value))]) from broken


def shown(value: Any) -> str:
    """`value` as ASCII JSON, cut to 80 characters. It is safe to show in a reason, whatever the value is."""
    try:
        text = exact_json.dumps(value)
    except (TypeError, ValueError):  # the value does not come from exact JSON
        text = f"a {type(value).__name__}"
    return text if len(text) <= _MAX_SHOWN_CHARACTERS else f"{text[:_MAX_SHOWN_CHARACTERS]}... ({len(text)} characters)"
