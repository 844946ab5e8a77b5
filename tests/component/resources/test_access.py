"""What other stacks get by attaching a policy: exactly this."""

import json
from typing import Any

import pytest

from ..deployment import Deployment, arn, component, deploy, in_program, physical

KEY = arn("kms", f"key/{physical('files-key')}")
ROWS = arn("dynamodb", f"table/{physical('files-domain')}")
PARKED = f"{ROWS}/index/ParkedDomains"
EVENTS = arn("dynamodb", f"table/{physical('files-domain-events')}")
FOLLOW = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
READ = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"]

POLICIES: dict[str, list[tuple[str, list[str], str]]] = {
    "files-publisher": [
        ("PublishEvents", ["events:PutEvents"], arn("events", f"event-bus/{physical('files-bus')}")),
    ],
    "files-reader": [
        ("ReadRows", READ, ROWS),
        ("ListParked", ["dynamodb:Scan"], PARKED),
        ("FollowRows", FOLLOW, f"{ROWS}/stream/2026-11-23T08:30:00.000"),
        ("FindStreams", ["dynamodb:ListStreams"], "*"),
        ("UseKey", ["kms:Decrypt"], KEY),
    ],
    "files-auditor": [
        ("ReadEvents", READ, EVENTS),
        ("ListParked", ["dynamodb:Scan"], PARKED),
        ("FollowEvents", FOLLOW, f"{EVENTS}/stream/2026-11-23T08:30:00.000"),
        ("FindStreams", ["dynamodb:ListStreams"], "*"),
        ("UseKey", ["kms:Decrypt"], KEY),
    ],
}


def statements_of(deployment: Deployment, policy: str) -> list[dict[str, Any]]:
    document = json.loads(deployment.only("Policy", policy).inputs["policy"])
    assert document["Version"] == "2012-10-17"
    made: list[dict[str, Any]] = document["Statement"]
    return made


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_gives_what_its_name_says_and_nothing_more(deployment: Deployment, name: str) -> None:
    assert statements_of(deployment, name) == [
        {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}
        for sid, actions, resource in POLICIES[name]
    ]


def test_a_policy_outlives_a_new_name_of_the_component(deployment: Deployment) -> None:
    """To IAM another description is another policy, and one that is attached cannot be deleted."""
    renamed = deploy(in_program(lambda: component("documents")))
    for name in POLICIES:
        description = deployment.only("Policy", name).inputs["description"]
        assert renamed.only("Policy", name.replace("files", "documents")).inputs["description"] == description


def test_nobody_may_write_to_a_table_by_them(deployment: Deployment) -> None:
    actions = {
        action for name in POLICIES for statement in statements_of(deployment, name) for action in statement["Action"]
    }
    assert not {action for action in actions if any(verb in action for verb in ("Put", "Update", "Delete", "*"))} - {
        "events:PutEvents"
    }


def test_a_publisher_puts_events_on_a_given_bus_too() -> None:
    given = deploy(in_program(lambda: component(cp_event_bus="company")))
    (statement,) = statements_of(given, "files-publisher")
    assert statement["Resource"] == arn("events", "event-bus/company")


def test_a_given_key_is_the_one_that_readers_may_use() -> None:
    key = arn("kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab")
    given = deploy(in_program(lambda: component(kms_key_arn=key)))
    assert statements_of(given, "files-reader")[-1]["Resource"] == key
    assert statements_of(given, "files-auditor")[-1]["Resource"] == key


@pytest.mark.parametrize("kind", ["publisher", "reader", "auditor"])
def test_their_arns_are_outputs(deployment: Deployment, kind: str) -> None:
    outputs = deployment.outputs[deployment.only("CpEventSource").urn]
    assert outputs[f"{kind}_policy_arn"] == arn("iam", f"policy/{physical(f'files-{kind}')}")
