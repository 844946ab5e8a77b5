"""Guarantee: the examples work together as stacks of their own under the engine: references, policies, events."""

import json

import pytest

from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.local.events_file import entries
from tests.e2e.events import domain_event, new_id, uploaded

from .harness import STACK, Engine, Stack, copied_example


@pytest.fixture(scope="module")
def default(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    stack = engine.stack(copied_example("default", tmp_path_factory.mktemp("default")), {"development": "true"})
    stack.up()
    return stack


@pytest.fixture(scope="module")
def consumer(engine: Engine, default: Stack, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    source = f"organization/cp-event-source-default/{STACK}"
    stack = engine.stack(copied_example("consumer", tmp_path_factory.mktemp("consumer")), {"source_stack": source})
    stack.up()
    return stack


@pytest.fixture(scope="module")
def custom_event_bus(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    folder = copied_example("custom_event_bus", tmp_path_factory.mktemp("custom"))
    stack = engine.stack(folder, {"development": "true"})
    stack.up()
    return stack


def test_a_consumer_reads_the_other_stacks_outputs(default: Stack, consumer: Stack) -> None:
    outputs = default.outputs()
    function = consumer.resource("Function", "quarantine")["inputs"]
    assert function["environment"]["variables"]["DOMAIN_TABLE"] == outputs["domain_table_name"]
    attached = {
        each["inputs"]["policyArn"] for each in consumer.resources() if each["type"].endswith(":RolePolicyAttachment")
    }
    assert attached == {outputs["reader_policy_arn"], outputs["publisher_policy_arn"]}


def test_a_changed_row_reaches_the_consumer_and_its_event_the_bus(
    engine: Engine, default: Stack, consumer: Stack
) -> None:
    pipeline = default.pipeline()
    queue = listening_queue(engine, pipeline)
    file = new_id()
    infected = domain_event(file, 2, "FileScanned", {"Result": "INFECTED", "Score": 1})

    default.send(entries([uploaded(file, 1), infected]), pipeline)

    answer = engine.clients("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=20)
    (event,) = (json.loads(message["Body"]) for message in answer["Messages"])
    assert (event["source"], event["detail"]["DomainId"]) == ("file-quarantine", file)


def test_the_consumer_again_changes_nothing(consumer: Stack) -> None:
    assert consumer.up().ops() == {"same"}


def test_a_pipeline_on_a_bus_of_the_program_folds_its_events(custom_event_bus: Stack) -> None:
    pipeline = custom_event_bus.pipeline()
    account = new_id()
    events = [
        domain_event(account, second, name, payload, DomainName="Account")
        for second, name, payload in [
            (3, "AmountDebited", {"Amount": 5}),
            (1, "AccountOpened", {}),
            (2, "AmountCredited", {"Amount": 12}),
        ]
    ]

    custom_event_bus.send(entries(events), pipeline)

    assert pipeline.rows()[account].state.attributes["Balance"] == {"N": "7"}


def listening_queue(engine: Engine, pipeline: Pipeline) -> str:
    """The URL of a new queue that gets the consumer's events from the bus."""
    sqs, events = engine.clients("sqs"), engine.clients("events")
    url = str(sqs.create_queue(QueueName="listener")["QueueUrl"])
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = json.dumps({"source": ["file-quarantine"]})
    events.put_rule(Name="listener", EventBusName=pipeline.bus_name, EventPattern=pattern)
    events.put_targets(Rule="listener", EventBusName=pipeline.bus_name, Targets=[{"Id": "queue", "Arn": arn}])
    return url
