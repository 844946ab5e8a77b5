"""Guarantee: the byte order of `instant`'s texts is the order of the instants, and no time is read as another; what
cannot be ordered is refused with a reason that says what is wrong."""

import re
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.handler.events.event_time import FORM, UnreadableTime, instant, instant_at

TEXT = "dddd-dd-ddTdd:dd:dd.dddddddddZ"
BEGIN = datetime(1, 1, 1)
LAST_MINUTE = (datetime(9999, 12, 31, 23, 59) - BEGIN) // timedelta(minutes=1)


def minute_of(moment: datetime) -> int:
    """Minutes from the beginning of the year 1 on."""
    return (moment - BEGIN) // timedelta(minutes=1)


def ends_a_month(minute: int) -> bool:
    return minute == LAST_MINUTE or (BEGIN + timedelta(minutes=minute + 1)).strftime("%d%H%M") == "010000"


month_ends = st.builds(
    lambda year, month: minute_of(datetime(year + month // 12, month % 12 + 1, 1)) - 1,
    st.integers(1, 9998) | st.sampled_from([1972, 1999, 2000, 2024, 2026]),
    st.integers(1, 12),
)
minutes = st.one_of(
    st.integers(0, LAST_MINUTE),
    st.integers(-1500, 1500).map(lambda some: minute_of(datetime(2026, 3, 29, 1)) + some),
    month_ends,
    st.builds(int.__add__, month_ends, st.integers(-1, 1)),
    st.sampled_from([0, 1, LAST_MINUTE - 1, LAST_MINUTE]),
)
"""Whole minutes of UTC: any, near each other, around the ends of months, at the ends of the calendar."""

offsets = st.sampled_from([0, 60, -60, 330]) | st.integers(-23 * 60 - 59, 23 * 60 + 59)


@dataclass(frozen=True)
class Time:
    """A text of a time, and its position: the UTC minute counted from the year 1, its second, and its nanosecond."""

    text: str
    minute: int
    second: int
    nanoseconds: int

    @property
    def position(self) -> tuple[int, int, int]:
        """In the order of time, leap seconds too: they are a minute's sixty-first."""
        return self.minute, self.second, self.nanoseconds


@st.composite
def times(draw: st.DrawFn) -> Time:
    """The test draws a position and writes it in a zone. So it does not compute as `instant` does."""
    minute, offset = draw(st.tuples(minutes, offsets).filter(lambda both: 0 <= sum(both) <= LAST_MINUTE))
    second = draw(st.sampled_from([0, 58, 59, 59 + ends_a_month(minute)]) | st.integers(0, 59))
    fraction = draw(st.text("0123456789", max_size=9) | st.text("09", max_size=9))
    text = draw(spellings(BEGIN + timedelta(minutes=minute + offset), second, fraction)) + draw(zones(offset))
    return Time(text, minute, second, int(f"{fraction:0<9}"))


@st.composite
def spellings(draw: st.DrawFn, local: datetime, second: int, fraction: str) -> str:
    dash, colon = draw(st.sampled_from([("-", ":"), ("", "")]))
    date = f"{local.year:04}{dash}{local.month:02}{dash}{local.day:02}"
    clock = f"{local.hour:02}{colon}{local.minute:02}"
    if second or fraction or draw(st.booleans()):
        clock += f"{colon}{second:02}"
    if fraction:
        clock += draw(st.sampled_from(".,")) + fraction
    return date + draw(st.sampled_from("Tt ")) + clock


def zones(offset: int) -> st.SearchStrategy[str]:
    """The texts of a zone that is this many minutes ahead of UTC."""
    hours, rest = divmod(abs(offset), 60)
    signs = "+-" if offset == 0 else "-" if offset < 0 else "+"
    spelled = [f"{sign}{hours:02}{tail}" for sign in signs for tail in (f":{rest:02}", f"{rest:02}")]
    if rest == 0:
        spelled += [f"{sign}{hours:02}" for sign in signs]
    if offset == 0:
        spelled += ["", "Z", "z"]
    return st.sampled_from(spelled)


@given(times(), times())
def test_byte_order_is_time_order(one: Time, other: Time) -> None:
    first, second = instant(one.text).encode(), instant(other.text).encode()
    assert (first < second) == (one.position < other.position)
    assert (first == second) == (one.position == other.position)


@given(times(), times(), st.text(min_size=1), st.text(min_size=1))
def test_byte_order_of_event_keys_is_time_order_and_then_that_of_the_ids(
    one: Time, other: Time, event_id: str, other_id: str
) -> None:
    first, second = f"{instant(one.text)}#{event_id}".encode(), f"{instant(other.text)}#{other_id}".encode()
    assert (first < second) == ((one.position, event_id.encode()) < (other.position, other_id.encode()))


@given(times())
def test_the_instant_is_the_one_meant(time: Time) -> None:
    minute = BEGIN + timedelta(minutes=time.minute)
    assert instant(time.text) == f"{minute.isoformat()[:17]}{time.second:02}.{time.nanoseconds:09}Z"


@given(times())
def test_the_form_is_fixed(time: Time) -> None:
    text = instant(time.text)
    assert "".join("d" if character.isdigit() else character for character in text) == TEXT


@given(times())
def test_an_instant_is_its_own_instant(time: Time) -> None:
    assert instant(instant(time.text)) == instant(time.text)


@given(minutes, offsets)
def test_a_leap_second_is_the_last_of_a_month_in_utc_and_nothing_else(minute: int, offset: int) -> None:
    local = BEGIN + timedelta(minutes=max(0, min(LAST_MINUTE, minute + offset)))
    minute = minute_of(local) - offset
    text = f"{local.isoformat()[:17]}60.5{'-' if offset < 0 else '+'}{abs(offset) // 60:02}:{abs(offset) % 60:02}"
    if 0 <= minute <= LAST_MINUTE and ends_a_month(minute):
        assert instant(text).endswith("T23:59:60.500000000Z")
    else:
        with pytest.raises(UnreadableTime, match=r"its second is 60, which|must be from 0001 to 9999"):
            instant(text)


@given(st.integers(-1500, 1500), offsets)
def test_the_order_ends_with_the_years_0001_and_9999_in_utc(minute: int, offset: int) -> None:
    minute %= LAST_MINUTE + 1  # of both ends
    local = BEGIN + timedelta(minutes=minute)
    text = f"{local.isoformat()}{'-' if offset < 0 else '+'}{abs(offset) // 60:02}{abs(offset) % 60:02}"
    if 0 <= minute - offset <= LAST_MINUTE:
        assert instant(text) == f"{(local - timedelta(minutes=offset)).isoformat()}.000000000Z"
    else:
        with pytest.raises(UnreadableTime, match="its year in UTC must be from 0001 to 9999"):
            instant(text)


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.timezones()))
def test_what_datetime_writes_is_read_as_datetime_means_it(moment: datetime) -> None:
    in_utc = moment.astimezone(UTC)
    try:
        text = instant(moment.isoformat())
    except UnreadableTime:  # zones of the 19th century have seconds, which RFC 3339 does not
        assert moment.utcoffset().total_seconds() % 60 != 0  # type: ignore[union-attr]
    else:
        assert text == f"{in_utc.replace(tzinfo=None).isoformat(timespec='microseconds')}000Z"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-23T08:30:00Z", "2026-11-23T08:30:00.000000000Z"),
        ("2026-11-23T08:30:00", "2026-11-23T08:30:00.000000000Z"),
        ("2026-11-23t08:30z", "2026-11-23T08:30:00.000000000Z"),
        ("2026-11-23 08:30:00,5-0130", "2026-11-23T10:00:00.500000000Z"),
        ("2026-11-23T08:30:00.123456789+05:30", "2026-11-23T03:00:00.123456789Z"),
        ("2026-11-23T08:30:00+09", "2026-11-22T23:30:00.000000000Z"),
        ("2026-11-23T08:30:00-00:00", "2026-11-23T08:30:00.000000000Z"),
        ("2026-12-31T23:59:59-23:59", "2027-01-01T23:58:59.000000000Z"),
        ("2024-02-29T23:30:00-01:00", "2024-03-01T00:30:00.000000000Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000000Z"),
        ("0001-01-01T01:00:00+01:00", "0001-01-01T00:00:00.000000000Z"),
        ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z"),
        ("9999-12-31T22:59:59-01:00", "9999-12-31T23:59:59.000000000Z"),
        # ISO 8601's basic form
        ("20261123T083000Z", "2026-11-23T08:30:00.000000000Z"),
        ("20261123T083000.25+01:00", "2026-11-23T07:30:00.250000000Z"),
        ("20261123T083000,000000001+0100", "2026-11-23T07:30:00.000000001Z"),
        ("20261123t0830-01", "2026-11-23T09:30:00.000000000Z"),
        ("20261123 083000", "2026-11-23T08:30:00.000000000Z"),
        # leap seconds: RFC 3339, 5.8, has the first two
        ("1990-12-31T23:59:60Z", "1990-12-31T23:59:60.000000000Z"),
        ("1990-12-31T15:59:60-08:00", "1990-12-31T23:59:60.000000000Z"),
        ("20170101T055960.999999999+0600", "2016-12-31T23:59:60.999999999Z"),
        ("2024-02-29T23:59:60Z", "2024-02-29T23:59:60.000000000Z"),
        ("9999-12-31T23:59:60Z", "9999-12-31T23:59:60.000000000Z"),
    ],
)
def test_forms_that_are_read(text: str, expected: str) -> None:
    assert instant(text) == expected


