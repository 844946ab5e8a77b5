"""A command: what is decided once, however often it is asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID, uuid4, uuid5

from cp_event_source.handler.events.domain_event import ContractViolation, check_field
from cp_event_source.handler.values import exact_json

_NAMESPACE: Final = UUID("6f1c9a52-7d3e-5b0a-9b53-0c6c3e2f4d81")
_LAST_NANOSECOND: Final = 999_999_999


@dataclass(frozen=True, slots=True)
class Command:
    """One decision about one object. The store shows if it has been made: by its events' ids, from its time on."""

    command_id: str
    decision_id: UUID
    """Derived from the object's id and the command's. The ids of its events are derived from it."""
    time: str
    """An instant. Its events are not earlier."""

    @classmethod
    def new(cls, domain_id: str, now: str) -> "Command":
        """A command with an id of its own."""
        return cls.of(domain_id, str(uuid4()), now)

    @classmethod
    def of(cls, domain_id: str, command_id: str, command_time: str | datetime) -> "Command":
        """The command with this id: the same for the same arguments.

        Raises:
            ValueError: `command_id` is no text or empty, or `command_time` is no time.
        """
        if not isinstance(command_id, str) or not command_id:
            found = "nothing" if command_id == "" else f"a {type(command_id).__name__}"
            raise ValueError(f"command_id: must be a non-empty text; got {found}")
        decision_id = uuid5(_NAMESPACE, exact_json.dumps([domain_id, command_id]))
        try:
            return cls(command_id, decision_id, check_field("EventTime", _text(command_time)))
        except ContractViolation as broken:
            (violation,) = broken.violations
            raise ValueError(f"command_time: {violation.rule}; got {violation.found}") from None

    def event_ids(self) -> Iterator[str]:
        """The ids of its events, in their order, without an end."""
        number = 0
        while True:
            yield str(uuid5(self.decision_id, str(number)))
            number += 1


def next_instant(instant: str) -> str:
    """The smallest later instant: one nanosecond, which is the smallest step of an EventKey."""
    nanosecond = int(instant[20:29])
    if nanosecond < _LAST_NANOSECOND:
        return f"{instant[:20]}{nanosecond + 1:09}Z"
    second = f"{instant[:17]}59" if instant[17:19] == "60" else instant[:19]  # datetime has no leap seconds
    later = datetime.fromisoformat(second).replace(tzinfo=UTC) + timedelta(seconds=1)
    return f"{later.replace(tzinfo=None).isoformat()}.000000000Z"


def _text(time: str | datetime) -> str:
    if not isinstance(time, datetime):
        return time
    if time.tzinfo is None:
        raise ValueError(f"command_time: must have a time zone; got {time!r}")
    return time.astimezone(UTC).isoformat()
