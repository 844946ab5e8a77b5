"""Guarantee: the content of an event comes back equal from the store, whatever JSON it is, or it is not stored."""

import base64
import json
import random
import zlib
from dataclasses import FrozenInstanceError, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cp_event_source.handler.events.domain_event import DomainEvent
from cp_event_source.handler.events.stored_event import (
    MAX_NATIVE_VALUES,
    StoredEvent,
    Unstorable,
    same_content,
    to_item,
)
from cp_event_source.handler.values import exact_json
from cp_event_source.handler.values.attribute_value import ITEM_SIZE_LIMIT, item_size
from tests.handler.strategies import events, json_values

BUS = {"Id": "b-1", "Time": "2026-11-23T08:30:01Z", "Source": "app", "Account": "111122223333"}
EVENT = DomainEvent(
    domain_id="d-1",
    event_time="2026-11-23T09:30:00+01:00",
    instant="2026-11-23T08:30:00.000000000Z",
    event_id="e-1",
    user_id="u-1",
    event_type="DOMAIN",
    event_name="FileScanned",
    domain_name="File",
    version=3,
    payload={"Name": "a.txt"},
    correlation_id=None,
    ip_address=None,
    extensions={},
)
NATIVE = [
    '{"Name": "a.txt"}',
    "0.1",
    "12345678901234567890",
    "1E+30",
    "99999999999999999999999999999999999999",
    "-0.12345678901234567890123456789012345678",
    "1E-130",
    "9.9E+125",
    "-0.0",
    "1.0",
    '""',
    '"\\u0000"',
    "null",
    "true",
    "{}",
    "[]",
    '{"a": {}, "b": [], "c": null, "d": [1, "1", true]}',
    "[" * 32 + "]" * 32,
    json.dumps({"k" * 65535: 1}),
]
COMPRESSED = [
    "123456789012345678901234567890123456789",
    "0.123456789012345678901234567890123456789",
    "1E+126",
    "-1E+999999",
    "1E-131",
    "9" * 5000,
    '{"": 1}',
    '[{"a": {"": {}}}]',
    '"\\ud800"',
    '{"\\udfff": 1}',
    "[" * 33 + "]" * 33,
    '{"a":' * 33 + "1" + "}" * 33,
    json.dumps({"k" * 65536: 1}),
    json.dumps("x" * ITEM_SIZE_LIMIT),
]


def stored(event: DomainEvent) -> StoredEvent:
    return StoredEvent.of(to_item(event, BUS))


def streamed(event: DomainEvent) -> StoredEvent:
    """As a stream record's new image: JSON, with bytes as base64 text."""
    image = json.dumps(to_item(event, BUS), default=lambda value: base64.b64encode(value).decode())
    return StoredEvent.of(json.loads(image))


@given(events())
def test_an_event_comes_back_equal(event: DomainEvent) -> None:
    for back in (stored(event), streamed(event)):
        assert (back.domain_id, back.key) == (event.domain_id, event.key)
        assert (back.event_id, back.event_time) == (event.event_id, event.event_time)
        assert (back.event_type, back.event_name) == (event.event_type, event.event_name)
        assert (back.domain_name, back.version) == (event.domain_name, event.version)
        assert (back.user_id, back.correlation_id) == (event.user_id, event.correlation_id)
        assert back.ip_address == event.ip_address
        assert exact_json.dumps(back.payload) == exact_json.dumps(event.payload)
        assert exact_json.dumps(back.extensions) == exact_json.dumps(event.extensions)


def test_a_payload_may_use_the_names_of_dynamodbs_types() -> None:
    payload = {"B": "not base64!", "M": {"S": 1}, "N": "x", "L": []}
    for back in (stored(replace(EVENT, payload=payload)), streamed(replace(EVENT, payload=payload))):
        assert back.payload == payload
        assert back.domain_payload["B"] == {"S": "not base64!"}


@pytest.mark.parametrize("text", NATIVE, ids=lambda text: text[:40])
def test_what_dynamodb_keeps_equal_is_stored_as_its_own_value(text: str) -> None:
    value = exact_json.loads(text)
    event = replace(EVENT, payload=value, extensions={"Extra": "x"})
    item = to_item(event, BUS)
    assert "B" not in item["Payload"]
    assert stored(event).payload == value
    assert streamed(event).payload == value


