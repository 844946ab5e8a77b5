"""Guarantee: checkov finds nothing in what is registered but what the compliance page says is an option or not done;
and what the page says checkov asks for, it finds when it is removed."""

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

from cp_event_source.compliance import CONTROLS, Default, NotDone
from tests.component.controls import CHECKS
from tests.component.controls.options import GIVEN_KEY
from tests.component.deployment import PARTITION, Deployment, Registration, component, deploy, in_program
from tests.component.removals import without
from tests.scan.terraform import render

ROOT = Path(__file__).parents[2]
CHECKOV = ROOT / ".venv-scan" / "bin" / "checkov"

pytestmark = pytest.mark.skipif(
    not CHECKOV.exists() and "CI" not in os.environ, reason="checkov has an environment of its own: run `make scan`"
)


def example() -> None:
    runpy.run_path(str(ROOT / "examples" / "default" / "__main__.py"), run_name="__main__")


def options() -> None:
    component(**CHECKS["signed-code"].inputs, **CHECKS["reserved-concurrency"].inputs)


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
    """What checkov said of each folder."""

    def __init__(self, report: dict[str, Any]) -> None:
        self.passed: dict[str, set[str]] = defaultdict(set)
        self.failed: dict[str, set[str]] = defaultdict(set)
        for kind, found in (("passed_checks", self.passed), ("failed_checks", self.failed)):
            for check in report["results"][kind]:
                found[check["file_path"].split("/")[1]].add(check["check_id"])
        self.errors: list[str] = report["results"]["parsing_errors"]


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    """Of one run, over a folder for each program, and one for each control with resources that lost it."""
    folder = tmp_path_factory.mktemp("scan")
    for name, program in PROGRAMS.items():
        write(deploy(in_program(program)).children(), folder / name / "main.tf")
    deployment = deploy(in_program(component))
    for key in BY_DEFAULT:
        for number, changed in enumerate(resources_without(key, deployment)):
            write([changed], folder / key / f"{number}.tf")
    # Without --quiet, which leaves out what passed. Nothing is downloaded or sent.
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
    # Several checks know no other partition.
    file.write_text(render(resources).replace(f"arn:{PARTITION}:", "arn:aws:"))


def resources_without(key: str, deployment: Deployment) -> Iterable[Registration]:
    """A resource for each way in which the control can be removed."""
    for removal in CHECKS[key].removals:
        for _, left in islice(without(deployment, removal), 1):
            yield from (each for each in left.children() if each not in deployment.resources)


def test_all_of_it_can_be_read(findings: Findings) -> None:
    assert findings.errors == []


@pytest.mark.parametrize("program", ["defaults", "given", "example"])
def test_it_finds_what_is_an_option_or_not_done_and_nothing_else(findings: Findings, program: str) -> None:
    assert findings.failed[program] == OPTIONS_OR_NOT_DONE


def test_with_the_options_it_finds_what_is_not_done_alone(findings: Findings) -> None:
    assert findings.failed["options"] == NOT_DONE


@pytest.mark.parametrize("key", [key for key, control in BY_DEFAULT.items() if control.standards.checkov])
def test_what_a_control_says_that_checkov_asks_for_it_finds_when_the_control_is_removed(
    findings: Findings, key: str
) -> None:
    asked = set(BY_DEFAULT[key].standards.checkov)
    assert asked - findings.passed["defaults"] == set(), "never looked at"
    assert asked - findings.failed[key] == set(), "not missed"


@pytest.mark.parametrize("key", [key for key, control in BY_DEFAULT.items() if not control.standards.checkov])
def test_what_it_cannot_see_the_tests_of_the_controls_must(findings: Findings, key: str) -> None:
    assert findings.failed[key] - OPTIONS_OR_NOT_DONE == set(), "it does see it: say so in the control's standards"
