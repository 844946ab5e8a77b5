"""Guarantee: an event has exactly the given values, never changes, and the pipeline accepts it.

If the values break the contract, the error names every violation.
"""

import dataclasses
import enum
import json
import re
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.handler.events.domain_event import parse_domain_event
from cp_event_source.handler.values import exact_json
from cp_event_source.producer import ContractViolation, DomainEvent
from cp_event_source.producer.clock import event_time

from .events import an_event, detail_of, payloads

LATEST = "9999-12-31T23:59:59.999999999Z"

names = st.text(min_size=1, max_size=60)
any_fields = st.fixed_dictionaries(
    {"domain_name": names, "domain_id": names, "event_name": names, "user_id": names},
    optional={
        "version": st.integers(1 - 10**38, 10**38 - 1),
        "correlation_id": st.none() | names,
        "ip_address": st.none() | st.text(max_size=60),
        "event_id": names,
        "event_time": st.datetimes(timezones=st.none() | st.just(UTC)).map(datetime.isoformat),
    },
)


def same(given: Any, read: Any) -> bool:
    """True if the parsed JSON equals the Python value: `1` is not `true`, and 0.1 is the decimal."""
    if isinstance(given, dict):
        return isinstance(read, dict) and given.keys() == read.keys() and all(same(given[n], read[n]) for n in given)
    if isinstance(given, list | tuple):
        return isinstance(read, list) and len(given) == len(read) and all(map(same, given, read))
    if given is None or isinstance(given, bool | str):
        return type(given) is type(read) and given == read
    return isinstance(read, Decimal) and read == (Decimal(repr(given)) if isinstance(given, float) else given)


@given(any_fields, payloads)
def test_the_pipeline_accepts_an_event_and_reads_the_same_values(fields: dict[str, Any], payload: Any) -> None:
    event = DomainEvent(payload=payload, **fields)

    read = parse_domain_event(exact_json.loads(event.detail), domain_name=event.domain_name, latest=LATEST)

    assert {name: getattr(read, name) for name in fields} == fields
    assert (read.event_id, read.event_time, read.version) == (event.event_id, event.event_time, event.version)
    assert (read.correlation_id, read.ip_address) == (event.correlation_id, event.ip_address)
    assert read.event_type == "DOMAIN"
    assert read.extensions == {}


@given(payloads)
def test_the_detail_has_exactly_the_given_payload(payload: Any) -> None:
    event = an_event(payload)
    assert event.detail.isascii()
    assert same(payload, detail_of(event)["Payload"])


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.1, "0.1"),
        (1e20, "1" + 20 * "0"),
        (1e22, "1E22"),
        (5e-324, "5E-324"),
        (Decimal("0.1"), "0.1"),
        (Decimal("12345678901234567890.123456789012345678"), "12345678901234567890.123456789012345678"),
        (Decimal("1.10"), "1.1"),
        (10**400, "1E400"),
        (True, "true"),
    ],
)
def test_a_number_keeps_its_digits(number: Any, text: str) -> None:
    assert f'"Payload":{text},' in an_event(number).detail


def test_a_name_may_be_an_enum_member_and_a_number_may_be_of_a_subclass() -> None:
    class Name(str, enum.Enum):  # noqa: UP042  # as before StrEnum
        UPLOADED = "FileUploaded"

    class Measured(float):
        def __repr__(self) -> str:
            return "about a half"

    detail = detail_of(an_event({Name.UPLOADED: Measured(0.5)}, event_name=Name.UPLOADED))
    assert (detail["EventName"], detail["Payload"]) == ("FileUploaded", {"FileUploaded": Decimal("0.5")})


def test_a_later_change_of_the_passed_payload_does_not_change_the_event() -> None:
    payload: dict[str, Any] = {"Names": ["a", {"b": 1}]}
    event = an_event(payload)
    before = event.detail

    payload["Names"][1]["b"] = 2
    payload["Names"].append("c")

    assert (event.payload, event.detail) == ({"Names": ["a", {"b": 1}]}, before)
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.domain_id = "other"  # type: ignore[misc]


@pytest.mark.parametrize("depth", [2000, 20_000])
@pytest.mark.parametrize("kind", ["list", "tuple", "dict"])
def test_a_payload_of_any_depth_is_an_event(kind: str, depth: int) -> None:
    payload: Any = 1
    for _ in range(depth):
        payload = {"list": [payload], "tuple": (payload,), "dict": {"a": payload}}[kind]
    opening, closing = ('{"a":', "}") if kind == "dict" else ("[", "]")

    event = an_event(payload)

    assert f'"Payload":{opening * depth}1{closing * depth},' in event.detail
    assert event == dataclasses.replace(event)


def test_events_of_a_process_are_folded_in_the_order_of_their_creation() -> None:
    events = [an_event() for _ in range(100)]
    keys = [(event.event_time, event.event_id) for event in events]
    assert all(earlier < later for earlier, later in pairwise(keys))
    assert all(earlier.event_time < later.event_time for earlier, later in pairwise(events))


def test_events_with_the_same_given_time_are_folded_in_the_order_of_their_creation() -> None:
    events = [an_event(event_time="2026-03-02T09:00:00Z") for _ in range(100)]
    assert all(earlier.event_id < later.event_id for earlier, later in pairwise(events))


