"""Guarantees of a running pipeline, from the bus to the rows."""

import importlib.util
import json
import random
import sys
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest

from cp_event_source.local import LocalRun, Pipeline
from tests.e2e.conftest import EXAMPLES
from tests.e2e.events import (
    attributes,
    domain_event,
    folded,
    new_id,
    notices,
    quarantined,
    renamed,
    row,
    stored,
    uploaded,
)


@pytest.fixture(scope="module")
def file_logic() -> ModuleType:
    """The example's own domain logic, for folds in the tests."""
    path = EXAMPLES / "default" / "file_domain" / "domain_handler.py"
    spec = importlib.util.spec_from_file_location("file_domain_handler", path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)  # a dataclass looks for its module
    spec.loader.exec_module(module)
    return module


def test_an_event_is_stored_as_it_was_sent_together_with_the_bus_fields(run: LocalRun, files: Pipeline) -> None:
    file = new_id()
    sent = uploaded(file, 1, CorrelationId="c", IpAddress="192.0.2.1", Extra={"more": [1]})
    run.publish([{"Source": "the-producer", "DetailType": "any", "Detail": sent}])
    run.drain()

    (event,) = stored(files, file)

    assert event.key == f"2026-01-01T00:00:01.000000000Z#{sent['EventId']}"
    assert (event.event_time, event.event_id, event.user_id) == (
        sent["EventTime"],
        sent["EventId"],
        sent["UserId"],
    )
    assert (event.correlation_id, event.ip_address, event.version) == ("c", "192.0.2.1", 1)
    assert event.payload == sent["Payload"]
    assert event.extensions == {"Extra": {"more": [1]}}
    assert event.item["Bus"]["M"]["Source"]["S"] == "the-producer"


def test_events_of_another_domain_or_type_are_ignored(run: LocalRun, files: Pipeline, accounts: Pipeline) -> None:
    file = new_id()
    ignored = [
        uploaded(file, 1, EventType="PROCESS"),
        uploaded(file, 2, DomainName="Nobody"),
        uploaded(file, 3, DomainName="file"),
    ]

    assert run.publish(ignored) == [None] * 3
    assert run.publish([renamed(file, 4, "kept")]) == ["File"]
    run.drain()

    assert [event.event_name for event in stored(files, file)] == ["FileRenamed"]
    assert row(files, file).state.applied.count == 1
    assert quarantined(files, file) == []
    assert file not in accounts.rows()


def test_a_duplicate_changes_nothing(run: LocalRun, files: Pipeline) -> None:
    """The stored event and the row stay the same, even the row's revision. So consumers of the stream see nothing."""
    file = new_id()
    event = uploaded(file, 1)
    run.publish([event])
    run.drain()
    before = stored(files, file)[0].item, row(files, file)

    run.publish([event, event])
    run.drain()

    assert (stored(files, file)[0].item, row(files, file)) == before
    assert quarantined(files, file) == []


def test_the_same_id_and_time_with_other_content_is_a_conflict_and_overwrites_nothing(
    run: LocalRun, files: Pipeline
) -> None:
    file = new_id()
    event = uploaded(file, 1)
    run.publish([event])
    run.drain()
    before = stored(files, file)[0].item

    run.publish([event | {"Payload": {"Name": "forged", "Size": 2}}])
    run.drain()

    assert [found.item for found in stored(files, file)] == [before]
    (message,) = quarantined(files, file)
    assert message.attributes["ReasonCode"] == "conflict"


def test_events_out_of_order_give_the_same_row_as_events_in_order(run: LocalRun, files: Pipeline) -> None:
    """Each event arrives after the row was computed from the later ones."""
    file = new_id()
    in_order = [uploaded(file, 1), renamed(file, 2, "second"), renamed(file, 3, "third")]

    for event in reversed(in_order):
        run.publish([event])
        run.drain()

    assert attributes(files, file)["Name"] == "third"
    assert attributes(files, file)["CreatedAt"] == in_order[0]["EventTime"]
    assert row(files, file).state.applied.count == 3


