"""Guarantee: a notice goes only if its object's row is not parked, and the parking that it is about cannot come yet;
every other message stays, and is visible again."""

import json
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from cp_event_source.deployed.clients import Clients
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.handler.domain.failure import Cause
from cp_event_source.handler.domain.state import INITIAL_STATE
from cp_event_source.handler.projection.notes import Parked
from cp_event_source.handler.projection.rows import DomainRow
from cp_event_source.operate import hidden_messages
from cp_event_source.operate.notices import Cleared, clear_notices
from tests.doubles.clock import SettableClock

KEY = "2026-01-01T00:00:00.000000000Z#e"
SINCE = "2026-01-01T00:00:01.000+00:00"
PARKED = Parked(KEY, "e", "Reset", Cause.LOGIC, "ValueError", "no", SINCE, "v1", KEY, KEY)


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    monkeypatch.setattr(hidden_messages, "_WAIT_SECONDS", 0)
    with mock_aws():
        clients = Clients(boto3.Session("test", "test", region_name="eu-central-1"))
        dynamodb = clients("dynamodb")
        dynamodb.create_table(
            TableName="rows",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"KeyType": "HASH", "AttributeName": "DomainId"}],
            AttributeDefinitions=[{"AttributeName": "DomainId", "AttributeType": "S"}],
        )
        for row in (
            DomainRow("healed", INITIAL_STATE, "v1"),
            DomainRow("parked", INITIAL_STATE, "v1", parked=PARKED),
            DomainRow("edited", INITIAL_STATE, "v1", parked=PARKED),
        ):
            item = row.to_item()
            if row.domain_id == "edited":
                item["CpEventSource"]["M"]["Parked"] = {"M": {}}
            dynamodb.put_item(TableName="rows", Item=item)
        url = clients("sqs").create_queue(QueueName="parked")["QueueUrl"]
        outputs = {"domain_name": "File", "domain_table_name": "rows", "parked_queue_url": url}
        yield Pipeline("files", outputs, clients)


def send(pipeline: Pipeline, *bodies: str) -> None:
    for body in bodies:
        pipeline.clients("sqs").send_message(QueueUrl=pipeline.output("parked_queue_url"), MessageBody=body)


def notice(domain_id: str, since: str = SINCE) -> str:
    return json.dumps({"DomainName": "File", "DomainId": domain_id, "Since": since})


def left(pipeline: Pipeline) -> list[str]:
    return sorted(json.loads(message.body)["DomainId"] for message in pipeline.parking_notices())


def test_notices_of_objects_that_are_no_longer_parked_go(pipeline: Pipeline) -> None:
    """A row that is gone does not show that its object has healed: its events may wait."""
    send(pipeline, *map(notice, ("healed", "healed", "gone", "parked", "edited")))

    cleared = clear_notices(pipeline, lambda domain_id, since: since == SINCE, SettableClock())

    assert cleared == Cleared(deleted=2, kept=3)
    assert left(pipeline) == ["edited", "gone", "parked"]


def test_a_notice_whose_row_may_not_be_written_yet_stays(pipeline: Pipeline) -> None:
    """The function sends the notice first. A row that is not parked yet proves nothing."""
    send(pipeline, notice("healed", "2026-01-01T00:00:02.000+00:00"))
    clock = SettableClock()

    assert clear_notices(pipeline, lambda _, since: since == SINCE, clock) == Cleared(0, 1)

    clock.shows = clock.now() + 17 * 60  # its invocation has ended
    assert clear_notices(pipeline, lambda _, since: since == SINCE, clock) == Cleared(1, 0)


def test_what_is_no_notice_of_the_pipeline_stays(pipeline: Pipeline) -> None:
    bodies = ["hello", "[]", "null", "{}", json.dumps({"DomainName": "Other", "DomainId": "healed", "Since": SINCE})]
    send(pipeline, *bodies)

    assert clear_notices(pipeline, lambda *_: True, SettableClock()) == Cleared(0, len(bodies))
    assert sorted(message.body for message in pipeline.parking_notices()) == sorted(bodies)


def test_more_notices_than_one_receive_has(pipeline: Pipeline) -> None:
    send(pipeline, *map(notice, ["healed"] * 25 + ["parked"] * 15))

    assert clear_notices(pipeline, lambda *_: True, SettableClock()) == Cleared(25, 15)
    assert left(pipeline) == ["parked"] * 15
