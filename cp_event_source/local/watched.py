"""Notices changed files by looking at their times.

A run has some dozens of files to look at, which takes a millisecond. A library that is notified by the system would be
one more dependency with a compiled part, and is not notified in containers and on network drives.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

Stamp = tuple[int, int, int]

PROGRAM_FILES: Final = (".py", ".yaml", ".yml", ".ts", ".mts", ".js", ".mjs", ".cjs", ".go")
_NO_SOURCES: Final = ("__pycache__", "node_modules")


class Watched:
    """Files that may change. `changes` is called again and again.

    Args:
        files: called at each look, since files come and go.
        since: when somebody read them, in POSIX seconds: what was written after that is a change.
    """

    def __init__(self, files: Callable[[], Iterable[Path]], since: float) -> None:
        self._files = files
        self._last = self._look()
        self._known = {path: stamp for path, stamp in self._last.items() if stamp[0] < since * 1e9}

    def changes(self) -> set[Path]:
        """The files that were changed, made or removed since they were last returned; none while one still changes."""
        now = self._look()
        settled = now == self._last
        self._last = now
        if not settled or now == self._known:
            return set()
        before, self._known = self._known, now
        return {path for path in {*before, *now} if before.get(path) != now.get(path)}

    def _look(self) -> dict[Path, Stamp]:
        stamps = {}
        for path in self._files():
            try:
                status = path.stat()
            except OSError:  # removed since it was listed
                continue
            stamps[path] = (status.st_mtime_ns, status.st_size, status.st_ino)
        return stamps


def program_files(root: Path, apart_from: Iterable[Path]) -> Iterator[Path]:
    """The source files of a program's folder, without hidden folders and virtual environments.

    Args:
        root: the folder.
        apart_from: folders in it that have other rules.
    """
    others = set(apart_from)
    for parent, folders, names in os.walk(root):
        folder = Path(parent)
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".")
            and name not in _NO_SOURCES
            and folder / name not in others
            and not (folder / name / "pyvenv.cfg").exists()
        ]
        yield from (folder / name for name in names if name.endswith(PROGRAM_FILES))
