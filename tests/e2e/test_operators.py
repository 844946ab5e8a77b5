"""Guarantee: each operators' command runs under its policy, with enforced permissions, and one that changes something
is refused under the policy of those who only look."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cp_event_source import cli
from cp_event_source.local import LocalRun
from cp_event_source.operate.commands import main
from tests.e2e.conftest import EXAMPLES
from tests.e2e.events import domain_event, new_id, renamed, uploaded
from tests.e2e.recovered import recover
from tests.e2e.roles import Deployed

FILE = new_id()
PARKED = new_id()
ERASED = new_id()

LOOKING: dict[str, list[str]] = {
    "status": [],
    "history": [FILE],
    "events": ["--event", "FileRenamed"],
    "state": [FILE, "--as-of", "2026-12-31"],
    "parked": [],
    "verify": ["--all", "--deep", "--patience", "0"],
    "dead-letters": [],
    "export": ["--all", "--to", "out.ndjson"],
    "rebuild": ["--all", "--dry-run"],
    "heal": ["--dry-run"],
}
"""What the auditors' policy suffices for."""

CHANGING: dict[str, list[str]] = {
    "rebuild": ["--all"],
    "heal": [],
    "dead-letters": ["--redrive", "--queue", "ingest"],
    "import": ["events.ndjson"],
    "restore": [],
    "erase": [ERASED, "--record", "record.ndjson", "--yes"],
}

FINDS_SOMETHING = {"status", "verify", "parked", "dead-letters", "heal", "rebuild"}
"""The commands whose exit code says that an object is parked, or that a message waits."""

Do = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def deployed() -> Iterator[Deployed]:
    with LocalRun(permissions=True) as run:
        made = Deployed(run, run.deploy(EXAMPLES / "default"))
        broken = {**uploaded(new_id()), "Version": "one"}
        run.publish(
            [
                *(uploaded(each) for each in (FILE, PARKED, ERASED)),
                renamed(FILE, 1, "b.txt"),
                domain_event(PARKED, 1, "FileArchived", {}),
                broken,
            ]
        )
        run.drain()
        _lose_an_event(made)
        yield made


@pytest.fixture
def do(deployed: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Do:
    """Runs a command as a user who has only one policy."""
    monkeypatch.chdir(tmp_path)
    Path("events.ndjson").write_text(json.dumps({"detail": uploaded(new_id())}) + "\n")
    stack = tmp_path / "outputs.json"
    stack.write_text(json.dumps(dict(deployed.pipeline.outputs)))

    def run(policy: str, command: str, *arguments: str) -> tuple[int, str, str]:
        for name, value in deployed.user(policy).items():
            monkeypatch.setenv(name.upper(), value)
        capsys.readouterr()
        ended = main([command, *arguments, "--stack", str(stack), "--endpoint-url", deployed.run.endpoint, "--json"])
        return ended, *capsys.readouterr()

    return run


@pytest.mark.parametrize("command", LOOKING)
def test_who_only_looks_needs_the_auditors_policy(command: str, do: Do) -> None:
    exit_code, output, errors = do("auditor", command, *LOOKING[command])

    assert "AccessDenied" not in output + errors
    assert "no right to" not in output, output
    assert exit_code in ({0, 1} if command in FINDS_SOMETHING else {0}), errors
    json.loads(output)


@pytest.mark.parametrize("command", CHANGING)
def test_what_changes_something_needs_the_operators_policy(command: str, do: Do) -> None:
    exit_code, output, errors = do("auditor", command, *CHANGING[command])
    assert exit_code == 1
    assert "AccessDenied" in output + errors

    exit_code, output, errors = do("operator", command, *CHANGING[command])
    assert "AccessDenied" not in output + errors
    assert exit_code in ({0, 1} if command in FINDS_SOMETHING else {0}), errors
    json.loads(output)


def test_every_command_is_tried() -> None:
    assert LOOKING.keys() | CHANGING.keys() == cli.OPERATORS_COMMANDS.keys()


def _lose_an_event(deployed: Deployed) -> None:
    """One event is only in a copy of the table."""
    dynamodb: Any = deployed.run.client("dynamodb")
    table = deployed.pipeline.outputs["domain_events_table_name"]
    recover(dynamodb, table)
    lost = next(event for event in deployed.pipeline.events() if event.domain_id == FILE)
    dynamodb.delete_item(TableName=table, Key={name: lost.item[name] for name in ("DomainId", "EventKey")})
