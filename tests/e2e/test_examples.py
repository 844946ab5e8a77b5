"""Guarantee: the three example programs work together when they are deployed."""

import json
import time
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from cp_event_source.local import LocalRun, Pipeline, Stack, read_events
from tests.e2e.conftest import EXAMPLES
from tests.e2e.events import attributes, domain_event, new_id, row, uploaded


def test_each_example_deploys_and_exports_what_others_need(
    default: Stack, custom_event_bus: Stack, consumer: Stack
) -> None:
    for stack in (default, custom_event_bus):
        outputs = stack.pipelines[0].outputs
        for name, value in stack.outputs.items():
            assert value == outputs[name], name
    assert consumer.pipelines == []
    assert consumer.outputs["function_name"].startswith("quarantine-")


def test_the_default_example_has_its_own_bus_and_the_custom_one_adds_only_rules(
    default: Stack, custom_event_bus: Stack
) -> None:
    def buses(stack: Stack) -> list[str]:
        return [resource.name for resource in stack.resources if resource.type == "aws:cloudwatch/eventBus:EventBus"]

    assert buses(default) == ["files-bus"]
    assert buses(custom_event_bus) == ["company"]
    assert custom_event_bus.pipelines[0].bus_name.startswith("company-")


def test_the_sample_events_become_rows_and_the_wrong_one_is_quarantined(run: LocalRun, files: Pipeline) -> None:
    takers = run.publish(read_events(EXAMPLES / "default" / "events.json"))
    run.drain()

    assert takers.count("File") == 16
    report = attributes(files, "aefbd80d-7c69-4c2b-b303-ad8cd526f2d0")
    assert (report["Name"], report["Size"], report["ScanResult"]) == ("report-2026-q1.pdf", 482113, "CLEAN")
    survey = attributes(files, "a74d1805-c601-400f-bcde-e09dcb5c0888")
    assert (survey["Size"], survey["Deleted"]) == (9007199254740993, True)
    parked = row(files, "6cfa9ee3-cf00-406a-9e97-46e95e84cc5d").parked
    assert parked is not None
    assert parked.event_name == "FileArchived"
    reasons = [message.attributes["Reason"] for message in files.quarantined()]
    assert "UserId: is required; found nothing" in reasons


def test_the_account_example_computes_balances_on_the_given_bus(run: LocalRun, accounts: Pipeline) -> None:
    account = new_id()
    events = [
        domain_event(account, second, name, payload, DomainName="Account")
        for second, name, payload in [
            (3, "AmountDebited", {"Amount": 5}),
            (1, "AccountOpened", {}),
            (2, "AmountCredited", {"Amount": 12}),
        ]
    ]

    assert run.publish(events) == ["Account"] * 3
    run.drain()

    assert attributes(accounts, account)["Balance"] == 7


def test_a_changed_row_triggers_the_consumer_and_it_publishes_to_the_bus(
    run: LocalRun, files: Pipeline, consumer: Stack
) -> None:
    """Its FileQuarantined event has the EventType PROCESS: it is on the bus, but in no history."""
    heard = _listen(run, files, {"EventName": ["FileQuarantined"]})
    file = new_id()

    run.publish([uploaded(file, 1), domain_event(file, 2, "FileScanned", {"Result": "INFECTED", "Score": 1})])
    run.drain()

    def about_this_file() -> list[dict[str, Any]]:
        return [event for event in heard() if event["detail"]["DomainId"] == file]

    run.wait_for(lambda: bool(about_this_file()), "the consumer's event")
    (event,) = about_this_file()
    assert event["source"] == "file-quarantine"
    assert event["detail"]["EventType"] == "PROCESS"
    assert [stored.event_name for stored in files.events() if stored.domain_id == file] == [
        "FileUploaded",
        "FileScanned",
    ]


def test_the_domain_tables_stream_has_the_old_and_the_new_row(run: LocalRun, files: Pipeline) -> None:
    file = new_id()
    run.publish([uploaded(file, 1)])
    run.drain()
    run.publish([domain_event(file, 2, "FileRenamed", {"Name": "b.txt"})])
    run.drain()

    changes = [change for change in _changes(run, files) if change["Keys"]["DomainId"]["S"] == file]

    names = [
        [TypeDeserializer().deserialize(change[image]["Name"]) for image in ("OldImage", "NewImage") if image in change]
        for change in changes
    ]
    assert names == [["a.txt"], ["a.txt", "b.txt"]]


def _listen(run: LocalRun, pipeline: Pipeline, detail: dict[str, Any]) -> Any:
    """Put a queue on the pipeline's bus. Returns a function that gives all events received so far."""
    sqs, events = run.client("sqs"), run.client("events")
    name = f"listener-{time.time_ns()}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name=name, EventBusName=pipeline.bus_name, EventPattern=json.dumps({"detail": detail}))
    events.put_targets(Rule=name, EventBusName=pipeline.bus_name, Targets=[{"Id": "queue", "Arn": arn}])
    found: dict[str, dict[str, Any]] = {}

    def heard() -> list[dict[str, Any]]:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            event = json.loads(message["Body"])
            found[event["id"]] = event
        return list(found.values())

    return heard


def _changes(run: LocalRun, pipeline: Pipeline) -> list[dict[str, Any]]:
    """Every record of the domain table's stream."""
    streams = run.client("dynamodbstreams")
    arn = pipeline.outputs["domain_table_stream_arn"]
    changes = []
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator = streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while iterator:
            answer = streams.get_records(ShardIterator=iterator)
            if not answer["Records"]:
                break
            changes += [record["dynamodb"] for record in answer["Records"]]
            iterator = answer.get("NextShardIterator")
    return changes
