"""Guarantee: an item that a person wrote into the events table, such as a tombstone, affects only its own event."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from cp_event_source.handler.events.stored_event import StoredEvent

from ..doubles.aws import AwsError
from .cases import body
from .pipeline import DOMAIN_NAME, Pipeline, Seen, probe

ATTRIBUTES: dict[str, dict[str, Any]] = {
    "text": {"S": "erased"},
    "number": {"N": "1"},
    "null": {"NULL": True},
    "map": {"M": {"by": {"S": "me"}}},
    "binary": {"B": b"\x00"},
    "binary that looks compressed": {"B": b"x\x9c\x03\x00\x00\x00\x00\x01"},
    "binary in a map": {"M": {"key": {"B": b"\x00"}}},
    "texts": {"SS": ["a", "b"]},
    "numbers": {"NS": ["1", "2"]},
    "binaries": {"BS": [b"\x00"]},
}


def put(pipeline: Pipeline, item: dict[str, Any], **attributes: dict[str, Any]) -> None:
    pipeline.db.handle("PutItem", {"TableName": "events", "Item": item | attributes})


def tombstone_of(item: Mapping[str, Any], by: dict[str, Any]) -> dict[str, Any]:
    return {"DomainId": item["DomainId"], "EventKey": item["EventKey"], "Erased": by}


@pytest.fixture
def pipeline(make: Callable[..., Pipeline]) -> Pipeline:
    return make(probe(Seen()))


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_an_event_that_was_erased_and_is_sent_again_is_known_and_stays_erased(pipeline: Pipeline, name: str) -> None:
    """It is not quarantined, because its content would then be in a queue again."""
    pipeline.persist(body())
    (item,) = pipeline.db.items("events")
    tombstone = tombstone_of(item, ATTRIBUTES[name])
    put(pipeline, tombstone)
    assert pipeline.persist(body(), body('"other"'), body(EventId='"e-2"')) == []
    assert pipeline.db.items("events")[0] == tombstone
    assert pipeline.quarantined() == []
    assert pipeline.metrics() == {"EventsStored": 2, "ErasedEvents": 2}
    assert [line["message"] for line in pipeline.lines() if "message" in line] == [
        "event stored",
        "event was erased",
        "event was erased",
        "event stored",
    ]


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_domain_logic_does_not_get_an_erased_event(pipeline: Pipeline, name: str) -> None:
    """By a rebuild, and by deliveries of what the stream still has of it."""
    pipeline.persist(body(), body(EventId='"e-2"'))
    records = pipeline.db.records("events")
    pipeline.project(records)
    put(pipeline, tombstone_of(pipeline.db.items("events")[0], ATTRIBUTES[name]))
    pipeline.rebuild({"EventType": "REBUILD", "DomainName": DOMAIN_NAME, "DomainId": "d-1"})
    row = pipeline.rows()["d-1"]
    assert (row["Count"], row["CpEventSource"]["M"]["EventCount"]) == ({"N": "1"}, {"N": "2"})
    assert pipeline.project(records) == []
    assert pipeline.rows()["d-1"] == row


def test_a_tombstone_for_an_event_that_never_came_keeps_it_away(pipeline: Pipeline) -> None:
    """It is new in the stream, other than one over an event."""
    pipeline.persist(body())
    (item,) = pipeline.db.items("events")
    put(pipeline, tombstone_of({**item, "DomainId": {"S": "d-2"}}, {"NULL": True}))
    assert pipeline.project(pipeline.db.records("events")) == []
    assert pipeline.rows()["d-2"].keys() == {"DomainId", "CpEventSource"}
    assert pipeline.persist(body(DomainId='"d-2"')) == []
    assert pipeline.metrics()["ErasedEvents"] == 1


@pytest.mark.parametrize("attribute", ["EventTime", "EventName", "Bus", "Version", "Original", "UserId"])
@pytest.mark.parametrize("name", ATTRIBUTES)
def test_an_invalid_item_blocks_no_other_object_and_loses_no_event(
    pipeline: Pipeline, name: str, attribute: str
) -> None:
    _project_beside_one_that_fails(pipeline, attribute, ATTRIBUTES[name])


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_an_invalid_arrival_time_blocks_no_object(pipeline: Pipeline, name: str) -> None:
    _project_beside_one_that_fails(pipeline, "ArrivedAt", ATTRIBUTES[name])


def _project_beside_one_that_fails(pipeline: Pipeline, attribute: str, value: dict[str, Any]) -> None:
    pipeline.persist(body(), body(DomainId='"d-2"'))
    by_id = {item["DomainId"]["S"]: item for item in pipeline.db.items("events")}
    put(pipeline, by_id["d-1"], EventKey={"S": "by hand"}, **{attribute: value})
    records = sorted(pipeline.db.records("events"), key=lambda record: record["dynamodb"]["Keys"]["DomainId"]["S"])

    def fail(operation: str, request: Mapping[str, Any], when: str) -> None:
        if operation == "PutItem" and request["Item"]["DomainId"] == {"S": "d-2"}:
            raise AwsError("ThrottlingException", "slow down")

    pipeline.db.intercept = fail
    returned = [record["dynamodb"]["SequenceNumber"] for record in records[-1:]]
    assert pipeline.project(records) == returned
    pipeline.db.intercept = None
    assert pipeline.project(records[-1:]) == []
    assert {domain_id: row["Count"]["N"] for domain_id, row in pipeline.rows().items()} == {"d-1": "2", "d-2": "1"}


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_a_payload_is_the_same_from_the_stream_and_from_the_table(pipeline: Pipeline, name: str) -> None:
    if "B" in ATTRIBUTES[name]:
        pytest.skip("it is taken for compressed JSON text")
    pipeline.persist(body())
    (item,) = pipeline.db.items("events")
    put(pipeline, item, EventKey={"S": "by hand"}, Payload=ATTRIBUTES[name])
    streamed = StoredEvent.of(pipeline.db.records("events")[-1]["dynamodb"]["NewImage"])
    stored = pipeline.events()[-1]
    assert (streamed.payload, streamed.domain_payload) == (stored.payload, stored.domain_payload)
