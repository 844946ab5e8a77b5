"""Guarantee: what keeps the contract is read whole; what breaks it is refused with every broken rule named."""

import json
import pickle
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.handler.events.domain_event import (
    ContractViolation,
    DomainEvent,
    Violation,
    check_field,
    parse_domain_event,
    shown,
)
from cp_event_source.handler.events.event_time import instant
from cp_event_source.handler.events.fields import FIELDS
from tests.handler.strategies import json_values, texts

LATEST = "2026-11-23T09:00:00.000000000Z"
VALID: dict[str, Any] = {
    "DomainId": "d-1",
    "EventTime": "2026-11-23T09:30:00.5+01:00",
    "EventId": "e-1",
    "CorrelationId": "c-1",
    "UserId": "u-1",
    "EventType": "DOMAIN",
    "EventName": "FileScanned",
    "DomainName": "File",
    "IpAddress": "192.0.2.1",
    "Payload": {"Name": "a.txt"},
    "Version": 1,
}
REQUIRED = sorted(VALID.keys() - {"CorrelationId", "IpAddress"})


def parse(detail: Any) -> DomainEvent:
    return parse_domain_event(detail, domain_name="File", latest=LATEST)


def violations(detail: Any) -> dict[str, str]:
    with pytest.raises(ContractViolation) as raised:
        parse(detail)
    return {violation.field: str(violation) for violation in raised.value.violations}


def broken(check: Callable[[], Any]) -> list[Violation]:
    try:
        check()
    except ContractViolation as refused:
        return refused.violations
    return []


def test_every_field_is_read() -> None:
    assert parse(VALID) == DomainEvent(
        domain_id="d-1",
        event_time="2026-11-23T09:30:00.5+01:00",
        instant="2026-11-23T08:30:00.500000000Z",
        event_id="e-1",
        user_id="u-1",
        event_type="DOMAIN",
        event_name="FileScanned",
        domain_name="File",
        version=1,
        payload={"Name": "a.txt"},
        correlation_id="c-1",
        ip_address="192.0.2.1",
        extensions={},
    )


def test_the_key_is_the_instant_and_the_id() -> None:
    assert parse(VALID).key == "2026-11-23T08:30:00.500000000Z#e-1"


@given(st.lists(st.datetimes(), min_size=2, max_size=2), st.lists(st.text("az#~", min_size=1), min_size=2, max_size=2))
def test_the_byte_order_of_keys_is_time_order_whatever_the_ids(times: list[datetime], ids: list[str]) -> None:
    keys = [
        parse_domain_event(
            VALID | {"EventTime": time.isoformat(), "EventId": event_id}, domain_name="File", latest="9999-13"
        ).key.encode()
        for time, event_id in zip(times, ids, strict=True)
    ]
    if times[0] != times[1]:
        assert (keys[0] < keys[1]) == (times[0] < times[1])


@pytest.mark.parametrize("field", ["CorrelationId", "IpAddress"])
def test_an_optional_field_may_be_missing_or_null(field: str) -> None:
    without = {name: value for name, value in VALID.items() if name != field}
    assert parse(without) == parse(VALID | {field: None})


@pytest.mark.parametrize("field", REQUIRED)
def test_a_required_field_may_not_be_missing(field: str) -> None:
    without = {name: value for name, value in VALID.items() if name != field}
    assert violations(without) == {field: f"{field}: is required; found nothing"}


@given(json_values)
def test_the_payload_may_be_any_json(payload: Any) -> None:
    assert parse(VALID | {"Payload": payload}).payload == payload


def test_the_payload_may_be_null() -> None:
    assert parse(VALID | {"Payload": None}).payload is None


@given(st.dictionaries(texts.filter(lambda name: name not in VALID), json_values, max_size=3))
def test_fields_that_the_contract_does_not_name_are_kept(extensions: dict[str, Any]) -> None:
    assert parse(VALID | extensions).extensions == extensions


@pytest.mark.parametrize("field", ["DomainId", "EventId", "UserId", "EventName", "CorrelationId"])
@pytest.mark.parametrize(
    ("value", "found"),
    [("", '""'), (5, "5"), (True, "true"), ([], "[]"), ({"a": 1}, '{"a":1}'), (Decimal("0.5"), "0.5")],
)
def test_an_identifier_is_a_non_empty_string(field: str, value: Any, found: str) -> None:
    assert violations(VALID | {field: value}) == {field: f"{field}: must be a non-empty string; found {found}"}