def test_a_leap_second_sorts_between_the_second_before_it_and_the_next_day() -> None:
    texts = ["2016-12-31T23:59:59.999999999Z", "2016-12-31T23:59:60Z", "2016-12-31T23:59:60.5Z", "2017-01-01T00:00:00Z"]
    keys = [f"{instant(text)}#{event_id}".encode() for text in texts for event_id in "\0z\U0010ffff"]
    assert keys == sorted(keys)


NO_ZONE = "its time of day is followed by text that is not Z or an offset"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty"),
        ("now", "not a date and time like 2026-11-23T08:30:00.123Z"),
        ("24:00", "a time of day without a date"),
        ("08:30:00.5+01:00", "a time of day without a date"),
        ("8:30 AM", "a time of day without a date"),
        ("T08:30", "a time of day without a date"),
        ("T083000Z", "a time of day without a date"),
        ("Tuesday", "not a date and time like"),
        ("06/19/1963 08:30:06 PST", "not a date and time like"),
        ("Mon, 23 Nov 2026 08:30:00 GMT", "not a date and time like"),
        ("2026-11-23_08:30:00Z", "not a date and time like"),
        ("2026-11-23", "a date without a time of day"),
        ("20261123", "a date without a time of day"),
        ("2026-11-23T", "a date without a time of day"),
        ("2026-11-23Z", "a date without a time of day"),
        ("20261123+0100", "a date without a time of day"),
        ("2026-11", "a month; add the day and the time of day"),
        ("201401", "a month; add the day and the time of day"),
        ("2026", "a year; add the month, the day and the time of day"),
        ("2014026", "ordinal date"),
        ("2014366", "ordinal date"),
        ("2014-026", "ordinal date"),
        ("2014-026Z", "ordinal date"),
        ("2014026T", "ordinal date"),
        ("2014367", "only a number"),
        ("2014000", "only a number"),
        ("20141326", "only a number"),
        ("20140132", "only a number"),
        ("201413", "only a number"),
        ("17640", "only a number"),
        ("1,764,000,000", "only a number"),
        (".5", "only a number"),
        ("5.", "only a number"),
        (".", "not a date and time like"),
        ("23.11.2026", "not a date and time like"),
        ("2026.11.23", "not a date and time like"),
        ("2014W26", "week date"),
        ("2014-W26", "week date"),
        ("1764000000", "only a number"),
        ("1764000000123", "only a number"),
        ("-1764000000.5", "only a number"),
        ("1.764E9", "only a number"),
        ("2026-W48-1T08:30:00Z", "week date"),
        ("2026W481T083000Z", "week date"),
        ("2026-327T08:30:00Z", "ordinal date"),
        ("2026327T083000Z", "ordinal date"),
        ("+2026-11-23T08:30:00Z", "year must be four digits"),
        ("12026-11-23T08:30:00Z", "year must be four digits"),
        ("-0001-11-23T08:30:00Z", "year must be four digits"),
        ("2026-1-23T08:30:00Z", "month and day must be two digits"),
        ("2026-11-3 08:30:00Z", "month and day must be two digits"),
        ("2026-11-23T8:30:00Z", "hour must be two digits"),
        ("2026-11-23T08:30:5Z", "hour, minute and second must be two digits"),
        ("20261123T08305Z", "hour, minute and second must be two digits"),
        ("2026-11-23T083000Z", "differ in form"),
        ("20261123T08:30:00Z", "differ in form"),
        ("2026-11-23T08Z", "no minute"),
        ("20261123T08+01", "no minute"),
        ("2026-11-23T08:30.5Z", "a fraction, but no second"),
        ("2026-11-23T08:30:00.Z", "no digit after the decimal sign"),
        ("2026-11-23T08:30:00.0000000000Z", "10 fraction digits of a second; the maximum is 9"),
        ("20261123T083000.0000000000", "10 fraction digits of a second; the maximum is 9"),
        ("2026-11-23T08:30:00." + "1" * 100_000 + "Z", "100000 fraction digits"),
        ("2026-11-23T08:30:00Z\n", "white space before or after"),
        (" 2026-11-23T08:30:00Z", "white space before or after"),
        ("2026-11-23T08:30:00\u00a0", "white space before or after"),
        ("2026-11-23T08:30:00 +01:00", "white space before its zone"),
        ("2026-11-23T08:30:00UTC", NO_ZONE),
        ("2026-11-23T08:30:00+1", NO_ZONE),
        ("2026-11-23T08:30:00+05:30:15", NO_ZONE),
        ("2026-11-23T08:30:00.5+01:00Z", NO_ZONE),
        ("2026-11-23T08:30:00[Europe/Berlin]", "it has the name of its zone"),
        ("2026-11-23T08:30:00.123+01:00[Europe/Berlin]", "it has the name of its zone"),
        ("\u0662\u0660\u0662\u0666-11-23T08:30:00Z", r"U\+0662; digits"),
        ("2026-11-23T08:30:0\uff10Z", r"U\+FF10; digits"),
        ("2026-11-23T08:30:00\u221201:00", r"U\+2212; digits, letters, - and \+ must be ASCII"),
        ("2026-11-23T08:30:00\ud800", r"U\+D800"),
        ("2026-02-29T00:00:00Z", "date does not exist"),
        ("2026-13-01T00:00:00Z", "date does not exist"),
        ("20261100T000000Z", "date does not exist"),
        ("0000-01-01T00:00:00Z", "date does not exist"),
        ("2026-11-23T24:00:00Z", "hour is 24; the maximum is 23, and midnight is 00:00 of the next day"),
        ("2026-11-23T08:60:00Z", "minute is 60"),
        ("2026-06-30T23:59:61Z", "second is 61"),
        ("2026-06-29T23:59:60Z", "second is 60, which is allowed only at 23:59 UTC"),
        ("2026-02-28T23:59:60+00:01", "second is 60, which is allowed only at 23:59 UTC"),
        ("2024-02-28T23:59:60Z", "second is 60, which is allowed only at 23:59 UTC"),
        ("2026-11-23T08:30:00+24:00", "offset from UTC is out of range"),
        ("2026-11-23T08:30:00+00:60", "offset from UTC is out of range"),
        ("0001-01-01T00:00:00+00:01", "must be from 0001 to 9999"),
        ("9999-12-31T23:59:59-00:01", "must be from 0001 to 9999"),
        ("9999-12-31T23:59:60-00:01", "must be from 0001 to 9999"),
    ],
    ids=lambda text: ascii(text[:40]),
)
def test_a_time_that_cannot_be_ordered_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(UnreadableTime, match=why) as raised:
        instant(text)
    assert str(raised.value).isascii()
    assert str(raised.value).startswith("it")


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("1963-06-19T08:30:06.283185Z", True),
        ("1963-06-19T08:30:06Z", True),
        ("1937-01-01T12:00:27.87+00:20", True),
        ("1990-12-31T15:59:50.123-08:00", True),
        ("1998-12-31T23:59:60Z", True),
        ("1998-12-31T15:59:60.123-08:00", True),
        ("1998-12-31T23:59:61Z", False),
        ("1998-12-31T23:58:60Z", False),
        ("1998-12-31T22:59:60Z", False),
        ("1990-02-31T15:59:59.123-08:00", False),
        ("1990-12-31T15:59:59-24:00", False),
        ("1963-06-19T08:30:06.28123+01:00Z", False),
        ("1990-12-31T24:00:00Z", False),
        ("1990-12-31T15:60:00Z", False),
        ("1990-12-31T10:00:00+10:60", False),
        ("06/19/1963 08:30:06 PST", False),
        ("1963-06-19t08:30:06.283185z", True),
        ("2013-350T01:01:01", False),
        ("1963-6-19T08:30:06.283185Z", False),
        ("1963-06-1T08:30:06.283185Z", False),
        ("1963-06-1\u09eaT00:00:00Z", False),
        ("1963-06-11T0\u09ea:00:00Z", False),
        ("+11963-06-19T08:30:06.283185Z", False),
        ("1985-04-12T00:59:59.999999999999999Z", False),  # valid there: fifteen digits, of which we could keep nine
    ],
    ids=ascii,
)
def test_json_schemas_test_cases_of_a_date_time_have_the_same_result(text: str, valid: bool) -> None:
    """The cases of the JSON-Schema-Test-Suite, draft 2020-12, `format: date-time`. `instant` also reads forms that
    RFC 3339 does not have: no zone, a space for the T, a comma, no seconds, the basic form."""
    if valid:
        assert instant(text)
    else:
        with pytest.raises(UnreadableTime):
            instant(text)


