"""Reads an event's time and writes it as text whose byte order is the order of instants."""

import re
from calendar import monthrange
from datetime import UTC, date, datetime
from typing import Final

_TWO: Final = "([0-9]{2})"
_MAX_FRACTION_DIGITS: Final = 9
_MINUTES_A_DAY: Final = 24 * 60


def _date_and_minute(dash: str, colon: str) -> str:
    return f"([0-9]{{4}}){dash}{_TWO}{dash}{_TWO}[Tt ]{_TWO}{colon}{_TWO}"


def _date_and_time(dash: str, colon: str) -> str:
    second = f"{colon}{_TWO}(?:[.,]([0-9]{{1,{_MAX_FRACTION_DIGITS}}}))?"
    return f"{_date_and_minute(dash, colon)}(?:{second})?"


FORM: Final = f"^(?:{_date_and_time('-', ':')}|{_date_and_time('', '')})([Zz]|[+-][0-9]{{2}}(?::?[0-9]{{2}})?)?$"
"""The form of all texts that `instant` reads: ISO 8601's extended and basic form.

The regular expression has one meaning in Python, ECMA-262 (JSON Schema) and RE2: it has no `\\d`, names or lookaround.
"""

_FORM: Final = re.compile(FORM)


class UnreadableTime(ValueError):
    """The text is not a time that can be ordered. The message says why."""


