"""The files of a folder that make the layer."""

import os
from pathlib import Path
from typing import Final

_TOP_LEVEL_TESTS: Final = ("tests", "test", "conftest.py")


def layer_files(source_dir: Path) -> dict[str, Path]:
    """The layer's files: path in the archive to file, sorted, so that equal folders make equal archives.

    Tests are left out at the top only: a package may import its own `tests`.
    """
    files: dict[str, Path] = {}
    for parent, folders, names in os.walk(source_dir):
        folder = Path(parent)
        top = folder == source_dir
        folders[:] = [each for each in folders if _belongs(folder / each, top=top)]
        for name in names:
            path = folder / name
            if _belongs(path, top=top) and path.is_file():
                files[f"python/{path.relative_to(source_dir).as_posix()}"] = path
    return dict(sorted(files.items()))


def _belongs(path: Path, *, top: bool) -> bool:
    name = path.name
    if name.startswith(".") or name == "__pycache__" or path.suffix in {".pyc", ".pyo"}:
        return False
    if (path / "pyvenv.cfg").exists():  # a virtual environment
        return False
    return not (top and (name in _TOP_LEVEL_TESTS or (name.startswith("test_") and path.suffix == ".py")))
