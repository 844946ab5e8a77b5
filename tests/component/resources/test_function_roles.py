"""What each function's role may do: exactly this."""

import json
from typing import Any

import pytest

from ..deployment import Deployment, arn, deployed_with, physical

STREAM = arn("dynamodb", f"table/{physical('files-domain-events')}/stream/2026-11-23T08:30:00.000")


def common(function: str) -> list[tuple[str, list[str], Any]]:
    logs = arn("logs", f"log-group:{physical(f'files-{function}-logs')}:*")
    return [
        ("UseKey", ["kms:Decrypt", "kms:GenerateDataKey"], arn("kms", f"key/{physical('files-key')}")),
        ("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], logs),
        ("Trace", ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "*"),
    ]


PERSIST = [
    (
        "TakeEvents",
        ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
        arn("sqs", physical("files-ingest")),
    ),
    ("StoreEvents", ["dynamodb:PutItem"], arn("dynamodb", f"table/{physical('files-domain-events')}")),
    ("PutAside", ["sqs:SendMessage"], arn("sqs", physical("files-ingest-dead-letter"))),
    *common("persist"),
]

PROJECT = [
    (
        "FollowEvents",
        ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
        STREAM,
    ),
    ("FindStreams", ["dynamodb:ListStreams"], "*"),
    (
        "ReadEvents",
        ["dynamodb:Query"],
        arn("dynamodb", f"table/{physical('files-domain-events')}"),
    ),
    (
        "KeepRows",
        ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem"],
        arn("dynamodb", f"table/{physical('files-domain')}"),
    ),
    (
        "KeepSnapshots",
        ["dynamodb:GetItem", "dynamodb:PutItem"],
        arn("dynamodb", f"table/{physical('files-domain-snapshots')}"),
    ),
    (
        "Report",
        ["sqs:SendMessage"],
        [arn("sqs", physical("files-parked")), arn("sqs", physical("files-projection-dead-letter"))],
    ),
    ("ReportRebuilds", ["events:PutEvents"], arn("events", f"event-bus/{physical('files-bus')}")),
    *common("project"),
]


@pytest.mark.parametrize(("role", "expected"), [("files-persist-role", PERSIST), ("files-project-role", PROJECT)])
def test_a_role_may_do_exactly_what_its_function_does(
    deployment: Deployment, role: str, expected: list[tuple[str, list[str], Any]]
) -> None:
    inputs = deployment.only("RolePolicy", role).inputs
    assert inputs["role"] == physical(role)
    document = json.loads(inputs["policy"])
    assert document["Version"] == "2012-10-17"
    assert document["Statement"] == [
        {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
        for sid, actions, resources in expected
    ]


@pytest.mark.parametrize("role", ["files-persist-role", "files-project-role"])
def test_only_lambda_takes_a_role_and_no_managed_policy_adds_to_it(deployment: Deployment, role: str) -> None:
    inputs = deployment.only("Role", role).inputs
    assert inputs.keys() == {"assumeRolePolicy", "tags"}
    assert json.loads(inputs["assumeRolePolicy"])["Statement"] == [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ]


def test_a_wildcard_stands_only_where_aws_cannot_limit_the_action(deployment: Deployment) -> None:
    wide = set()
    for role in ("files-persist-role", "files-project-role"):
        for statement in json.loads(deployment.only("RolePolicy", role).inputs["policy"])["Statement"]:
            assert not [action for action in statement["Action"] if "*" in action]
            if statement["Resource"] == "*":
                wide.update(statement["Action"])
    assert wide == {"dynamodb:ListStreams", "xray:PutTelemetryRecords", "xray:PutTraceSegments"}


@pytest.mark.parametrize("bus", ["company", arn("events", "event-bus/company")])
def test_rebuilds_are_reported_to_the_given_bus_and_no_other(bus: str) -> None:
    given = deployed_with(cp_event_bus=bus)
    document = json.loads(given.only("RolePolicy", "files-project-role").inputs["policy"])
    (report,) = [each for each in document["Statement"] if each["Sid"] == "ReportRebuilds"]
    assert report["Resource"] == arn("events", "event-bus/company")
