"""Writes files into a new folder: all of them, or none."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path


class NotWritten(Exception):
    """The folder cannot be made, or is not empty. The message names it, and says what to do."""


def write_new(folder: Path, files: Mapping[str, str]) -> None:
    """Write files into a folder that does not exist yet or is empty. No file is overwritten.

    Args:
        folder: the folder; it and the folders above it are made if they do not exist.
        files: the text of each file, by its path in the folder.

    Raises:
        NotWritten: the folder has files, or something cannot be written. What was written is removed.
    """
    made: list[Path] = []
    try:
        _make_folder(folder, made)
        _must_be_empty(folder)
        for name, text in files.items():
            file = folder / name
            _make_folder(file.parent, made)
            with file.open("x", encoding="utf-8", newline="\n") as opened:
                made.append(file)
                opened.write(text)
    except BaseException as error:
        _remove(made)
        if isinstance(error, OSError):
            place = error.filename or folder
            raise NotWritten(f"{place}: cannot be written: {error.strerror}; name another folder") from error
        raise


def _must_be_empty(folder: Path) -> None:
    if any(folder.iterdir()):
        raise NotWritten(f"{folder}: must be a new or an empty folder; got one with files in it; name another one")


def _make_folder(folder: Path, made: list[Path]) -> None:
    """Make a folder and those above it. `made` gets those that did not exist."""
    if folder.is_dir():
        return
    if folder.exists():
        raise NotWritten(f"{folder}: must be a new or an empty folder; got a file; name another folder")
    _make_folder(folder.parent, made)
    folder.mkdir()
    made.append(folder)


def _remove(made: list[Path]) -> None:
    for path in reversed(made):
        with suppress(OSError):  # somebody else has put a file in, or has removed it
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink()
