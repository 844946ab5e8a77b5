"""Guarantee: the store appends once and never changes; it reads in order, whole, strongly consistent."""

import random
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cp_event_source.handler.aws.events_table import Appended, EventsTable
from cp_event_source.handler.events.key_set import Span
from tests.handler.given import erased, stored
from tests.handler.on_moto import Calls, client_error, shared_clients


@pytest.fixture
def table(calls: Calls) -> EventsTable:
    return EventsTable(shared_clients()[0], "events")


def test_an_event_is_stored_once(table: EventsTable, calls: Calls) -> None:
    event = stored(1, {"a": 1})
    assert table.append(event.item) is Appended.STORED
    assert table.append(event.item) is Appended.DUPLICATE
    assert [each.item for each in table.read("d-1", Span())] == [event.item]


def test_a_taken_key_is_never_overwritten(table: EventsTable) -> None:
    table.append(stored(1, {"a": 1}).item)
    assert table.append(stored(1, {"a": 2}).item) is Appended.CONFLICT
    assert [event.payload for event in table.read("d-1", Span())] == [{"a": 1}]


def test_an_append_is_one_call_whatever_its_result(table: EventsTable, calls: Calls) -> None:
    for event in (stored(1, 1), stored(1, 1), stored(1, 2)):
        before = calls.requests
        table.append(event.item)
        assert calls.requests == before + 1


def test_an_error_of_aws_is_raised(table: EventsTable, calls: Calls) -> None:
    calls.fail = lambda name, call: client_error("ThrottlingException")
    with pytest.raises(ClientError):
        table.append(stored(1).item)


def test_events_are_read_in_the_order_of_their_keys(table: EventsTable) -> None:
    events = [stored(number) for number in range(20)]
    for event in random.Random(1).sample(events, len(events)):
        table.append(event.item)
    table.append(stored(3, DomainId="d-2").item)
    keys = [event.key for event in events]
    assert [event.key for event in table.read("d-1", Span())] == keys
    assert list(table.keys("d-1", Span(up_to=keys[-1]))) == keys


@pytest.mark.parametrize("by", [{"S": "2026"}, {"NULL": True}, {"BOOL": False}, {"M": {}}, {"B": b"\x00"}, {"L": []}])
def test_an_erased_event_is_known_and_counts_as_one(table: EventsTable, by: dict[str, Any]) -> None:
    """It does not matter what is written under the same key again."""
    event = stored(1, "personal")
    table.append(event.item)
    table.client.put_item(TableName="events", Item=erased(event, by).item)
    for again in (event, stored(1, "other")):
        assert table.append(again.item) is Appended.ERASED
    (left,) = table.read("d-1", Span())
    assert left.is_erased
    assert left.key == event.key
    assert list(table.keys("d-1", Span())) == [left.counted] != [event.counted]


def test_a_limit_is_included_and_nothing_after_it(table: EventsTable) -> None:
    keys = [stored(number).key for number in range(5)]
    for number in range(5):
        table.append(stored(number).item)
    assert [event.key for event in table.read("d-1", Span(up_to=keys[2]))] == keys[:3]
    assert list(table.keys("d-1", Span(up_to=keys[2]))) == keys[:3]
    assert list(table.read("d-1", Span(up_to="2025"))) == []


def test_an_object_without_events_has_an_empty_history(table: EventsTable) -> None:
    assert list(table.read("nobody", Span())) == []


def test_a_history_of_many_pages_is_read_whole(table: EventsTable, calls: Calls) -> None:
    """A page of a query ends at 1 MB."""
    for number in range(12):
        table.append(stored(number, "x" * 300_000).item)
    before = calls.requests
    assert [event.event_id for event in table.read("d-1", Span())] == [f"e-{number}" for number in range(12)]
    assert calls.requests - before >= 4
    assert len(list(table.keys("d-1", Span(up_to="9")))) == 12


def test_pages_are_read_when_they_are_needed(table: EventsTable, calls: Calls) -> None:
    for number in range(12):
        table.append(stored(number, "x" * 300_000).item)
    before = calls.requests
    next(iter(table.read("d-1", Span())))
    assert calls.requests == before + 1


def test_every_read_is_strongly_consistent(table: EventsTable, calls: Calls) -> None:
    list(table.read("d-1", Span()))
    list(table.read("d-1", Span(up_to="x")))
    list(table.keys("d-1", Span(up_to="x")))
    assert [name for name, _ in calls.made] == ["Query"] * 3
    assert all(call["ConsistentRead"] is True for _, call in calls.made)


def test_ids_are_passed_as_values_never_in_an_expression(table: EventsTable, calls: Calls) -> None:
    hostile = "d-1 OR :x = :x #"
    table.append(stored(1, DomainId=hostile).item)
    assert [event.domain_id for event in table.read(hostile, Span(up_to="9 OR 1 = 1"))] == [hostile]
    expressions: list[Any] = [call.get("KeyConditionExpression", "") for _, call in calls.made]
    assert not any("OR" in expression for expression in expressions)
