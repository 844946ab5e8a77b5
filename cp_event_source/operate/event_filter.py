"""Which events a command wants: the filter that DynamoDB applies, and the same one here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cp_event_source.handler.events.stored_event import StoredEvent

MAX_NAMES: Final = 100
"""DynamoDB's limit of values in IN."""


@dataclass(frozen=True)
class EventFilter:
    """Events that keep all of these conditions."""

    since: str | None = None
    """An instant: no earlier EventTime."""
    until: str | None = None
    """An instant: only earlier EventTimes."""
    names: Sequence[str] = ()
    """Any of these EventNames, at most 100; empty means all."""
    correlation_id: str | None = None
    user_id: str | None = None

    def matches(self, event: StoredEvent) -> bool:
        """True if the event keeps the conditions. A tombstone has neither a name nor other attributes."""
        key = event.key
        return (
            (self.since is None or key >= self.since)
            and (self.until is None or key < self.until)
            and (not self.names or _text(event, "EventName") in self.names)
            and self.correlation_id in {None, _text(event, "CorrelationId")}
            and self.user_id in {None, _text(event, "UserId")}
        )

    def options(self) -> dict[str, Any]:
        """The options of DynamoDB's Scan for these conditions."""
        conditions: list[tuple[str, str, Sequence[str]]] = [
            ("EventKey", "#{0} >= {1}", _one(self.since)),
            ("EventKey", "#{0} < {1}", _one(self.until)),
            ("EventName", "#{0} IN ({1})", self.names),
            ("CorrelationId", "#{0} = {1}", _one(self.correlation_id)),
            ("UserId", "#{0} = {1}", _one(self.user_id)),
        ]
        expressions: list[tuple[str, str]] = []
        values: dict[str, Any] = {}
        for name, form, wanted in conditions:
            if wanted:
                places = [f":v{len(values) + number}" for number in range(len(wanted))]
                values |= {place: {"S": text} for place, text in zip(places, wanted, strict=True)}
                expressions.append((name, form.format(name, ", ".join(places))))
        if not expressions:
            return {}
        return {
            "FilterExpression": " AND ".join(expression for _, expression in expressions),
            # Names such as DomainName are reserved words.
            "ExpressionAttributeNames": {f"#{name}": name for name, _ in expressions},
            "ExpressionAttributeValues": values,
        }


def _one(text: str | None) -> Sequence[str]:
    return () if text is None else (text,)


def _text(event: StoredEvent, name: str) -> str | None:
    value: Mapping[str, Any] = event.item.get(name, {})
    return value.get("S")
