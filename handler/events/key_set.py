"""Sets and spans of EventKeys."""

from dataclasses import dataclass
from hashlib import sha256

DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class KeySet:
    """A set of EventKeys by its size and a digest that no order can change.

    Where one set is known to be a subset of the other, an equal size alone means equal sets; the digest also finds
    what must not happen, such as a store that lost events. It is the sum of the keys' SHA-256 values, modulo 2^128.

    An erased event counts under its `erased_key`: what was folded from the event itself is so told from what was folded
    from what is left of it.
    """

    count: int = 0
    digest: int = 0

    def plus(self, key: str) -> "KeySet":
        added = int.from_bytes(sha256(key.encode("utf-8", "surrogatepass")).digest()[:DIGEST_BYTES], "big")
        return KeySet(self.count + 1, (self.digest + added) % 2 ** (8 * DIGEST_BYTES))


NO_KEYS = KeySet()


_ERASED = "\ud800"


def erased_key(key: str) -> str:
    """What an erased event counts as: no event's key, since no stored text has a lone surrogate."""
    return f"{_ERASED}{key}"


def is_erased_key(counted: str) -> bool:
    """True for what an erased event counts as."""
    return counted.startswith(_ERASED)


def key_of(counted: str) -> str:
    """The EventKey of what an event counts as."""
    return counted.removeprefix(_ERASED)


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the order of keys. A place is any text in that order; it need not be the key of an event."""

    start: str = ""
    """A place: the first key that may be in the span."""
    after: str | None = None
    """A key: all keys up to and including it are not. With it `start` is left alone."""
    before: str | None = None
    """A place: no key from it on is in the span."""
    up_to: str | None = None
    """A key: none after it is in the span. Not together with `before`."""
