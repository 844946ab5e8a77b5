"""Represents sets and spans of EventKeys."""

from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class KeySet:
    """A set of EventKeys, represented by its size and a digest that does not depend on order.

    If one set is known to be a subset of another, equal sizes mean equal sets. The digest also detects errors, such as
    a store that lost events. It is the sum of the keys' SHA-256 values, modulo 2^128.

    An erased event counts under its `erased_key`. So the set shows whether a state was folded from the event or from
    its tombstone.
    """

    count: int = 0
    digest: int = 0

    def plus(self, *keys: str) -> "KeySet":
        """The set with further keys."""
        digest = self.digest
        for key in keys:
            digest += int.from_bytes(sha256(key.encode("utf-8", "surrogatepass")).digest()[:DIGEST_BYTES], "big")
        return KeySet(self.count + len(keys), digest % 2 ** (8 * DIGEST_BYTES))


NO_KEYS = KeySet()


_ERASED = "\ud800"


def erased_key(key: str) -> str:
    """The key that an erased event counts as. No event has it, since no stored text has a lone surrogate."""
    return f"{_ERASED}{key}"


def is_erased_key(counted: str) -> bool:
    """True if a counted key is that of an erased event."""
    return counted.startswith(_ERASED)


def key_of(counted: str) -> str:
    """The EventKey of a counted key."""
    return counted.removeprefix(_ERASED)


class Span(NamedTuple):
    """A range of EventKeys. A position is any text in their order; it need not be the key of an event."""

    start: str = ""
    """A position: lower keys are not in the span."""
    after: str | None = None
    """A key: neither it nor lower keys are in the span. It excludes `start`."""
    before: str | None = None
    """A position: neither it nor higher keys are in the span."""
    up_to: str | None = None
    """A key: higher keys are not in the span. It excludes `before`."""
