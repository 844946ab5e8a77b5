"""Guarantee: a whole pipeline is imported, verified, rebuilt, lost in part and restored, exported, and moved into
another one under another name, and no command finds a difference. NIGHTLY=1: 100,000 events of 5,000 objects."""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from cp_event_source import cli
from cp_event_source.local import LocalRun, Pipeline
from tests.e2e.events import domain_event, renamed, uploaded
from tests.e2e.recovered import recover
from tests.nightly import NIGHTLY, effort
from tests.operate.conftest import EXAMPLES
from tests.operate.two_pipelines import write_program

OBJECTS: Final = effort(30, 5_000)
EVENTS_EACH: Final = effort(10, 20)
PATIENCE: Final = 3_600.0
FAST: Final = ("--read-units", "100000")

Run = Callable[..., Any]

pytestmark = pytest.mark.timeout(effort(300, 36_000))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRun]:
    with LocalRun() as run:
        run.deploy(write_program(tmp_path_factory.mktemp("two") / "program", EXAMPLES / "default" / "file_domain"))
        yield run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def events(folder: Path) -> Path:
    """The events, as a file for `import`."""
    file = folder / "events.ndjson"
    with file.open("w") as lines:
        for number in range(OBJECTS):
            domain_id = f"file-{number}"
            history = [uploaded(domain_id), *(renamed(domain_id, at, f"name {at}") for at in range(1, EVENTS_EACH))]
            lines.writelines(f"{json.dumps({'detail': event})}\n" for event in history)
    return file


@pytest.fixture
def do(two: LocalRun, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command on one of the pipelines; returns its document. It says what the command took."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")

    def run(pipeline: Pipeline, command: str, *arguments: str, exit_code: int = 0) -> Any:
        names = [each for name, value in pipeline.outputs.items() for each in ("--name", f"{name}={value}")]
        given = [command, *arguments, *names, "--endpoint-url", two.endpoint, "--json"]
        if NIGHTLY:
            with capsys.disabled():
                ended, output, errors = _measured(given, f"{command} {' '.join(arguments)}")
        else:
            capsys.readouterr()
            ended = cli.main(given)
            output, errors = capsys.readouterr()
        assert ended == exit_code, errors
        return json.loads(output)

    return run


@pytest.fixture(scope="module")
def pipelines(two: LocalRun) -> dict[str, Pipeline]:
    return {pipeline.domain_name: pipeline for pipeline in two.pipelines}


def test_everything_is_imported(two: LocalRun, pipelines: dict[str, Pipeline], events: Path, do: Run) -> None:
    imported = do(pipelines["File"], "import", str(events), "--write-units", "100000")
    two.drain(PATIENCE)

    assert imported["stored"] == OBJECTS * EVENTS_EACH
    verified = do(pipelines["File"], "verify", "--all", *FAST)
    assert (verified["objects"], verified["events"], verified["findings"]) == (OBJECTS, OBJECTS * EVENTS_EACH, 0)


def test_everything_is_rebuilt(pipelines: dict[str, Pipeline], do: Run) -> None:
    rebuilt = do(pipelines["File"], "rebuild", "--all", *FAST)

    assert (rebuilt["rebuilt"], rebuilt["failed"]) == (OBJECTS, [])


def test_a_third_of_the_events_and_some_rows_are_lost_and_restored(
    two: LocalRun, pipelines: dict[str, Pipeline], do: Run
) -> None:
    files = pipelines["File"]
    table, rows = files.output("domain_events_table_name"), files.output("domain_table_name")
    recover(two.client("dynamodb"), table)
    before = files.rows()
    chance = random.Random(1)
    stored = files.events()
    dynamodb = two.client("dynamodb")
    for event in chance.sample(stored, len(stored) // 3):
        dynamodb.delete_item(TableName=table, Key={name: event.item[name] for name in ("DomainId", "EventKey")})
    for domain_id in chance.sample(sorted(before), OBJECTS // 10):
        dynamodb.delete_item(TableName=rows, Key={"DomainId": {"S": domain_id}})
    assert do(files, "verify", "--all", "--patience", "0", exit_code=1)["findings"] > 0

    restored = do(files, "restore", *FAST, "--write-units", "100000")
    two.drain(PATIENCE)
    do(files, "rebuild", "--drifted", *FAST)

    assert restored["brought_back"] == len(stored) // 3
    assert do(files, "verify", "--all", "--deep", *FAST)["findings"] == 0
    after = files.rows()
    assert {each: row.state.attributes for each, row in after.items()} == {
        each: row.state.attributes for each, row in before.items()
    }


def test_everything_moves_to_another_pipeline_under_another_name(
    two: LocalRun, pipelines: dict[str, Pipeline], folder: Path, do: Run
) -> None:
    exported = do(pipelines["File"], "export", "--all", "--to", "export.ndjson.gz", *FAST)
    assert exported["events"] == OBJECTS * EVENTS_EACH

    imported = do(
        pipelines["Document"], "import", "export.ndjson.gz", "--from-domain", "File", "--write-units", "100000"
    )
    two.drain(PATIENCE)

    assert imported["stored"] == OBJECTS * EVENTS_EACH
    assert do(pipelines["Document"], "verify", "--all", *FAST)["findings"] == 0
    here, there = pipelines["File"].rows(), pipelines["Document"].rows()
    assert {each: row.state for each, row in there.items()} == {each: row.state for each, row in here.items()}


def test_an_erased_object_is_found_in_no_row(two: LocalRun, pipelines: dict[str, Pipeline], do: Run) -> None:
    files = pipelines["File"]
    late = domain_event("file-0", 5.5, "FileRenamed", {"Name": "secret"})
    two.publish([late])
    two.drain()

    erased = do(files, "erase", "file-0", late["EventId"], "--record", "record.ndjson", "--yes")

    assert (erased["erased"], erased["failed"]) == (1, [])
    assert do(files, "erase", "file-0", late["EventId"], "--record", "record.ndjson", "--yes")["erased"] == 0
    two.drain()
    assert do(files, "verify", "--all", "--deep", *FAST)["findings"] == 0


_PROGRAM: Final = """
import sys
from cp_event_source.cli import main
ended = main()
with open("/proc/self/status") as status:
    print(next(line for line in status if line.startswith("VmHWM")), file=sys.stderr)
sys.exit(ended)
"""
"""Says the most memory that the process had. What `wait4` gives is at least the parent's."""


def _measured(arguments: list[str], shown: str) -> tuple[int, str, str]:
    """Runs a command in a process of its own, and prints what it took."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        begun = time.monotonic()
        process = subprocess.Popen([sys.executable, "-c", _PROGRAM, *arguments], stdout=output, stderr=errors)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begun
        output.seek(0)
        errors.seek(0)
        said, noted = output.read(), errors.read()
        memory = noted.strip().rpartition("\n")[2]
        took = f"{seconds:.1f} s, {used.ru_utime + used.ru_stime:.1f} s of processor time, {memory}"
        print(f"\n{shown}: {took}\n  {said[:500]}")
        return os.waitstatus_to_exitcode(status), said, noted
