"""Guarantee: an event that a command appends again reaches its row, though a decision had appended it with its row."""

from typing import Any

from cp_event_source.handler.aws.events_table import Appended, EventsTable
from cp_event_source.handler.events.stored_event import DECIDED
from cp_event_source.handler.values.clock import Clock
from cp_event_source.operate.appending import Writers
from cp_event_source.operate.pace import Pace
from tests.doubles.clients import direct_dynamodb
from tests.doubles.dynamodb import DynamoDB
from tests.handler.doubles import stored


def test_an_appended_event_has_no_mark_of_a_decision() -> None:
    """With it, the stream's filter would leave the event out."""
    db = DynamoDB()
    db.create_table("events", "DomainId", "EventKey", stream=True)
    table = EventsTable(direct_dynamodb(db), "events")
    decided: Any = stored(1).item | {DECIDED: {"S": "d"}}
    with Writers(table, Pace(1_000, Clock())) as writers:
        assert writers.append([("a", decided), ("b", stored(2).item)]) == dict.fromkeys("ab", Appended.STORED)
    assert db.items("events") == [stored(1).item, stored(2).item]


def test_a_decided_event_that_is_sent_again_is_a_duplicate() -> None:
    db = DynamoDB()
    db.create_table("events", "DomainId", "EventKey")
    table = EventsTable(direct_dynamodb(db), "events")
    table.append(stored(1).item | {DECIDED: {"S": "d"}})
    assert table.append(stored(1).item) is Appended.DUPLICATE
