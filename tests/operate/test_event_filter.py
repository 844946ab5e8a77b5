"""Guarantee: DynamoDB and the command here want the same events."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.operate.event_filter import EventFilter

TIMES = [f"2026-01-0{day}T00:00:00.{fraction}Z" for day in (1, 2) for fraction in ("000000000", "000000001")]
WORDS = ["Name", "Size", "name", "#a", ":v0"]


def item(number: int, time: str, name: str | None, user: str | None, correlation: str | None) -> dict[str, Any]:
    texts = {
        "DomainId": f"o{number}",
        "EventKey": f"{time}#e{number}",
        "EventName": name,
        "UserId": user,
        "CorrelationId": correlation,
    }
    return {key: {"S": text} for key, text in texts.items() if text is not None}


ITEMS = [
    item(number, TIMES[number % 4], *(WORDS[number // each % 5] if number % (each + 2) else None for each in (1, 2, 3)))
    for number in range(60)
] + [
    {**item(60, TIMES[0], None, None, None), "EventName": {"N": "1"}, "UserId": {"SS": ["Name"]}},
    {"DomainId": {"S": "by hand"}, "EventKey": {"S": TIMES[1]}},
]


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    with mock_aws():
        client: Any = boto3.Session("test", "test", region_name="eu-central-1").client("dynamodb")
        keys = {"HASH": "DomainId", "RANGE": "EventKey"}
        client.create_table(
            TableName="events",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"KeyType": kind, "AttributeName": name} for kind, name in keys.items()],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys.values()],
        )
        for each in ITEMS:
            client.put_item(TableName="events", Item=each)
        yield client


def key_of(item: dict[str, Any]) -> str:
    return str(item["EventKey"]["S"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(
    st.builds(
        EventFilter,
        since=st.none() | st.sampled_from(TIMES),
        until=st.none() | st.sampled_from(TIMES),
        names=st.lists(st.sampled_from(WORDS), unique=True, max_size=3),
        correlation_id=st.none() | st.sampled_from(WORDS),
        user_id=st.none() | st.sampled_from(WORDS),
    )
)
def test_dynamodb_sends_what_matches_and_nothing_else(dynamodb: Any, wanted: EventFilter) -> None:
    sent = dynamodb.scan(TableName="events", **wanted.options())["Items"]

    assert sorted(map(key_of, sent)) == sorted(key_of(each) for each in ITEMS if wanted.matches(StoredEvent.of(each)))
