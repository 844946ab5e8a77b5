"""Guarantee: count and digest identify a set of keys, whatever the order in which the keys were added."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.handler.events.key_set import DIGEST_BYTES, NO_KEYS, KeySet

keys = st.text(st.characters(exclude_categories=["Cs"]))


def key_set(some: Any) -> KeySet:
    result = NO_KEYS
    for key in some:
        result = result.plus(key)
    return result


@given(st.lists(keys, unique=True), st.randoms())
def test_it_does_not_depend_on_their_order(some: list[str], random: Any) -> None:
    shuffled = list(some)
    random.shuffle(shuffled)
    assert key_set(some) == key_set(shuffled)
    assert key_set(some).count == len(some)
    assert 0 <= key_set(some).digest < 2 ** (8 * DIGEST_BYTES)


@given(st.sets(st.text("ab"), max_size=6), st.sets(st.text("ab"), max_size=6))
def test_sets_of_different_keys_differ(one: set[str], other: set[str]) -> None:
    assert (key_set(one).digest == key_set(other).digest) == (one == other)