@pytest.mark.parametrize("field", ["DomainId", "EventId", "UserId", "EventName"])
def test_a_required_field_may_not_be_null(field: str) -> None:
    assert violations(VALID | {field: None}) == {field: f"{field}: must be a non-empty string; found null"}


@pytest.mark.parametrize(
    "field", ["DomainId", "EventId", "UserId", "EventName", "CorrelationId", "IpAddress", "EventTime"]
)
def test_text_is_unicode(field: str) -> None:
    message = violations(VALID | {field: "\ud800"})[field]
    assert "lone surrogates" in message
    assert message.endswith(r'found "\ud800"')


@pytest.mark.parametrize(
    ("field", "most"),
    [
        ("DomainId", 2048),
        ("EventId", 993),
        ("UserId", 2048),
        ("CorrelationId", 2048),
        ("EventName", 256),
        ("IpAddress", 2048),
    ],
)
def test_a_text_has_at_most_its_maximum_bytes(field: str, most: int) -> None:
    """The event's key takes 1,024 bytes: 31 for the instant and the #, the rest for EventId."""
    for longest in ("x" * most, "é" * (most // 2) + "x" * (most % 2), "\U0001f600" * (most // 4) + "x" * (most % 4)):
        assert len(parse(VALID | {field: longest}).key.encode()) <= 1024
        assert f"must be at most {most} bytes of UTF-8; found " in violations(VALID | {field: longest + "x"})[field]


def test_an_address_may_be_empty_and_is_a_string() -> None:
    assert parse(VALID | {"IpAddress": ""}).ip_address == ""
    assert violations(VALID | {"IpAddress": 5}) == {"IpAddress": "IpAddress: must be a string; found 5"}


@pytest.mark.parametrize("value", ["PROCESS", "domain", "DOMAIN ", "", None, 1, ["DOMAIN"]])
def test_the_event_type_is_domain(value: Any) -> None:
    assert 'EventType: must be "DOMAIN"; found ' in violations(VALID | {"EventType": value})["EventType"]


@pytest.mark.parametrize("value", ["Account", "file", "", None, 1, {"File": 1}])
def test_the_domain_name_is_this_pipelines(value: Any) -> None:
    assert 'DomainName: must be "File"; found ' in violations(VALID | {"DomainName": value})["DomainName"]


@pytest.mark.parametrize("value", [0, -1, 10**38 - 1, -(10**38) + 1])
def test_a_version_is_a_whole_number_that_is_stored_exactly(value: int) -> None:
    assert parse(VALID | {"Version": value}).version == value


@pytest.mark.parametrize(
    ("value", "found"),
    [(True, "true"), ("1", '"1"'), (None, "null"), (Decimal("1.5"), "1.5"), (10**38, "1E38"), ([1], "[1]")],
)
def test_a_version_is_nothing_else(value: Any, found: str) -> None:
    assert violations(VALID | {"Version": value}) == {
        "Version": f"Version: must be a whole number of at most 38 digits; found {found}"
    }


@pytest.mark.parametrize("value", ["yesterday", "2026-02-30T00:00:00Z", "2026-11-23T08:30:00.0000000001Z", "", "24:00"])
def test_a_time_can_be_ordered(value: str) -> None:
    message = violations(VALID | {"EventTime": value})["EventTime"]
    assert message.startswith("EventTime: must be a time that can be ordered: it")
    assert message.endswith(f'; found "{value}"')


@pytest.mark.parametrize("value", [1764000000, None, ["2026-11-23T08:30:00Z"], Decimal("1.5")])
def test_a_time_is_text(value: Any) -> None:
    assert "EventTime: must be a string; found " in violations(VALID | {"EventTime": value})["EventTime"]


@given(st.timedeltas(), st.sampled_from(["Z", "+01:00", "-11:30"]))
def test_a_time_is_at_most_the_latest_instant(offset: timedelta, zone: str) -> None:
    try:
        time = (datetime(2026, 11, 23, 9) + offset).isoformat() + zone
        moment = instant(time)
    except (OverflowError, ValueError):
        return
    if moment <= LATEST:
        assert parse(VALID | {"EventTime": time}).instant == moment
    else:
        assert "must not be in the future" in violations(VALID | {"EventTime": time})["EventTime"]


def test_the_latest_instant_is_accepted_and_the_next_is_not() -> None:
    assert parse(VALID | {"EventTime": "2026-11-23T10:00:00+01:00"}).instant == LATEST
    assert "EventTime" in violations(VALID | {"EventTime": "2026-11-23T09:00:00.000000001Z"})


def test_all_that_is_wrong_is_named_at_once() -> None:
    detail = {"EventTime": "soon", "EventId": "", "Version": "1", "DomainName": "Account", "IpAddress": 1}
    found = violations(detail)
    assert found.keys() == VALID.keys() - {"CorrelationId"}
    with pytest.raises(ContractViolation) as raised:
        parse(detail)
    assert str(raised.value) == " | ".join(found.values())


def test_violations_come_in_the_order_of_the_fields() -> None:
    with pytest.raises(ContractViolation) as raised:
        parse({})
    assert [violation.field for violation in raised.value.violations] == [
        field.name for field in FIELDS if field.required
    ]


def test_every_fields_example_keeps_the_contract_together_and_alone() -> None:
    event = {field.name: field.example for field in FIELDS}
    assert parse(event).extensions == {}
    for name, value in event.items():
        check_field(name, value)


def test_a_field_by_itself_keeps_the_same_rule() -> None:
    assert check_field("DomainId", "d-1") == "d-1"
    assert check_field("Version", 3) == 3
    assert check_field("EventTime", "2026-11-23T09:30:00.5+01:00") == "2026-11-23T08:30:00.500000000Z"
    assert check_field("CorrelationId", None) is None
    assert check_field("Payload", None) is None
    assert check_field("DomainName", "Account") == "Account"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("DomainId", None, "DomainId: must be a non-empty string; found null"),
        ("DomainId", "", 'DomainId: must be a non-empty string; found ""'),
        ("DomainId", "\ud800", r'DomainId: must be Unicode text, without lone surrogates; found "\ud800"'),
        ("DomainId", "é" * 1025, "DomainId: must be at most 2048 bytes of UTF-8; found "),
        ("DomainName", 5, "DomainName: must be a non-empty string; found 5"),
        ("EventType", "REBUILD", 'EventType: must be "DOMAIN"; found "REBUILD"'),
    ],
)
def test_a_field_by_itself_is_refused_by_name(name: str, value: Any, message: str) -> None:
    with pytest.raises(ContractViolation) as raised:
        check_field(name, value)
    assert str(raised.value).startswith(message)
    assert [violation.field for violation in raised.value.violations] == [name]