def instant(text: str) -> str:
    """The instant of an ISO 8601 / RFC 3339 date and time: `2026-11-23T08:30:00.000000000Z`.

    The result is in UTC with a fixed width and nine fraction digits. The order of these texts is the order of the
    instants. The input may have a comma for the decimal point and a space for the T. It may lack the seconds, the zone
    (then it is UTC), and all - and : between the numbers. A leap second is 23:59:60 in UTC at the end of a month
    (RFC 3339, 5.7). Its text sorts after those of 23:59:59 and before those of the next day.

    Raises:
        UnreadableTime: the text has another form, a date or time of day that does not exist, more than nine fraction
            digits (cutting them would break the order), or an instant outside the years 0001 to 9999.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise UnreadableTime(_why_not_read(text))
    parts = found.groups()
    year, month, day, hour, minute, second, fraction = parts[:7] if parts[0] else parts[7:14]
    _check_clock(hour, minute, second or "00")
    try:
        local_day = date(int(year), int(month), int(day)).toordinal()
    except ValueError as error:
        raise UnreadableTime(f"its date does not exist: {error}") from error
    # an offset from UTC is in whole minutes, so the second is the same in UTC, also for a leap second
    days, minutes = divmod(int(hour) * 60 + int(minute) - _minutes_ahead(parts[14]), _MINUTES_A_DAY)
    try:
        in_utc = date.fromordinal(local_day + days)
    except (ValueError, OverflowError) as error:
        raise UnreadableTime("its year in UTC must be from 0001 to 9999") from error
    if second == "60" and (minutes != _MINUTES_A_DAY - 1 or in_utc.day != monthrange(in_utc.year, in_utc.month)[1]):
        raise UnreadableTime("its second is 60, which is allowed only at 23:59 UTC on the last day of a month")
    return f"{in_utc.isoformat()}T{minutes // 60:02}:{minutes % 60:02}:{second or '00'}.{fraction or '':0<9}Z"


def instant_at(posix_seconds: float) -> str:
    """The instant of a POSIX time in seconds, to the microsecond."""
    return instant(datetime.fromtimestamp(posix_seconds, UTC).isoformat())


def _check_clock(hour: str, minute: str, second: str) -> None:
    # each has two digits, so the order of the texts is the order of the numbers
    if hour > "23":
        raise UnreadableTime(f"its hour is {hour}; the maximum is 23, and midnight is 00:00 of the next day")
    if minute > "59":
        raise UnreadableTime(f"its minute is {minute}; the maximum is 59")
    if second > "60":
        raise UnreadableTime(f"its second is {second}; the maximum is 59, or 60 in a leap second")


def _minutes_ahead(zone: str | None) -> int:
    """The minutes that `zone` is ahead of UTC."""
    if zone is None or zone in "Zz":
        return 0
    hours, minutes = zone[1:3], zone[-2:] if len(zone) > 3 else "00"
    if hours > "23" or minutes > "59":
        raise UnreadableTime("its offset from UTC is out of range; the maximum is 23:59")
    return (int(hours) * 60 + int(minutes)) * (-1 if zone[0] == "-" else 1)


_NO_ZONE: Final = "its time of day is followed by text that is not Z or an offset from UTC like +01:00"

_DATE: Final = "(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8})"
_MONTH: Final = "(?:0[1-9]|1[0-2])"
_DAY: Final = "(?:0[1-9]|[12][0-9]|3[01])"
_DAY_OF_YEAR: Final = "(?:00[1-9]|0[1-9][0-9]|[12][0-9]{2}|3[0-5][0-9]|36[0-6])"
_ZONE: Final = "(?:[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)"
_NO_TIME: Final = "it is a date without a time of day; add the time of day"
_ORDINAL: Final = "it is an ordinal date; write year, month and day"

# `re` compiles each form when it is needed and caches it, so that a cold start does not wait for rarely needed forms.
_OTHER_FORMS: Final = {
    rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[Tt]?{_ZONE}?$|[0-9]{{4}}{_MONTH}{_DAY}(?:[Tt]?{_ZONE}|[Tt])?$": _NO_TIME,
    rf"[0-9]{{4}}-[0-9]{{2}}$|[12][0-9]{{3}}{_MONTH}$": "it is a month; add the day and the time of day",
    r"[12][0-9]{3}$": "it is a year; add the month, the day and the time of day",
    # ten digits may be seconds since 1970, so this form takes only seven
    rf"[0-9]{{4}}{_DAY_OF_YEAR}$": _ORDINAL,
    r"[+-]?(?:[0-9]+(?:[.,][0-9]{3})*(?:[.,][0-9]*)?|[.,][0-9]+)(?:[Ee][+-]?[0-9]+)?$": (
        "it is only a number, without a start date and a unit; write a date and time"
    ),
    r"[0-9]{4}-?[Ww][0-9]": "it is a week date; write year, month and day",
    r"[0-9]{4}-[0-9]{3}(?![0-9-])|[0-9]{4}[0-9]{3}[Tt Zz]": _ORDINAL,
    r"[Tt]?[0-9]{1,2}:[0-9]|[Tt][0-9]{2}": "it is a time of day without a date; add the date",
    r"(?:[+-][0-9]{4,6}|[0-9]{5,6})-[0-9]{2}-": "its year must be four digits without a sign",
    r"[0-9]{4}-(?:[0-9]-[0-9]{1,2}|[0-9]{2}-[0-9])(?:[Tt ]|$)": "its month and day must be two digits each",
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{4}|[0-9]{8}[Tt ][0-9]{2}:": (
        "its date and its time of day differ in form; write - and : in both, or in neither"
    ),
    rf"{_DATE}[Tt ][0-9]:": "its hour must be two digits",
    rf"{_DATE}[Tt ][0-9]{{1,2}}(?![0-9:])": "its time of day has no minute; add the minute",
}
"""Forms that people send instead, matched from the start of the text, and the message for each. The first match
counts."""

_TO_THE_SECOND: Final = (
    f"(?:{_date_and_minute('-', ':')}(?P<extended>:{_TWO})?|{_date_and_minute('', '')}(?P<basic>{_TWO})?)(?P<rest>.+)"
)


def _why_not_read(text: str) -> str:
    """Why a text does not have the form of a time."""
    if not text:
        return "it is empty"
    if text != text.strip():
        return "it has white space before or after it"
    if not text.isascii():
        foreign = next(character for character in text if not character.isascii())
        return f"it has the character U+{ord(foreign):04X}; digits, letters, - and + must be ASCII"
    for form, reason in _OTHER_FORMS.items():
        if re.match(form, text):
            return reason
    found = re.fullmatch(_TO_THE_SECOND, text, re.DOTALL)
    if found is None:
        return "it is not a date and time like 2026-11-23T08:30:00.123Z"
    rest = found["rest"]
    if "[" in rest:
        return "it has the name of its zone; write only Z or an offset from UTC like +01:00"
    if rest[0] in ".,":
        return _why_no_fraction(rest[1:], of_a_second=bool(found["extended"] or found["basic"]))
    if rest[0] in ":0123456789":
        return "its hour, minute and second must be two digits each"
    if rest[0].isspace():
        return "it has white space before its zone"
    return _NO_ZONE


def _why_no_fraction(text: str, *, of_a_second: bool) -> str:
    if not of_a_second:
        return "it has a fraction, but no second"
    digits = len(text) - len(text.lstrip("0123456789"))
    if not digits:
        return "it has no digit after the decimal sign"
    if digits > _MAX_FRACTION_DIGITS:
        return f"it has {digits} fraction digits of a second; the maximum is {_MAX_FRACTION_DIGITS}"
    return _NO_ZONE
