"""Guarantee: a log line has the correlation ids of all its events, within a limit."""

from typing import Any

import pytest

from cp_event_source.handler.events.ids import NO_IDS, Ids, ids_of_events


def correlated(correlation_id: str) -> dict[str, Any]:
    return {"CorrelationId": {"S": correlation_id}, "UserId": {"S": "secret"}}


def known_fields(ids: Ids) -> dict[str, object]:
    return {name: value for name, value in ids.fields().items() if value is not None}


def test_no_events_have_no_ids() -> None:
    assert known_fields(NO_IDS) == {}


def test_a_field_has_one_name_for_one_id_and_another_for_many() -> None:
    assert known_fields(Ids("e", "n", ("c",), "b", "d")) == {
        "event_id": "e",
        "event_name": "n",
        "correlation_id": "c",
        "bus_event_id": "b",
        "domain_id": "d",
    }
    assert known_fields(Ids(correlation_ids=("a", "b"))) == {"correlation_ids": ("a", "b")}


def test_events_of_one_correlation_name_it_once_and_those_of_none_nothing() -> None:
    assert ids_of_events([{}, correlated("c"), correlated("a"), correlated("c")], "d").fields() == (
        Ids(correlation_ids=("c", "a"), domain_id="d").fields()
    )
    assert ids_of_events([{}], "d") == Ids(domain_id="d")


def test_all_correlation_ids_of_a_batch_of_uuids_are_kept_and_some_of_a_batch_of_long_texts() -> None:
    uuids = [f"{number:036}" for number in range(100)]
    assert ids_of_events(map(correlated, uuids)).correlation_ids == tuple(uuids)
    long = ids_of_events(correlated(f"{number:02000}") for number in range(100)).correlation_ids
    assert len(long) == 4
    assert ids_of_events([correlated("x" * 9_000), correlated("c")]).correlation_ids == ("c",)


@pytest.mark.parametrize("value", [{"N": "1"}, {"M": {"S": {"S": "x"}}}, {"NULL": True}, {"B": b"x"}, {"SS": ["x"]}])
def test_a_malformed_correlation_id_in_an_item_is_skipped(value: dict[str, Any]) -> None:
    assert ids_of_events([{"CorrelationId": value}]) == NO_IDS