hostile = st.text() | st.text("0123456789-+:.,TZtzW[ \n") | st.from_regex(FORM) | st.from_regex(FORM.replace("$", "."))


@given(hostile)
def test_any_text_is_a_time_or_is_refused(text: str) -> None:
    with suppress(UnreadableTime):
        assert len(instant(text)) == len(TEXT)


@given(hostile)
def test_only_texts_of_the_published_form_are_read(text: str) -> None:
    if re.fullmatch(FORM, text) is None:
        with pytest.raises(UnreadableTime):
            instant(text)


@given(times())
def test_every_form_that_is_read_is_published(time: Time) -> None:
    assert re.fullmatch(FORM, time.text)


@given(st.integers(0, 4_000_000_000_000_000))
def test_a_clocks_seconds_are_an_instant(microseconds: int) -> None:
    moment = datetime.fromtimestamp(microseconds // 10**6, UTC).replace(microsecond=microseconds % 10**6)
    difference = datetime.fromisoformat(instant_at(microseconds / 10**6)[:26] + "+00:00") - moment
    assert abs(difference) <= timedelta(microseconds=1)


def test_a_clocks_whole_second_is_an_instant() -> None:
    assert instant_at(0) == "1970-01-01T00:00:00.000000000Z"


def examples_of_the_reference() -> list[tuple[str, bool]]:
    """Each example of a time on the page, and whether it is among those that are read."""
    page = (Path(__file__).parents[3] / "docs" / "reference" / "domain-event.md").read_text()
    section = page.partition("\n## EventTime\n")[2].partition("\n## ")[0]
    read, _, refused = section.partition("| refused |")
    return [
        (text, part is read)
        for part in (read, refused)
        for example in re.findall(r"^\|[^|]*\|([^|]*)\|", part, re.MULTILINE)
        for text in re.findall("`([^`]+)`", example)
    ]


@pytest.mark.parametrize(("text", "is_read"), examples_of_the_reference(), ids=ascii)
def test_the_references_examples_are_read_or_refused_as_it_says(text: str, is_read: bool) -> None:
    with nullcontext() if is_read else pytest.raises(UnreadableTime):
        instant(text)


def test_the_reference_has_examples_of_both() -> None:
    assert {is_read for _, is_read in examples_of_the_reference()} == {True, False}
