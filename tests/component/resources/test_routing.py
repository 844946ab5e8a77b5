"""The bus, the rules, the targets, and who may invoke the project function."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from ..deployment import (
    ACCOUNT,
    PARTITION,
    REGION,
    Deployment,
    arn,
    component,
    deploy,
    deployed_with,
    in_program,
    physical,
)

BUS_ARN = arn("events", "event-bus/company/audit")


@pytest.mark.parametrize(("rule", "event_type"), [("files-domain-event", "DOMAIN"), ("files-rebuild", "REBUILD")])
def test_a_rule_matches_one_type_of_event_of_one_domain(deployment: Deployment, rule: str, event_type: str) -> None:
    inputs = deployment.only("EventRule", rule).inputs
    assert json.loads(inputs["eventPattern"]) == {"detail": {"EventType": [event_type], "DomainName": ["File"]}}
    assert inputs["eventBusName"] == physical("files-bus")
    assert "state" not in inputs
    assert "isEnabled" not in inputs


@pytest.mark.parametrize(
    ("name", "leads_to"),
    [
        ("files-domain-event", arn("sqs", physical("files-ingest"))),
        ("files-rebuild", arn("lambda", f"function:{physical('files-project')}")),
    ],
)
def test_a_target_gets_the_whole_event_for_a_day_and_then_the_dead_letter_queue_does(
    deployment: Deployment, name: str, leads_to: str
) -> None:
    target = deployment.only("EventTarget", name).inputs
    assert target == {
        "eventBusName": physical("files-bus"),
        "rule": physical(name),
        "targetId": name.removeprefix("files-"),
        "arn": leads_to,
        "deadLetterConfig": {"arn": arn("sqs", physical("files-ingest-dead-letter"))},
        "retryPolicy": {"maximumEventAgeInSeconds": 86400, "maximumRetryAttempts": 185},
    }


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("files-domain-event", {("QueuePolicy", "files-ingest"), ("QueuePolicy", "files-ingest-dead-letter")}),
        ("files-rebuild", {("Permission", "files-rebuild"), ("QueuePolicy", "files-ingest-dead-letter")}),
    ],
)
def test_a_target_is_made_only_when_the_rule_may_write_there(
    deployment: Deployment, name: str, needed: set[tuple[str, str]]
) -> None:
    assert needed <= deployment.waits_for(deployment.only("EventTarget", name))


def test_only_the_rebuild_rule_of_this_account_may_invoke_the_project_function(deployment: Deployment) -> None:
    assert deployment.only("Permission").inputs == {
        "action": "lambda:InvokeFunction",
        "function": physical("files-project"),
        "principal": "events.amazonaws.com",
        "sourceArn": arn("events", f"rule/{physical('files-rebuild')}"),
        "sourceAccount": ACCOUNT,
    }


def bus_as_seen(deployment: Deployment) -> dict[str, Any]:
    outputs = deployment.outputs[deployment.only("CpEventSource").urn]
    places = {each.inputs["eventBusName"] for each in deployment.children() if "eventBusName" in each.inputs}
    return {"name": outputs["eventBusName"], "arn": outputs["eventBusArn"], "rules on": places}


@pytest.mark.parametrize(
    ("given", "name", "bus_arn"),
    [
        ("default", "default", arn("events", "event-bus/default")),
        ("company/audit", "company/audit", BUS_ARN),
        (BUS_ARN, "company/audit", BUS_ARN),
    ],
)
@pytest.mark.parametrize("later", [False, True], ids=["at once", "as an output"])
def test_a_bus_given_by_name_or_arn_is_known_by_both_without_asking_aws(
    given: str, name: str, bus_arn: str, later: bool
) -> None:
    bus = pulumi.Output.from_input(given) if later else given
    seen = bus_as_seen(deploy(in_program(lambda: component(cp_event_bus=bus))))
    assert seen == {"name": name, "arn": bus_arn, "rules on": {name}}


def test_a_bus_made_in_the_same_program_is_attached_to_by_its_name() -> None:
    def program() -> None:
        component(cp_event_bus=aws.cloudwatch.EventBus("company").name)

    seen = bus_as_seen(deploy(program))
    assert seen == {
        "name": physical("company"),
        "arn": f"arn:{PARTITION}:events:{REGION}:{ACCOUNT}:event-bus/{physical('company')}",
        "rules on": {physical("company")},
    }


def test_a_buss_arn_is_known_at_once_when_it_was_given() -> None:
    preview = deploy(in_program(lambda: component(cp_event_bus=BUS_ARN)), preview=True)
    assert preview.outputs[preview.only("CpEventSource").urn]["eventBusArn"] == BUS_ARN


@pytest.mark.parametrize(
    "elsewhere",
    [
        BUS_ARN.replace(ACCOUNT, "444455556666"),
        BUS_ARN.replace(REGION, "cn-northwest-1"),
        BUS_ARN.replace(PARTITION, "aws"),
    ],
)
def test_a_bus_of_another_account_or_region_is_refused_and_not_mistaken_for_one_here_of_its_name(
    elsewhere: str,
) -> None:
    with pytest.raises(
        pulumi.InputPropertiesError, match=r"^cp_event_bus: must be in the account and region .*; got 'arn:"
    ):
        deployed_with(cp_event_bus=elsewhere)


def publishers_of(deployment: Deployment) -> list[str]:
    policy = deployment.only("EventBusPolicy").inputs
    assert policy["eventBusName"] == physical("files-bus")
    (statement,) = json.loads(policy["policy"])["Statement"]
    principals: list[str] = statement.pop("Principal").pop("AWS")
    assert statement == {
        "Sid": "Publish",
        "Effect": "Allow",
        "Action": "events:PutEvents",
        "Resource": arn("events", f"event-bus/{physical('files-bus')}"),
    }
    return principals


def test_only_this_account_may_put_events_on_our_own_bus(deployment: Deployment) -> None:
    assert publishers_of(deployment) == [f"arn:{PARTITION}:iam::{ACCOUNT}:root"]


def test_further_accounts_and_roles_may_where_they_are_named() -> None:
    role = f"arn:{PARTITION}:iam::444455556666:role/uploads"
    publishers = ["444455556666", pulumi.Output.from_input(role), ACCOUNT]
    named = deploy(in_program(lambda: component(publishers=publishers)))
    assert publishers_of(named) == [
        f"arn:{PARTITION}:iam::{ACCOUNT}:root",
        f"arn:{PARTITION}:iam::444455556666:root",
        role,
    ]


def test_a_given_buss_policy_is_left_to_its_owner() -> None:
    given = deployed_with(cp_event_bus="company")
    assert "EventBusPolicy" not in {kind for kind, _ in given.names()}
