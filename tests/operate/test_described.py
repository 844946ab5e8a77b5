"""Guarantee: an event is described whoever wrote its item, and how late it came to the nanosecond of its key."""

import io
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from cp_event_source.deployed.console import tables_of
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.values import exact_json
from cp_event_source.operate.described import Columns, described, time_of
from tests.handler.doubles import stored

HAND_WRITTEN = st.sampled_from(
    [
        {"S": "text"},
        {"N": "1.5"},
        {"N": "1E+5"},
        {"B": b"no zlib"},
        {"SS": ["a", "b"]},
        {"BS": [b"a"]},
        {"L": [{"BS": [b"a"]}]},
        {"M": {"X": {"NS": ["1"]}}},
        {"NULL": True},
        {"BOOL": False},
    ]
)
NAMES = ("EventTime", "EventName", "UserId", "Version", "Payload", "CorrelationId", "ArrivedAt")


@given(
    changed=st.dictionaries(st.sampled_from(NAMES), HAND_WRITTEN),
    removed=st.sets(st.sampled_from(NAMES)),
    key=st.sampled_from(["2026-01-01T00:00:00.000000001Z#e", "no key", "#", "2026-01-01T00:00:00Z#\x1b"]),
)
def test_an_item_that_a_person_wrote_is_described(changed: dict[str, Any], removed: set[str], key: str) -> None:
    item = {**stored(1).item, **changed, "EventKey": {"S": key}}
    event = StoredEvent.of({name: value for name, value in item.items() if name not in removed})

    for payload in (False, True):
        known = described(event, payload=payload)
        assert exact_json.loads(exact_json.dumps(known))["event_key"] == key
        for of_several in (False, True):
            columns = Columns(payload=payload, domain_id=of_several)
            cells = columns.cells(event)
            assert len(cells) == len(columns.headers)
            assert cells[0] == key.partition("#")[0]
            Console(file=io.StringIO()).print(*tables_of(columns.headers, [cells]))


def test_one_that_cannot_be_decoded_has_its_key_and_says_so() -> None:
    event = StoredEvent.of({"DomainId": {"S": "a"}, "EventKey": {"S": "2026-01-01T00:00:00.000000000Z#e"}})

    assert described(event, payload=False) == {
        "domain_id": "a",
        "event_key": "2026-01-01T00:00:00.000000000Z#e",
        "event_id": "e",
        "size": 49,
        "unreadable": True,
    }
    assert Columns().cells(event)[:3] == ["2026-01-01T00:00:00Z", "(unreadable)", "e"]


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("2026-01-01T00:00:00.000000000Z#e", "2026-01-01T00:00:00Z"),
        ("2026-01-01T00:00:10.120000000Z#e", "2026-01-01T00:00:10.12Z"),
        ("2026-01-01T00:00:00.000000001Z#e", "2026-01-01T00:00:00.000000001Z"),
        ("2000000Z", "2000000Z"),
    ],
)
def test_a_time_is_shown_without_needless_zeros(key: str, shown: str) -> None:
    assert time_of(key) == shown


@pytest.mark.parametrize(
    ("time", "arrived", "late", "shown"),
    [
        ("2026-01-01T00:00:00.123456789", "2026-01-01T00:00:01.500+00:00", "1.377", "1.4 s"),
        ("2026-01-01T00:00:00.000000000", "2026-01-01T00:10:00.000+00:00", "600", "10 min"),
        ("2016-12-31T23:59:60.000000000", "2017-01-01T00:00:01.000+00:00", "2", "2.0 s"),
        ("2026-01-01T00:00:05.000000000", "2026-01-01T00:00:00.000+00:00", "0", "0.0 s"),
        ("2026-01-01T00:00:05.000000000", "yesterday", None, ""),
    ],
)
def test_how_late_an_event_came(time: str, arrived: str, late: str | None, shown: str) -> None:
    event = StoredEvent.of({**stored(1).item, "EventKey": {"S": f"{time}Z#e"}, "ArrivedAt": {"S": arrived}})

    found = described(event, payload=False)["seconds_late"]

    assert found == (None if late is None else Decimal(late))
    assert Columns().cells(event)[-1] == shown
