"""Guarantee: where `python3` is too old for the plugin, the user reads that, and not what broke first."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "cp_event_source"
MAIN = PLUGIN / "__main__.py"


@pytest.mark.parametrize("version", [(3, 7), (3, 9), (3, 10)], ids=str)
def test_an_older_python_can_read_what_says_that_it_is_too_old(version: tuple[int, int]) -> None:
    ast.parse(MAIN.read_text(), feature_version=version)


def test_an_older_python_ends_with_a_message_before_it_imports_the_package() -> None:
    code = (
        "import runpy, sys; sys.version_info = (3, 9, 18, 'final', 0);"
        f" sys.modules['cp_event_source'] = None; runpy.run_path({str(PLUGIN)!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    message = done.stderr.strip()
    assert message.startswith("cp-event-source needs Python 3.11 or newer; found 3.9 in ")
    assert "\n" not in message


def test_the_oldest_python_is_that_of_the_package() -> None:
    (oldest,) = re.findall(r"^PYTHON = \((.*)\)$", MAIN.read_text(), re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == f">={oldest.replace(', ', '.')}"
