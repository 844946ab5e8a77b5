"""Events that crash the process: found by notes that the processes leave in the row before they try.

An exception can be caught; the end of the process cannot (out of memory, a hang in C, an exit). But such an event comes
back, alone in its batch and long after it was stored. Before it is tried then, the process notes in the row who tries
it and when it will have ended. Whatever becomes of the try, but for the end of the process, takes the note back.

Silence alone is no crash: another process may still be at work on the same event. A crash is counted once the process
must have ended, and of each event by itself, since several events of an object may be in delivery at a time.
"""

from typing import Final

from ..events.stored_event import StoredEvent
from .notes import MAX_INVOCATION_SECONDS, CrashProbe, now_text
from .rows import MAX_CRASH_PROBES, NOTHING, DomainRow, DomainState

STREAM_RETENTION_SECONDS: Final = 24 * 3600
"""Of DynamoDB Streams."""

MAX_CRASHES: Final = 2
"""Processes that crashed at one event, after which it is not tried again."""


def has_crashed_enough(row: DomainRow | None, event: StoredEvent, *, version: str, process: str) -> bool:
    """True if an event is not to be tried again by this version of the logic, by what the row says."""
    probe = _probe(row, event, version)
    return probe is not None and _crashes(probe, process) >= MAX_CRASHES


def noted(row: DomainRow | None, event: StoredEvent, *, version: str, process: str) -> DomainRow | None:
    """The row with a note that this process tries an event; None where no note is to be written.

    None is while another process may still be at work on the event, when it is not to be tried, and where the row has
    notes of as many other events as it keeps.
    """
    probe = _probe(row, event, version)
    if probe is not None and probe.process != process and probe.until >= now_text():
        return None
    crashes = _crashes(probe, process) if probe is not None else 0
    if crashes >= MAX_CRASHES:
        return None
    until = now_text(later_by=MAX_INVOCATION_SECONDS)
    mine = CrashProbe(event.key, version, process, until, crashes)
    if row is None or not row.readable:
        return DomainRow(event.domain_id, NOTHING, version, probes=(mine,))
    others = tuple(each for each in row.probes if each is not probe)
    if len(others) >= MAX_CRASH_PROBES:
        others = tuple(each for each in others if each.logic_version == version)
    if len(others) >= MAX_CRASH_PROBES:
        return None
    return row.followed_by(probes=(*others, mine))


def taken_back(row: DomainRow | None, event: StoredEvent, *, process: str) -> DomainRow | None:
    """The row without this process's note of an event; None where it has none."""
    if row is None:
        return None
    left = tuple(each for each in row.probes if (each.event_key, each.process) != (event.key, process))
    return row.followed_by(probes=left) if len(left) < len(row.probes) else None


def without(probes: tuple[CrashProbe, ...], keys: set[str]) -> tuple[CrashProbe, ...]:
    """What is left of an object's notes when these events were dealt with.

    A note that is older than the stream keeps events is left out too: its event does not come back.
    """
    oldest = now_text(later_by=-STREAM_RETENTION_SECONDS)
    return tuple(probe for probe in probes if probe.event_key not in keys and probe.until >= oldest)


def outside(probes: tuple[CrashProbe, ...], position: str, state: DomainState) -> tuple[CrashProbe, ...]:
    """What is left of them when all that the store has from a position on was folded into a state."""
    last = state.checkpoint or ""
    return tuple(probe for probe in probes if not position <= probe.event_key <= last)


def _probe(row: DomainRow | None, event: StoredEvent, version: str) -> CrashProbe | None:
    probes = row.probes if row is not None and row.readable else ()
    return next((each for each in probes if (each.event_key, each.logic_version) == (event.key, version)), None)


def _crashes(probe: CrashProbe, process: str) -> int:
    """As far as they are certain: one's own process is alive, and another may be until its time is over."""
    return probe.crashes + (probe.process != process and probe.until < now_text())