@pytest.mark.parametrize("text", COMPRESSED, ids=lambda text: text[:40])
def test_what_dynamodb_does_not_keep_is_stored_as_compressed_text(text: str) -> None:
    value = exact_json.loads(text)
    event = replace(EVENT, payload=value)
    assert list(to_item(event, BUS)["Payload"]) == ["B"]
    assert stored(event).payload == value
    assert streamed(event).payload == value


@pytest.mark.parametrize("extension", [{"": 1}, {"a": 10**39 + 1}, {"a": "\ud800"}])
def test_other_fields_are_stored_as_the_payload_is(extension: dict[str, Any]) -> None:
    event = replace(EVENT, extensions=extension)
    assert list(to_item(event, BUS)["Extensions"]) == ["B"]
    assert "B" not in to_item(event, BUS)["Payload"]
    assert stored(event).extensions == streamed(event).extensions == extension


def test_an_item_that_other_fields_make_too_large_is_compressed() -> None:
    event = replace(EVENT, payload="p" * 200_000, extensions={"x": "e" * 250_000})
    item = to_item(event, BUS)
    assert item_size(item) <= ITEM_SIZE_LIMIT
    assert stored(event).payload == event.payload
    assert stored(event).extensions == event.extensions


def test_what_does_not_fit_compressed_is_not_stored_and_says_what_to_do() -> None:
    noise = random.Random(1).randbytes(ITEM_SIZE_LIMIT).hex()
    with pytest.raises(Unstorable, match=r"takes \d+ bytes, and \d+ compressed; an item must take at most 409600.*S3"):
        to_item(replace(EVENT, payload=noise), BUS)
    with pytest.raises(Unstorable):
        to_item(replace(EVENT, ip_address="x" * ITEM_SIZE_LIMIT), BUS)


@pytest.mark.parametrize(
    "facts",
    [{}, {"Id": None}, {"Id": "\ud800"}, {"Time": 10**40 + 1}, {"Source": {"": 1}}, {"Source": "x" * ITEM_SIZE_LIMIT}],
    ids=lambda facts: repr(facts)[:20],
)
def test_nothing_that_a_message_says_of_the_bus_keeps_an_event_out(facts: dict[str, Any]) -> None:
    assert stored_payload(to_item(EVENT, facts)) == EVENT.payload


def test_the_buss_facts_are_stored_next_to_the_producers_claims() -> None:
    assert to_item(EVENT, BUS)["Bus"] == {"M": {name: {"S": text} for name, text in BUS.items()}}


def test_the_arrival_time_and_the_original_text_are_stored_too() -> None:
    text = '{"detail": "\ud800é"}'
    item = to_item(EVENT, BUS, arrived_at="2026-11-23T08:30:02.500+00:00", original=text)
    assert StoredEvent.of(item).arrived_at == "2026-11-23T08:30:02.500+00:00"
    assert zlib.decompress(item["Original"]["B"]).decode("utf-8", "surrogatepass") == text
    assert same_content(item, to_item(EVENT, {}))


def test_optional_attributes_are_absent_where_the_event_has_none() -> None:
    optional = {"CorrelationId", "IpAddress", "Extensions", "ArrivedAt", "Original"}
    assert not optional & to_item(EVENT, BUS).keys()
    assert stored(EVENT).arrived_at is None


@given(events(), events())
def test_the_same_content_is_distinguished_from_other_content(one: DomainEvent, other: DomainEvent) -> None:
    item = to_item(one, BUS)
    assert same_content(item, to_item(one, {}))
    assume(exact_json.dumps(one.payload) != exact_json.dumps(other.payload))
    assert not same_content(item, to_item(replace(one, payload=other.payload), BUS))


@given(events())
def test_content_is_compared_with_the_item_that_the_table_returns(event: DomainEvent) -> None:
    sent = to_item(event, BUS)
    back = json.loads(json.dumps(sent, default=lambda value: base64.b64encode(value).decode()))
    assert same_content(back, sent)


@pytest.mark.parametrize(
    ("one", "other"), [("1.0", "1"), ("1E+30", "1" + "0" * 30), ("-0", "0"), ('{"a":1,"b":2}', '{"b":2.0,"a":1e0}')]
)
def test_numbers_are_compared_as_numbers(one: str, other: str) -> None:
    items = [to_item(replace(EVENT, payload=exact_json.loads(text)), BUS) for text in (one, other)]
    assert same_content(*items)


