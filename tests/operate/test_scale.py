"""Guarantee: the commands move and prove a whole history, in memory that does not grow with it.

2,000 events of 100 objects; with NIGHTLY=1, 100,000 events of 5,000 objects. The history goes into one pipeline as a
file, out of it as another, and from there into a second pipeline; the rows of the first are rebuilt, and those of both
are verified. What each command took is printed (`pytest -s`).
"""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.local import LocalRun
from tests.e2e.events import domain_event
from tests.local.programs_on_disk import write_program
from tests.nightly import NIGHTLY
from tests.operate.conftest import EXAMPLES

EVENTS, OBJECTS = (100_000, 5_000) if NIGHTLY else (2_000, 100)
MAX_MEGABYTES: Final = 60
"""How much memory a command may take above what it has after its imports, whatever the size of the history."""

PROGRAM = f"""
from cp_event_source import CpEventSource, CpEventSourceArgs, DomainPythonLayer, DomainPythonLayerArgs
layer = DomainPythonLayer("layer", DomainPythonLayerArgs(source_dir={str(EXAMPLES / "default" / "file_domain")!r}))
for name in ("first", "second"):
    CpEventSource(name, CpEventSourceArgs(cp_domain_name="File", cp_domain_logic_layer=layer.arn, development=True))
"""

MEASURED = """
import resource, sys
import cp_event_source.operate.commands
from cp_event_source.cli import main
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
exit_code = main(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, file=sys.stderr)
sys.exit(exit_code)
"""


@dataclass(frozen=True)
class Measured:
    exit_code: int
    document: Any
    seconds: float
    megabytes: float


class Operator:
    """Runs commands in processes of their own, and measures them."""

    def __init__(self, run: LocalRun, folder: Path) -> None:
        self._run = run
        self._folder = folder
        for pipeline in run.pipelines:
            (folder / f"{pipeline.name}.json").write_text(json.dumps(dict(pipeline.outputs)))

    def __call__(self, pipeline: str, *arguments: str) -> Measured:
        where = ["--stack", f"{pipeline}.json", "--endpoint-url", self._run.endpoint, "--json"]
        begun = time.monotonic()
        ended = subprocess.run(
            [sys.executable, "-c", MEASURED, *arguments, *where],
            capture_output=True,
            text=True,
            cwd=self._folder,
            env=os.environ | {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"},
            check=False,
        )
        seconds = time.monotonic() - begun
        assert ended.stdout, ended.stderr
        megabytes = int(ended.stderr.split()[-1]) / 1024
        print(f"{' '.join(arguments):40} {seconds:7.1f} s {megabytes:6.1f} MB above the imports")
        return Measured(ended.returncode, json.loads(ended.stdout), seconds, megabytes)


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    folder = tmp_path_factory.mktemp("operator")
    program = write_program(folder / "scale", PROGRAM)
    with LocalRun() as run:
        run.deploy(program)
        yield Operator(run, folder)


def write_history(file: Path) -> None:
    """A file of events in random order: each object is uploaded, and then renamed again and again."""
    chosen = random.Random(7)
    lines = []
    for number in range(EVENTS):
        file_id, position = f"file-{number % OBJECTS:05}", number // OBJECTS
        name = "FileUploaded" if position == 0 else "FileRenamed"
        payload = (
            {"Name": f"{position}.txt", "Size": 10**17 + position} if position == 0 else {"Name": f"{position}.txt"}
        )
        event = domain_event(file_id, position * 60, name, payload, EventId=f"event-{number:06}")
        lines.append(json.dumps({"Source": "test", "DetailType": name, "Detail": event}))
    chosen.shuffle(lines)
    file.write_text("\n".join(lines) + "\n")


def test_a_history_is_moved_and_proved_whole(operator: Operator, tmp_path: Path) -> None:
    history, exported = tmp_path / "history.ndjson", tmp_path / "exported.ndjson"
    write_history(history)

    steps = [
        operator("first", "import", str(history), "--wait", "--write-units", "100000"),
        operator("first", "verify", "--all", "--deep", "--read-units", "1000000"),
        operator("first", "rebuild", "--all", "--read-units", "1000000"),
        operator("first", "export", str(exported), "--read-units", "1000000"),
        operator("second", "import", str(exported), "--wait", "--write-units", "100000"),
        operator("second", "verify", "--all", "--deep", "--read-units", "1000000"),
    ]

    assert [step.exit_code for step in steps] == [0] * len(steps)
    assert len(exported.read_text().splitlines()) == EVENTS
    assert steps[-1].document["events"] == EVENTS
    assert max(step.megabytes for step in steps) < MAX_MEGABYTES


def test_the_two_pipelines_have_the_same_rows(operator: Operator) -> None:
    first, second = (
        {domain_id: row.state.attributes for domain_id, row in pipeline.rows().items()}
        for pipeline in _pipelines(operator)
    )
    assert len(first) == OBJECTS
    assert first == second


def _pipelines(operator: Operator) -> list[Pipeline]:
    return operator._run.pipelines
