"""Finds an EventId that comes again among neighbouring events: one event stored under two times."""

from collections import deque
from typing import Final

WINDOW: Final = 1000
"""Events that are remembered. A producer's retry that takes a new time comes seconds or minutes later, so that its
place is near; to remember a whole history would take memory that grows with it."""


class RepeatedIds:
    """The ids of the last events."""

    def __init__(self, *before: str) -> None:
        self._order = deque(before)
        self._known = set(before)

    def add(self, event_id: str) -> bool:
        """Note the next event's id; True if one of the last events has it too."""
        if event_id in self._known:
            return True
        self._known.add(event_id)
        self._order.append(event_id)
        if len(self._order) > WINDOW:
            self._known.discard(self._order.popleft())
        return False