def test_the_id_contains_the_time_to_the_nanosecond() -> None:
    event = an_event()
    made = uuid.UUID(event.event_id)
    in_millisecond = (made.int >> 64 & 0xFFF) << 8 | made.int >> 54 & 0xFF
    assert event.event_time == event_time((made.int >> 80) * 10**6 + in_millisecond)


def test_an_optional_field_that_is_not_given_is_not_in_the_detail() -> None:
    assert detail_of(an_event()).keys() == {
        "DomainId",
        "EventTime",
        "EventId",
        "UserId",
        "EventType",
        "EventName",
        "DomainName",
        "Payload",
        "Version",
    }


def test_one_error_names_every_violation() -> None:
    with pytest.raises(ContractViolation) as refused:
        DomainEvent(
            domain_name="",
            domain_id=7,  # type: ignore[arg-type]
            event_name="x" * 257,
            payload={"At": [datetime.now(UTC)], "Score": float("nan")},
            user_id=None,  # type: ignore[arg-type]
            version=True,
            correlation_id="",
            event_id="",
            event_time="yesterday",
        )
    assert {violation.field for violation in refused.value.violations} == {
        "DomainName",
        "DomainId",
        "EventName",
        "Payload.At[0]",
        "Payload.Score",
        "UserId",
        "Version",
        "CorrelationId",
        "EventId",
        "EventTime",
    }
    assert isinstance(refused.value, ValueError)
    assert "DomainId: must be a non-empty string; found 7" in str(refused.value)
    assert "Payload.At[0]: must be a JSON value; found a datetime" in str(refused.value)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (float("inf"), "Payload: must be a finite number; found Infinity"),
        ([Decimal("NaN")], "Payload[0]: must be a finite number; found NaN"),
        ({"a": [1, {"b": Decimal("-Infinity")}]}, "Payload.a[1].b: must be a finite number; found -Infinity"),
        ({"a": b"bytes"}, "Payload.a: must be a JSON value; found a bytes"),
        ({"a": {1, 2}}, "Payload.a: must be a JSON value; found a set"),
        ((object(),), "Payload[0]: must be a JSON value; found a object"),
        ({"a": {1: 2}}, "Payload.a.1: must be named by a string; found 1"),
        ({None: 2}, "Payload.None: must be named by a string; found null"),
    ],
)
def test_a_value_that_is_not_json_is_refused_with_its_path(payload: Any, reason: str) -> None:
    with pytest.raises(ContractViolation, match=f"^{re.escape(reason)}$"):
        an_event(payload)


def test_a_payload_that_contains_itself_is_refused() -> None:
    payload: dict[str, Any] = {"a": []}
    payload["a"].append(payload)
    with pytest.raises(ContractViolation, match=r"^Payload\.a\[0\]: must not contain itself"):
        an_event(payload)


def test_a_payload_may_contain_the_same_object_twice() -> None:
    same: dict[str, Any] = {"b": []}
    assert json.loads(an_event([same, same, {"c": same}]).detail)["Payload"] == [same, same, {"c": same}]


def test_the_error_names_at_most_ten_violations_in_a_payload() -> None:
    with pytest.raises(ContractViolation) as refused:
        an_event([b""] * 100_000)
    assert len(refused.value.violations) == 10


def test_the_path_of_a_deep_violation_is_shortened() -> None:
    payload: Any = b""
    for _ in range(20_000):
        payload = [payload]
    with pytest.raises(ContractViolation) as refused:
        an_event(payload)
    assert len(str(refused.value)) < 300


def test_the_repr_of_an_event_does_not_show_its_payload() -> None:
    assert "secret" not in repr(an_event({"a": "secret"}))


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (2**63 - 1, None),
        (-(2**63), None),
        (Decimal(2**63 - 1) + Decimal("0.5"), None),
        (Decimal("0.1234567890123456789012345678901234567"), None),
        ([{"a": 2**63}], r"Payload\[0\]\.a: must be within 64 bits, for PutEvents"),
        (-(2**63) - 1, "Payload: must be within 64 bits, for PutEvents"),
        (1e19, "Payload: must be within 64 bits, for PutEvents"),
        (Decimal("1E+999999999"), "Payload: must be within 64 bits, for PutEvents"),
        (Decimal("-9223372036854775809.00"), "Payload: must be within 64 bits, for PutEvents"),
    ],
)
def test_an_event_says_which_numbers_putevents_does_not_accept(payload: Any, reason: str | None) -> None:
    unsupported = an_event(payload).unsupported
    assert unsupported is None if reason is None else re.match(reason, unsupported or "")


@pytest.mark.parametrize(("depth", "fits"), [(1099, True), (1100, False)])
def test_an_event_says_which_depth_putevents_does_not_accept(depth: int, fits: bool) -> None:
    payload: Any = []
    for _ in range(depth - 1):
        payload = [[], payload]
    event = an_event(payload)
    assert event.detail.endswith(f'{depth * "]"},"UserId":"ada","Version":1}}')
    assert (event.unsupported is None) == fits
