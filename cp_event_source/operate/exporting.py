"""Writes messages to a file, so that they may be deleted."""

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from cp_event_source.deployed.errors import CommandError, UsageError
from cp_event_source.handler.values import exact_json
from cp_event_source.operate.letters import Letter


class Export:
    """A new file with one JSON object a line for each message. Only its owner may read it. A context manager.

    Raises:
        CommandError: the file exists, or cannot be written.
    """

    def __init__(self, file: Path) -> None:
        self.count = 0
        self._file = file

    def __enter__(self) -> "Export":
        try:
            self._open = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            _sync_folder(self._file)
        except FileExistsError as error:
            raise UsageError(f"--export: {self._file}: must be a new file; found one; give another name") from error
        except OSError as error:
            raise CommandError(f"--export: {self._file}: cannot be written: {error.strerror}") from error
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None
    ) -> None:
        os.close(self._open)
        if self.count == 0:
            self._file.unlink()

    def write(self, letters: Sequence[Letter]) -> None:
        """Write messages. They are on the disk when this returns."""
        lines = "".join(f"{exact_json.dumps(letter.description(payload=True))}\n" for letter in letters).encode()
        try:
            while lines:
                lines = lines[os.write(self._open, lines) :]
            os.fsync(self._open)
        except OSError as error:
            raise CommandError(f"--export: {self._file}: cannot be written: {error.strerror}") from error
        self.count += len(letters)


def _sync_folder(file: Path) -> None:
    """A new file is lost with a power failure if its folder is not on the disk."""
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
