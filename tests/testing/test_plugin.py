"""Guarantee: the fixture `layer` is the layer that the project's pytest configuration names."""

import subprocess
import sys
from pathlib import Path

from tests.testing.layers import counter

TEST = """
from cp_event_source.testing import event

def test_it(layer):
    layer.given(event("A")).then({"Count": 1, "Names": ["A"]})
"""


def run(folder: Path, *options: str) -> str:
    (folder / "test_it.py").write_text(TEST)
    (folder / "pytest.ini").write_text("[pytest]\n")
    arguments = ["-p", "no:cacheprovider", "-q", *options, "test_it.py"]
    done = subprocess.run([sys.executable, "-m", "pytest", *arguments], cwd=folder, capture_output=True, text=True)
    return done.stdout + done.stderr


def test_the_fixture_loads_the_folder_of_the_option(tmp_path: Path) -> None:
    counter(tmp_path / "my_layer")
    assert "1 passed" in run(tmp_path, "-o", "domain_logic_layer=my_layer")


def test_without_the_option_the_fixture_says_what_to_write(tmp_path: Path) -> None:
    output = run(tmp_path)
    assert "domain_logic_layer: must be the folder with domain_handler.py" in output
    assert 'domain_logic_layer = "my_layer"' in output


def test_the_plugin_imports_nothing_before_it_is_used() -> None:
    program = (
        "import sys, cp_event_source.testing.plugin; "
        "print([name for name in sys.modules if name.startswith('cp_event_source.handler')"
        " or name in {'pulumi', 'boto3', 'hypothesis'}])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
