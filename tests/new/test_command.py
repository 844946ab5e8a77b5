"""Guarantee: `cp-event-source new` writes a project or says why not. It needs neither Pulumi nor boto3 nor rich."""

import subprocess
import sys
from pathlib import Path

import pytest

from cp_event_source import cli

ROOT = Path(__file__).parents[2]

WITHOUT = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"pulumi", "pulumi_aws", "boto3", "botocore", "rich", "yaml", "pytest"}:
            raise ModuleNotFoundError(f"not to be imported: {name}", name=name)

sys.meta_path.insert(0, Missing())
from cp_event_source import cli
sys.exit(cli.main(sys.argv[1:]))
"""


def test_it_needs_only_the_package_itself(tmp_path: Path) -> None:
    arguments = ("new", str(tmp_path / "files"), "--domain", "File")
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "files" / "file_domain" / "domain_handler.py").is_file()


def test_it_says_what_it_wrote_and_what_to_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["new", str(tmp_path / "a b"), "--domain", "Order", "--event", "OrderPlaced", "--event", "Ä"]) == 0
    text = capsys.readouterr().out
    assert f"{tmp_path}/a b: the domain Order with OrderPlaced, Ä\n" in text
    for command in ("pytest", "cp-event-source check order_domain", "cp-event-source local . --events", "pulumi up"):
        assert f"\n  {command}" in text


def test_a_folder_whose_name_cannot_be_printed_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["new", f"{tmp_path}/\udcff", "--domain", "File"]) == 0
    assert "/\\udcff: the domain File" in capsys.readouterr().out
    assert (Path(f"{tmp_path}/\udcff") / "Pulumi.yaml").is_file()


def test_it_writes_into_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "my-files"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert cli.main(["new", ".", "--domain", "File"]) == 0
    assert 'name: "my-files"' in (folder / "Pulumi.yaml").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--domain", "3D"], "--domain: must begin with a letter"),
        (["--domain", "File", "--event", ""], "--event: EventName: must be a non-empty string"),
        (["--domain", "Fi\udc80le"], "--domain: must consist of ASCII letters"),
    ],
)
def test_bad_names_are_reported_and_nothing_is_written(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["new", str(tmp_path / "project"), *arguments]) == 1
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_second_project_in_the_same_folder_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["new", str(tmp_path / "project"), "--domain", "File"]) == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert cli.main(["new", str(tmp_path / "project"), "--domain", "Order"]) == 1
    assert "must be a new or an empty folder" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("arguments", [[], ["folder"], ["--domain", "File"]])
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["new", *arguments])
    assert ended.value.code == 2


def test_the_examples_in_the_help_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    examples = [line.split()[1:] for line in cli._NEW_EPILOG.splitlines() if line.startswith("  cp-event-source")]
    assert [cli.main(example) for example in examples] == [0, 0]
