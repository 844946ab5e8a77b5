"""Commands that stand in for those of a language, on a PATH of their own."""

import sys
import textwrap
from pathlib import Path

import pytest


def put_on_path(folder: Path, name: str, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An executable in Python, the only one on the PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!{sys.executable}\n" + textwrap.dedent(code))
    file.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
