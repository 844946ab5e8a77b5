"""Guarantee: an event that keeps the contract is stored whole; any other is quarantined, with the field named."""

import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from cp_event_source.handler.values.attribute_value import ITEM_SIZE_LIMIT, item_size

from . import cases, envelopes
from .cases import body
from .pipeline import Pipeline, Quarantined, Seen, probe
from .values import Token, tokens_of_text, tokens_of_typed

BUS = {
    "_id": "Id",
    "_time": "Time",
    "_source": "Source",
    "_account": "Account",
    "_region": "Region",
    "_detail_type": "DetailType",
    "_resources": "Resources",
    "_replay_name": "ReplayName",
}
NOTHING = {None, "null", "[]"}
ALWAYS = {"DomainId", "EventKey", "EventTime", "EventId", "UserId", "EventType", "EventName", "DomainName", "Version"}
OF_THE_ITEM = {"DomainId", "EventId", "UserId", "EventName", "CorrelationId", "IpAddress", "Payload"}
GOOD = body(DomainId='"good"')


def tokens_of_attribute(attribute: dict[str, Any]) -> list[Token]:
    if "B" in attribute:
        return tokens_of_text(zlib.decompress(attribute["B"]).decode())
    return tokens_of_typed(attribute)


def stored(make: Callable[..., Pipeline], message: str) -> dict[str, Any]:
    """The item of a message, which is stored along with a valid one."""
    pipeline = make(probe(Seen()), is_wired=True)
    assert pipeline.persist(message, GOOD) == []
    assert pipeline.quarantined() == []
    (item,) = [event.item for event in pipeline.events() if event.domain_id != "good"]
    assert pipeline.project(pipeline.db.records("events")) == []
    assert [row["Count"] for row in pipeline.rows().values()] == [{"N": "1"}] * 2
    return item


def quarantined(make: Callable[..., Pipeline], message: str) -> Quarantined:
    """What is said of a message, the only one that is not stored."""
    pipeline = make(probe(Seen()), is_wired=True)
    assert pipeline.persist(message, GOOD) == []
    assert [event.domain_id for event in pipeline.events()] == ["good"]
    (kept,) = pipeline.quarantined()
    assert kept.body == message
    return kept


@pytest.mark.parametrize("name", envelopes.ACCEPTED)
def test_what_keeps_the_contract_is_kept_whole(make: Callable[..., Pipeline], name: str) -> None:
    fields = envelopes.ACCEPTED[name]
    item = stored(
        make, body(fields.get("Payload", "[0]"), **{each: fields[each] for each in fields.keys() - {"Payload"}})
    )
    expected = {each: text for each, text in fields.items() if each in OF_THE_ITEM and text not in NOTHING}
    unknown = {each: text for each, text in fields.items() if each not in OF_THE_ITEM and each[:1] != "_"}
    expected |= {"Extensions": cases.object_text(unknown)} if unknown else {}
    assert item.keys() - {"ArrivedAt"} == ALWAYS | {"Payload", "Bus"} | expected.keys()
    for attribute, text in expected.items():
        assert tokens_of_attribute(item[attribute]) == tokens_of_text(text or "")


@pytest.mark.parametrize("name", [name for name, fields in envelopes.ACCEPTED.items() if fields.keys() & BUS.keys()])
def test_the_buss_facts_are_kept_with_the_event(make: Callable[..., Pipeline], name: str) -> None:
    ((field, text),) = envelopes.ACCEPTED[name].items()
    known = {"_id": '"b-1"', "_time": '"2026-01-01T00:00:00Z"', "_source": '"app"', "_account": '"111122223333"'}
    known |= {"_region": '"eu-central-1"', "_detail_type": '"Noted"', field: text or "null"}
    given = {BUS[each]: text for each, text in sorted(known.items(), key=lambda each: BUS[each[0]])}
    expected = cases.object_text({each: text for each, text in given.items() if text not in NOTHING})
    assert tokens_of_attribute(stored(make, body(**{field: text}))["Bus"]) == tokens_of_text(expected)


@pytest.mark.parametrize("text", envelopes.VERSIONS)
def test_a_version_is_a_whole_number_however_it_is_spelled(make: Callable[..., Pipeline], text: str) -> None:
    assert stored(make, body(Version=text))["Version"] == {"N": str(envelopes.VERSIONS[text])}


