"""The key: who may use it, and what it encrypts."""

import fnmatch
import json
from typing import Any

import pulumi
import pytest

from cp_event_source import key_policy_statements

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
    statements,
)

OWN = arn("kms", f"key/{physical('files-key')}")
GIVEN = arn("kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab")


def key_policy(deployment: Deployment) -> dict[str, dict[str, Any]]:
    return statements(deployment.only("Key").inputs["policy"])


def test_the_key_is_rotated_and_can_be_had_back_for_thirty_days(deployment: Deployment) -> None:
    key = deployment.only("Key")
    assert key.inputs["enableKeyRotation"] is True
    assert key.inputs["deletionWindowInDays"] == 30
    assert key.protect


def test_a_development_stacks_key_goes_in_a_week() -> None:
    key = deployed_with(development=True).only("Key")
    assert key.inputs["deletionWindowInDays"] == 7
    assert not key.protect


def test_the_account_decides_who_uses_the_key_and_three_services_may(deployment: Deployment) -> None:
    policy = key_policy(deployment)
    assert policy.keys() == {"AccountDecides", "EventBridgeWritesToQueues", "AlarmsPublish", "LogGroups"}
    assert policy["AccountDecides"] == {
        "Sid": "AccountDecides",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{PARTITION}:iam::{ACCOUNT}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }


@pytest.mark.parametrize("inputs", [{"alarms": False}, {"alarm_topic_arn": arn("sns", "company")}])
def test_alarms_may_use_the_key_only_for_a_topic_of_the_component(inputs: dict[str, Any]) -> None:
    policy = key_policy(deployed_with(monitoring=inputs))
    assert policy.keys() == {"AccountDecides", "EventBridgeWritesToQueues", "LogGroups"}


@pytest.mark.parametrize(
    ("sid", "service", "actions"),
    [
        (
            "EventBridgeWritesToQueues",
            "events.amazonaws.com",
            ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"],
        ),
        ("AlarmsPublish", "cloudwatch.amazonaws.com", ["kms:Decrypt", "kms:GenerateDataKey*"]),
    ],
)
def test_a_service_uses_the_key_for_this_account_only(
    deployment: Deployment, sid: str, service: str, actions: list[str]
) -> None:
    assert key_policy(deployment)[sid] == {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": actions,
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
    }


def log_groups_let_in(deployment: Deployment, log_group_arn: str) -> bool:
    patterns = key_policy(deployment)["LogGroups"]["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
    return any(fnmatch.fnmatchcase(log_group_arn, pattern) for pattern in patterns)


@pytest.mark.parametrize("suffix", ["persist-logs", "project-logs"])
def test_logs_are_encrypted_for_the_components_own_log_groups_only(deployment: Deployment, suffix: str) -> None:
    statement = key_policy(deployment)["LogGroups"]
    assert statement["Principal"] == {"Service": f"logs.{REGION}.amazonaws.com.cn"}
    assert not [action for action in statement["Action"] if action == "kms:*"]
    assert log_groups_let_in(deployment, arn("logs", f"log-group:{physical(f'files-{suffix}')}"))
    assert log_groups_let_in(deployment, arn("logs", f"log-group:shop-prod-files-{suffix}")), "a stack's own naming"
    assert log_groups_let_in(deployment, arn("logs", f"log-group:{physical(f'documents-{suffix}')}")), "an old name"
    assert not log_groups_let_in(deployment, arn("logs", "log-group:/aws/lambda/files"))
    elsewhere = arn("logs", f"log-group:{physical(f'files-{suffix}')}").replace(ACCOUNT, "444455556666")
    assert not log_groups_let_in(deployment, elsewhere)


@pytest.mark.parametrize(
    ("partition", "service"),
    [
        ("aws", "logs.eu-central-1.amazonaws.com"),
        ("aws-us-gov", "logs.eu-central-1.amazonaws.com"),
        ("aws-cn", "logs.eu-central-1.amazonaws.com.cn"),
    ],
)
def test_the_service_of_logs_is_the_regions(partition: str, service: str) -> None:
    made = key_policy_statements(partition=partition, region="eu-central-1", account=ACCOUNT)
    assert made[-1]["Principal"] == {"Service": service}


def test_what_a_given_keys_policy_needs_is_what_our_own_keys_has(deployment: Deployment) -> None:
    needed = key_policy_statements(partition=PARTITION, region=REGION, account=ACCOUNT)
    own = json.loads(deployment.only("Key").inputs["policy"])["Statement"]
    assert own[1:] == needed


def encrypted(deployment: Deployment) -> dict[tuple[str, str], str]:
    """What each resource is encrypted with, as far as it says so."""
    found = {}
    for each in deployment.children():
        inputs = each.inputs
        key = (
            inputs.get("kmsMasterKeyId")
            or inputs.get("kmsKeyArn")
            or inputs.get("kmsKeyId")
            or inputs.get("serverSideEncryption", {}).get("kmsKeyArn")
        )
        if key:
            found[each.type.rsplit(":", 1)[-1], each.name] = key
    return found


ENCRYPTED = {
    *(("Table", f"files-{name}") for name in ("domain", "domain-events", "domain-snapshots")),
    *(("Queue", f"files-{name}") for name in ("ingest", "ingest-dead-letter", "parked", "projection-dead-letter")),
    *(("Function", f"files-{name}") for name in ("persist", "project")),
    *(("LogGroup", f"files-{name}-logs") for name in ("persist", "project")),
    ("Topic", "files-alarms"),
}


@pytest.mark.parametrize("later", [False, True], ids=["at once", "as an output"])
def test_a_given_key_encrypts_everything_and_no_other_is_made(deployment: Deployment, later: bool) -> None:
    assert encrypted(deployment) == dict.fromkeys(ENCRYPTED, OWN)
    key = pulumi.Output.from_input(GIVEN) if later else GIVEN
    given = deploy(in_program(lambda: component(kms_key_arn=key)))
    assert encrypted(given) == dict.fromkeys(ENCRYPTED, GIVEN)
    assert "Key" not in {kind for kind, _ in given.names()}
    for role in ("files-persist-role", "files-project-role"):
        policy = statements(given.only("RolePolicy", role).inputs["policy"])
        assert policy["UseKey"]["Resource"] == GIVEN
    assert given.outputs[given.only("CpEventSource").urn]["kmsKeyArn"] == GIVEN
