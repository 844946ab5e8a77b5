"""Guarantee: every code block in the README and the docs runs, or a comment before it says why it does not run.

The language of a block, and the HTML comment before it if there is one, decide what the test does with it:

| block | what the test does |
|---|---|
| `<!-- not run: reason -->` | checks only that the names in it exist |
| python with a class Domain | checks it as `DomainPythonLayer` does, and folds the page's events with it, if any |
| `<!-- file: .../test_*.py -->` python | checks that a later command runs pytest |
| python that imports the test kit | calls its tests, beside the layer and the events of examples/default |
| other python | runs it as a Pulumi program, with mocks |
| json | parses it; a domain event must keep the contract |
| yaml | parses it |
| bash | checks that every command is a make target or a command line that the program accepts |
| `<!-- run -->` bash | runs it, in a folder with the examples and the page's own files |
| `<!-- operate -->` bash | runs it the same way, on a local pipeline that has the default example's events |
| `<!-- operate, exit code 1 -->` bash | the same, if that is the command's exit code |
| `<!-- file: path -->` | writes it to the path for the commands that run |
| `<!-- output -->` text | checks that the last command printed its lines |
| mermaid | checks that it is a flowchart |
"""

import inspect
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from cp_event_source import cli
from cp_event_source.handler import rebuild_requests
from cp_event_source.handler.events.domain_event import ContractViolation, parse_domain_event
from cp_event_source.handler.values import exact_json
from cp_event_source.layer.contract_check import check_domain_layer
from cp_event_source.local import LocalRun, read_events
from cp_event_source.local.emulator import CREDENTIALS
from cp_event_source.operate import commands as _commands  # noqa: F401  it registers them
from cp_event_source.operate.options import app
from cp_event_source.testing import load
from tests.examples.program import run_program

from .markdown import REPOSITORY, Block, blocks, pages

ALL = [block for page in pages() for block in blocks(page)]
LATEST = "2026-12-31T00:00:00.000000000Z"
BIN = Path(sys.executable).parent

BREAKS_THE_CONTRACT = {"e-6"}
REFUSED_BY_THE_LOGIC = {"e-5"}
"""The EventIds of events that a page shows because they are wrong."""

# Commands that a reader has without this project.
FOREIGN_COMMANDS = {"cd", "git", "pip", "pytest", "python3"}

REALLY_RUN = {"run", "operate", "operate, exit code 1"}
"""The markers of blocks whose commands the test runs."""


def treatment(block: Block) -> Callable[[Block, Path], None]:
    """The check for a block."""
    kind = block.marker.partition(":")[0]
    match block.language, kind:
        case _, "not run":
            return names_what_exists
        case "python", _ if "class Domain:" in block.text:
            return is_a_layer
        case "python", "file" if Path(block.marker).name.startswith("test_"):
            return is_run_by_pytest_later
        case "python", "" if "cp_event_source.testing" in block.text:
            return passes
        case "python", "" | "file":
            return is_a_program
        case "json", "" | "file" | "events for the layer above":
            return holds_the_contract
        case "yaml", "" | "file":
            return is_yaml
        case "bash", "" | "run" | "operate" | "operate, exit code 1":
            return is_a_command
        case "text", "output":
            return is_compared_where_the_command_is_run
        case "mermaid", "":
            return is_a_picture
    raise AssertionError(
        f"{block}: this test has no check for a block of language {block.language!r} with the marker {block.marker!r};"
        " mark it <!-- not run: reason -->, or extend this test"
    )


@pytest.mark.parametrize("block", ALL, ids=str)
def test_a_code_block_is_correct(block: Block, tmp_path: Path) -> None:
    treatment(block)(block, tmp_path)


@pytest.mark.parametrize(
    ("language", "text", "marker"),
    [
        ("", "anything", ""),
        ("python", "import os", "run by hand"),
        ("text", "done", ""),
        ("python", "import os", "not run:"),
        ("python", "import os", ""),
        ("python", "class Domain: ...", ""),
        ("json", '{"EventType": "DOMAIN", "EventId": "e-1", "DomainName": "File"}', ""),
        ("json", "{", ""),
        ("bash", "make everything", ""),
        ("bash", "cp-event-source local examples/default --no-such-option", ""),
        ("bash", "rm -r examples", ""),
        ("bash", "aws sts get-caller-identity", ""),
        ("bash", "pulumi stack output no_such_output", "not run: needs an account"),
    ],
)
def test_a_bad_block_is_found(language: str, text: str, marker: str, tmp_path: Path) -> None:
    block = Block(REPOSITORY / "README.md", 1, language, text + "\n", marker)
    with pytest.raises((AssertionError, ContractViolation, exact_json.InvalidJson, SystemExit)):
        treatment(block)(block, tmp_path)


