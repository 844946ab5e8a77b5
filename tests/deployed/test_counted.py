"""Guarantee: a duration is short, and its unit fits its size."""

import pytest

from cp_event_source.deployed.counted import duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (99, "99 s"),
        (100, "2 min"),
        (5_940, "99 min"),
        (6_000, "1 h 40 min"),
        (259_199, "3 days"),
        (255_600, "71 h 0 min"),
        (259_200, "3 days"),
        (23_555_160, "273 days"),
        (900_000_000, "10,417 days"),
    ],
)
def test_a_duration_has_the_unit_that_fits(seconds: float, text: str) -> None:
    assert duration(seconds) == text
