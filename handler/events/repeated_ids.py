"""Detects an EventId that two neighbouring events have: probably one event, stored with two times."""

from collections import deque
from typing import Final

WINDOW: Final = 1000
"""The number of remembered events. A producer that retries with a new time does so within seconds or minutes, so its
position is near. Remembering a whole history would need memory that grows with the history."""


class RepeatedIds:
    """Remembers the EventIds of the last WINDOW events."""

    def __init__(self, *before: str) -> None:
        self._order = deque(before)
        self._known = set(before)

    def add(self, event_id: str) -> bool:
        """Remember the next event's id. True if one of the last events has the same id."""
        if event_id in self._known:
            return True
        self._known.add(event_id)
        self._order.append(event_id)
        if len(self._order) > WINDOW:
            self._known.discard(self._order.popleft())
        return False
