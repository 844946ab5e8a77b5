"""Guarantee: the tests of a new project pass, find a mistake in its logic, and its code is clean for ruff and mypy."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from cp_event_source.new.names import names_of
from cp_event_source.new.project import project_files

from .generated import write

ROOT = Path(__file__).parents[2]


def run(folder: Path, *command: str | Path, safe_path: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a module of this environment, as in the project's own. `safe_path`: as its command, without the folder."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, *(["-P"] if safe_path else []), "-m", *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    names = names_of("Order", ["OrderPlaced", "OrderRenamed", "it's shipped"])
    return write(tmp_path_factory.mktemp("orders"), project_files(names, "orders"))


def test_its_tests_pass(project: Path) -> None:
    done = run(project, "pytest", "-q", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


def test_its_tests_find_logic_that_forgets_and_logic_that_depends_on_other_objects(project: Path) -> None:
    layer = project / "order_domain" / "domain_handler.py"
    source = layer.read_text()
    mistakes = {
        "test_the_events_give_the_row": source.replace("Name=item.Name,", ""),
        "test_an_unknown_event_parks_the_object": source.replace("raise ValueError(", "str("),
        "test_the_logic_keeps_the_rules_of_domain_logic": source.replace(
            "self.UpdatedAt = event_time", "self.UpdatedAt = SEEN[-1]; SEEN.append(event_time)"
        ).replace("\n\n@dataclass", '\nSEEN = ["2026-03-02T09:00:00Z"]\n\n\n@dataclass'),
    }
    found = {}
    try:
        for test, mistake in mistakes.items():
            assert mistake != source
            layer.write_text(mistake)
            found[test] = run(project, "pytest", "-q", "-p", "no:cacheprovider", "-k", test).returncode
    finally:
        layer.write_text(source)
    assert found == dict.fromkeys(mistakes, 1)


def test_its_code_is_clean_for_ruff(project: Path) -> None:
    for command in (["check"], ["format", "--check"]):
        done = run(project, "ruff", *command, "--no-cache")
        assert done.returncode == 0, done.stdout + done.stderr


def test_its_code_is_clean_for_mypy(project: Path) -> None:
    """Run where `make check` has cached the types of the packages: reading those again takes a minute."""
    done = run(ROOT, "mypy", "--strict", *sorted(project.rglob("*.py")))
    assert done.returncode == 0, done.stdout + done.stderr


DECIDERS = """
from __future__ import annotations

from typing import TYPE_CHECKING

from cp_event_source.decide import Event

if TYPE_CHECKING:
    from cp_event_source.decide import Decider
    from domain_handler import OrderDomain


def rename(name: str) -> Decider[OrderDomain]:
    def decide(order: OrderDomain | None) -> list[Event]:
        return [Event("OrderRenamed", {"Name": name})] if order is not None and order.Name != name else []

    return decide
"""
TEST = """
from pathlib import Path

from deciders import rename
from cp_event_source.testing import event, load

layer = load(Path(__file__).parents[1] / "order_domain")


def test_an_order_is_renamed() -> None:
    placed = layer.given(event("OrderPlaced", {"Name": "a"}))
    placed.when(rename("b")).then(event("OrderRenamed", {"Name": "b"})).check_repeatable()
"""


def test_its_tests_and_its_type_checker_find_deciders_beside_the_layer(tmp_path: Path) -> None:
    """Also if pytest and mypy are run as commands, which do not put the folder on the path."""
    project = write(tmp_path / "project", project_files(names_of("Order", ["OrderPlaced", "OrderRenamed"]), "orders"))
    (project / "deciders.py").write_text(DECIDERS)
    (project / "tests" / "test_deciders.py").write_text(TEST)
    done = run(project, "pytest", "-q", "-p", "no:cacheprovider", safe_path=True)
    assert done.returncode == 0, done.stdout + done.stderr
    # the package's types are followed elsewhere: reading them takes a minute
    options = ("--follow-imports=skip", "--cache-dir=/dev/null", "--disable-error-code=misc")
    done = run(project, "mypy", *options, "deciders.py", safe_path=True)
    assert "domain_handler" not in done.stdout, done.stdout + done.stderr


def test_it_requires_the_extras_that_its_readme_uses() -> None:
    (requirement,) = [
        line
        for line in project_files(names_of("File"), "p")["requirements.txt"].splitlines()
        if not line.startswith("#")
    ]
    assert requirement.startswith("cp-event-source[local,testing]>=")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert {"local", "testing"} <= extras.keys()
