"""An event's time as text whose byte order is the order of instants."""

import re
from datetime import UTC, date, datetime

_FORM = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)[Tt ]"
    r"(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?"
    r"(?P<zone>[Zz]|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII,
)
_MOST_FRACTION_DIGITS = 9
_SECONDS_A_DAY = 86_400


class UnreadableTime(ValueError):
    """The text is not a time that can be ordered; the message says why."""


def instant(text: str) -> str:
    """The instant of an ISO 8601 / RFC 3339 date and time: `2026-11-23T08:30:00.000000000Z`.

    UTC, fixed width, nine digits of a second: the order of these texts is the order of the instants. No zone means
    UTC. A comma may stand for the decimal point, a space for the T, seconds may be missing.

    Raises:
        UnreadableTime: another form, a date that does not exist, more than nine digits of a second (a cut would
            break the order), or an instant outside the years 0001 to 9999.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise UnreadableTime("it is not a date and time like 2026-11-23T08:30:00.123Z")
    fraction = found["fraction"] or ""
    if len(fraction) > _MOST_FRACTION_DIGITS:
        raise UnreadableTime(
            f"it has {len(fraction)} digits after the second; at most {_MOST_FRACTION_DIGITS} are kept"
        )
    hour, minute, second = int(found["hour"]), int(found["minute"]), int(found["second"] or 0)
    if hour > 23 or minute > 59 or second > 59:  # a leap second (:60) has no place of its own in UTC's order
        raise UnreadableTime("its hour, minute or second is out of range")
    try:
        day = date(int(found["year"]), int(found["month"]), int(found["day"])).toordinal()
    except ValueError as error:
        raise UnreadableTime(f"its date does not exist: {error}") from error
    days, seconds = divmod(hour * 3600 + minute * 60 + second - _offset(found["zone"]), _SECONDS_A_DAY)
    try:
        in_utc = date.fromordinal(day + days)
    except (ValueError, OverflowError) as error:
        raise UnreadableTime("in UTC it lies outside the years 0001 to 9999") from error
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{in_utc.isoformat()}T{clock}.{fraction:0<9}Z"


def instant_at(posix_seconds: float) -> str:
    """The instant so many seconds after 1970-01-01T00:00:00Z, to the microsecond."""
    return instant(datetime.fromtimestamp(posix_seconds, UTC).isoformat())


def _offset(zone: str | None) -> int:
    """Seconds that `zone` is ahead of UTC."""
    if zone is None or zone in "Zz":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[-2:]) if len(zone) > 3 else 0
    if hours > 23 or minutes > 59:
        raise UnreadableTime("its zone is out of range")
    return (hours * 3600 + minutes * 60) * (-1 if zone[0] == "-" else 1)
