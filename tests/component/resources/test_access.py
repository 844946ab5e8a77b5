"""What other stacks get by attaching a policy: exactly this."""

import json
from typing import Any

import pytest

from cp_event_source.inputs.arguments import MAX_NAME_LENGTH

from ..deployment import LAYER, Deployment, arn, deployed_with, physical

KEY = arn("kms", f"key/{physical('files-key')}")
ROWS = arn("dynamodb", f"table/{physical('files-domain')}")
PARKED = f"{ROWS}/index/ParkedDomains"
SNAPSHOTS = arn("dynamodb", f"table/{physical('files-domain-snapshots')}")
EVENTS = arn("dynamodb", f"table/{physical('files-domain-events')}")
FOLLOW = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
READ = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"]

INGEST, *OTHER_QUEUES = (
    arn("sqs", physical(f"files-{queue}"))
    for queue in ("ingest", "ingest-dead-letter", "parked", "projection-dead-letter")
)
PERSIST, PROJECT = (arn("lambda", f"function:{physical(f'files-{name}')}") for name in ("persist", "project"))
RULES = [arn("events", f"rule/{physical(f'files-{name}')}") for name in ("domain-event", "rebuild")]

LOOK: list[tuple[str, list[str], str | list[str]]] = [
    ("ReadEvents", READ, EVENTS),
    ("ReadRows", READ, ROWS),
    ("ListParked", ["dynamodb:Scan"], PARKED),
    ("DescribeTables", ["dynamodb:DescribeTable", "dynamodb:DescribeTimeToLive"], [EVENTS, ROWS, SNAPSHOTS]),
    ("CountMessages", ["sqs:GetQueueAttributes"], [INGEST, *OTHER_QUEUES]),
    ("ReadMessages", ["sqs:ChangeMessageVisibility", "sqs:ReceiveMessage"], OTHER_QUEUES),
    (
        "DescribeFunctions",
        ["lambda:GetFunctionConcurrency", "lambda:GetFunctionConfiguration"],
        [PERSIST, PROJECT],
    ),
    ("DescribeRules", ["events:DescribeRule"], RULES),
    ("ReadLogic", ["lambda:GetLayerVersion"], f"{LAYER.rpartition(':')[0]}:*"),
    ("ReadAlarms", ["cloudwatch:DescribeAlarms"], arn("cloudwatch", "alarm:*")),
    ("ReadMetrics", ["cloudwatch:GetMetricData", "lambda:ListEventSourceMappings"], "*"),
]
"""What the operators' commands that change nothing need."""

IN_TRANSACTIONS = {"ForAnyValue:StringEquals": {"dynamodb:EnclosingOperation": ["TransactWriteItems"]}}

CONDITIONS = {("files-decider", "AppendEventsWithRows"): IN_TRANSACTIONS}
"""By policy and statement; no other statement has one."""

POLICIES: dict[str, list[tuple[str, list[str], str | list[str]]]] = {
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
        *LOOK,
        ("FollowEvents", FOLLOW, f"{EVENTS}/stream/2026-11-23T08:30:00.000"),
        ("FindStreams", ["dynamodb:ListStreams"], "*"),
        ("UseKey", ["kms:Decrypt"], KEY),
    ],
    "files-operator": [
        *LOOK,
        ("Rebuild", ["lambda:InvokeFunction"], PROJECT),
        ("PutEvents", ["dynamodb:PutItem"], EVENTS),
        ("ReadRestored", ["dynamodb:DescribeTable", "dynamodb:Scan"], f"{EVENTS}-restored"),
        ("SendBack", ["sqs:SendMessage"], INGEST),
        ("DeleteMessages", ["sqs:DeleteMessage"], OTHER_QUEUES),
        ("UseKey", ["kms:Decrypt", "kms:GenerateDataKey"], KEY),
    ],
    "files-decider": [
        ("ReadEvents", ["dynamodb:Query"], EVENTS),
        ("ReadRows", ["dynamodb:GetItem"], ROWS),
        ("AppendEventsWithRows", ["dynamodb:PutItem"], [EVENTS, ROWS]),
        ("KeepSnapshots", ["dynamodb:GetItem", "dynamodb:PutItem"], SNAPSHOTS),
        ("UseKey", ["kms:Decrypt", "kms:GenerateDataKey"], KEY),
    ],
}


def statements_of(deployment: Deployment, policy: str) -> list[dict[str, Any]]:
    document = json.loads(deployment.only("Policy", policy).inputs["policy"])
    assert document["Version"] == "2012-10-17"
    made: list[dict[str, Any]] = document["Statement"]
    return made


