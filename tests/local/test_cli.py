"""The command: its usage, its messages, its exit codes."""

import sys
from pathlib import Path

import pytest

from cp_event_source import cli
from tests.local.programs_on_disk import write_program


def test_help_says_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["local", "--help"])

    text = capsys.readouterr().out
    assert ended.value.code == 0
    for word in ("PROGRAM_DIR", "--events", "--keep", "--config", "--patience", "exit codes"):
        assert word in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "COMMAND"),
        (["local"], "PROGRAM_DIR"),
        (["local", ".", "--config", "novalue"], "'novalue' is not KEY=VALUE"),
        (["local", ".", "--patience", "0"], "'0' is not a number of seconds above 0"),
        (["local", ".", "--patience", "nan"], "'nan' is not a number of seconds above 0"),
    ],
)
def test_wrong_usage_is_told_and_is_exit_code_2(
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


def test_events_that_cannot_be_read_are_told_before_anything_is_started(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["local", str(tmp_path), "--events", str(tmp_path / "gone.json")]) == 1

    text = capsys.readouterr().out
    assert "gone.json: cannot be read" in text
    assert "Emulator ready" not in text


def test_a_failing_program_is_told_and_is_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = write_program(tmp_path / "unknown", "import pulumi_aws as aws; aws.s3.Bucket('files')")

    assert cli.main(["local", str(program)]) == 1

    assert "aws:s3/bucket:Bucket 'files': a local run does not know this resource type" in capsys.readouterr().out


def test_events_without_a_pipeline_are_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = write_program(tmp_path / "empty", "")
    (tmp_path / "events.json").write_text("[{}]")

    assert cli.main(["local", str(program), "--events", str(tmp_path / "events.json")]) == 1

    assert "no CpEventSource in what was deployed" in capsys.readouterr().out
