"""Go programs run by the user's go, or as the binary that Pulumi.yaml names."""

import json
from pathlib import Path

import pytest

from cp_event_source.local import LocalRun
from cp_event_source.local.errors import ProgramError
from tests.local.conftest import Announcements
from tests.local.runtimes.commands import put_on_path

GO = """
import json, os, sys
variables = {name: value for name, value in os.environ.items() if name.startswith("PULUMI_")}
print(json.dumps({"arguments": sys.argv[1:], "folder": os.getcwd(), "variables": variables}))
"""


def write(folder: Path, extra: str = "runtime: go") -> Path:
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(f"name: {folder.name}\n{extra}\n")
    return folder


def test_go_runs_the_programs_folder_with_the_variables_that_its_sdk_reads(
    run: LocalRun, tmp_path: Path, announcements: Announcements, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_on_path(tmp_path / "bin", "go", GO, monkeypatch)
    program = write(tmp_path / "going", "runtime: go\nmain: cmd")
    (program / "cmd").mkdir()

    run.deploy(program, {"key": "value"})

    found = json.loads(announcements[-1])
    variables = found["variables"]
    assert found["arguments"] == ["run", "."]
    assert found["folder"] == str(program / "cmd")
    assert variables.pop("PULUMI_MONITOR") == variables.pop("PULUMI_ENGINE")
    assert variables == {
        "PULUMI_ORGANIZATION": "organization",
        "PULUMI_PROJECT": "going",
        "PULUMI_STACK": "local",
        "PULUMI_ROOT_DIRECTORY": str(program),
        "PULUMI_PARALLEL": "16",
        "PULUMI_DRY_RUN": "false",
        "PULUMI_CONFIG": '{"going:key": "value"}',
    }


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("runtime: go", "runtime: go needs Go; got no go on the PATH; install it, or name a binary"),
        ("runtime: {name: go, options: {binary: gone}}", "options: binary: must be a file; got gone; build it first"),
        ("runtime: go\nmain: gone", "main: must be a folder of the program; got .*gone"),
    ],
)
def test_what_cannot_run_is_refused_with_what_to_do(
    run: LocalRun, tmp_path: Path, extra: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ProgramError, match=message):
        run.deploy(write(tmp_path / "lacking", extra))
