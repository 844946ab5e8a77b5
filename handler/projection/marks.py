"""Marks: places in a domain's history up to which its row knows which events it holds.

With them a late event costs what lies behind it, not the whole history. Ages are counted in events behind the newest.
Thinned as here, marks lie so that the next mark behind an event of age d has an age of at most 2d + 2N, N being the
spacing; their number grows with the logarithm of the history's length (14 for 100,000 events at N = 100).
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
"""Of the encoded marks: the room that a row keeps for them. A mark takes about 30 bytes; only keys near their limit of
1 KB that differ at their ends fill it, and then the oldest marks go: that costs reads, nothing else."""

_NUMBERS = struct.Struct(f">Q{DIGEST_BYTES}sB")
_NO_SLOT = 0xFF
SLOTS = range(_NO_SLOT)
"""Where a domain's snapshots may lie: small numbers, used again, so that none is left behind."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The events that the row holds *before* a place in the order of keys."""

    key: str
    """The place: not an event's key itself, but as much of one as tells it from the event before."""
    applied: KeySet
    slot: int | None = None
    """Where the state of that moment is kept, if it is."""

    @property
    def count(self) -> int:
        return self.applied.count


START = Mark("", NO_KEYS)
"""Before the first event."""


@dataclass(frozen=True, slots=True)
class Marks:
    """A row's marks, as they are stored: most writes of a row neither read nor change them."""

    encoded: bytes = b""

    @classmethod
    def of(cls, marks: Iterable[Mark], max_bytes: int = MAX_BYTES) -> "Marks":
        """In the order of their keys; the newest of them that fit into so many bytes."""
        chosen = list(marks)
        while len(encoded := _encode(chosen)) > max_bytes:
            del chosen[0]
        return cls(encoded)

    def read(self) -> tuple[Mark, ...]:
        """Oldest first. None where they were spoilt by hand: they only save reads."""
        try:
            return tuple(_decode(self.encoded))
        except (zlib.error, struct.error, IndexError, TypeError, ValueError):
            return ()


def are_one_path(marks: Sequence[Mark]) -> bool:
    """True for marks such as one fold notes: each after the one before, with more events and a slot of its own."""
    slots = [mark.slot for mark in marks if mark.slot is not None]
    return len(set(slots)) == len(slots) and all(
        one.key < other.key and one.count < other.count for one, other in pairwise([START, *marks])
    )


def position_between(before: str, key: str) -> str:
    """The shortest text that lies after one key and not after a later one: a place between them.

    Keys of events seconds apart differ within their first twenty characters, so that a mark takes few bytes.
    """
    alike = next((i for i, (one, other) in enumerate(zip(before, key, strict=False)) if one != other), len(before))
    return key[: alike + 1]


NO_MARKS = Marks()


class _Counted(Protocol):
    @property
    def count(self) -> int: ...


_Any = TypeVar("_Any", bound=_Counted)


def thinned(marks: Sequence[_Any], head: int, spacing: int) -> tuple[_Any, ...]:
    """The marks to keep, the newest always.

    Args:
        marks: oldest first.
        head: the number of events in the row.
        spacing: N.
    """
    kept: list[_Any] = []
    for position in range(len(marks) - 1, -1, -1):
        mark = marks[position]
        if kept:
            age_of_older = head - (marks[position - 1].count if position else 0)
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
    # apart, since digests are random: among them the keys would hardly be compressed
    return bytes([len(marks)]) + numbers + zlib.compress(json.dumps([mark.key for mark in marks]).encode())


def _decode(encoded: bytes) -> Iterable[Mark]:
    if not encoded:
        return
    end = 1 + encoded[0] * _NUMBERS.size
    keys = json.loads(zlib.decompress(encoded[end:]))
    for key, (count, digest, slot) in zip(keys, _NUMBERS.iter_unpack(encoded[1:end]), strict=True):
        if not isinstance(key, str):
            raise TypeError("a mark's key is text")
        yield Mark(key, KeySet(count, int.from_bytes(digest, "big")), None if slot == _NO_SLOT else slot)
