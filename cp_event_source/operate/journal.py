"""The state of long work in a file, so that it can be killed at any moment and continued."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final

from cp_event_source.deployed.errors import CommandError
from cp_event_source.handler.values.attribute_value import Item

_VERSION: Final = 1
_APPLICATION: Final = 0x63706573
"""What SQLite calls the application's id: it tells these files from other databases."""
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS cursors (segment INTEGER PRIMARY KEY, next_key TEXT);
CREATE TABLE IF NOT EXISTS objects (domain_id TEXT PRIMARY KEY, outcome TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS open_objects ON objects (domain_id) WHERE outcome IS NULL;
"""
_BATCH: Final = 500

DONE: Final = "done"
"""The outcome of an object that is done."""


class JournalError(CommandError):
    """The file is no journal of this work."""


class Journal:
    """A file (SQLite) with what a command has done and what is left. A context manager.

    Everything that a method writes is on the disk when it returns, so a command may be killed between any two calls.

    Args:
        file: the file; None for a temporary one. A missing file is made.
        work: what the journal belongs to, such as the command and the table. A file of other work is refused.

    Raises:
        JournalError: the file is something else, or it belongs to other work.
    """

    def __init__(self, file: Path | None, work: Mapping[str, str]) -> None:
        self.file = file
        self.is_removed = False
        # The empty name is SQLite's for a temporary file on the disk.
        self._database = sqlite3.connect(str(file) if file is not None else "", isolation_level=None, timeout=1)
        try:
            self._open(work)
        except BaseException:
            self._database.close()
            raise

    def _open(self, work: Mapping[str, str]) -> None:
        try:
            self._database.execute("PRAGMA locking_mode = EXCLUSIVE")
            ((application,),) = self._database.execute("PRAGMA application_id")
            is_empty = not self._database.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]
            if application != _APPLICATION and not is_empty:
                raise JournalError(f"{self.file}: must be a file that an interrupted command has left; got a database")
            self._database.execute(f"PRAGMA application_id = {_APPLICATION}")  # it writes, and so locks the file
            self._database.executescript(_SCHEMA)
            found = dict(self._database.execute("SELECT name, value FROM facts"))
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise JournalError(f"{self.file}: cannot be written: {error}") from error
            raise JournalError(f"{self.file}: another process works with it; wait until that has ended") from error
        except sqlite3.DatabaseError as error:
            raise JournalError(f"{self.file}: must be a file that an interrupted command has left; {error}") from error
        wanted = {"version": str(_VERSION), **work}
        for name, value in wanted.items():
            if found.get(name, value) != value:
                raise JournalError(f"{self.file}: belongs to other work: its {name} is {found[name]!r}; got {value!r}")
        self.note_all(wanted)

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self._database.close()

    def remove(self) -> None:
        """Close and delete the file: the work is done."""
        self._database.close()
        self.is_removed = True
        if self.file is not None:
            self.file.unlink(missing_ok=True)

    def note(self, name: str, value: str) -> None:
        """Keep a fact, over an earlier one of the name."""
        self._database.execute(
            "INSERT INTO facts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (name, value)
        )

    def note_all(self, facts: Mapping[str, str]) -> None:
        """Keep several facts, at once."""
        with self._transaction():
            for name, value in facts.items():
                self.note(name, value)

    def facts(self, prefix: str) -> list[tuple[str, str]]:
        """The facts whose names start with a text, in the order in which they were first noted."""
        return self._database.execute(
            "SELECT name, value FROM facts WHERE substr(name, 1, ?) = ? ORDER BY rowid", (len(prefix), prefix)
        ).fetchall()

    def counts(self, prefix: str) -> Counter[str]:
        """The facts whose names start with a text, as numbers, by the rest of their names."""
        return Counter({name.removeprefix(prefix): int(value) for name, value in self.facts(prefix)})

    def fact(self, name: str) -> str | None:
        """A fact; None if there is none."""
        row = self._database.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def processed(self, segment: int, next_key: Item | None, facts: Mapping[str, str] | None = None) -> None:
        """A page of a scan is processed: keep where the segment continues, and facts with it, at once."""
        with self._transaction():
            self._database.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?)", (segment, json.dumps(next_key)))
            for name, value in (facts or {}).items():
                self.note(name, value)

    @property
    def is_untouched(self) -> bool:
        """True if it has no object and no page of a scan."""
        return self.count() == 0 and not self.cursors()

    def scan_again(self, prefix: str) -> None:
        """Forget how far the scan got, and the facts whose names start with a text."""
        with self._transaction():
            self._database.execute("DELETE FROM cursors")
            self._database.execute("DELETE FROM facts WHERE substr(name, 1, ?) = ?", (len(prefix), prefix))

    def cursors(self) -> dict[int, Item | None]:
        """Where each segment continues, as `scan` takes it."""
        return {segment: json.loads(key) for segment, key in self._database.execute("SELECT * FROM cursors")}

    def add(self, domain_ids: Iterable[str]) -> None:
        """Add domain objects to the work. One that is there stays as it is."""
        with self._transaction():
            self._database.executemany(
                "INSERT OR IGNORE INTO objects VALUES (?, NULL)", ((domain_id,) for domain_id in domain_ids)
            )

    def finish(self, domain_id: str, outcome: str) -> None:
        """The work on a domain object is done; `outcome` is `done`, or why it failed."""
        self._database.execute("UPDATE objects SET outcome = ? WHERE domain_id = ?", (outcome, domain_id))

    def finish_all(self, outcomes: Mapping[str, str]) -> None:
        """`finish` for several domain objects, at once."""
        with self._transaction():
            for domain_id, outcome in outcomes.items():
                self.finish(domain_id, outcome)

    def reopen_failed(self) -> None:
        """Take the outcomes of objects that failed back, so that the work tries them again."""
        self._database.execute("UPDATE objects SET outcome = NULL WHERE outcome <> ?", (DONE,))

    def failed(self) -> Iterator[tuple[str, str]]:
        """The domain objects that failed, with the reasons, in the order of their ids."""
        yield from self._database.execute(
            "SELECT domain_id, outcome FROM objects WHERE outcome <> ? ORDER BY domain_id", (DONE,)
        )

    def open_objects(self) -> Iterator[str]:
        """The domain objects without an outcome, in the order of their ids. Objects may be finished meanwhile."""
        last = ""
        while True:
            rows = self._database.execute(
                "SELECT domain_id FROM objects WHERE outcome IS NULL AND domain_id > ? ORDER BY domain_id LIMIT ?",
                (last, _BATCH),
            ).fetchall()
            if not rows:
                return
            for (last,) in rows:
                yield last

    def objects(self) -> Iterator[tuple[str, str | None]]:
        """All domain objects with their outcomes."""
        yield from self._database.execute("SELECT domain_id, outcome FROM objects ORDER BY domain_id")

    def has(self, domain_id: str) -> bool:
        """True if a domain object is in the work."""
        return self._database.execute("SELECT 1 FROM objects WHERE domain_id = ?", (domain_id,)).fetchone() is not None

    def count(self, *, open_only: bool = False) -> int:
        """How many domain objects there are, or how many of them have no outcome."""
        where = " WHERE outcome IS NULL" if open_only else ""
        row: tuple[int] = self._database.execute(f"SELECT COUNT(*) FROM objects{where}").fetchone()  # noqa: S608
        return row[0]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        if self._database.in_transaction:  # an interruption came right after it had begun
            self._database.execute("ROLLBACK")
        self._database.execute("BEGIN")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise
