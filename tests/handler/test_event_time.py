"""Guarantee: the byte order of `instant`'s texts is the order of the instants, and no time is read as another."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.event_time import UnreadableTime, instant, instant_at

EPOCH = datetime(1970, 1, 1)
FORM = "dddd-dd-ddTdd:dd:dd.dddddddddZ"


@st.composite
def times(draw: st.DrawFn) -> tuple[str, Fraction]:
    """A spelling of a time, and the seconds since 1970 that it means: reckoned by datetime, fractions by Fraction."""
    # two days from the ends of the calendar, so that no zone leads beyond them
    near = datetime(2026, 3, 29, 1) + timedelta(seconds=1) * draw(st.integers(-90_000, 90_000))
    whole = draw(st.just(near) | st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29))).replace(microsecond=0)
    fraction = draw(st.text("0123456789", max_size=9) | st.text("09", max_size=9))
    minutes = draw(st.sampled_from([0, 60, -60, 330]) | st.integers(-23 * 60 - 59, 23 * 60 + 59))
    without_seconds = whole.second == 0 and not fraction and draw(st.booleans())
    clock = f"{whole:%H:%M}" if without_seconds else f"{whole:%H:%M:%S}"
    date = f"{whole.year:04}-{whole:%m-%d}"
    point = draw(st.sampled_from(".,")) if fraction else ""
    text = f"{date}{draw(st.sampled_from('Tt '))}{clock}{point}{fraction}{draw(zones(minutes))}"
    seconds = Fraction(int((whole - timedelta(minutes=minutes) - EPOCH).total_seconds()))
    return text, seconds + Fraction(int(fraction or 0), 10 ** len(fraction))


def zones(minutes: int) -> st.SearchStrategy[str]:
    """The spellings of a zone that is `minutes` ahead of UTC."""
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    spellings = [f"{sign}{hours:02}:{rest:02}", f"{sign}{hours:02}{rest:02}"]
    if rest == 0:
        spellings.append(f"{sign}{hours:02}")
    if minutes == 0:
        spellings += ["", "Z", "z", "-00:00"]
    return st.sampled_from(spellings)


@given(times(), times())
def test_byte_order_is_time_order(one: tuple[str, Fraction], other: tuple[str, Fraction]) -> None:
    (text, moment), (other_text, other_moment) = one, other
    first, second = instant(text).encode(), instant(other_text).encode()
    assert (first < second) == (moment < other_moment)
    assert (first == second) == (moment == other_moment)


@given(times())
def test_the_form_is_fixed(time: tuple[str, Fraction]) -> None:
    text = instant(time[0])
    assert "".join("d" if character.isdigit() else character for character in text) == FORM


@given(times())
def test_the_instant_is_the_one_meant(time: tuple[str, Fraction]) -> None:
    text = instant(time[0])
    whole = datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")
    assert Fraction(int((whole - EPOCH).total_seconds())) + Fraction(int(text[20:29]), 10**9) == time[1]


@given(times())
def test_an_instant_is_its_own_instant(time: tuple[str, Fraction]) -> None:
    assert instant(instant(time[0])) == instant(time[0])


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
        ("2026-12-31T23:59:59-23:59", "2027-01-01T23:58:59.000000000Z"),
        ("2024-02-29T23:30:00-01:00", "2024-03-01T00:30:00.000000000Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000000Z"),
        ("0001-01-01T01:00:00+01:00", "0001-01-01T00:00:00.000000000Z"),
        ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z"),
        ("9999-12-31T22:59:59-01:00", "9999-12-31T23:59:59.000000000Z"),
    ],
)
def test_forms_that_are_read(text: str, expected: str) -> None:
    assert instant(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-11-23",
        "20261123T083000Z",
        "2026-W48-1T08:30:00Z",
        "2026-327T08:30:00Z",
        "1764000000",
        "2026-11-23T08Z",
        "2026-11-23T08:30.5Z",
        "2026-11-23T08:30:00.Z",
        "2026-11-23T08:30:00 Z",
        "2026-11-23T08:30:00Z\n",
        " 2026-11-23T08:30:00Z",
        "2026-11-23T08:30:00UTC",
        "2026-11-23T08:30:00+1",
        "2026-11-23T08:30:00+05:30:15",
        "2026-11-23T08:30:00[Europe/Berlin]",
        "+2026-11-23T08:30:00Z",
        "12026-11-23T08:30:00Z",
        "2026-11-23_08:30:00Z",
        "\u0662\u0660\u0662\u0666-11-23T08:30:00Z",
        "2026-11-23T08:30:0\uff10Z",
    ],
)
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(UnreadableTime, match="not a date and time like"):
        instant(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2026-02-29T00:00:00Z", "date does not exist"),
        ("2026-13-01T00:00:00Z", "date does not exist"),
        ("0000-01-01T00:00:00Z", "date does not exist"),
        ("2026-11-23T24:00:00Z", "out of range"),
        ("2026-11-23T08:60:00Z", "out of range"),
        ("2026-06-30T23:59:60Z", "out of range"),
        ("2026-11-23T08:30:00+24:00", "zone is out of range"),
        ("2026-11-23T08:30:00+00:60", "zone is out of range"),
        ("0001-01-01T00:00:00+00:01", "outside the years"),
        ("9999-12-31T23:59:59-00:01", "outside the years"),
        ("2026-11-23T08:30:00.0000000000Z", "10 digits after the second; at most 9"),
        ("2026-11-23T08:30:00." + "1" * 100_000 + "Z", "100000 digits"),
    ],
    ids=lambda text: text[:40],
)
def test_a_time_that_has_no_place_in_the_order_is_refused(text: str, why: str) -> None:
    with pytest.raises(UnreadableTime, match=why):
        instant(text)


@given(st.text() | st.text("0123456789-+:.,TZtz "))
def test_any_text_is_a_time_or_is_refused(text: str) -> None:
    with suppress(UnreadableTime):
        assert len(instant(text)) == len(FORM)


@given(st.integers(0, 4_000_000_000_000_000))
def test_a_clocks_seconds_are_an_instant(microseconds: int) -> None:
    moment = datetime.fromtimestamp(microseconds // 10**6, UTC).replace(microsecond=microseconds % 10**6)
    difference = datetime.fromisoformat(instant_at(microseconds / 10**6)[:26] + "+00:00") - moment
    assert abs(difference) <= timedelta(microseconds=1)


def test_a_clocks_whole_second_is_an_instant() -> None:
    assert instant_at(0) == "1970-01-01T00:00:00.000000000Z"
