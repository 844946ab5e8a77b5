"""Finds where in a layer's code an error was raised."""

import linecache
import traceback
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the layer's code."""

    file: str
    """As the reader can open it: relative to the current folder if it is in there."""
    line: int
    function: str
    source: str
    """The line itself, without indentation."""

    def __str__(self) -> str:
        inside = f", in {self.function}" if self.function else ""
        return f"{self.file}:{self.line}{inside}"


def places_of(error: BaseException, folder: Path) -> list[Place]:
    """The lines of the folder's code that led to an error, the innermost last."""
    found: list[Place] = []
    linecache.checkcache()
    for frame in traceback.extract_tb(error.__traceback__):
        if Path(frame.filename).is_relative_to(folder):
            name = "" if frame.name == "<module>" else frame.name
            found.append(Place(shown_path(Path(frame.filename)), frame.lineno or 0, name, (frame.line or "").strip()))
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).is_relative_to(folder):
        found.append(Place(shown_path(Path(error.filename)), error.lineno or 0, "", (error.text or "").strip()))
    return found


def place_at(text: str, folder: Path) -> Place | None:
    """The place that a failure names, as `domain_handler.py:42`; None if it names none."""
    file, _, line = text.rpartition(":")
    path = folder / file
    if not file or not path.is_file():
        return None
    return Place(shown_path(path), int(line), "", linecache.getline(str(path), int(line)).strip())


def shown_path(path: Path) -> str:
    """The path as the reader can open it."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
