"""Guarantee: `cp-event-source check FOLDER` prints all that the check finds, by place. Its exit code says whether the
layer can be deployed. It needs neither Pulumi nor boto3."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cp_event_source import cli

from .layers import domain_handler, write

BROKEN = {"domain_handler.py": domain_handler(head="import semver", apply="print(payload)"), "queue.py": "x = = 1\n"}


def test_findings_are_printed_by_place_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, dict(BROKEN))
    assert cli.main(["check", str(tmp_path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    places = [line.split(": ")[:2] for line in lines[:-1]]
    assert places == [
        ["error", "domain_handler.py:1"],
        ["warning", "domain_handler.py:7"],
        ["error", "queue.py"],
        ["error", "queue.py:1"],
    ]
    assert lines[-1] == "3 errors, 1 warning"


def test_the_same_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, dict(BROKEN))
    assert cli.main(["check", "--json", str(tmp_path)]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [(each["level"], each["file"], each["line"]) for each in found] == [
        ("error", "domain_handler.py", 1),
        ("warning", "domain_handler.py", 7),
        ("error", "queue.py", None),
        ("error", "queue.py", 1),
    ]
    assert found[0]["message"].startswith("imports semver, ")


def test_warnings_alone_are_no_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, {"domain_handler.py": domain_handler(apply="print(payload)")})
    assert cli.main(["check", str(tmp_path)]) == 0
    assert capsys.readouterr().out.endswith("0 errors, 1 warning\n")


def test_a_folder_that_is_missing_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", str(tmp_path / "absent")]) == 1
    assert capsys.readouterr().out.endswith("give the folder that holds domain_handler.py\n1 error, 0 warnings\n")


def test_without_a_folder_the_usage_is_wrong() -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["check"])
    assert stopped.value.code == 2


def test_it_imports_neither_pulumi_nor_boto3_nor_rich(tmp_path: Path) -> None:
    write(tmp_path, {"domain_handler.py": domain_handler()})
    code = (
        "import sys\nfrom cp_event_source import cli\n"
        f"assert cli.main(['check', {str(tmp_path)!r}]) == 0\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'pulumi', 'boto3', 'botocore', 'rich'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
