"""Guarantee: what `make quick` leaves out exists, so that nothing slow comes back under a new name."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAKEFILE = (ROOT / "Makefile").read_text()
LEFT_OUT = MAKEFILE.partition("\nSLOW := ")[2].partition("\n\n")[0].replace("\\\n", " ").split()


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_is_left_out_exists(name: str) -> None:
    path, *names = name.split("::")
    assert (ROOT / path).exists()
    for each in names:
        assert re.search(rf"^ *(class|def) {each}", (ROOT / path).read_text(), re.MULTILINE)


def test_the_help_names_the_folders() -> None:
    (line,) = (line for line in MAKEFILE.splitlines() if line.startswith("quick: "))
    folders = [name.removeprefix("tests/") for name in LEFT_OUT if "." not in name]
    assert f"not {', '.join(folders)}" in line