@given(st.sampled_from(sorted(VALID.keys() - {"DomainName"})), json_values)
def test_a_valid_field_of_an_event_is_valid_by_itself(name: str, value: Any) -> None:
    assert broken(lambda: check_field(name, value)) == broken(lambda: parse(VALID | {name: value}))


@pytest.mark.parametrize("detail", [None, "text", 5, [VALID], True])
def test_a_detail_is_an_object(detail: Any) -> None:
    assert violations(detail)["detail"].startswith("detail: must be an object; found ")


@given(st.dictionaries(st.sampled_from(sorted(VALID)), json_values))
def test_any_json_is_an_event_or_is_refused_in_short_ascii(fields: dict[str, Any]) -> None:
    lines = map(str, broken(lambda: parse(VALID | fields)))
    assert all(line.isascii() and len(line) < 250 for line in lines)


@given(json_values)
def test_a_value_is_shown_as_short_ascii_json(value: Any) -> None:
    text = shown(value)
    assert text.isascii()
    assert len(text) <= 80 or text.endswith(" characters)")
    assert len(text) < 110


def test_a_number_is_shown_as_a_number() -> None:
    assert shown([Decimal("1.50"), 2]) == "[1.5,2]"


def test_a_long_value_is_cut_and_its_length_given() -> None:
    assert shown("x" * 100) == '"' + "x" * 79 + "... (102 characters)"


@pytest.mark.parametrize("value", [1.5, object(), {1}, Decimal("NaN")])
def test_what_is_not_exact_json_is_shown_by_its_type(value: Any) -> None:
    assert shown(value) == f"a {type(value).__name__}"


def test_what_is_nested_deeply_is_shown_short() -> None:
    value: Any = []
    for _ in range(100_000):
        value = [value]
    assert shown(value) == "[" * 80 + "... (200002 characters)"


def test_a_number_of_thousands_of_digits_is_shown_short() -> None:
    assert len(shown(10**5000 + 1)) < 110
    assert json.loads(shown(10**5000)) == 1e999


def test_a_violation_is_the_same_in_another_process() -> None:
    with pytest.raises(ContractViolation) as raised:
        parse_domain_event({}, domain_name="File", latest="9")
    other = pickle.loads(pickle.dumps(raised.value))
    assert (str(other), other.violations) == (str(raised.value), raised.value.violations)
