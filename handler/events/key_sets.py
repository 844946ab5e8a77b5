"""Arithmetic with sets of EventKeys: which keys one has and another lacks."""

from collections.abc import Sequence
from itertools import combinations
from math import comb
from typing import Final

from .key_set import DIGEST_BYTES, NO_KEYS, KeySet

_MAX_TRIES: Final = 200_000
"""The combinations of keys that are tried: some tenths of a second."""

_MODULUS: Final = 2 ** (8 * DIGEST_BYTES)


def united(one: KeySet, other: KeySet) -> KeySet:
    """Both sets, which have no key in common."""
    return KeySet(one.count + other.count, (one.digest + other.digest) % _MODULUS)


def lacking(whole: KeySet, part: KeySet) -> KeySet:
    """What a set has more than its part. If the count is negative, the other is no part of it."""
    return KeySet(whole.count - part.count, (whole.digest - part.digest) % _MODULUS)


def which(keys: Sequence[str] | None, lacked: KeySet, whole: KeySet) -> "list[str] | bool":
    """Which of some keys a set lacks.

    Args:
        keys: the keys, as a KeySet counts them; None if they are too many for memory.
        lacked: count and digest of what the set lacks.
        whole: count and digest of the keys.

    Returns:
        The keys; True if they can be of these keys, and it would take too long to say which; False if they are not.
    """
    if lacked == NO_KEYS:
        return []
    if not 0 < lacked.count <= whole.count:
        return False
    if lacked.count == whole.count:
        return lacked == whole and (list(keys) if keys is not None else True)
    if keys is None or comb(len(keys), lacked.count) > _MAX_TRIES:
        return True
    digests = [NO_KEYS.plus(key).digest for key in keys]
    for chosen in combinations(range(len(keys)), lacked.count):
        if sum(digests[each] for each in chosen) % _MODULUS == lacked.digest:
            return [keys[each] for each in chosen]
    return False
