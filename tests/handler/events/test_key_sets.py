"""Guarantee: which keys a set lacks is found exactly, or it is said that this would take too long."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.handler.events.key_sets import lacking, which
from tests.handler.doubles import key_set


@given(st.sets(st.integers(0, 99).map(str), max_size=12), st.data())
def test_which_keys_a_set_lacks_is_found(keys: set[str], data: st.DataObject) -> None:
    whole = sorted(keys)
    kept = data.draw(st.sets(st.sampled_from(whole)) if whole else st.just(set()))
    lacked = lacking(key_set(whole), key_set(kept))

    assert which(whole, lacked, key_set(whole)) == [key for key in whole if key not in kept]
    assert which(whole, replace(lacked, digest=lacked.digest ^ 1), key_set(whole)) is False


def test_which_of_very_many_keys_is_not_tried() -> None:
    keys = [str(number) for number in range(1000)]
    lacked = lacking(key_set(keys), key_set(keys[500:]))

    assert which(keys, lacked, key_set(keys)) is True
