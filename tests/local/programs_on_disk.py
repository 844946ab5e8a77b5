"""Writes small Pulumi programs for the tests."""

import textwrap
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"


def write_program(folder: Path, code: str, *, name: str | None = None, extra: str = "") -> Path:
    """A Pulumi program in `folder`, which is also its project's name unless one is given."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Pulumi.yaml").write_text(f"name: {name or folder.name}\nruntime: python\n{extra}")
    (folder / "__main__.py").write_text(textwrap.dedent(code))
    return folder
