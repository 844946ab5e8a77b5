"""Writes crash probes into rows: notes that show which events crash a process.

The pipeline can catch an exception, but not the end of its process: out of memory, a hang in C code, an exit. Lambda
delivers such an event again, alone in its batch and long after it was stored. Before a process retries such an event,
it writes a note into the row, with the time when the process must have ended. After the retry it removes the note,
whatever the result, unless it crashes.

A note that is still there does not prove a crash, because another process may still be working on the event. The
pipeline counts a crash once that process must have ended. Each event has its own count, since several events of an
object may be in delivery.
"""

from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

from ..domain.state import INITIAL_STATE, DomainState
from ..events.stored_event import StoredEvent
from ..values.clock import Clock
from .notes import MAX_INVOCATION_SECONDS, CrashProbe, is_pending, is_plausible
from .rows import MAX_CRASH_PROBES, DomainRow

STREAM_RETENTION_SECONDS: Final = 24 * 3600
"""The time that DynamoDB Streams keeps a record."""

MAX_CRASHES: Final = 2
"""After this many crashes at an event, no process of the same logic version retries it."""


class CrashProbes(NamedTuple):
    """The probes of one process with one version of the domain logic. Reads and writes nothing."""

    version: str
    process: str
    """A random token of the process."""
    clock: Clock

    def noted(self, event: StoredEvent, row: DomainRow | None) -> DomainRow | None:
        """The row with this process's note; None if it must not write one.

        It writes no note if another process may still be working on the event, if the event must not be retried, or if
        the row has notes about MAX_CRASH_PROBES other events.
        """
        until = self.clock.text(later_by=MAX_INVOCATION_SECONDS)
        if row is None or not row.readable:
            probe = CrashProbe(event.key, self.version, self.process, until, crashes=0)
            return DomainRow(event.domain_id, INITIAL_STATE, self.version, probes=(probe,))
        before = self._probe(row, event)
        if before is not None and before.process != self.process and is_pending(before.until, self.clock):
            return None
        crashes = self._crashes(before) if before is not None else 0
        if crashes >= MAX_CRASHES:
            return None
        others = tuple(each for each in row.probes if not self._is_about(each, event))
        if len(others) >= MAX_CRASH_PROBES:
            others = tuple(each for each in others if each.logic_version == self.version)
        if len(others) >= MAX_CRASH_PROBES:
            return None
        return row.followed_by(probes=(*others, CrashProbe(event.key, self.version, self.process, until, crashes)))

    def withdrawn(self, event: StoredEvent, row: DomainRow) -> DomainRow | None:
        """The row without this process's note about an event; None if it has no such note."""
        left = tuple(each for each in row.probes if (each.event_key, each.process) != (event.key, self.process))
        return row.followed_by(probes=left) if len(left) < len(row.probes) else None

    def has_crashed_enough(self, event: StoredEvent, row: DomainRow) -> bool:
        """True if MAX_CRASHES processes crashed at an event, so that this version must not retry it."""
        probe = self._probe(row, event)
        return probe is not None and self._crashes(probe) >= MAX_CRASHES

    def without(self, probes: tuple[CrashProbe, ...], keys: AbstractSet[str]) -> tuple[CrashProbe, ...]:
        """The notes that remain once the events with these keys have a result.

        It also drops notes that are older than the stream's records, since the stream does not deliver their events
        again.
        """
        oldest = self.clock.text(later_by=-STREAM_RETENTION_SECONDS)
        return tuple(
            probe
            for probe in probes
            if probe.event_key not in keys and probe.until >= oldest and is_plausible(probe.until, self.clock)
        )

    def _probe(self, row: DomainRow, event: StoredEvent) -> CrashProbe | None:
        found = (each for each in row.probes if self._is_about(each, event))
        return next((each for each in found if is_plausible(each.until, self.clock)), None)

    def _is_about(self, probe: CrashProbe, event: StoredEvent) -> bool:
        return (probe.event_key, probe.logic_version) == (event.key, self.version)

    def _crashes(self, probe: CrashProbe) -> int:
        """The certain crashes. The probe's process counts as crashed once it must have ended, unless it is this one."""
        return probe.crashes + (probe.process != self.process and not is_pending(probe.until, self.clock))


def remaining_probes(probes: tuple[CrashProbe, ...], position: str, state: DomainState) -> tuple[CrashProbe, ...]:
    """The notes that remain once all stored events from a position on are folded into a state."""
    last = state.checkpoint or ""
    return tuple(probe for probe in probes if not position <= probe.event_key <= last)
