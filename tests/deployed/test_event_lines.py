"""Guarantee: a file of events loses nothing: each line gives the stored item back, or says why it holds none."""

import json
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from cp_event_source.deployed.event_lines import BadLine, detail_of, detail_of_event, item_of, line_of
from cp_event_source.handler.events.domain_event import ContractViolation, DomainEvent, parse_domain_event
from cp_event_source.handler.events.ingest import event_item
from cp_event_source.handler.events.stored_event import StoredEvent, to_item
from cp_event_source.handler.values import exact_json
from cp_event_source.handler.values.attribute_value import Item, decode_item
from tests.handler.strategies import events, invalid_attributes, json_texts, json_values, texts

LATEST = "9999-12-31T23:59:60.999999999Z"
BUS = st.fixed_dictionaries({}, optional=dict.fromkeys(("Id", "Time", "Source", "Account", "Resources"), json_values))

EVENT: dict[str, Any] = {
    "DomainId": "file-1",
    "DomainName": "File",
    "EventTime": "2026-03-01T10:00:00+01:00",
    "EventId": "e1",
    "UserId": "ada",
    "EventType": "DOMAIN",
    "EventName": "FileUploaded",
    "Version": 1,
    "Payload": {"Size": 1},
}


def stored(**fields: Any) -> Item:
    body = exact_json.dumps({"id": "1", "source": "test", "detail": EVENT | fields})
    return event_item(body, domain_name="File", latest=LATEST, arrived_at="2026-03-01T09:00:01.000+00:00")


def keeps_contract(event: DomainEvent, item: Item) -> bool:
    try:
        parse_domain_event(detail_of_event(StoredEvent.of(item)), domain_name=event.domain_name, latest=LATEST)
    except ContractViolation:
        return False
    return True


@given(events(), BUS, st.none() | st.just("2026-03-01T09:00:01.000+00:00"), st.none() | texts)
def test_a_line_gives_the_stored_item_back(
    event: DomainEvent, bus: dict[str, Any], arrived_at: str | None, original: str | None
) -> None:
    item = to_item(event, bus, arrived_at=arrived_at, original=original)
    assume(keeps_contract(event, item))

    line = line_of(item, event.domain_name)

    assert "\n" not in line
    assert line.isascii()
    assert item_of(line, domain_name=event.domain_name, latest=LATEST) == item
    assert detail_of(line) == detail_of_event(StoredEvent.of(item))


def test_the_usual_line_is_the_bus_event_that_people_can_read_and_write() -> None:
    line = json.loads(line_of(stored(), "File"))

    assert line == {
        "id": "1",
        "source": "test",
        "arrived-at": "2026-03-01T09:00:01.000+00:00",
        "detail": EVENT,
    }


def test_all_digits_are_kept() -> None:
    number = 12345678901234567890123456789012345678
    item = stored(Payload={"Price": number})

    assert str(number) in line_of(item, "File")
    assert item_of(line_of(item, "File"), domain_name="File", latest=LATEST) == item


def test_the_text_of_an_event_whose_names_repeat_is_kept() -> None:
    body = '{"detail": ' + json.dumps(EVENT)[:-1] + ', "Version": 2}}'
    item = event_item(body, domain_name="File", latest=LATEST)
    assert "Original" in item

    assert item_of(line_of(item, "File"), domain_name="File", latest=LATEST) == item


def test_a_tombstone_stays_one_and_is_no_event_to_send() -> None:
    item: Item = {
        "DomainId": {"S": "file-1"},
        "EventKey": {"S": "2026-03-01T09:00:00.000000000Z#e1"},
        "Erased": {"BS": [b"\x00"]},
    }
    line = line_of(item | {"Payload": {"S": "left by a person"}}, "File")

    assert item_of(line, domain_name="File", latest=LATEST) == item
    assert item_of(line, domain_name="Document", latest=LATEST, from_domain="File") == item
    assert detail_of(line) is None
    assert "left" not in line


def test_a_tombstone_of_another_domain_is_refused() -> None:
    item: Item = {
        "DomainId": {"S": "file-1"},
        "EventKey": {"S": "2026-03-01T09:00:00.000000000Z#e1"},
        "Erased": {"BOOL": True},
    }

    for from_domain in (None, "Order"):
        with pytest.raises(BadLine, match="DomainName"):
            item_of(line_of(item, "Account"), domain_name="File", latest=LATEST, from_domain=from_domain)
    assert item_of(json.dumps({"Item": item}), domain_name="File", latest=LATEST) == item


@pytest.mark.parametrize(
    "value", [{"SS": [1]}, {"NS": [None]}, {"S": "\ud800"}, {"L": [{"SS": [{}]}]}, {"X": 1}, {}, 5]
)
def test_an_item_that_dynamodb_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(BadLine, match="DynamoDB's JSON"):
        item_of(json.dumps({"Item": {"DomainId": value}}), domain_name="File", latest=LATEST)


