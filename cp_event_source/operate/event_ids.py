"""Finds an EventId that several events of one domain object have, however far apart they are."""

import sqlite3
from typing import Final

_IN_MEMORY: Final = 10_000
"""The ids of one domain object that memory holds. More are on the disk."""


class EventIds:
    """The EventIds of one domain object's events. Close it: it may have a temporary file."""

    def __init__(self, *, in_memory: int = _IN_MEMORY) -> None:
        self._in_memory = in_memory
        self._keys: dict[str, str] = {}
        self._disk: sqlite3.Connection | None = None

    def first_with(self, event_id: str, key: str) -> str | None:
        """Add the next event. Returns the EventKey of the first event with its id; None if it is the first."""
        if self._disk is not None:
            if self._disk.execute("INSERT OR IGNORE INTO ids VALUES (?, ?)", (event_id, key)).rowcount:
                return None
            return str(self._disk.execute("SELECT event_key FROM ids WHERE id = ?", (event_id,)).fetchone()[0])
        first = self._keys.setdefault(event_id, key)
        if len(self._keys) > self._in_memory:
            self._to_disk()
        return None if first == key else first

    def close(self) -> None:
        """Remove the temporary file."""
        if self._disk is not None:
            self._disk.close()

    def _to_disk(self) -> None:
        # The empty name is SQLite's for a temporary file on the disk.
        self._disk = sqlite3.connect("", isolation_level=None)
        self._disk.execute("CREATE TABLE ids (id TEXT PRIMARY KEY, event_key TEXT) WITHOUT ROWID")
        self._disk.execute("BEGIN")
        self._disk.executemany("INSERT INTO ids VALUES (?, ?)", self._keys.items())
        self._keys = {}
