"""Limits how much of a table's capacity a command uses."""

import threading
from dataclasses import dataclass, field
from typing import Final

from cp_event_source.handler.values.clock import Clock

DEFAULT_UNITS_PER_SECOND: Final = 1000.0
"""A third of what one key may be read with, and a fortieth of a table's default quota of 40,000 units a second: live
traffic has the rest."""

_LOOK_EVERY_SECONDS: Final = 0.5


@dataclass
class Pace:
    """A cap on capacity units a second, shared by all threads of a command.

    A call's cost is known only after it, so each caller pays afterwards: it waits until the units that all calls have
    used are within the cap. Time that passes without a call is not saved up.
    """

    units_per_second: float
    clock: Clock
    used: float = 0.0
    """All units so far."""
    is_stopped: bool = False
    """Set it to True if the work ends early: nobody waits any more."""
    _paid_until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def spend(self, units: float) -> None:
        """Pay for a call: wait as long as the cap asks."""
        with self._lock:
            now = self.clock.monotonic()
            self.used += units
            self._paid_until = max(self._paid_until, now) + units / self.units_per_second
            wait = self._paid_until - now
        while wait > 0 and not self.is_stopped:
            self.clock.sleep(min(wait, _LOOK_EVERY_SECONDS))
            wait -= _LOOK_EVERY_SECONDS
