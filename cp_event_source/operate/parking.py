"""The note of a parked row, as people and programs see it."""

from typing import Any

from cp_event_source.handler.projection.notes import Parked


def described_parking(parked: Parked, *, reason: bool) -> dict[str, Any]:
    """The note for a document.

    Args:
        parked: the note.
        reason: whether to include the text of the error, which may hold values of the payload.
    """
    description = {
        "cause": parked.cause.value,
        "error": parked.error,
        "phase": parked.phase,
        "place": parked.place,
        "since": parked.since,
        "event_name": parked.event_name,
        "event_id": parked.event_id,
        "event_key": parked.event_key,
        "logic_version": parked.logic_version,
    }
    return {**description, "reason": parked.reason} if reason else description


def where(phase: str, place: str) -> str:
    """Where the logic failed, as far as it is known: `apply, domain_handler.py:62`."""
    return ", ".join(filter(None, (phase, place)))