@pytest.mark.parametrize("text", envelopes.TIMES)
def test_a_time_that_can_be_ordered_is_kept_as_sent(make: Callable[..., Pipeline], text: str) -> None:
    item = stored(make, body(EventTime=json.dumps(text)))
    assert item["EventTime"] == {"S": text}
    assert item["EventKey"] == {"S": f"{envelopes.TIMES[text]}#e-1"}


@pytest.mark.parametrize("name", envelopes.REFUSED)
def test_an_event_that_breaks_the_contract_is_quarantined_and_the_field_named(
    make: Callable[..., Pipeline], name: str
) -> None:
    field, fields = envelopes.REFUSED[name]
    kept = quarantined(
        make, body(fields.get("Payload", "0"), **{each: fields[each] for each in fields.keys() - {"Payload"}})
    )
    assert kept.code == "contract-violation"
    assert (kept.reason or "").startswith(f"{field}: ")
    assert " | " not in (kept.reason or "")


@pytest.mark.parametrize("text", envelopes.NO_TIMES, ids=lambda text: text[:40])
def test_a_time_that_cannot_be_ordered_is_refused(make: Callable[..., Pipeline], text: str) -> None:
    kept = quarantined(make, body(EventTime=json.dumps(text)))
    assert kept.code == "contract-violation"
    assert (kept.reason or "").startswith("EventTime: ")


@pytest.mark.parametrize("name", envelopes.DETAILS)
def test_a_detail_that_is_no_object_is_quarantined(make: Callable[..., Pipeline], name: str) -> None:
    kept = quarantined(make, body(_detail=envelopes.DETAILS[name]))
    assert kept.code == "contract-violation"
    assert (kept.reason or "").startswith("detail: must be an object")


@pytest.mark.parametrize("name", envelopes.BODIES)
def test_a_body_that_is_no_bus_event_is_quarantined(make: Callable[..., Pipeline], name: str) -> None:
    kept = quarantined(make, envelopes.BODIES[name])
    assert kept.code == "contract-violation"
    assert (kept.reason or "").startswith(("body: must be ", "detail: must be an object"))


def test_every_broken_rule_is_named_once(make: Callable[..., Pipeline]) -> None:
    wrong = body(_detail='{"EventType":"PROCESS","Version":"1","UserId":"","IpAddress":[],"Extra":[]}')
    reason = quarantined(make, wrong).reason or ""
    named = ["DomainId", "EventTime", "EventId", "UserId", "EventType", "EventName", "DomainName", "Version", "Payload"]
    assert sorted(each.partition(":")[0] for each in reason.split(" | ")) == sorted([*named, "IpAddress"])


@pytest.mark.parametrize("repeated", ["DomainId", "EventId", "Version", "Payload", "Extra"])
def test_a_field_given_twice_counts_as_the_last_and_the_message_is_kept(
    make: Callable[..., Pipeline], repeated: str
) -> None:
    detail = cases.detail_text(**{repeated: {"Version": "2"}.get(repeated, '"last"')})
    sent = body(_detail=f'{{"{repeated}":[],{detail[1:]}')
    item = stored(make, sent)
    kept = item["Extensions"]["M"]["Extra"] if repeated == "Extra" else item[repeated]
    assert kept in ({"S": "last"}, {"N": "2"})
    assert zlib.decompress(item["Original"]["B"]).decode() == sent


def test_a_detail_given_twice_counts_as_the_last(make: Callable[..., Pipeline]) -> None:
    assert stored(make, f'{{"detail":{{"DomainName":"File"}},{body()[1:]}')["DomainId"] == {"S": "d-1"}


def test_an_item_is_native_up_to_its_very_size(make: Callable[..., Pipeline]) -> None:
    """409,600 bytes, names included: one more, and the payload is compressed."""
    pipeline = make(probe(Seen()), is_wired=True)
    pipeline.persist(body('""'))
    (small,) = pipeline.events()
    room = ITEM_SIZE_LIMIT - item_size(small.item)
    pipeline.persist(*(body(json.dumps("x" * (room + more)), EventId=f'"e-{2 + more}"') for more in (0, 1)))
    assert [event.item["Payload"].keys() for event in pipeline.events()] == [{"S"}, {"S"}, {"B"}]
