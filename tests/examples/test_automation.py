"""Guarantee: the Automation API example deploys the pipeline of each tenant that it is given, and nothing else.

`tests/engine` has Pulumi's own engine; here the stacks are stand-ins that note what they are asked for.
"""

import runpy
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pulumi import automation

from .program import run_program

FOLDER = Path(__file__).parents[2] / "examples" / "automation"


@pytest.fixture
def programs() -> dict[str, Callable[[], None]]:
    """The program of each stack that was made."""
    return {}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, programs: dict[str, Callable[[], None]]) -> list[tuple[str, str]]:
    """The stacks and what was asked of them."""
    asked: list[tuple[str, str]] = []

    def stack(name: str, project_name: str, program: Any) -> Any:
        def noting(command: str) -> Any:
            def note(**_options: Any) -> Any:
                asked.append((name, command))
                return SimpleNamespace(outputs={"event_bus_name": SimpleNamespace(value=f"{name}-bus")})

            return note

        programs[name] = program
        return SimpleNamespace(**{command: noting(command) for command in ("preview", "up", "destroy")})

    monkeypatch.setattr(automation, "create_or_select_stack", stack)
    return asked


def main(*arguments: str) -> None:
    runpy.run_path(str(FOLDER / "__main__.py"))["main"](*arguments)


@pytest.mark.parametrize("command", ["preview", "up", "destroy"])
def test_a_command_is_for_each_tenant_in_turn(
    command: str, asked: list[tuple[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    main(command, "acme", "globex")
    assert asked == [("acme", command), ("globex", command)]
    assert ("acme: publish to acme-bus" in capsys.readouterr().out) == (command == "up")


def test_the_program_is_the_pipeline_of_its_tenant(
    asked: list[tuple[str, str]], programs: dict[str, Callable[[], None]]
) -> None:
    main("preview", "acme", "globex")
    bus = run_program(programs["globex"]).only("aws:cloudwatch/eventBus:EventBus")
    assert bus.inputs["tags"]["tenant"] == "globex"


def test_another_command_is_refused(asked: list[tuple[str, str]]) -> None:
    with pytest.raises(SystemExit, match="must be preview, up or destroy; got 'delete'"):
        main("delete", "acme")
    assert asked == []
