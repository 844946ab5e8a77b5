"""The four queues and their policies."""

import json

import pytest

from ..deployment import ACCOUNT, Deployment, arn, physical, statements

QUEUES = ("files-ingest", "files-ingest-dead-letter", "files-parked", "files-projection-dead-letter")


@pytest.mark.parametrize("name", QUEUES)
def test_a_queue_is_encrypted_keeps_fourteen_days_and_takes_the_largest_event(
    deployment: Deployment, name: str
) -> None:
    queue = deployment.only("Queue", name).inputs
    assert queue["kmsMasterKeyId"] == arn("kms", f"key/{physical('files-key')}")
    assert queue["kmsDataKeyReusePeriodSeconds"] == 3600
    assert queue["messageRetentionSeconds"] == 14 * 86400
    assert queue["maxMessageSize"] == 1_048_576


def test_the_ingest_queue_waits_six_times_the_functions_time_out(deployment: Deployment) -> None:
    timeout = deployment.only("Function", "files-persist").inputs["timeout"]
    assert deployment.only("Queue", "files-ingest").inputs["visibilityTimeoutSeconds"] == 6 * timeout == 540


def test_what_the_persist_function_keeps_failing_at_goes_to_the_dead_letter_queue(
    deployment: Deployment,
) -> None:
    assert json.loads(deployment.only("Queue", "files-ingest").inputs["redrivePolicy"]) == {
        "deadLetterTargetArn": arn("sqs", physical("files-ingest-dead-letter")),
        "maxReceiveCount": 10,
    }


@pytest.mark.parametrize("name", [name for name in QUEUES if name != "files-ingest"])
def test_the_queues_at_the_end_lead_nowhere(deployment: Deployment, name: str) -> None:
    assert "redrivePolicy" not in deployment.only("Queue", name).inputs


@pytest.mark.parametrize("name", QUEUES)
def test_nobody_uses_a_queue_without_tls(deployment: Deployment, name: str) -> None:
    policy = deployment.only("QueuePolicy", name).inputs
    assert policy["queueUrl"].endswith(f"/{physical(name)}")
    assert statements(policy["policy"])["OnlyTls"] == {
        "Sid": "OnlyTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": arn("sqs", physical(name)),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("files-ingest", ["files-domain-event"]),
        ("files-ingest-dead-letter", ["files-domain-event", "files-rebuild"]),
    ],
)
def test_eventbridge_writes_to_a_queue_for_our_rules_only(deployment: Deployment, name: str, rules: list[str]) -> None:
    allowed = statements(deployment.only("QueuePolicy", name).inputs["policy"])
    assert allowed.keys() == {"OnlyTls", "OnlyOurRules"}
    assert allowed["OnlyOurRules"] == {
        "Sid": "OnlyOurRules",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn("sqs", physical(name)),
        "Condition": {
            "ArnEquals": {"aws:SourceArn": [arn("events", f"rule/{physical(rule)}") for rule in rules]},
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
        },
    }


@pytest.mark.parametrize("name", ["files-parked", "files-projection-dead-letter"])
def test_no_service_writes_to_the_other_queues(deployment: Deployment, name: str) -> None:
    assert statements(deployment.only("QueuePolicy", name).inputs["policy"]).keys() == {"OnlyTls"}
