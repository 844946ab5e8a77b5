"""Guarantee: a lag is what passed since a time, never below nothing; what is no time has none."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.handler.events.lag import milliseconds_since

NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "lag"),
    [
        ("2026-11-23T08:29:59.750000000Z#e-1", 250),
        ("2026-11-23T08:29:59.750+00:00", 250),
        ("2026-11-23T08:29:59.999999999Z#e-1", 0.001),
        ("2026-11-23T08:30:00.000000000Z#e-1", 0),
        ("2026-11-23T08:30:05.000000000Z#e-1", 0),
        ("0001-01-01T00:00:00.000000000Z#e-1", 63_931_019_400_000),
        ("2016-12-31T23:59:60.500000000Z#e-1", 312_193_800_500),
    ],
)
def test_a_lag_in_milliseconds(text: str, lag: float) -> None:
    assert milliseconds_since(text, NOW) == lag


@given(st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2100, 1, 1)), st.integers(0, 10**9))
def test_a_lag_is_what_passed(then: datetime, milliseconds: int) -> None:
    now = (then.replace(tzinfo=UTC) + timedelta(milliseconds=milliseconds)).timestamp()
    assert milliseconds_since(f"{then.isoformat(timespec='microseconds')}000Z#e", now) == pytest.approx(milliseconds)


@given(st.text() | st.text("0123456789-:.TZ#", max_size=40))
def test_any_text_has_a_lag_or_none(text: str) -> None:
    lag = milliseconds_since(text, NOW)
    assert lag is None or lag >= 0