@pytest.mark.parametrize(
    ("one", "other"), [("1", "true"), ("1", '"1"'), ("0", "false"), ("null", "false"), ("[]", "{}"), ("[1,2]", "[2,1]")]
)
def test_values_of_different_types_are_different(one: str, other: str) -> None:
    items = [to_item(replace(EVENT, payload=exact_json.loads(text)), BUS) for text in (one, other)]
    assert not same_content(*items)


def test_the_version_is_compared_as_a_number() -> None:
    """DynamoDB need not spell a number as it was sent."""
    item = to_item(replace(EVENT, version=10**37), BUS)
    assert same_content(item | {"Version": {"N": "1E+37"}}, item)


def test_content_stored_compressed_equals_the_same_content_stored_native() -> None:
    """An earlier version may have decided otherwise, or another field have made the item too large."""
    item = to_item(replace(EVENT, payload={"a": [1]}), BUS)
    large = to_item(replace(EVENT, payload={"a": [1]}, extensions={"x": "e" * ITEM_SIZE_LIMIT}), BUS)
    assert "B" in large["Payload"]
    assert same_content(item, item | {"Payload": large["Payload"]})


def test_an_event_that_an_earlier_version_stored_equals_the_same_event_sent_again() -> None:
    """It wrote 1e125 with all its zeros, and many values as native ones."""
    payload = exact_json.loads('[1e125,-25e60,1e-100,12e200,0.1,""]')
    plain = f'[1{"0" * 125},-25{"0" * 60},0.{"0" * 99}1,12E200,0.1,""]'
    compressed = {
        "DomainId": {"S": "d-1"},
        "EventKey": {"S": "2026-11-23T08:30:00.000000000Z#e-1"},
        "EventTime": {"S": "2026-11-23T08:30:00Z"},
        "EventId": {"S": "e-1"},
        "UserId": {"S": "u-1"},
        "EventType": {"S": "DOMAIN"},
        "EventName": {"S": "FileScanned"},
        "DomainName": {"S": "File"},
        "Version": {"N": "3"},
        "Payload": {"B": zlib.compress(plain.encode())},
        "Bus": {"M": {}},
    }
    event = replace(
        EVENT, domain_id="d-1", event_id="e-1", user_id="u-1", event_name="FileScanned", domain_name="File", version=3
    )
    event = replace(event, payload=payload, correlation_id=None, ip_address=None, extensions={})
    assert same_content(compressed, to_item(event, BUS))
    assert not same_content(compressed, to_item(replace(event, payload=[*payload[:-1], "x"]), BUS))
    many = replace(event, payload=[1] * (MAX_NATIVE_VALUES + 1))
    native = compressed | {"Payload": {"L": [{"N": "1"}] * (MAX_NATIVE_VALUES + 1)}}
    assert "B" in to_item(many, BUS)["Payload"]
    assert same_content(native, to_item(many, BUS))
    assert same_content(to_item(many, BUS), native)


def test_an_event_that_is_sent_twice_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    event = replace(EVENT, payload=exact_json.loads("[1e999]"))
    one, other = to_item(event, BUS), to_item(event, {})
    monkeypatch.setattr(exact_json, "loads", None)
    assert same_content(one, other)


