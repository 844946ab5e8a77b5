"""Guarantee: a command has one identity, and a decided event's time is the smallest step after the events before it."""

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from itertools import islice
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.decide.command import Command, next_instant
from cp_event_source.handler.events.event_time import instant

seconds = st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31, 23, 59, 58)).map(
    lambda moment: moment.replace(microsecond=0).isoformat()
)


@given(seconds, st.integers(0, 999_999_999))
def test_the_next_instant_is_later_by_the_smallest_step(second: str, nanosecond: int) -> None:
    before = instant(f"{second}.{nanosecond:09}")
    after = next_instant(before)
    assert instant(after) == after > before
    if nanosecond < 999_999_999:
        assert int(after[20:29]) == nanosecond + 1
        assert after[:20] == before[:20]
    else:
        assert after == instant((datetime.fromisoformat(second) + timedelta(seconds=1)).isoformat())


def test_the_next_instant_after_a_leap_second_is_the_next_day() -> None:
    assert next_instant("2016-12-31T23:59:60.999999999Z") == "2017-01-01T00:00:00.000000000Z"
    assert next_instant("2016-12-31T23:59:60.000000000Z") == "2016-12-31T23:59:60.000000001Z"


def test_a_command_has_the_same_events_each_time_and_others_have_others() -> None:
    def ids(*arguments: str) -> list[str]:
        return list(islice(Command.of(*arguments).event_ids(), 3))

    one = ids("a", "c", "2026-01-01T00:00:00Z")
    assert one == ids("a", "c", "2026-01-01T00:00:00Z")
    others = [ids("b", "c", "2026-01-01T00:00:00Z"), ids("a", "d", "2026-01-01T00:00:00Z")]
    assert len({*one, *(each for other in others for each in other)}) == 9
    assert all(UUID(each) for each in one)


def test_a_uuid_is_one_command_in_upper_and_lower_case() -> None:
    """As RFC 9562 has it. A database may return another case than the client sent."""

    def first(command_id: str) -> str:
        return next(Command.of("a", command_id, "2026-01-01T00:00:00Z").event_ids())

    for found in (uuid4(), UUID("01890a5d-ac96-774b-bcce-b302099a8057")):
        assert first(str(found)) == first(str(found).upper())
    for one, other in (("Abc", "abc"), ("A" * 32, "a" * 32), (f"{uuid4()}A", f"{uuid4()}a")):
        assert first(one) != first(other), "any other text is what it is"
    assert Command.of("a", "A" * 8, "2026-01-01T00:00:00Z").command_id == "A" * 8


def test_a_command_without_an_id_gets_one_with_which_it_can_be_repeated() -> None:
    one, other = (Command.new("a", "2026-01-01T00:00:00.000000000Z") for _ in range(2))
    assert one.command_id != other.command_id
    assert Command.of("a", one.command_id, one.time) == one != other


def test_a_commands_time_is_text_or_a_datetime() -> None:
    berlin = datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))
    times = {Command.of("a", "c", time).time for time in ("2026-01-01T00:00:00Z", "2026-01-01 01:00:00+01:00", berlin)}
    assert times == {"2026-01-01T00:00:00.000000000Z"}
    assert Command.of("a", "c", datetime(2026, 1, 1, 0, 0, 0, 1, UTC)).time == "2026-01-01T00:00:00.000001000Z"


@given(st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC)), st.integers(0, 2**62 - 1))
def test_a_command_whose_id_has_a_time_needs_no_other(moment: datetime, random: int) -> None:
    """A UUID of version 7 as RFC 9562 lays it out: milliseconds, the version, the variant, and random bits."""
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    milliseconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    command_id = str(UUID(int=milliseconds << 80 | 7 << 76 | 2 << 62 | random))
    assert Command.of("a", command_id) == Command.of("a", command_id, moment)
    later = moment + timedelta(seconds=1) if moment.year < 9999 else moment
    assert Command.of("a", command_id, later).time == Command.of("a", "c", later).time, "a given time holds"


class WithoutOffset(tzinfo):
    """A zone that does not know its offset from UTC. Python takes such a time for a local one."""

    def utcoffset(self, _: datetime | None) -> None:
        """Not known."""

    dst = utcoffset

    def tzname(self, _: datetime | None) -> str:
        return "nowhere"


@pytest.mark.parametrize(
    ("command_id", "command_time", "message"),
    [
        ("", "2026-01-01T00:00:00Z", "command_id: must be a non-empty text; got nothing"),
        (UUID(int=7), "2026-01-01T00:00:00Z", "command_id: must be a non-empty text; got a UUID"),
        ("c", None, "command_time: must be given with command_id, unless that is a UUID of version 7"),
        (str(UUID(int=7)), None, "command_time: must be given with command_id"),
        (f"{'f' * 12}7fff8{'f' * 15}", None, "command_time: must be given with command_id"),
        ("c", "yesterday", "command_time: must be a time that can be ordered"),
        ("c", datetime(2026, 1, 1), "command_time: must have a time zone"),
        ("c", datetime(2026, 1, 1, tzinfo=WithoutOffset()), "command_time: must have a time zone"),
        (
            "c",
            datetime.max.replace(tzinfo=timezone(-timedelta(hours=1))),
            "command_time: must be in the years 1 to 9999",
        ),
        (
            "c",
            datetime.min.replace(tzinfo=timezone(timedelta(hours=1))),
            "command_time: must be in the years 1 to 9999",
        ),
        ("c", date(2026, 1, 1), "command_time: must be an ISO 8601 text or a datetime; got a value of the type date"),
        ("c", 1767225600, "command_time: must be an ISO 8601 text or a datetime; got a value of the type int"),
    ],
)
def test_arguments_that_are_no_command(command_id: Any, command_time: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Command.of("a", command_id, command_time)
