"""Guarantee: a message is an item to store, or is rejected with a code, ids, and a reason that names the field."""

import json
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.handler.events.ids import Ids
from cp_event_source.handler.events.ingest import Rejected, event_item, ids_of
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.values import exact_json
from tests.handler.given import detail
from tests.handler.strategies import json_values

LATEST = "2026-06-01T00:00:00.000000000Z"


def read(body: str) -> dict[str, Any]:
    return event_item(body, domain_name="File", latest=LATEST)


def rejected(body: str) -> Rejected:
    with pytest.raises(Rejected) as raised:
        read(body)
    return raised.value


def test_a_bus_event_is_an_item() -> None:
    item = read(json.dumps({"id": "b-1", "source": "app", "detail": detail(1, {"a": 1}, CorrelationId="c-1")}))
    assert StoredEvent.of(item).payload == {"a": 1}
    assert item["Bus"] == {"M": {"Id": {"S": "b-1"}, "Source": {"S": "app"}}}
    assert ids_of(item) == Ids("e-1", "Noted", ("c-1",), "b-1", "d-1")


def test_an_event_without_correlation_has_no_such_id() -> None:
    assert ids_of(read(json.dumps({"detail": detail()}))).correlation_ids == ()


@pytest.mark.parametrize("field", sorted(detail()))
def test_a_reason_names_the_field(field: str) -> None:
    fields = detail()
    del fields[field]
    refused = rejected(json.dumps({"id": "b-1", "detail": fields}))
    assert refused.code == "contract-violation"
    assert refused.reason == str(refused) == f"{field}: is required; found nothing"


def test_a_rejected_message_has_ids_too() -> None:
    body = json.dumps({"id": "b-1", "detail": detail(1, CorrelationId="c-1", Version="x")})
    assert rejected(body).ids == Ids("e-1", "Noted", ("c-1",), "b-1", "d-1")


@pytest.mark.parametrize("value", [5, None, {"name": "Jane"}, ["x"], "x" * 129, "Jäne", "line\nbreak"])
def test_only_text_that_looks_like_an_id_becomes_an_id(value: Any) -> None:
    """An event that breaks the contract may hold personal data anywhere, and ids go into the log."""
    fields = dict.fromkeys(("DomainId", "EventId", "EventName", "CorrelationId"), value)
    body = json.dumps({"id": value, "detail": detail(1, UserId=5, **fields)})
    assert rejected(body).ids == Ids()


@pytest.mark.parametrize("text", ["", "x", "{", '{"detail": NaN}', "[" * 100_000, "[" * 9000 + "]" * 8999])
def test_what_is_not_json_is_rejected_as_a_body(text: str) -> None:
    refused = rejected(text)
    assert refused.code == "contract-violation"
    assert refused.reason.startswith("body: must be JSON; found ")
    assert refused.ids == Ids()


@pytest.mark.parametrize("text", ["1", "null", '"text"', "[]", "[{}]"])
def test_what_is_not_an_object_is_no_bus_event(text: str) -> None:
    assert rejected(text).reason == "body: must be a bus event, a JSON object with a detail"


@pytest.mark.parametrize("depth", [32, 33, 300, 600, 900, 950, 980, 990, 1000, 3000, 20_000])
def test_any_depth_of_nesting_is_stored(depth: int) -> None:
    payload = "[" * depth + "]" * depth
    item = read(json.dumps({"detail": detail(1, "PAYLOAD")}).replace('"PAYLOAD"', payload))
    assert exact_json.dumps(StoredEvent.of(item).payload) == payload


@pytest.mark.parametrize("field", sorted({*detail(), "Extra"} - {"Payload"}))
def test_any_depth_of_nesting_is_stored_or_rejected_in_any_field(field: str) -> None:
    body = json.dumps({"detail": detail(1, **{field: "DEEP"})}).replace('"DEEP"', "[" * 5000 + "]" * 5000)
    if field == "Extra":
        assert read(body)["Extensions"].keys() == {"B"}
    else:
        assert rejected(body).reason.startswith(f"{field}: ")


def test_the_last_value_of_a_repeated_name_counts_and_the_text_is_kept() -> None:
    body = '{"id": "b-1", "detail": ' + json.dumps(detail(1, "PAYLOAD")).replace('"PAYLOAD"', '{"a": 1, "a": 2}') + "}"
    item = read(body)
    assert StoredEvent.of(item).payload == {"a": 2}
    assert zlib.decompress(item["Original"]["B"]).decode() == body


def test_a_number_beyond_all_exponents_is_not_stored() -> None:
    body = json.dumps({"detail": detail(1, "PAYLOAD")}).replace('"PAYLOAD"', "1e1000000000000000000")
    assert rejected(body).code == "unstorable"
    assert rejected(body).reason.endswith("; found 1e1000000000000000000")


@given(json_values | st.dictionaries(st.sampled_from(["id", "detail", "time"]), json_values))
def test_any_json_is_stored_or_rejected(value: Any) -> None:
    with pytest.raises(Rejected) as raised:
        read(exact_json.dumps(value))
    assert raised.value.reason
    assert raised.value.reason.isascii()


@given(st.text())
def test_any_text_is_rejected(text: str) -> None:
    with pytest.raises(Rejected):
        read(text)


@given(st.dictionaries(st.sampled_from(sorted(detail())), json_values, min_size=1))
def test_any_value_of_a_field_is_stored_or_rejected(fields: dict[str, Any]) -> None:
    try:
        read(exact_json.dumps({"detail": detail(**fields) if "number" not in fields else {}}))
    except Rejected as refused:
        assert set(refused.reason.split(":")[0].split()) & fields.keys()  # noqa: PT017