def test_a_payload_of_many_values_is_stored_compressed() -> None:
    few, many = ([{"a": ""}] * (count // 2) for count in (MAX_NATIVE_VALUES, MAX_NATIVE_VALUES + 2))
    assert "L" in to_item(replace(EVENT, payload=few), BUS)["Payload"]
    assert "B" in to_item(replace(EVENT, payload=many), BUS)["Payload"]
    assert stored_payload(to_item(replace(EVENT, payload=many), BUS)) == many
    assert "B" in to_item(replace(EVENT, extensions={"x": many}), BUS)["Extensions"]


def test_a_payload_of_many_values_is_stored_native_if_only_that_fits() -> None:
    """Letters at random compress badly: escaped in ASCII, they take a little more than in UTF-8."""
    letters = random.Random(1)
    count = (ITEM_SIZE_LIMIT - item_size(to_item(replace(EVENT, payload=[]), BUS))) // (2 * 9 + 1)
    payload = ["".join(chr(letters.randrange(0x80, 0x800)) for _ in range(9)) for _ in range(count)]
    assert count > MAX_NATIVE_VALUES
    item = to_item(replace(EVENT, payload=payload), BUS)
    assert "L" in item["Payload"]
    assert item_size(item) <= ITEM_SIZE_LIMIT


@pytest.mark.parametrize(
    "change",
    [
        {"user_id": "u-2"},
        {"event_name": "FileRenamed"},
        {"version": 4},
        {"payload": {"Name": "b.txt"}},
        {"correlation_id": "c-1"},
        {"ip_address": "192.0.2.1"},
        {"extensions": {"Extra": 1}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_field_is_content(change: dict[str, Any]) -> None:
    assert not same_content(to_item(EVENT, BUS), to_item(replace(EVENT, **change), BUS))


def test_the_form_of_the_time_and_the_buss_facts_are_not_content() -> None:
    again = to_item(replace(EVENT, event_time="2026-11-23T08:30Z"), {"Id": "b-2"})
    assert same_content(to_item(EVENT, BUS), again)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"Name": "a", "Size": 1}, {"Name": {"S": "a"}, "Size": {"N": "1"}}),
        ({}, {}),
        ({"M": 1}, {"M": {"N": "1"}}),
        ([1, "a"], {"L": [{"N": "1"}, {"S": "a"}]}),
        ("a", {"S": "a"}),
        (Decimal("0.1"), {"N": "0.1"}),
        (True, {"BOOL": True}),
        (None, {"NULL": True}),
        ({"": 1, "a": [None, True, {"x": "\ud800"}]}, None),
        ([10**40 + 1], {"L": [{"N": str(10**40 + 1)}]}),
        ("\ud800", {"S": "\ud800"}),
    ],
    ids=repr,
)
def test_the_domain_gets_the_payload_in_dynamodbs_form(payload: Any, expected: dict[str, Any] | None) -> None:
    """An object's fields by name, any other value as its typed value; the same if it is stored native or compressed."""
    if expected is None:
        expected = {"": {"N": "1"}, "a": {"L": [{"NULL": True}, {"BOOL": True}, {"M": {"x": {"S": "\ud800"}}}]}}
    for back in (stored(replace(EVENT, payload=payload)), streamed(replace(EVENT, payload=payload))):
        assert back.domain_payload == expected
        assert repr(back.domain_payload) == repr(expected)  # True is 1 to ==


@pytest.mark.parametrize("text", ["[" * 5000 + "1" + "]" * 5000, '{"a":' * 5000 + "1" + "}" * 5000])
def test_a_payload_of_any_depth_comes_back_in_both_forms(text: str) -> None:
    event = stored(replace(EVENT, payload=exact_json.loads(text)))
    assert exact_json.dumps(event.payload) == text
    typed = exact_json.dumps({"M": event.domain_payload} if text[0] == "{" else event.domain_payload)
    for kind, plain in (('{"L":', ""), ('{"M":', ""), ('{"N":"1"}', "1"), ("}" * 5001, "}"), ("]}", "]")):
        typed = typed.replace(kind, plain)
    assert typed.rstrip("]}") == text.rstrip("]}")


@given(st.dictionaries(st.text("ab", min_size=1), json_values, max_size=3))
def test_the_form_does_not_depend_on_how_the_payload_is_stored(payload: dict[str, Any]) -> None:
    native = to_item(replace(EVENT, payload=payload), BUS)
    assume("M" in native["Payload"])
    large = to_item(replace(EVENT, payload=payload, extensions={"x": "e" * ITEM_SIZE_LIMIT}), BUS)
    assert StoredEvent.of(native).domain_payload == StoredEvent.of(large).domain_payload


@pytest.mark.parametrize("payload", [{"a": {"b": [1]}}, {"a": {"b": [1]}, "": 0}], ids=["native", "compressed"])
def test_domain_logic_cannot_change_an_event_through_its_payload(payload: dict[str, Any]) -> None:
    event = stored(replace(EVENT, payload=payload))
    before = repr((event.domain_payload, event.payload))
    event.domain_payload["a"]["M"]["b"]["L"].append({"S": "changed"})
    event.domain_payload["a"]["M"]["b"]["L"][0]["N"] = "2"
    event.domain_payload.clear()
    event.payload["a"]["b"].append("changed")
    event.payload.clear()
    assert repr((event.domain_payload, event.payload)) == before


def test_an_event_is_read_only() -> None:
    with pytest.raises(FrozenInstanceError):
        stored(EVENT).key = "other"  # type: ignore[misc]


def stored_payload(item: dict[str, Any]) -> Any:
    return StoredEvent.of(item).payload
