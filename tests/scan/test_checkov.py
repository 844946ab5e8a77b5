"""Guarantee: checkov finds in the registered resources only what the compliance page calls an option or not done.

If a control is removed, checkov finds what the page says that it checks for this control.
"""

import json
import os
import runpy
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from cp_event_source.pages.compliance import CONTROLS, Default, NotDone
from tests.component.deployment import PARTITION, Deployment, Registration, component, deploy, deployed_with, in_program
from tests.component.pages.controls import CHECKS
from tests.component.pages.controls.options import GIVEN_KEY
from tests.component.removals import without
from tests.scan.terraform import render

ROOT = Path(__file__).parents[2]
CHECKOV = ROOT / ".venv-scan" / "bin" / "checkov"

pytestmark = pytest.mark.skipif(
    not CHECKOV.exists() and "CI" not in os.environ, reason="checkov has its own environment: run `make scan`"
)


def example() -> None:
    runpy.run_path(str(ROOT / "examples" / "default" / "__main__.py"), run_name="__main__")


def options() -> None:
    functions = [CHECKS[key].inputs["functions"] for key in ("signed-code", "reserved-concurrency", "vpc")]
    component(functions={field: value for each in functions for field, value in each.items()})


PROGRAMS: dict[str, Callable[[], object]] = {
    "defaults": component,
    "given": lambda: component(cp_event_bus="default", kms_key_arn=GIVEN_KEY),
    "example": example,
    "options": options,
}

BY_DEFAULT = {control.key: control for control in CONTROLS if isinstance(control.status, Default)}
OPTIONS_OR_NOT_DONE = {
    check for control in CONTROLS if control.key not in BY_DEFAULT for check in control.standards.checkov
}
NOT_DONE = {check for control in CONTROLS if isinstance(control.status, NotDone) for check in control.standards.checkov}


class Findings:
    """What checkov reported for each folder."""

    def __init__(self, report: dict[str, Any]) -> None:
        self.passed: dict[str, set[str]] = defaultdict(set)
        self.failed: dict[str, set[str]] = defaultdict(set)
        for kind, found in (("passed_checks", self.passed), ("failed_checks", self.failed)):
            for check in report["results"][kind]:
                found[check["file_path"].split("/")[1]].add(check["check_id"])
        self.errors: list[str] = report["results"]["parsing_errors"]


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    """The findings of one run. Each program has a folder, and each control has one with resources that lack it."""
    folder = tmp_path_factory.mktemp("scan")
    for name, program in PROGRAMS.items():
        write(deploy(in_program(program)).children(), folder / name / "main.tf")
    deployment = deployed_with()
    for key in BY_DEFAULT:
        for number, changed in enumerate(resources_without(key, deployment)):
            write([changed], folder / key / f"{number}.tf")
    # Without --quiet, so that the report includes the passed checks. Checkov downloads and sends nothing.
    ran = subprocess.run(
        [CHECKOV, *("--directory", str(folder), "--framework", "terraform"), *OFFLINE, *("--output", "json")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1, f"checkov found nothing at all, or failed: {ran.stderr}"
    return Findings(json.loads(ran.stdout))


OFFLINE = ("--compact", "--skip-download", "--download-external-modules", "false")


def write(resources: Iterable[Registration], file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    # Several checks support only this partition.
    file.write_text(render(resources).replace(f"arn:{PARTITION}:", "arn:aws:"))


def resources_without(key: str, deployment: Deployment) -> Iterable[Registration]:
    """For each way to remove the control, a resource without it."""
    for removal in CHECKS[key].removals:
        for _, left in islice(without(deployment, removal), 1):
            yield from (each for each in left.children() if each not in deployment.resources)


def test_checkov_can_read_all_resources(findings: Findings) -> None:
    assert findings.errors == []


@pytest.mark.parametrize("program", ["defaults", "given", "example"])
def test_checkov_finds_exactly_the_controls_that_are_options_or_not_done(findings: Findings, program: str) -> None:
    assert findings.failed[program] == OPTIONS_OR_NOT_DONE


def test_with_all_options_checkov_finds_exactly_the_controls_that_are_not_done(findings: Findings) -> None:
    assert findings.failed["options"] == NOT_DONE


@pytest.mark.parametrize("key", [key for key, control in BY_DEFAULT.items() if control.standards.checkov])
def test_checkov_finds_that_a_control_is_removed(findings: Findings, key: str) -> None:
    asked = set(BY_DEFAULT[key].standards.checkov)
    assert asked - findings.passed["defaults"] == set(), "checkov does not check this"
    assert asked - findings.failed[key] == set(), "checkov does not find the removal"


@pytest.mark.parametrize("key", [key for key, control in BY_DEFAULT.items() if not control.standards.checkov])
def test_checkov_does_not_check_the_controls_without_checkov_ids(findings: Findings, key: str) -> None:
    assert findings.failed[key] - OPTIONS_OR_NOT_DONE == set(), "checkov checks it: add the id to the control"
