"""Guarantee: the page on transforms changes what it says, breaks no control, and names controls that find the rest."""

import re
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from cp_event_source.policies import POLICIES, findings_in
from tests.component.deployment import Deployment, component, deploy, in_program
from tests.component.pages.controls import CHECKS

from .markdown import REPOSITORY, blocks

PAGE = REPOSITORY / "docs" / "how-to" / "change-child-resources.md"
(PROGRAM,) = blocks(PAGE)


def transformed(deployment: Deployment) -> Deployment:
    """The deployment as the page's transform makes it. Pulumi's mocks call none: that the engine and the local run do
    is shown in their tests."""
    names: dict[str, Any] = {}
    before_the_program, _, _ = PROGRAM.text.partition("\nlayer = ")
    exec(compile(before_the_program, str(PAGE), "exec"), names)
    resources = []
    for each in deployment.resources:
        args = pulumi.ResourceTransformArgs(
            custom=each.custom, type_=each.type, name=each.name, props=each.inputs, opts=pulumi.ResourceOptions()
        )
        result = names["change"](args)
        resources.append(replace(each, inputs=result.props) if result else each)
    return replace(deployment, resources=resources)


def test_the_transform_changes_two_properties_and_breaks_no_control() -> None:
    deployment = deploy(in_program(component))
    after = transformed(deployment)
    changed = {
        (new.name, name): new.inputs[name]
        for old, new in zip(deployment.resources, after.resources, strict=True)
        for name in new.inputs
        if new.inputs[name] != old.inputs.get(name)
    }
    assert changed == {
        ("files-project", "ephemeralStorage"): {"size": 2048},
        ("files-domain-snapshots", "pointInTimeRecovery"): {"enabled": True, "recoveryPeriodInDays": 7},
    }
    off = ("reserved-concurrency", "signed-code", "given-key", "given-topic", "vpc", "permissions-boundary")
    states = after.states()
    assert {key for key in POLICIES if key not in off and findings_in(POLICIES[key], states)} == set()


_ROW = re.compile(r"^\| `(?P<kind>\w+)` \| (?P<properties>[^|]+) \| [^|]+ \| `(?P<control>[\w-]+)` \|$", re.MULTILINE)


@pytest.mark.parametrize(
    "row", list(_ROW.finditer(PAGE.read_text())), ids=lambda row: f"{row['kind']} {row['control']}"
)
def test_a_control_that_the_page_names_fails_for_such_a_change(row: re.Match[str]) -> None:
    """The removals of the control are tried on every resource in `tests/component/pages/test_controls.py`."""
    assert row["control"] in POLICIES
    assert row["kind"] in {removal.type for removal in CHECKS[row["control"]].removals}


def test_the_properties_that_the_page_names_are_those_of_what_is_registered() -> None:
    """Those of changes that break something; the useful ones are mostly not set."""
    _, _, table = PAGE.read_text().partition("## Changes that break")
    registered: dict[str, set[str]] = {}
    for each in deploy(in_program(component)).states():
        registered.setdefault(each.kind, set()).update(each.properties)
    for row in re.findall(r"^\| `(\w+)` \| ([^|]+) \|", table, re.MULTILINE):
        names = set(re.findall(r"`(\w+)`", row[1])) - {"logGroupClass"}
        assert names <= registered[row[0]], row