def names_what_exists(block: Block, _folder: Path) -> None:
    assert block.marker.partition(":")[2].strip(), f"{block}: say why it is not run"
    assert set(re.findall(r"pulumi stack output (\w+)", block.text)) <= set(exports_of_the_default_example())
    for target in re.findall(r"^make ([a-z-]+)", block.text, re.MULTILINE):
        is_taken(["make", target])


@cache
def exports_of_the_default_example() -> Mapping[str, Any]:
    return run_program(REPOSITORY / "examples" / "default").exports


def is_a_layer(block: Block, folder: Path) -> None:
    (folder / "domain_handler.py").write_text(block.text)
    report = check_domain_layer(folder)
    assert (list(report.errors), list(report.warnings)) == ([], [])
    layer = load(folder)
    events = [event for other in blocks(block.page) for event in domain_events(other)]
    for domain_id in {event["DomainId"] for event in events}:
        layer.given([event for event in events if event["DomainId"] == domain_id]).state()
    if events:
        layer.check_round_trip(events)


def is_run_by_pytest_later(block: Block, _folder: Path) -> None:
    later = [other for other in blocks(block.page) if other.marker == "run" and other.line > block.line]
    assert "pytest" in {Path(command[0]).name for other in later for command in commands(other)}


def passes(block: Block, _folder: Path) -> None:
    names: dict[str, Any] = {}
    before = Path.cwd()
    os.chdir(REPOSITORY / "examples" / "default")
    try:
        exec(compile(block.text, str(block), "exec"), names)
        tests = [test for name, test in names.items() if name.startswith("test_")]
        for test in tests:
            test(*([load("file_domain")] if inspect.signature(test).parameters else []))
    finally:
        os.chdir(before)
    assert tests


def is_a_program(block: Block, folder: Path) -> None:
    """The program runs in a folder with the layers of the examples and of the page."""
    for layer in (REPOSITORY / "examples").glob("*/*_domain"):
        (folder / layer.name).symlink_to(layer)
    for path, other in files_of(block.page):
        if path.parent.name.endswith("_domain"):
            (folder / path.parent.name).mkdir(exist_ok=True)
            (folder / path.parent.name / path.name).write_text(other.text)
    (folder / "__main__.py").write_text(block.text)
    before = Path.cwd()
    os.chdir(folder)
    try:
        registered = run_program(folder, stack_outputs=exports_of_the_default_example())
    finally:
        os.chdir(before)
    assert registered.resources


def holds_the_contract(block: Block, _folder: Path) -> None:
    value = exact_json.loads(block.text)
    for event in value if isinstance(value, list) else [value]:
        if event.get("EventType") == "REBUILD":
            assert set(event) - {rebuild_requests.ACCEPT_MISSING_EVENTS} == {"EventType", "DomainName", "DomainId"}
        if event.get("EventType") == "DOMAIN":
            broken = event["EventId"] in BREAKS_THE_CONTRACT
            with pytest.raises(ContractViolation) if broken else nullcontext():
                parse_domain_event(event, domain_name=event["DomainName"], latest=LATEST)


def is_yaml(block: Block, _folder: Path) -> None:
    assert isinstance(yaml.safe_load(block.text), dict)


def is_a_command(block: Block, _folder: Path) -> None:
    assert commands(block)
    for command in commands(block):
        is_taken(command)


def is_compared_where_the_command_is_run(block: Block, _folder: Path) -> None:
    assert any(other.marker in REALLY_RUN and other.line < block.line for other in blocks(block.page))


def is_a_picture(block: Block, _folder: Path) -> None:
    assert block.text.startswith("flowchart ")