def expected_statements(name: str, statements: list[tuple[str, list[str], str | list[str]]]) -> list[dict[str, Any]]:
    conditions = {sid: {"Condition": CONDITIONS[each, sid]} for each, sid in CONDITIONS if each == name}
    return [
        {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource, **conditions.get(sid, {})}
        for sid, actions, resource in statements
    ]


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_gives_what_its_name_says_and_nothing_more(deployment: Deployment, name: str) -> None:
    assert statements_of(deployment, name) == expected_statements(name, POLICIES[name])


def test_a_policy_outlives_a_new_name_of_the_component(deployment: Deployment) -> None:
    """To IAM another description is another policy, and one that is attached cannot be deleted."""
    renamed = deployed_with("documents")
    for name in POLICIES:
        description = deployment.only("Policy", name).inputs["description"]
        assert renamed.only("Policy", name.replace("files", "documents")).inputs["description"] == description


def test_only_operators_and_deciders_may_write_and_only_what_they_are_for(deployment: Deployment) -> None:
    writing = {
        name: {
            action
            for statement in statements_of(deployment, name)
            for action in statement["Action"]
            if any(verb in action for verb in ("Put", "Update", "Delete", "Send", "Invoke", "Purge", "*"))
        }
        for name in POLICIES
    }
    assert writing == {
        "files-publisher": {"events:PutEvents"},
        "files-reader": set(),
        "files-auditor": set(),
        "files-operator": {"dynamodb:PutItem", "lambda:InvokeFunction", "sqs:DeleteMessage", "sqs:SendMessage"},
        "files-decider": {"dynamodb:PutItem"},
    }


def test_a_publisher_puts_events_on_a_given_bus_too() -> None:
    given = deployed_with(cp_event_bus="company")
    (statement,) = statements_of(given, "files-publisher")
    assert statement["Resource"] == arn("events", "event-bus/company")


def test_a_given_key_is_the_one_that_readers_may_use() -> None:
    key = arn("kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab")
    given = deployed_with(kms_key_arn=key)
    assert statements_of(given, "files-reader")[-1]["Resource"] == key
    assert statements_of(given, "files-auditor")[-1]["Resource"] == key


@pytest.mark.parametrize("kind", ["publisher", "reader", "auditor", "operator", "decider"])
def test_their_arns_are_outputs(deployment: Deployment, kind: str) -> None:
    outputs = deployment.outputs[deployment.only("CpEventSource").urn]
    assert outputs[f"{kind}PolicyArn"] == arn("iam", f"policy/{physical(f'files-{kind}')}")


KEYS_USERS = {
    "files-reader": ["dynamodb"],
    "files-auditor": ["dynamodb", "sqs", "lambda"],
    "files-operator": ["dynamodb", "sqs", "lambda"],
    "files-decider": ["dynamodb"],
}


@pytest.mark.parametrize("name", KEYS_USERS)
@pytest.mark.parametrize(("partition", "region"), [("aws", "eu-central-1"), ("aws-us-gov", "us-gov-west-1")])
def test_the_key_is_used_through_the_services_that_are_read(name: str, partition: str, region: str) -> None:
    key = f"arn:{partition}:kms:{region}:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    given = deployed_with(kms_key_arn=key)
    services = [f"{service}.{region}.amazonaws.com" for service in KEYS_USERS[name]]
    assert statements_of(given, name)[-1]["Condition"] == {"StringEquals": {"kms:ViaService": services}}


def test_in_china_it_is_not_known_how_the_services_are_named(deployment: Deployment) -> None:
    assert [name for name in KEYS_USERS if "Condition" in statements_of(deployment, name)[-1]] == []


INDEXED = [{"name": "by-status", "hash_key": "Status"}, {"name": "by-owner", "hash_key": "Owner"}]


@pytest.mark.parametrize("name", POLICIES)
def test_whoever_reads_rows_queries_and_scans_the_indexes_of_the_domain_if_there_are_any(name: str) -> None:
    indexed = deployed_with(domain_table_indexes=INDEXED)
    expected = list(POLICIES[name])
    if name not in {"files-publisher", "files-decider"}:
        after = expected.index(("ListParked", ["dynamodb:Scan"], PARKED)) + 1
        expected.insert(after, ("ReadIndexes", ["dynamodb:Query", "dynamodb:Scan"], f"{ROWS}/index/*"))
    assert statements_of(indexed, name) == expected_statements(name, expected)


def test_a_policy_of_the_longest_names_has_a_size_that_iam_allows() -> None:
    """IAM allows 6,144 characters. The partition and the region of an ARN have at most seven more than here."""
    name = "n" * MAX_NAME_LENGTH
    given = deployed_with(name, domain_table_indexes=INDEXED)
    for kind in ("publisher", "reader", "auditor", "operator", "decider"):
        policy = given.only("Policy", f"{name}-{kind}").inputs["policy"]
        assert len("".join(policy.split())) + 7 * policy.count("arn:") <= 6144
