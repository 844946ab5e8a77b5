"""Guarantee: a quarantined message can be sent again; it is stored if it now can be, and otherwise quarantined again.

Messages move as the console's redrive to a custom destination moves them: the same body and attributes, a new id.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from ..doubles.aws import AwsError
from . import envelopes
from .cases import NOT_JSON, body, noise
from .pipeline import Pipeline, Seen, probe

LATER = '"2026-01-01T00:30:00Z"'
WRONG = {
    "no JSON": NOT_JSON["a raw newline in text"],
    "spaces around": f" \t{body(Version='1.5')}\r\n",
    "no detail": "{}",
    "another domain": body(DomainName='"File"'),
    "surrogates": body(UserId=r'"\ud800"'),
    "not ASCII": body('"\u00e9\U0001f600\u2028\ufffd"', EventType='"\u0130"'),
    "too large": body(f'"{noise(700_000)}"'),
    "a conflict": body('"other"'),
    "years ahead": body(EventTime='"2999-01-01T00:00:00Z"', EventId='"ahead"'),
    **{f"EventTime {text!r}": body(EventTime=json.dumps(text)) for text in envelopes.NO_TIMES[8:12]},
}
"""Messages that no redrive can fix."""


def redrive(pipeline: Pipeline) -> None:
    """Move all from the ingest dead-letter queue to the ingest queue."""
    letters = pipeline.sqs.queues[pipeline.dead_letters].messages
    moved, letters[:] = list(letters), []
    for message in moved:
        request = {"QueueUrl": pipeline.ingest, "MessageBody": message.body, "MessageAttributes": message.attributes}
        assert pipeline.sqs.handle("SendMessage", request)["MessageId"] != message.id


def counted(pipeline: Pipeline, domain_id: str = "d-1") -> str | None:
    row = pipeline.rows().get(domain_id)
    return row["Count"]["N"] if row else None


@pytest.fixture
def pipeline(make: Callable[..., Pipeline]) -> Pipeline:
    pipeline = make(probe(Seen()), is_wired=True)
    pipeline.send(body('"first"'))
    pipeline.drain()
    return pipeline


def test_an_event_whose_time_has_come_is_stored(pipeline: Pipeline) -> None:
    early = body(EventTime=LATER, EventId='"early"')
    pipeline.send(early)
    pipeline.drain()
    (kept,) = pipeline.quarantined()
    assert (kept.body, kept.code) == (early, "contract-violation")
    assert (kept.reason or "").startswith("EventTime: must not be in the future")
    redrive(pipeline)
    pipeline.drain()
    assert [message.body for message in pipeline.quarantined()] == [early]  # it has not come
    pipeline.clock.advance(1_200)
    redrive(pipeline)
    pipeline.drain()
    assert pipeline.quarantined() == []
    assert [event.event_id for event in pipeline.events()] == ["e-1", "early"]
    assert counted(pipeline) == "2"


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException", "ValidationException"])
def test_an_event_that_the_table_refused_is_stored_once_the_table_is_fixed(pipeline: Pipeline, code: str) -> None:
    def refuse(operation: str, request: Mapping[str, Any], when: str) -> None:
        if (operation, request.get("TableName")) == ("PutItem", "events"):
            raise AwsError(code, "no")

    pipeline.db.intercept = refuse
    pipeline.send(body(EventId='"e-2"'))
    while not pipeline.quarantined():
        pipeline.clock.advance(60)
        pipeline.drain()
    pipeline.db.intercept = None
    redrive(pipeline)
    pipeline.drain()
    assert pipeline.quarantined() == []
    assert counted(pipeline) == "2"


def test_an_event_that_the_producer_fixed_is_stored(pipeline: Pipeline) -> None:
    wrong, right = body(EventId='"e-2"', Version='"1"'), body(EventId='"e-2"', Version="1")
    pipeline.send(wrong, right)
    pipeline.drain()
    redrive(pipeline)
    pipeline.drain()
    assert [message.body for message in pipeline.quarantined()] == [wrong]
    assert counted(pipeline) == "2"


def test_an_event_that_is_already_stored_is_recognised(pipeline: Pipeline) -> None:
    """The bus's own dead letters, and those of ten faults, may have been stored all the same."""
    arrived = {"ERROR_CODE": {"DataType": "String", "StringValue": "SDK_CLIENT_ERROR"}}
    request = {"QueueUrl": pipeline.dead_letters, "MessageBody": body('"first"'), "MessageAttributes": arrived}
    pipeline.sqs.handle("SendMessage", request)
    redrive(pipeline)
    pipeline.drain()
    assert pipeline.quarantined() == []
    assert counted(pipeline) == "1"
    assert pipeline.metrics()["DuplicateEvents"] == 1


@pytest.mark.parametrize("name", WRONG)
def test_a_message_that_is_still_wrong_is_quarantined_again_byte_for_byte(pipeline: Pipeline, name: str) -> None:
    pipeline.send(WRONG[name])
    pipeline.drain()
    (first,) = pipeline.quarantined()
    for _ in range(2 if len(first.body) > 1_000 else 12):  # more often than a message may be received: it is a new one
        pipeline.clock.advance(3_600)
        redrive(pipeline)
        pipeline.drain()
    (again,) = pipeline.quarantined()
    assert (again.body, again.code) == (WRONG[name], first.code)
    assert len(pipeline.sqs.messages(pipeline.dead_letters)[0].attributes) == 4
    assert counted(pipeline) == "1"


def test_each_message_of_a_mixed_batch_has_its_own_outcome(pipeline: Pipeline) -> None:
    early = [body(EventTime=LATER, EventId=f'"early-{number}"') for number in range(5)]
    pipeline.send(*early, *WRONG.values())
    pipeline.drain()
    assert len(pipeline.quarantined()) == len(early) + len(WRONG)
    pipeline.clock.advance(3_600)
    redrive(pipeline)
    pipeline.drain()
    assert sorted(message.body for message in pipeline.quarantined()) == sorted(WRONG.values())
    assert counted(pipeline) == "6"