def test_a_line_whose_names_repeat_is_kept_as_an_event_from_the_bus_is() -> None:
    line = '{"detail": ' + json.dumps(EVENT)[:-1] + ', "Version": 2}}'

    assert item_of(f"{line}\n", domain_name="File", latest=LATEST) == event_item(
        line, domain_name="File", latest=LATEST
    )


@pytest.mark.parametrize("detail", [[{"Payload": "secret"}], "secret"])
def test_what_is_no_event_is_not_shown(detail: Any) -> None:
    with pytest.raises(BadLine, match=r"must be the domain event, an object; found a (list|str)$"):
        item_of(json.dumps({"detail": detail}), domain_name="File", latest=LATEST)


def test_an_arrival_that_a_person_wrote_is_kept() -> None:
    item = stored() | {"ArrivedAt": {"N": "5"}}

    assert item_of(line_of(item, "File"), domain_name="File", latest=LATEST) == item


@given(st.dictionaries(st.sampled_from(("Payload", "Bus", "Version", "Extra", "EventTime")), invalid_attributes))
@example({"Payload": {"N": "1E+2"}})
def test_an_item_that_a_person_wrote_has_a_line_too(changed: dict[str, Any]) -> None:
    item = stored() | changed
    line = line_of(item, "File")
    try:
        # DynamoDB gives each number one spelling, so these are equal for it: 100 and 1E+2.
        read: object = decode_item(item_of(line, domain_name="File", latest=LATEST))
    except BadLine as error:
        read = str(error).partition(":")[0]

    assert read in (decode_item(item), "Item")


@given(
    json_texts | json_values.map(exact_json.dumps) | json_values.map(lambda value: exact_json.dumps({"Item": value}))
)
def test_any_other_text_is_refused_in_words(text: str) -> None:
    with pytest.raises(BadLine, match="must"):
        item_of(text, domain_name="File", latest=LATEST)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ({"detail": EVENT | {"DomainName": "Account"}}, "DomainName: must be"),
        ({"detail": EVENT | {"EventTime": "2027-01-01T00:00:00Z"}}, "future"),
        ({"detail": EVENT, "arrived-at": 5}, "arrived-at: must be a text"),
        ({"Item": {"DomainId": {"S": "file-1"}}}, "EventKey"),
        ({"Item": {"DomainId": {"S": "f"}, "EventKey": {"S": "yesterday"}, "Erased": {"BOOL": True}}}, "EventKey"),
        ({"Item": {"DomainId": {"B": "no base64"}}}, "DynamoDB's JSON"),
    ],
)
def test_the_reason_names_the_field(line: dict[str, Any], says: str) -> None:
    with pytest.raises(BadLine, match=says):
        item_of(json.dumps(line), domain_name="File", latest="2026-12-31T00:00:00.000000000Z")


def test_an_item_under_another_key_than_its_own_is_refused() -> None:
    item = stored() | {"EventKey": {"S": "2026-03-01T09:00:00.000000000Z#e2"}}

    with pytest.raises(BadLine, match="EventKey"):
        item_of(line_of(item, "File"), domain_name="File", latest=LATEST)


@pytest.mark.parametrize("repeats", [False, True])
def test_a_domain_can_get_another_name(repeats: bool) -> None:
    item = stored()
    if repeats:
        item = item | {"Original": {"B": b""}}

    renamed = item_of(line_of(item, "File"), domain_name="Document", latest=LATEST, from_domain="File")

    assert renamed == item | {"DomainName": {"S": "Document"}}
    with pytest.raises(BadLine, match="--from-domain"):
        item_of(line_of(item, "File"), domain_name="Document", latest=LATEST, from_domain="Account")


def test_no_reason_shows_a_payload() -> None:
    line = json.dumps({"detail": EVENT | {"Version": "x", "Payload": {"Name": "secret"}}})

    with pytest.raises(BadLine) as raised:
        item_of(line, domain_name="File", latest=LATEST)
    assert "secret" not in str(raised.value)


def test_a_dead_letter_that_was_exported_is_an_event_again() -> None:
    body = exact_json.dumps({"id": "1", "source": "test", "detail": EVENT})
    line = json.dumps({"message_id": "m", "attributes": {"ReasonCode": "infrastructure"}, "body": body})

    assert item_of(line, domain_name="File", latest=LATEST) == event_item(body, domain_name="File", latest=LATEST)
    with pytest.raises(BadLine, match="UserId: is required"):
        item_of(line.replace("UserId", "User"), domain_name="File", latest=LATEST)
