"""Writes small Pulumi programs for the tests."""

import sys
import textwrap
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"


def write_program(folder: Path, code: str, *, name: str | None = None, extra: str = "") -> Path:
    """A Pulumi program in `folder`, which is also its project's name unless one is given."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Pulumi.yaml").write_text(f"name: {name or folder.name}\nruntime: python\n{extra}")
    (folder / "__main__.py").write_text(textwrap.dedent(code))
    return folder


def write_binary(folder: Path, code: str) -> Path:
    """A program in no language that the local run knows: an executable, with the test programs' own `sdk`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Pulumi.yaml").write_text(f"name: {folder.name}\nruntime:\n  name: go\n  options:\n    binary: program\n")
    lines = [f"#!{sys.executable}", "import sys", f"sys.path.insert(0, {str(PROGRAMS)!r})", "from sdk import *", ""]
    (folder / "program").write_text("\n".join(lines) + textwrap.dedent(code))
    (folder / "program").chmod(0o755)
    return folder
