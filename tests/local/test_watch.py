"""Each saved file leads to what it belongs to: its layer, its programs, or the events."""

import io
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

from cp_event_source.local.errors import ProgramError
from cp_event_source.local.events_file import Entry
from cp_event_source.local.session import Session, Update
from cp_event_source.local.watch import _Enter, _Watch


class Deploying:
    """Takes what a change leads to: the names of layer folders and of programs, and how many events there are."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.did: list[tuple[list[str], list[str], int]] = []
        self.error: Exception | None = None
        self.programs = [root / "one", root / "two"]
        self.run = SimpleNamespace(
            pipelines=[],
            layer_folders=lambda: [root / "one" / "logic", root / "two"],
            files=lambda: {root / "shared": {root / "one", root / "two"}, root / "lost": {root / "elsewhere"}},
        )

    def update(self, layers: Sequence[Path], programs: Sequence[Path], entries: Sequence[Entry]) -> list[Update]:
        if self.error is not None:
            raise self.error
        self.did.append(([each.name for each in layers], sorted(each.name for each in programs), len(entries)))
        return []

    def outputs(self, _since: float) -> list[object]:
        return []


@pytest.fixture
def deploying(tmp_path: Path) -> Deploying:
    for name in ("one/logic", "two", "shared"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "events.json").write_text("[{}]")
    (tmp_path / "shared" / "code.bin").write_text("")
    return Deploying(tmp_path)


def changed(deploying: Deploying, *names: str) -> str:
    console = Console(file=io.StringIO(), width=200, color_system=None)
    watch = _Watch(cast("Session", deploying), deploying.root / "events.json", time.time())
    watch.deploy({deploying.root / name for name in names}, console)
    return cast("io.StringIO", console.file).getvalue()


@pytest.mark.parametrize(
    ("file", "layers", "programs"),
    [
        ("one/logic/domain_handler.py", ["logic"], []),
        ("one/logic/data.json", ["logic"], []),
        ("one/__main__.py", [], ["one"]),
        ("one/Pulumi.yaml", [], ["one"]),
        ("one/notes.txt", [], []),
        # a folder that is a program and its layer
        ("two/domain_handler.py", ["two"], []),
        ("two/__main__.py", ["two"], ["two"]),
        ("shared/code.bin", [], ["one", "two"]),
        ("events.json", [], []),
    ],
)
def test_a_saved_file_is_deployed_with_what_it_belongs_to(
    file: str, layers: list[str], programs: list[str], deploying: Deploying
) -> None:
    changed(deploying, file)

    assert deploying.did == [(layers, programs, 1)]


def test_an_events_file_that_cannot_be_read_sends_nothing_and_hinders_nothing(deploying: Deploying) -> None:
    (deploying.root / "events.json").write_text("[{")

    said = changed(deploying, "events.json", "one/__main__.py")

    assert "events.json: not JSON" in said
    assert deploying.did == [([], ["one"], 0)]


def test_a_change_that_cannot_be_deployed_is_reported(deploying: Deploying) -> None:
    deploying.error = ProgramError("no class Domain")

    said = changed(deploying, "one/__main__.py")

    assert "Error: no class Domain\nWhat was deployed before goes on" in said


def test_enter_is_noticed_and_the_end_of_the_input_is_not_enter(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as keyboard:
        monkeypatch.setattr(sys, "stdin", keyboard)
        pressed = _Enter()

        seen = [pressed()]
        os.write(writing, b"\n")
        seen.append(pressed())
        seen.append(pressed())
        os.close(writing)
        seen.append(pressed())

    assert seen == [False, True, False, False]
    assert not pressed()


@pytest.mark.parametrize("stdin", [None, io.StringIO("\n")])
def test_without_a_terminal_nobody_presses_enter(stdin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", stdin)

    assert not _Enter()()