def test_200_events_of_10_domain_objects_sent_twice_in_random_order_give_the_rows_of_their_fold(
    run: LocalRun, files: Pipeline, file_logic: ModuleType
) -> None:
    chance = random.Random(20261123)
    domain_ids = [new_id() for _ in range(10)]
    events = [_any_event(chance, domain_ids[number % 10], number) for number in range(200)]
    twice = [*events, *events]
    chance.shuffle(twice)

    run.publish(twice)
    run.drain()

    for domain_id in domain_ids:
        own = [event for event in events if event["DomainId"] == domain_id]
        assert len(stored(files, domain_id)) == len(own) == 20
        assert attributes(files, domain_id) == folded(file_logic, own)
        assert row(files, domain_id).state.applied.count == 20


def _any_event(chance: random.Random, domain_id: str, number: int) -> dict[str, Any]:
    # Some seconds have a fraction, and some events have equal times, so that the EventId orders them.
    second = chance.choice([chance.randrange(1000), chance.random() * 1000])
    name, payload = chance.choice(
        [
            ("FileUploaded", {"Name": f"name-{number}", "Size": 10 ** chance.randrange(20)}),
            ("FileScanned", {"Result": chance.choice(["CLEAN", "PENDING"]), "Score": chance.choice([0.1, 0.97, 3])}),
            ("FileRenamed", {"Name": f"renamed-{number}"}),
            ("FileShared", {"With": f"user-{chance.randrange(4)}"}),
            ("FileDeleted", {}),
        ]
    )
    return domain_event(domain_id, second, name, payload)


def test_a_poison_event_parks_its_domain_object_and_others_continue(run: LocalRun, files: Pipeline) -> None:
    poisoned, healthy = new_id(), new_id()
    run.publish(
        [
            uploaded(poisoned, 1),
            renamed(poisoned, 2, "before"),
            domain_event(poisoned, 3, "FileUnheardOf", {}),
            renamed(poisoned, 4, "after"),
            uploaded(healthy, 1),
            renamed(healthy, 5, "healthy"),
        ]
    )
    run.drain()

    parked = row(files, poisoned)
    assert attributes(files, poisoned)["Name"] == "before"
    assert parked.parked is not None
    assert (parked.parked.event_name, parked.state.applied.count) == ("FileUnheardOf", 2)
    assert "does not know this event" in parked.parked.reason
    assert len(stored(files, poisoned)) == 4

    (notice,) = notices(files, poisoned)
    assert (notice["EventName"], notice["Error"]) == ("FileUnheardOf", "ValueError")

    assert attributes(files, healthy)["Name"] == "healthy"
    assert row(files, healthy).parked is None


def test_the_sparse_index_lists_the_parked_objects(run: LocalRun, files: Pipeline) -> None:
    poisoned, healthy = new_id(), new_id()
    run.publish([domain_event(poisoned, 1, "FileUnheardOf", {}), uploaded(healthy, 1)])
    run.drain()

    items = run.client("dynamodb").scan(TableName=files.outputs["domain_table_name"], IndexName="ParkedDomains")[
        "Items"
    ]

    listed = {item["DomainId"]["S"] for item in items}
    assert poisoned in listed
    assert healthy not in listed


def test_a_rebuild_request_computes_the_row_again_from_its_events(run: LocalRun, files: Pipeline) -> None:
    file = new_id()
    run.publish([uploaded(file, 1), renamed(file, 2, "right")])
    run.drain()
    right = attributes(files, file)
    run.client("dynamodb").update_item(
        TableName=files.outputs["domain_table_name"],
        Key={"DomainId": {"S": file}},
        UpdateExpression="SET #name = :wrong",
        ExpressionAttributeNames={"#name": "Name"},
        ExpressionAttributeValues={":wrong": {"S": "wrong"}},
    )
    assert attributes(files, file)["Name"] == "wrong"

    run.publish([{"Detail": {"EventType": "REBUILD", "DomainName": "File", "DomainId": file}}])

    run.wait_for(lambda: attributes(files, file) == right, "the rebuilt row")
    assert row(files, file).state.applied.count == 2


def test_a_rebuild_request_brings_back_a_deleted_row(run: LocalRun, files: Pipeline) -> None:
    file = new_id()
    run.publish([uploaded(file, 1), renamed(file, 2, "b")])
    run.drain()
    before = attributes(files, file)
    run.client("dynamodb").delete_item(TableName=files.outputs["domain_table_name"], Key={"DomainId": {"S": file}})

    run.publish([{"Detail": {"EventType": "REBUILD", "DomainName": "File", "DomainId": file}}])

    run.wait_for(lambda: file in files.rows(), "the rebuilt row")
    assert attributes(files, file) == before


