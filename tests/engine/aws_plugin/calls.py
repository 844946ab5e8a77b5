"""The record of what the engine asked of the plugin, for tests to read."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Call:
    """One call about one resource."""

    method: str
    type: str
    name: str
    preview: bool = False
    changed: list[str] = field(default_factory=list)
    """Of Diff: the inputs that differ."""
    replaces: list[str] = field(default_factory=list)
    """Of Diff: those of them that replace the resource."""


class Calls:
    """A file of calls, one a line. Several plugins of one run append to it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, call: Call) -> None:
        line = (json.dumps(asdict(call)) + "\n").encode()
        # One write to a file opened for appending is whole, whoever else writes.
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)

    def take(self) -> list[Call]:
        """The calls since the last time."""
        lines = self._path.read_text().splitlines() if self._path.exists() else []
        self._path.unlink(missing_ok=True)
        return [Call(**json.loads(line)) for line in lines]
