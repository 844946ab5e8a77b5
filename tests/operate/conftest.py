"""A pipeline to operate: one emulator for the session, with the default example. Tests use DomainIds of their own."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cp_event_source import cli
from cp_event_source.local import LocalRun, Pipeline

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="session")
def run() -> Iterator[LocalRun]:
    with LocalRun() as run:
        run.deploy(EXAMPLES / "default")
        yield run


@pytest.fixture(scope="session")
def files(run: LocalRun) -> Pipeline:
    """The File domain's pipeline."""
    return run.pipelines[0]  # tests deploy others after it


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    exit_code: int
    output: str
    errors: str

    @property
    def document(self) -> Any:
        """What `--json` printed."""
        assert self.output, self.errors
        return json.loads(self.output)


Cli = Callable[..., Done]


@pytest.fixture
def cli_on(
    files: Pipeline, run: LocalRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Cli:
    """Runs a command on the pipeline in this process."""
    stack = tmp_path / "outputs.json"
    stack.write_text(json.dumps(dict(files.outputs)))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")

    def invoke(*arguments: str) -> Done:
        capsys.readouterr()
        exit_code = cli.main([*arguments, "--stack", str(stack), "--endpoint-url", run.endpoint])
        captured = capsys.readouterr()
        return Done(exit_code, captured.out, captured.err)

    return invoke
