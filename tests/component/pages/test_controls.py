"""Guarantee: every control on the compliance page is satisfied by what is registered, in every way to deploy it, and a
resource that lost it would be noticed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cp_event_source.pages import compliance
from cp_event_source.pages.compliance import CONTROLS, Control, Default, NotDone, Option
from cp_event_source.pages.compliance.security_hub import REQUIREMENTS
from cp_event_source.pages.compliance.threats import THREATS
from cp_event_source.policies.documents import principals, statements_in

from ..deployment import Deployment, arn, deployed_with
from ..removals import without
from .controls import CHECKS
from .controls.options import GIVEN_KEY, GIVEN_TOPIC
from .controls.tables import taggable

ROOT = Path(__file__).parents[3]
BY_KEY = {control.key: control for control in CONTROLS}
DEFAULTS = [control.key for control in CONTROLS if isinstance(control.status, Default)]

WAYS: dict[str, dict[str, Any]] = {
    "the defaults": {},
    "a bus by name": {"cp_event_bus": "default"},
    "a bus, a key and a topic": {
        "cp_event_bus": arn("events", "event-bus/company"),
        "kms_key_arn": GIVEN_KEY,
        "monitoring": {"alarm_topic_arn": GIVEN_TOPIC},
    },
    "signed, limited and tagged": {
        "functions": {
            **CHECKS["signed-code"].inputs["functions"],
            **CHECKS["reserved-concurrency"].inputs["functions"],
            "log_retention_days": 3653,
        },
        "tags": {"owner": "files-team"},
    },
    "in a VPC, with bounded roles": {**CHECKS["vpc"].inputs, **CHECKS["permissions-boundary"].inputs},
}
"""Ways to deploy it for production."""


def fails(check: Callable[[Deployment], object], deployment: Deployment) -> bool:
    try:
        check(deployment)
    except AssertionError:
        return True
    return False


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("key", DEFAULTS)
def test_a_control_holds_by_default(key: str, way: str) -> None:
    CHECKS[key].holds(deployed_with(**WAYS[way]))


@pytest.mark.parametrize("key", [key for key in BY_KEY if key not in DEFAULTS])
def test_an_option_holds_when_asked_for_and_what_is_not_done_is_not(key: str) -> None:
    CHECKS[key].holds(deployed_with(**CHECKS[key].inputs))


@pytest.mark.parametrize("key", [key for key, check in CHECKS.items() if check.inputs])
def test_an_option_is_one_and_its_inputs_are_those_that_the_page_names(key: str) -> None:
    status = BY_KEY[key].status
    assert isinstance(status, Option)
    assert {each.partition(".")[0] for each in status.input.split(", ")} == CHECKS[key].inputs.keys()
    assert fails(CHECKS[key].holds, deployed_with()), "it holds by default"


@pytest.mark.parametrize("key", CHECKS)
def test_a_control_is_missed_when_it_is_removed_from_any_one_resource(key: str) -> None:
    check = CHECKS[key]
    deployment = deployed_with(**check.inputs)
    assert check.removals
    for removal in check.removals:
        left = dict(without(deployment, removal))
        assert left, f"{removal.what}: no {removal.type} has it"
        assert [name for name, rest in left.items() if not fails(check.holds, rest)] == []


def test_every_control_has_a_check_and_every_check_a_control() -> None:
    assert list(CHECKS) == list(BY_KEY)
    assert len(BY_KEY) == len(CONTROLS), "two controls have the same key"


def test_a_development_stack_lacks_the_controls_that_the_page_names_and_no_others() -> None:
    off = [key for key in DEFAULTS if fails(CHECKS[key].holds, deployed_with(development=True))]
    assert off == [key for key in DEFAULTS if BY_KEY[key].status == Default(off_in_development=True)]


def test_alarms_and_logs_of_a_development_stack_can_be_asked_for() -> None:
    deployment = deployed_with(development=True, monitoring={"alarms": True}, functions={"log_retention_days": 365})
    for key in ("alarms-notify", "log-retention", "topic-encrypted", "topic-not-public", "topic-tls"):
        CHECKS[key].holds(deployment)


# Of all resources: one of a new type, or a property that opens one, needs a decision here.

TYPES = {
    *("aws:cloudwatch/dashboard:Dashboard", "aws:cloudwatch/eventBus:EventBus"),
    *("aws:cloudwatch/eventBusPolicy:EventBusPolicy", "aws:cloudwatch/eventRule:EventRule"),
    *("aws:cloudwatch/eventTarget:EventTarget", "aws:cloudwatch/logGroup:LogGroup"),
    *("aws:cloudwatch/metricAlarm:MetricAlarm", "aws:dynamodb/table:Table", "aws:iam/policy:Policy"),
    *("aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy", "aws:kms/key:Key"),
    *("aws:lambda/eventSourceMapping:EventSourceMapping", "aws:lambda/function:Function"),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
    *("aws:lambda/permission:Permission", "aws:sns/topic:Topic", "aws:sns/topicPolicy:TopicPolicy"),
    *("aws:sqs/queue:Queue", "aws:sqs/queuePolicy:QueuePolicy"),
}
"""Those whose controls are in the table."""


def test_there_is_no_resource_of_a_type_for_which_nobody_thought_of_controls() -> None:
    assert {each.type for each in deployed_with().children()} == TYPES


@pytest.mark.parametrize("way", WAYS)
def test_no_policy_allows_anything_to_anybody_or_to_all_but_somebody(way: str) -> None:
    seen = 0
    for each in deployed_with(**WAYS[way]).children():
        for document in (each.inputs.get("policy"), each.inputs.get("assumeRolePolicy")):
            for statement in statements_in(document) if document else ():
                seen += 1
                assert not statement.keys() & {"NotPrincipal", "NotAction", "NotResource"}, each.name
                if statement["Effect"] == "Allow" and "Principal" in statement:
                    assert "*" not in principals(statement), each.name
    assert seen


def test_every_kind_of_resource_that_can_be_tagged_is_among_those_whose_tags_are_removed() -> None:
    taggable_types = {each.type.rpartition(":")[2] for each in deployed_with().children() if taggable(each)}
    assert taggable_types == {removal.type for removal in CHECKS["tags"].removals}


# The table, and the page from it.


def test_the_page_is_what_is_generated() -> None:
    page = (ROOT / "docs" / "compliance.md").read_text()
    assert page == compliance.page(), "controls have changed: run `make docs`, and look at the diff"
    assert "python -m cp_event_source.pages.compliance > docs/compliance.md" in (ROOT / "Makefile").read_text()


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.key)
def test_a_control_is_on_the_page_with_all_that_is_said_of_it(control: Control) -> None:
    (row,) = [line for line in compliance.page().splitlines() if line.startswith("|") and f"(`{control.key}`)" in line]
    said = [control.asks, control.why, control.property, *_ids(control)]
    match control.status:
        case Option(input=names):
            said += names.split(", ")
        case NotDone(reason=reason):
            said.append(reason)
    assert [text for text in said if text not in row] == []
    for sentence in (control.why, *([control.status.reason] if isinstance(control.status, NotDone) else [])):
        assert sentence.endswith((".", "`."))


def _ids(control: Control) -> Iterator[str]:
    standards = control.standards
    yield from (*standards.security_hub, *standards.cdk_nag, *standards.checkov)


def test_an_id_is_claimed_once() -> None:
    claimed = [each for control in CONTROLS for each in _ids(control)]
    assert sorted(claimed) == sorted(set(claimed))


def test_security_hubs_requirements_are_those_of_controls_in_the_table() -> None:
    named = {each for control in CONTROLS for each in control.standards.security_hub}
    assert REQUIREMENTS.keys() <= named


def test_what_is_shown_by_a_test_has_that_test() -> None:
    for threat in THREATS:
        for path in threat.tests:
            assert "def test_" in (ROOT / path).read_text(), path