def commands(block: Block) -> list[list[str]]:
    """The commands of a shell block, without comments and with continued lines joined."""
    lines = block.text.replace("\\\n", " ").splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def is_taken(command: list[str]) -> None:
    """Check that this project has the command and accepts its options."""
    program, *arguments = command
    if program == "make":
        targets = set(re.findall(r"^([a-z-]+):.*##", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
        assert set(arguments) <= targets, f"{arguments}: the Makefile has {sorted(targets)}"
    elif Path(program).name == "cp-event-source":
        if arguments and arguments[0] in cli.OPERATORS_COMMANDS:
            name, *rest = arguments
            typer.main.get_group(app).commands[name].make_context(name, rest)
        else:
            cli._parser().parse_args(arguments)
    else:
        assert Path(program).name in FOREIGN_COMMANDS, f"a reader may not have the command {program}"


def domain_events(block: Block) -> list[dict[str, Any]]:
    """The domain events in a block, without those that are wrong on purpose."""
    if block.language != "json":
        return []
    value = exact_json.loads(block.text)
    return [
        event
        for event in (value if isinstance(value, list) else [value])
        if event.get("EventType") == "DOMAIN" and event["EventId"] not in BREAKS_THE_CONTRACT | REFUSED_BY_THE_LOGIC
    ]


def files_of(page: Path) -> list[tuple[Path, Block]]:
    return [(Path(block.marker[6:]), block) for block in blocks(page) if block.marker.startswith("file: ")]


RUN = [page for page in pages() if any(block.marker in REALLY_RUN for block in blocks(page))]


@contextmanager
def operated(page: Path, folder: Path) -> Iterator[Mapping[str, str]]:
    """The environment of a page's commands: where one operates a pipeline, a local one is up."""
    if not any(block.marker.startswith("operate") for block in blocks(page)):
        yield {}
        return
    example = REPOSITORY / "examples" / "default"
    with LocalRun() as run:
        (pipeline,) = run.deploy(example).pipelines
        run.publish(read_events(example / "events.json"))
        run.drain()
        (folder / "outputs.json").write_text(json.dumps(dict(pipeline.outputs)))
        yield {"CP_EVENT_SOURCE_STACK": "outputs.json", "AWS_ENDPOINT_URL": run.endpoint, **CREDENTIALS}


@pytest.mark.parametrize("page", RUN, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_commands_print_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    """Run the page from top to bottom, as a reader does."""
    (tmp_path / "examples").symlink_to(REPOSITORY / "examples")
    printed = ""
    with operated(page, tmp_path) as environment:
        for block in blocks(page):
            if block.marker.startswith("file: "):
                file = tmp_path / block.marker[6:]
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(block.text)
            elif block.marker in REALLY_RUN:
                exit_code = int(block.marker.endswith("exit code 1"))
                printed = "".join(run_for_real(each, tmp_path, environment, exit_code) for each in commands(block))
            elif block.marker == "output":
                expected, actual = comparable(block.text), comparable(printed)
                missing = [line for line in expected if line not in actual]
                assert not missing, f"{block}: not printed: {missing}\nprinted:\n{printed}"


def run_for_real(command: list[str], folder: Path, environment: Mapping[str, str], exit_code: int) -> str:
    """Run a command, and return what it prints."""
    if command[0] == "make":
        # run the target's command line only: the target itself would create a new environment in the folder
        command_line = subprocess.run(
            ["make", "--dry-run", "--old-file=.venv/.ready", *command[1:]],
            cwd=REPOSITORY,
            # under `make test`, make would print that it runs inside another make
            env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        command = shlex.split(command_line)
    command = [str(BIN / Path(command[0]).name), *command[1:]]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "COLUMNS": "100", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
    )
    assert done.returncode == exit_code, done.stdout
    return done.stdout


def comparable(text: str) -> list[str]:
    """The words of the lines, without what differs between runs: durations, ports, generated names and times."""
    text = re.sub(r"[\u2500-\u257f]", " ", text)  # the frames of tables
    text = re.sub(r"(?<=code )[\w+/]{12}", "CODE", text)
    text = re.sub(r"\d+(\.\d+)? ?s\b", "N s", text)
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00|(?<=Successful )\S+(?=;)", "NOW", text)
    text = re.sub(r"(?<=OK - )\d+", "N", text)
    text = re.sub(r"[\d,]+ days", "N days", text)
    return [" ".join(line.split()) for line in text.splitlines() if line.split() not in ([], ["..."])]
