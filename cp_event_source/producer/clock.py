"""The time at which an event is made, and an id that contains it: both increase strictly within a process."""

import secrets
import threading
import time
from datetime import UTC, datetime
from typing import Final

_NANOSECONDS: Final = 1_000_000_000
_NANOSECONDS_OF_A_MILLISECOND: Final = 1_000_000
_LOW_COUNTER_BITS: Final = 8
_RANDOM_BITS: Final = 54

_lock = threading.Lock()
_last = 0


def next_nanosecond() -> int:
    """Nanoseconds since 1970-01-01T00:00:00Z: now, but at least one more than in the last call.

    So the events of a process are folded in the order in which it made them, in whichever thread. This holds for a
    clock with coarse steps, too, and for a clock that was set back: then the times follow the last one until the clock
    has caught up.
    """
    global _last  # one order for the whole process
    with _lock:
        _last = max(time.time_ns(), _last + 1)
        return _last


def event_time(nanosecond: int) -> str:
    """The instant in UTC, `2026-11-23T08:30:00.123456789Z`."""
    second, fraction = divmod(nanosecond, _NANOSECONDS)
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}.{fraction:09}Z"


def uuid7(nanosecond: int) -> str:
    """A UUID of version 7 (RFC 9562, 5.7): UUIDs in the order of their bytes or texts are in the order of time.

    After the millisecond it has the 20 bits of the nanosecond within it, as a counter (RFC 9562, 6.2, method 1), and 54
    random bits.
    """
    millisecond, counter = divmod(nanosecond, _NANOSECONDS_OF_A_MILLISECOND)
    high, low = divmod(counter, 1 << _LOW_COUNTER_BITS)  # the variant is between the two
    digits = (
        f"{millisecond:012x}{0x7000 | high:04x}{0b10 << 62 | low << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS):016x}"
    )
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
