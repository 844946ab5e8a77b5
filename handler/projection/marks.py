"""Represents marks: positions in a domain object's history for which its row knows which events it holds before them.

With marks, a late event makes the pipeline read the events after it, not the whole history. The age of an event is the
number of newer events. The nearest mark before an event of age d has an age of at most 2d + 2N, where N is the spacing.
The number of marks grows with the logarithm of the history's length: 14 marks for 100,000 events at N = 100.
"""

import json
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol, TypeVar

from ..events.key_set import DIGEST_BYTES, NO_KEYS, KeySet

MAX_BYTES = 8 * 1024
"""The maximum bytes of a row's encoded marks. A mark takes about 30 bytes. Only keys near their limit of 1 KB that
differ at their ends can exceed this limit. Then the oldest marks are dropped, which costs only reads."""

_NUMBERS = struct.Struct(f">Q{DIGEST_BYTES}sB")
_NO_SLOT = 0xFF
SLOTS = range(_NO_SLOT)
"""The slots of a domain object's snapshots. They are reused, so that no old snapshot stays in the table."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The set of events that the row holds before a position in the order of keys."""

    key: str
    """The position: the shortest prefix of an event's key that is greater than the key of the event before it."""
    applied: KeySet
    slot: int | None = None
    """The slot of the snapshot of the state at this position; None if there is no snapshot."""

    @property
    def count(self) -> int:
        return self.applied.count


START = Mark("", NO_KEYS)
"""The mark before the first event."""


@dataclass(frozen=True, slots=True)
class Marks:
    """A row's marks in their stored form. Most writes of a row neither read nor change them."""

    encoded: bytes = b""

    @classmethod
    def of(cls, marks: Iterable[Mark], max_bytes: int = MAX_BYTES) -> "Marks":
        """Encode the newest of the marks that fit into `max_bytes`. The marks must be in the order of their keys."""
        chosen = list(marks)
        while len(encoded := _encode(chosen)) > max_bytes:
            del chosen[0]
        return cls(encoded)

    def read(self) -> tuple[Mark, ...]:
        """The marks, oldest first; empty if a manual edit made them invalid, since they only save reads."""
        try:
            return tuple(_decode(self.encoded))
        except (zlib.error, struct.error, IndexError, TypeError, ValueError):
            return ()


def are_one_path(marks: Sequence[Mark]) -> bool:
    """True if one fold can have noted the marks: key and count increase, and no two marks have the same slot."""
    slots = [mark.slot for mark in marks if mark.slot is not None]
    return len(set(slots)) == len(slots) and all(
        one.key < other.key and one.count < other.count for one, other in pairwise([START, *marks])
    )


def position_between(before: str, key: str) -> str:
    """The shortest position that is greater than `before` and at most `key`.

    The keys of events that are seconds apart differ within their first twenty characters. So a mark takes few bytes.
    """
    common = next((i for i, (one, other) in enumerate(zip(before, key, strict=False)) if one != other), len(before))
    return key[: common + 1]


NO_MARKS = Marks()


class _Counted(Protocol):
    @property
    def count(self) -> int: ...


_Item = TypeVar("_Item", bound=_Counted)


def thinned(marks: Sequence[_Item], head: int, spacing: int) -> tuple[_Item, ...]:
    """The marks to keep, which always include the newest.

    Args:
        marks: oldest first.
        head: the number of events in the row.
        spacing: N, the number of events between two new marks.
    """
    kept: list[_Item] = []
    for index in range(len(marks) - 1, -1, -1):
        mark = marks[index]
        if kept:
            age_of_older = head - (marks[index - 1].count if index else 0)
            age_of_newer = head - kept[-1].count
            if age_of_older <= 2 * age_of_newer + 2 * spacing:
                continue
        kept.append(mark)
    return tuple(reversed(kept))


def _encode(marks: Sequence[Mark]) -> bytes:
    if not marks:
        return b""
    numbers = b"".join(
        _NUMBERS.pack(
            mark.count,
            mark.applied.digest.to_bytes(DIGEST_BYTES, "big"),
            _NO_SLOT if mark.slot is None else mark.slot,
        )
        for mark in marks
    )
    # the keys are apart from the digests, which are random: between them the keys would hardly be compressed
    return bytes([len(marks)]) + numbers + zlib.compress(json.dumps([mark.key for mark in marks]).encode())


def _decode(encoded: bytes) -> Iterable[Mark]:
    if not encoded:
        return
    end = 1 + encoded[0] * _NUMBERS.size
    keys = json.loads(zlib.decompress(encoded[end:]))
    for key, (count, digest, slot) in zip(keys, _NUMBERS.iter_unpack(encoded[1:end]), strict=True):
        if not isinstance(key, str):
            raise TypeError("a mark's key must be text")
        yield Mark(key, KeySet(count, int.from_bytes(digest, "big")), None if slot == _NO_SLOT else slot)
