"""What producers send: events, the same events in other text, conflicts, and messages that break the contract."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from .functions import DOMAIN_NAME

DOMAINS = ("a", "b", "c")

EVENT_IDS = ("e", "ed", "E#1", "\u00e9")
"""One is the beginning of another, one holds the separator of keys, and one is not ASCII."""

NUMBERS = range(12)
"""Minutes of one hour. Zero is an event in the distant past."""

_FIRST = datetime(2025, 6, 1, tzinfo=UTC)
_FAR_PAST = datetime(1, 1, 2, tzinfo=UTC)


def _spelled(moment: datetime, spelling: int) -> str:
    match spelling:
        case 0:
            return moment.strftime("%H:%M:%S").join((_date(moment) + "T", "Z"))
        case 1:
            there = moment + timedelta(hours=2)
            return f"{_date(there)}t{there.strftime('%H:%M:%S')}.000+02:00"
        case 2:
            return f"{_date(moment)} {moment.strftime('%H:%M')}"
        case _:
            there = moment - timedelta(hours=5, minutes=30)
            return f"{_date(there)}T{there.strftime('%H:%M:%S')},0-0530"


def _date(moment: datetime) -> str:
    return f"{moment.year:04}-{moment.month:02}-{moment.day:02}"


SPELLINGS = 4
_NUMBER_SPELLINGS = ("7", "7.0", "7e0", "70E-1")


@dataclass(frozen=True, slots=True)
class Event:
    """A domain event by its meaning. The same event can have several spellings."""

    domain_id: str
    number: int
    event_id: str
    refused_by: tuple[int, ...] = ()
    user_id: str = "u"
    """Another user id with the same key makes a conflict."""

    @property
    def full_key(self) -> tuple[str, str]:
        return self.domain_id, self.key

    @property
    def key(self) -> str:
        moment = self._moment
        return f"{_date(moment)}T{moment.strftime('%H:%M:%S')}.000000000Z#{self.event_id}"

    @property
    def _moment(self) -> datetime:
        return _FIRST + timedelta(minutes=self.number) if self.number else _FAR_PAST

    def detail(self, spelling: int) -> dict[str, Any]:
        fields = {
            "DomainId": self.domain_id,
            "EventTime": _spelled(self._moment, spelling),
            "EventId": self.event_id,
            "UserId": self.user_id,
            "EventType": "DOMAIN",
            "EventName": "Noted",
            "DomainName": DOMAIN_NAME,
            "Payload": {"RefusedBy": list(self.refused_by), "Amount": "@7"},
            "Version": 1,
            "CorrelationId": None,
        }
        return dict(reversed(fields.items())) if spelling % 2 else fields

    def is_stored_as(self, item: dict[str, Any]) -> bool:
        """True if an item of the events table holds all fields of the event, and no other fields of a producer."""
        payload = item["Payload"]["M"]
        fields = {
            name: value for name, value in item.items() if name not in {"Bus", "ArrivedAt", "EventTime", "Payload"}
        }
        return (
            fields
            == {
                "DomainId": {"S": self.domain_id},
                "EventKey": {"S": self.key},
                "EventId": {"S": self.event_id},
                "UserId": {"S": self.user_id},
                "EventType": {"S": "DOMAIN"},
                "EventName": {"S": "Noted"},
                "DomainName": {"S": DOMAIN_NAME},
                "Version": {"N": "1"},
            }
            and item["EventTime"]["S"] in {_spelled(self._moment, spelling) for spelling in range(SPELLINGS)}
            and payload.keys() == {"RefusedBy", "Amount"}
            and [int(each["N"]) for each in payload["RefusedBy"]["L"]] == list(self.refused_by)
            and Decimal(payload["Amount"]["N"]) == 7
        )


@dataclass(frozen=True, slots=True)
class DecidedEvent:
    """An event that a decision appended."""

    domain_id: str
    key: str
    decision_id: str
    refused_by: tuple[int, ...]

    @property
    def event_id(self) -> str:
        return self.key.partition("#")[2]

    def is_stored_as(self, item: dict[str, Any]) -> bool:
        """True if an item of the events table is this event, whole."""
        texts = {
            "DomainId": self.domain_id,
            "EventKey": self.key,
            "EventTime": self.key.partition("#")[0],
            "EventId": self.event_id,
            "UserId": "decider",
            "EventType": "DOMAIN",
            "EventName": "Noted",
            "DomainName": DOMAIN_NAME,
            "Decided": self.decision_id,
        }
        refused_by = [{"N": str(number)} for number in self.refused_by]
        others = {"Version": {"N": "1"}, "Bus": {"M": {}}, "Payload": {"M": {"RefusedBy": {"L": refused_by}}}}
        return item == {name: {"S": text} for name, text in texts.items()} | others


def minute_of(number: int) -> float:
    """The time of the events with a number, in POSIX seconds."""
    return (_FIRST + timedelta(minutes=number)).timestamp()


@dataclass(frozen=True, slots=True)
class Sent:
    """A message as it was sent."""

    body: str
    event: Event | None = field(default=None)
    """None if the message breaks the contract."""


def sent(event: Event, spelling: int, bus_id: int) -> Sent:
    """An event in the bus's envelope. Each message has an envelope of its own."""
    return Sent(_body(event.detail(spelling), spelling, bus_id), event)


BROKEN: tuple[dict[str, Any], ...] = (
    {"EventTime": "2999-01-01T00:00:00Z"},
    {"EventTime": "2025-06-01T00:00:00.0123456789Z"},
    {"EventTime": 5},
    {"EventId": ""},
    {"DomainName": "Other"},
    {"EventType": "PROCESS"},
    {"Version": "1"},
    {"UserId": None},
)
BROKEN_BODIES = ("{", "[]", '{"detail": null}', '{"detail": {"a": 1, "a": NaN}}')


def broken(kind: int, bus_id: int) -> Sent:
    """A message that breaks the contract."""
    kind %= len(BROKEN) + len(BROKEN_BODIES)
    if kind >= len(BROKEN):
        return Sent(BROKEN_BODIES[kind - len(BROKEN)] + " " * bus_id)
    return Sent(_body(Event("a", 1, "e").detail(0) | BROKEN[kind], 0, bus_id))


def _body(detail: dict[str, Any], spelling: int, bus_id: int) -> str:
    message = {"id": f"bus-{bus_id}", "source": "producer", "detail-type": "Noted", "detail": detail}
    return json.dumps(message).replace('"@7"', _NUMBER_SPELLINGS[spelling % len(_NUMBER_SPELLINGS)])
