"""A command: what is decided once, however often it is asked for."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID, uuid4, uuid5

from cp_event_source.handler.events.domain_event import ContractViolation, check_field
from cp_event_source.handler.values import exact_json

_NAMESPACE: Final = UUID("6f1c9a52-7d3e-5b0a-9b53-0c6c3e2f4d81")
_LAST_NANOSECOND: Final = 999_999_999
_UUID: Final = re.compile("[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


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
    def of(cls, domain_id: str, command_id: str, command_time: str | datetime | None = None) -> "Command":
        """The command with this id: the same for the same arguments.

        Args:
            domain_id: the object.
            command_id: any text. Of a UUID, upper and lower case are the same (RFC 9562, section 4).
            command_time: when the command was first given; by default the time in `command_id`, if that is a UUID of
                version 7 (section 5.7).

        Raises:
            ValueError: `command_id` is no text or empty, or `command_time` is no time, or missing.
        """
        if not isinstance(command_id, str) or not command_id:
            found = "nothing" if command_id == "" else f"a {type(command_id).__name__}"
            raise ValueError(f"command_id: must be a non-empty text; got {found}")
        same_id = command_id.lower() if _UUID.fullmatch(command_id) else command_id
        decision_id = uuid5(_NAMESPACE, exact_json.dumps([domain_id, same_id]))
        time = _time_in(command_id) if command_time is None else _text(command_time)
        try:
            return cls(command_id, decision_id, check_field("EventTime", time))
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


def _time_in(command_id: str) -> str:
    with suppress(ValueError, OverflowError):  # no UUID, or a year after 9999
        found = UUID(command_id)
        if found.version == _WITH_TIME:
            return (_EPOCH + timedelta(milliseconds=found.int >> _BITS_AFTER_TIME)).isoformat()
    raise ValueError(
        "command_time: must be given with command_id, unless that is a UUID of version 7, which has a time; got "
        "nothing; give the time when the command was first given"
    )


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_WITH_TIME: Final = 7
"""The version of UUIDs that begin with a time: 48 bits, milliseconds since 1970 (RFC 9562, section 5.7)."""
_BITS_AFTER_TIME: Final = 80


def _text(time: str | datetime) -> str:
    if isinstance(time, str):
        return time
    if not isinstance(time, datetime):
        found = f"a value of the type {type(time).__name__}"
        raise ValueError(f"command_time: must be an ISO 8601 text or a datetime; got {found}")  # noqa: TRY004
    if time.utcoffset() is None:
        raise ValueError(f"command_time: must have a time zone; got {time!r}")
    try:
        return time.astimezone(UTC).isoformat()
    except OverflowError:
        raise ValueError(f"command_time: must be in the years 1 to 9999 in UTC; got {time!r}") from None