@pytest.mark.parametrize(
    ("change", "field", "found"),
    [
        ({"UserId": None}, "UserId", "null"),
        ({"Version": "one"}, "Version", "one"),
        ({"EventId": ""}, "EventId", ""),
        ({"EventTime": "yesterday"}, "EventTime", "yesterday"),
        ({"EventTime": "2099-01-01T00:00:00Z"}, "EventTime", "2099"),
        ({"EventTime": "2026-01-01T00:00:00.0000000001Z"}, "EventTime", "0000000001"),
    ],
)
def test_an_event_with_a_wrong_field_is_quarantined_unchanged_with_a_reason_that_names_the_field(
    run: LocalRun, files: Pipeline, change: dict[str, Any], field: str, found: str
) -> None:
    file = new_id()
    wrong = uploaded(file, 1) | change

    run.publish([wrong, renamed(file, 2, "the other")])
    run.drain()

    (message,) = quarantined(files, file)
    assert json.loads(message.body)["detail"] == wrong
    assert message.attributes["ReasonCode"] == "contract-violation"
    assert message.attributes["Reason"].startswith(f"{field}: ")
    assert found in message.attributes["Reason"]
    assert [event.event_name for event in stored(files, file)] == ["FileRenamed"]


@pytest.mark.parametrize("field", ["DomainId", "EventTime", "EventId", "UserId", "EventName", "Payload", "Version"])
def test_an_event_without_a_required_field_is_quarantined_with_a_reason_that_names_the_field(
    run: LocalRun, files: Pipeline, field: str
) -> None:
    marker = new_id()
    wrong = uploaded(new_id(), 1, CorrelationId=marker)
    del wrong[field]

    run.publish([wrong])
    run.drain()

    (message,) = quarantined(files, marker)
    assert json.loads(message.body)["detail"] == wrong
    assert message.attributes["Reason"].startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("this is not JSON: MARKER", "body: must be JSON"),
        ('{"detail": {"DomainId": "MARKER", }', "body: must be JSON"),
        ('["MARKER"]', "body: must be a bus event"),
        ('{"detail": "MARKER"}', "detail"),
    ],
)
def test_a_message_that_no_bus_sends_is_quarantined_unchanged_and_other_events_are_stored(
    run: LocalRun, files: Pipeline, body: str, reason: str
) -> None:
    """A program with the right to write to the queue can send anything."""
    marker, file = new_id(), new_id()
    text = body.replace("MARKER", marker)
    run.client("sqs").send_message(QueueUrl=files.outputs["ingest_queue_url"], MessageBody=text)
    run.publish([uploaded(file, 1)])

    run.wait_for(lambda: bool(quarantined(files, marker)), "the quarantined message")
    run.drain()

    (message,) = quarantined(files, marker)
    assert message.body == text
    assert message.attributes["ReasonCode"] == "contract-violation"
    assert message.attributes["Reason"].startswith(reason)
    assert len(stored(files, file)) == 1


def test_an_event_of_another_domain_in_the_queue_is_quarantined(run: LocalRun, files: Pipeline) -> None:
    """Both the rule and the function check the DomainName."""
    file = new_id()
    body = json.dumps({"detail": uploaded(file, 1, DomainName="Account")})
    run.client("sqs").send_message(QueueUrl=files.outputs["ingest_queue_url"], MessageBody=body)

    run.wait_for(lambda: bool(quarantined(files, file)), "the quarantined message")

    (message,) = quarantined(files, file)
    assert message.attributes["Reason"].startswith("DomainName: ")
    assert stored(files, file) == []


@pytest.mark.parametrize(
    "number", ["0.1", "12345678901234567890", "1E+30", "1234567890.1234567890123456789012345678", "-0.0", "1.0"]
)
def test_a_number_keeps_its_exact_value_from_the_queue_to_the_row(run: LocalRun, files: Pipeline, number: str) -> None:
    """The test puts the message directly into the queue, because a bus may change a number."""
    file = new_id()
    event = domain_event(file, 1, "FileScanned", {"Result": "CLEAN", "Score": "NUMBER"})
    body = json.dumps({"detail": event}).replace('"NUMBER"', number)
    run.client("sqs").send_message(QueueUrl=files.outputs["ingest_queue_url"], MessageBody=body)

    run.wait_for(lambda: file in files.rows(), "the file's row")

    assert attributes(files, file)["ScanScore"] == Decimal(number)
    assert stored(files, file)[0].payload["Score"] == Decimal(number)
