"""Guarantee: with marks, the cost of a late event depends on its age; marks take few bytes and only save reads."""

import math
import random
import uuid
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.handler.events.key_set import KeySet
from cp_event_source.handler.projection.marks import MAX_BYTES, NO_MARKS, SLOTS, Mark, Marks, position_between, thinned
from tests.handler.strategies import identifiers

marks = st.lists(
    st.builds(
        Mark,
        identifiers,
        st.builds(KeySet, st.integers(0, 2**60), st.integers(0, 2**128 - 1)),
        st.none() | st.sampled_from(SLOTS),
    ),
    max_size=20,
)


def history(length: int, spacing: int) -> list[Mark]:
    """The marks of a history that came in one by one."""
    kept: tuple[Mark, ...] = ()
    for count in range(spacing, length, spacing):
        kept = thinned((*kept, Mark(f"{count:09}", KeySet(count, 0))), count + 1, spacing)
    return list(kept)


@given(marks)
def test_round_trip(some: list[Mark]) -> None:
    assert Marks.of(some).read() == tuple(some)


@given(identifiers, identifiers)
def test_a_position_is_after_the_first_key_and_not_after_the_second(one: str, other: str) -> None:
    before, key = sorted([one, other])
    if before == key:
        return
    position = position_between(before, key)
    assert before < position <= key
    assert key.startswith(position)
    assert not position[:-1] > before, "a shorter one would do"


@pytest.mark.parametrize("spacing", [1, 10, 100])
@pytest.mark.parametrize("length", [1, 2, 99, 100, 101, 250, 1_000, 9_999, 100_000])
def test_the_nearest_mark_before_an_event_is_at_most_twice_as_old_plus_two_spacings(length: int, spacing: int) -> None:
    ages = [length - mark.count for mark in history(length, spacing)] + [length]
    for behind in {*range(1, min(length, 300)), *(2**n for n in range(17)), *(age + 1 for age in ages)}:
        if behind <= length:
            assert min(age for age in ages if age >= behind) <= 2 * behind + 2 * spacing


@pytest.mark.parametrize("length", [1_000, 10_000, 100_000, 1_000_000])
def test_there_are_few_marks(length: int) -> None:
    """One for each doubling of the age, and one or two in the making."""
    assert len(history(length, 100)) <= math.log2(length / 100) + 5


def test_a_history_of_100_000_events_has_14_marks() -> None:
    assert len(history(100_001, 100)) == 14


def test_the_newest_mark_stays() -> None:
    """Until the next mark. Otherwise an event just before the newest would need a mark far before it."""
    assert [mark.count for mark in history(401, 100)][-1] == 400


def test_the_marks_of_ordinary_keys_take_half_a_kilobyte() -> None:
    rng = random.Random(1)
    moment, before, encoded = datetime(2026, 1, 1), "", []
    for number in range(14):
        keys = []
        for _ in range(2):
            moment += timedelta(seconds=rng.uniform(1, 10_000))
            keys.append(f"{moment.isoformat()}000Z#{uuid.UUID(int=rng.getrandbits(128))}")
        before, key = keys
        digest = rng.getrandbits(128)
        encoded.append(Mark(position_between(before, key), KeySet(number * 1000, digest), number))
    assert len(Marks.of(encoded).encoded) <= 512


def test_marks_that_take_too_many_bytes_lose_the_oldest() -> None:
    rng = random.Random(1)
    many = [
        Mark(f"{number:02}" + rng.randbytes(500).hex(), KeySet(number, rng.getrandbits(128)), number)
        for number in range(60)
    ]
    kept = Marks.of(many)
    assert len(kept.encoded) <= MAX_BYTES
    assert kept.read() == tuple(many[-len(kept.read()) :])
    assert len(kept.read()) > 10


@given(st.binary(max_size=100))
def test_invalid_marks_count_as_no_marks(invalid: bytes) -> None:
    assert isinstance(Marks(invalid).read(), tuple)


def test_cut_marks_count_as_no_marks() -> None:
    encoded = Marks.of([Mark("a", KeySet(1, 2), 3), Mark("b", KeySet(2, 2), 4)]).encoded
    assert all(Marks(encoded[:end]).read() == () for end in range(len(encoded)))


def test_no_marks_take_no_room() -> None:
    assert Marks.of([]) == NO_MARKS
    assert NO_MARKS.encoded == b""
