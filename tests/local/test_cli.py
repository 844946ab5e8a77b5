"""The command: its usage, its messages, its exit codes."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cp_event_source import cli
from cp_event_source.resources import code_archive
from cp_event_source.version import VERSION
from tests.local.programs_on_disk import write_program

REPOSITORY = Path(__file__).parents[2]


def test_help_says_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["local", "--help"])

    text = capsys.readouterr().out
    assert ended.value.code == 0
    options = ("--events", "--keep", "--watch", "--json", "--strict", "--verify", "--config", "--patience")
    for word in ("PROGRAM_DIR", *options, "exit codes"):
        assert word in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "COMMAND"),
        (["local"], "PROGRAM_DIR"),
        (["package"], "FILE.zip"),
        (["compliance", "File"], "unrecognized arguments: File"),
        (["local", ".", "--config", "novalue"], "must be KEY=VALUE; got 'novalue'"),
        (["local", ".", "--json", "--watch"], "argument --watch: not allowed with argument --json"),
        (["local", ".", "--patience", "0"], "must be a number of seconds above 0; got '0'"),
        (["local", ".", "--patience", "nan"], "must be a number of seconds above 0; got 'nan'"),
    ],
)
def test_wrong_usage_is_reported_and_is_exit_code_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)

    assert ended.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("module", ["boto3", "rich"])
def test_without_the_extra_it_says_how_to_install_it(
    module: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith(("cp_event_source.local", f"{module}."))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)

    assert cli.main(["local", "."]) == 1

    assert "pip install 'cp-event-source[local]'" in capsys.readouterr().err


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert (ended.value.code, capsys.readouterr().out) == (0, f"cp-event-source {VERSION}\n")


def test_events_that_cannot_be_read_are_reported_before_anything_is_started(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["local", str(tmp_path), "--events", str(tmp_path / "gone.json")]) == 1

    text = capsys.readouterr().out
    assert "gone.json: cannot be read" in text
    assert "Emulator ready" not in text


def test_a_failing_program_is_reported_and_is_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = write_program(tmp_path / "unknown", "import pulumi_aws as aws; aws.s3.Bucket('files')")

    assert cli.main(["local", str(program)]) == 1

    assert "aws:s3/bucket:Bucket 'files': a local run does not know this resource type" in capsys.readouterr().out


def test_with_json_an_error_is_a_document_on_the_standard_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["local", str(tmp_path), "--json", "--events", str(tmp_path / "gone.json")]) == 1

    printed = capsys.readouterr()
    (error,) = json.loads(printed.out)["errors"]
    assert "gone.json: cannot be read" in error
    assert error in printed.err


def test_events_without_a_pipeline_are_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = write_program(tmp_path / "empty", "")
    (tmp_path / "events.json").write_text("[{}]")

    assert cli.main(["local", str(program), "--events", str(tmp_path / "events.json")]) == 1

    assert "a program must deploy a CpEventSource to send events to; got none" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "title", "page"),
    [("compliance", f"# Compliance of cp-event-source {VERSION}", "compliance"), ("costs", None, "costs")],
)
def test_a_page_is_printed_as_it_is_in_the_docs(
    command: str, title: str | None, page: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([command]) == 0

    head, *printed = capsys.readouterr().out.splitlines()
    usual, *written = (REPOSITORY / "docs" / f"{page}.md").read_text().splitlines()
    assert head == title or (title is None and head == usual)
    assert printed == written


def test_the_functions_code_is_written_whole_and_each_time_the_same(tmp_path: Path) -> None:
    first, second = tmp_path / "first.zip", tmp_path / "second.zip"

    assert cli.main(["package", str(first)]) == 0
    assert cli.main(["package", str(second)]) == 0

    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as package:
        code = {name: file.read_bytes() for name, file in code_archive.code_files().items()}
        assert {name: package.read(name) for name in package.namelist()} == code


def test_an_archive_that_cannot_be_written_is_reported_and_is_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "gone" / "code.zip"

    assert cli.main(["package", str(file)]) == 1

    assert capsys.readouterr().err == f"{file}: cannot be written: No such file or directory\n"


WITHOUT_WHAT_A_DEPLOYMENT_OR_THE_EXTRA_NEEDS = """
import sys
for name in ("pulumi", "pulumi_aws", "boto3", "botocore", "ministack", "rich"):
    sys.modules[name] = None
from cp_event_source import cli
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.mark.parametrize("command", [["compliance"], ["costs"], ["schema"], ["package", "code.zip"]], ids=" ".join)
def test_what_is_only_printed_or_written_needs_neither_pulumi_nor_the_extra(command: list[str], tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_WHAT_A_DEPLOYMENT_OR_THE_EXTRA_NEEDS, *command],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
