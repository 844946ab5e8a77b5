"""Guarantee: the double does what AWS documents for DynamoDB, and what moto does where moto is correct."""

import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any
from unittest import mock

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from .aws import AwsError
from .clients import direct_dynamodb
from .dynamodb import DynamoDB
from .strategies import requests

KIB = 1024


@pytest.fixture
def db() -> DynamoDB:
    return tables()


def tables() -> DynamoDB:
    db = DynamoDB()
    db.create_table("events", "DomainId", "EventKey", stream=True, stream_view="NEW_IMAGE")
    db.create_table("rows", "DomainId", stream=True)
    return db


def event(key: str, domain_id: str = "d", **attributes: Any) -> dict[str, Any]:
    return {"DomainId": {"S": domain_id}, "EventKey": {"S": key}, **attributes}


def put(db: DynamoDB, item: Mapping[str, Any], table: str = "events", **options: Any) -> dict[str, Any]:
    return db.handle("PutItem", {"TableName": table, "Item": item, **options})


def get(db: DynamoDB, key: Mapping[str, Any], table: str = "events", **options: Any) -> dict[str, Any]:
    return db.handle("GetItem", {"TableName": table, "Key": key, "ConsistentRead": True, **options})


def query(db: DynamoDB, condition: str = "DomainId = :d", values: Any = None, **options: Any) -> dict[str, Any]:
    request = {
        "TableName": "events",
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": {":d": {"S": "d"}, **(values or {})},
        "ConsistentRead": True,
    }
    return db.handle("Query", request | options)


def event_keys(reply: Mapping[str, Any]) -> list[str]:
    return [item["EventKey"]["S"] for item in reply["Items"]]


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(AwsError) as raised:
        call()
    return raised.value.code


def padded(key: str, size: int, **attributes: Any) -> dict[str, Any]:
    """An event of exactly `size` bytes."""
    bare = event(key, **attributes, Pad={"S": ""})
    used = sum(len(name) + len(value["S"]) for name, value in bare.items())
    return bare | {"Pad": {"S": "x" * (size - used)}}


# conditions

ROW = {
    "DomainId": {"S": "d"},
    "Revision": {"S": "top"},
    "Notes": {"M": {"Revision": {"S": "r1"}, "Inner": {"M": {"Count": {"N": "1"}}}}},
    "Dotted.Name": {"S": "x"},
}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("attribute_exists(DomainId)", True),
        ("attribute_not_exists(DomainId)", False),
        ("attribute_exists(Nothing)", False),
        ("attribute_exists(Notes.Revision)", True),
        ("attribute_not_exists(Notes.Nothing.Deeper)", True),
        ("attribute_not_exists(Revision.Deeper)", True),
        ("Notes.Revision = :r1", True),
        ("#notes.#revision = :r1", True),
        ("Revision = :r1", False),
        ("Nothing = :r1", False),
        ("Notes.Inner.Count = :one", True),
        ("#dotted = :x", True),
        ("attribute_not_exists(DomainId) OR Notes.Revision = :r1", True),
        ("attribute_exists(DomainId) AND Revision = :r1", False),
        ("Revision = :r1 AND Revision = :r1 OR attribute_exists(DomainId)", True),
        ("attribute_exists(DomainId) OR Revision = :r1 AND Revision = :r1", True),
    ],
)
def test_a_write_happens_if_its_condition_holds(db: DynamoDB, condition: str, holds: bool) -> None:
    put(db, ROW, "rows")
    names = {"#notes": "Notes", "#revision": "Revision", "#dotted": "Dotted.Name"}
    values = {":r1": {"S": "r1"}, ":one": {"N": "1.0"}, ":x": {"S": "x"}}
    options: dict[str, Any] = {"ConditionExpression": condition}
    if "#" in condition:
        options["ExpressionAttributeNames"] = {name: names[name] for name in names if name in condition}
    if ":" in condition:
        options["ExpressionAttributeValues"] = {name: values[name] for name in values if name in condition}
    replacement = {"DomainId": {"S": "d"}}
    if holds:
        put(db, replacement, "rows", **options)
    else:
        assert code_of(lambda: put(db, replacement, "rows", **options)) == "ConditionalCheckFailedException"
    assert db.items("rows") == [replacement if holds else ROW]


def test_a_failed_condition_shows_the_item_if_asked(db: DynamoDB) -> None:
    put(db, event("k", Value={"N": "1"}))
    condition = {"ConditionExpression": "attribute_not_exists(EventKey)"}
    with pytest.raises(AwsError) as raised:
        put(db, event("k"), **condition)
    assert raised.value.fields == {}
    with pytest.raises(AwsError) as raised:
        put(db, event("k"), **condition, ReturnValuesOnConditionCheckFailure="ALL_OLD")
    assert raised.value.fields == {"Item": event("k", Value={"N": "1"})}


@pytest.mark.parametrize(
    "options",
    [
        {"ConditionExpression": "DomainId = :x"},
        {"ConditionExpression": "attribute_exists(#x)"},
        {"ConditionExpression": "attribute_exists(DomainId)", "ExpressionAttributeNames": {"#x": "y"}},
        {"ConditionExpression": "attribute_exists(DomainId)", "ExpressionAttributeValues": {":x": {"S": "y"}}},
        {"ExpressionAttributeNames": {"#x": "y"}},
        {"ConditionExpression": "DomainId = :x", "ExpressionAttributeValues": {":x": {"N": "a"}}},
    ],
)
def test_a_placeholder_is_defined_and_used(db: DynamoDB, options: dict[str, Any]) -> None:
    assert code_of(lambda: put(db, event("k"), **options)) == "ValidationException"


def test_the_double_refuses_what_it_does_not_know(db: DynamoDB) -> None:
    calls: list[Callable[[], object]] = [
        lambda: db.handle("Scan", {"TableName": "events"}),
        lambda: put(db, event("k"), Expected={}),
        lambda: put(db, event("k"), ConditionExpression="size(DomainId) = :x"),
        lambda: query(db, "DomainId = :d AND begins_with(EventKey, :x)"),
        lambda: query(db, ProjectionExpression="Payload.Deeper"),
    ]
    for call in calls:
        with pytest.raises(NotImplementedError):
            call()


# stored items


def test_nothing_is_shared_with_the_caller(db: DynamoDB) -> None:
    item = event("k", Payload={"M": {"a": {"L": [{"S": "x"}]}}})
    put(db, item)
    item["Payload"]["M"]["a"]["L"].append({"S": "y"})
    read = get(db, event("k"))["Item"]
    assert read["Payload"] == {"M": {"a": {"L": [{"S": "x"}]}}}
    read["Payload"]["M"].clear()
    assert get(db, event("k"))["Item"]["Payload"] == {"M": {"a": {"L": [{"S": "x"}]}}}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"N": "1.0"}, {"N": "1"}),
        ({"N": "-0"}, {"N": "0"}),
        ({"N": "007"}, {"N": "7"}),
        ({"N": "1E2"}, {"N": "100"}),
        ({"N": "+12.50e-1"}, {"N": "1.25"}),
        ({"SS": ["b", "a", ""]}, {"SS": ["", "a", "b"]}),
        ({"B": bytearray(b"\x00\xff")}, {"B": b"\x00\xff"}),
        ({"S": ""}, {"S": ""}),
        ({"L": []}, {"L": []}),
        ({"M": {}}, {"M": {}}),
        ({"NULL": True}, {"NULL": True}),
        ({"BOOL": False}, {"BOOL": False}),
    ],
)
def test_values_have_one_form(db: DynamoDB, sent: dict[str, Any], kept: dict[str, Any]) -> None:
    put(db, event("k", Value=sent))
    assert get(db, event("k"))["Item"]["Value"] == kept


@pytest.mark.parametrize(
    "value",
    [
        {"N": "1" * 39},
        {"N": "1E126"},
        {"N": "1E-131"},
        {"N": "NaN"},
        {"N": "1_000"},
        {"N": " 1"},
        {"N": ""},
        {"NS": ["1", "1.0"]},
        {"SS": []},
        {"SS": ["a", "a"]},
        {"NULL": False},
        {"M": {"": {"S": "x"}}},
        {"M": {"n" * 65_536: {"S": "x"}}},
        {},
        {"S": "a", "N": "1"},
    ],
)
def test_values_that_dynamodb_refuses(db: DynamoDB, value: dict[str, Any]) -> None:
    assert code_of(lambda: put(db, event("k", Value=value))) == "ValidationException"
    assert db.items("events") == []


@pytest.mark.parametrize("number", ["1" * 38, "9" * 38 + "0" * 88, "1E125", "-1E-130", "0" * 50, "1" + "0" * 100])
def test_numbers_that_dynamodb_takes(db: DynamoDB, number: str) -> None:
    put(db, event("k", Value={"N": number}))


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {"S": "x"}
    for level in range(levels):
        value = {"L": [value]} if level % 2 else {"M": {"a": value}}
    return value


def test_attributes_nest_up_to_32_levels(db: DynamoDB) -> None:
    put(db, event("k", Value=nested(32)))
    assert code_of(lambda: put(db, event("k", Value=nested(33)))) == "ValidationException"


def test_an_item_has_up_to_400_kb(db: DynamoDB) -> None:
    put(db, padded("k", 400 * KIB))
    assert code_of(lambda: put(db, padded("k", 400 * KIB + 1))) == "ValidationException"


@pytest.mark.parametrize(
    "item",
    [
        {"DomainId": {"S": "d"}},
        {"DomainId": {"S": "d"}, "EventKey": {"N": "1"}},
        event(""),
        event("k", ""),
        event("k", "d" * 2049),
        event("k", "é" * 1025),
        event("k" * 1025),
    ],
)
def test_keys_that_dynamodb_refuses(db: DynamoDB, item: dict[str, Any]) -> None:
    assert code_of(lambda: put(db, item)) == "ValidationException"
    assert code_of(lambda: get(db, item)) == "ValidationException"


def test_dynamodb_takes_keys_of_the_maximum_length(db: DynamoDB) -> None:
    put(db, event("k" * 1024, "d" * 2048))


def test_a_missing_table_is_an_error(db: DynamoDB) -> None:
    assert code_of(lambda: put(db, event("k"), "nowhere")) == "ResourceNotFoundException"


# stale reads


def test_an_eventually_consistent_read_misses_the_last_write(db: DynamoDB) -> None:
    """AWS: the response might not reflect the results of a recently completed write operation."""
    stale: dict[str, Any] = {"ConsistentRead": False}
    put(db, event("a", Value={"N": "1"}))
    put(db, event("b"))
    put(db, event("b", Value={"N": "2"}))
    assert get(db, event("b"), **stale)["Item"] == event("b")
    assert query(db, **stale)["Items"] == [event("a", Value={"N": "1"}), event("b")]
    put(db, event("c"))
    assert "Item" not in get(db, event("c"), **stale)
    assert event_keys(query(db, **stale)) == ["a", "b"]
    db.handle("DeleteItem", {"TableName": "events", "Key": event("a")})
    assert event_keys(query(db, **stale)) == ["a", "b", "c"]
    assert event_keys(query(db)) == ["b", "c"]
    keys = {"Keys": [event("a")]}
    assert len(db.handle("BatchGetItem", {"RequestItems": {"events": keys}})["Responses"]["events"]) == 1


def test_replicas_can_settle_and_stale_reads_can_be_switched_off(db: DynamoDB) -> None:
    put(db, event("a"))
    db.settle()
    assert event_keys(query(db, ConsistentRead=False)) == ["a"]
    put(db, event("b"))
    db.stale_reads = False
    assert event_keys(query(db, ConsistentRead=False)) == ["a", "b"]


# queries


def test_an_item_and_its_maps_come_back_in_another_order(db: DynamoDB) -> None:
    inner = {"M": {"b": {"N": "1"}, "a": {"N": "2"}}}
    item = {"DomainId": {"S": "d"}, "EventKey": {"S": "1"}, "Z": {"L": [inner]}, "A": inner}
    db.handle("PutItem", {"TableName": "events", "Item": item})
    (kept,) = db.items("events")
    assert kept == item
    assert list(kept) == ["A", "Z", "EventKey", "DomainId"]
    assert list(kept["A"]["M"]) == list(kept["Z"]["L"][0]["M"]) == ["a", "b"]


def test_a_query_orders_text_keys_by_their_bytes(db: DynamoDB) -> None:
    keys = ["a", "Z", "é", "e\u0301", "\ue000", "\U00010000", "0", "10", "9"]
    for key in keys:
        put(db, event(key))
    ordered = sorted(keys, key=str.encode)
    assert event_keys(query(db)) == ordered
    assert event_keys(query(db, ScanIndexForward=False)) == ordered[::-1]


def test_a_query_orders_numeric_keys_by_their_value() -> None:
    db = DynamoDB()
    db.create_table("slots", "DomainId", "Slot", range_type="N", stream=True)
    for slot in ("10", "9", "1E1", "-1", "0.5"):
        put(db, {"DomainId": {"S": "d"}, "Slot": {"N": slot}}, "slots")
    request = {"TableName": "slots", "KeyConditionExpression": "DomainId = :d AND Slot >= :s", "ConsistentRead": True}
    values = {":d": {"S": "d"}, ":s": {"N": "0.50"}}
    reply = db.handle("Query", request | {"ExpressionAttributeValues": values, "Limit": 2})
    assert [item["Slot"]["N"] for item in reply["Items"]] == ["0.5", "9"]
    assert reply["LastEvaluatedKey"] == {"DomainId": {"S": "d"}, "Slot": {"N": "9"}}
    assert get(db, {"DomainId": {"S": "d"}, "Slot": {"N": "10.0"}}, "slots")["Item"]["Slot"] == {"N": "10"}
    assert db.records("slots")[0]["dynamodb"]["Keys"] == {"DomainId": {"S": "d"}, "Slot": {"N": "10"}}
    text = {"DomainId": {"S": "d"}, "Slot": {"S": "1"}}
    assert code_of(lambda: put(db, text, "slots")) == code_of(lambda: get(db, text, "slots")) == "ValidationException"


@pytest.mark.parametrize(
    ("condition", "lets_through"),
    [
        ("EventKey = :a", lambda key: key == "b"),
        ("EventKey < :a", lambda key: key < "b"),
        ("#key <= :a", lambda key: key <= "b"),
        ("EventKey > :a", lambda key: key > "b"),
        ("EventKey>=:a", lambda key: key >= "b"),
        ("EventKey BETWEEN :a AND :z", lambda key: "b" <= key <= "cx"),
    ],
)
@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("limit", [1, 2, 9])
def test_a_query_returns_the_items_that_match_its_condition(
    db: DynamoDB, condition: str, lets_through: Callable[[str], bool], forward: bool, limit: int
) -> None:
    keys = ["a", "b", "ba", "c", "d"]
    for key in keys:
        put(db, event(key))
    put(db, event("b", "another"))
    options: dict[str, Any] = {"ScanIndexForward": forward, "Limit": limit}
    if "#" in condition:
        options["ExpressionAttributeNames"] = {"#key": "EventKey"}
    values = {name: {"S": text} for name, text in ((":a", "b"), (":z", "cx")) if name in condition}
    found = []
    while True:
        reply = query(db, f"DomainId = :d AND {condition}", values, **options)
        found += event_keys(reply)
        if "LastEvaluatedKey" not in reply:
            break
        options["ExclusiveStartKey"] = reply["LastEvaluatedKey"]
    expected = [key for key in keys if lets_through(key)]
    assert found == (expected if forward else expected[::-1])


def test_a_query_continues_after_a_key_that_is_gone(db: DynamoDB) -> None:
    for key in "acd":
        put(db, event(key))
    assert event_keys(query(db, ExclusiveStartKey=event("b"))) == ["c", "d"]
    assert event_keys(query(db, ExclusiveStartKey=event("b"), ScanIndexForward=False)) == ["a"]
    assert code_of(lambda: query(db, ExclusiveStartKey=event("b", "another"))) == "ValidationException"


def test_a_page_that_just_reaches_its_limit_has_a_key_to_continue(db: DynamoDB) -> None:
    """AWS: a LastEvaluatedKey that is not empty does not necessarily mean that there is more data."""
    put(db, event("a"))
    assert query(db, Limit=1)["LastEvaluatedKey"] == event("a")
    assert query(db, ExclusiveStartKey=event("a"))["Items"] == []


def test_a_page_ends_at_1_mb(db: DynamoDB) -> None:
    for key in "abcdef":
        put(db, padded(key, 256 * KIB))
    first = query(db)
    assert event_keys(first) == ["a", "b", "c", "d"]
    assert event_keys(query(db, ExclusiveStartKey=first["LastEvaluatedKey"])) == ["e", "f"]


def test_a_query_can_return_only_counts_or_only_some_attributes(db: DynamoDB) -> None:
    put(db, event("a", Value={"N": "1"}))
    put(db, event("b"))
    assert query(db, Select="COUNT") == {"Count": 2, "ScannedCount": 2}
    projected = query(db, ProjectionExpression="#v, EventKey", ExpressionAttributeNames={"#v": "Value"})
    assert projected["Items"] == [{"Value": {"N": "1"}, "EventKey": {"S": "a"}}, {"EventKey": {"S": "b"}}]


@pytest.mark.parametrize(
    ("condition", "values", "options"),
    [
        ("EventKey = :d", {}, {}),
        ("DomainId = :d AND Other = :k", {":k": {"S": "k"}}, {}),
        ("DomainId = :d AND EventKey = :k", {":k": {"N": "1"}}, {}),
        ("DomainId = :d AND EventKey = :k", {":k": {"S": ""}}, {}),
        ("DomainId = :d AND EventKey BETWEEN :k AND :j", {":j": {"S": "j"}, ":k": {"S": "k"}}, {}),
        ("DomainId = :d", {}, {"Limit": 0}),
    ],
)
def test_queries_that_dynamodb_refuses(
    db: DynamoDB, condition: str, values: dict[str, Any], options: dict[str, Any]
) -> None:
    assert code_of(lambda: query(db, condition, values, **options)) == "ValidationException"


# costs


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ({}, 14),
        ({"é": {"S": "né"}}, 14 + 2 + 3),
        ({"N": {"N": "12300"}}, 14 + 1 + 3),
        ({"N": {"N": "0.0012"}}, 14 + 1 + 2),
        ({"B": {"B": b"123"}}, 14 + 1 + 3),
        ({"B": {"BOOL": True}, "N": {"NULL": True}}, 14 + 4),
        ({"M": {"M": {"ab": {"S": "c"}}}}, 14 + 1 + 3 + 1 + 2 + 1),
        ({"L": {"L": [{"S": "abc"}, {"N": "1"}]}}, 14 + 1 + 3 + 2 + 3 + 2),
        ({"S": {"SS": ["a", "bc"]}}, 14 + 1 + 3),
    ],
)
def test_sizes_follow_the_published_rule(db: DynamoDB, attributes: dict[str, Any], size: int) -> None:
    """AWS: "DynamoDB item sizes and formats". 14 bytes are the keys' names (8 + 8) and values, minus two."""
    put(db, event("k") | attributes)
    stored = db.tables["events"].collections["d"].items["k"]
    assert stored.size == size + 4


@pytest.mark.parametrize(("size", "units"), [(100, 1), (1024, 1), (1025, 2), (400 * KIB, 400)])
def test_a_write_costs_a_unit_for_each_kb(db: DynamoDB, size: int, units: int) -> None:
    reply = put(db, padded("k", size), ReturnConsumedCapacity="TOTAL")
    assert reply["ConsumedCapacity"] == {"TableName": "events", "CapacityUnits": units}
    assert db.counters.of("events", "PutItem").wcu == units


def test_a_write_costs_as_much_as_the_larger_of_the_old_and_the_new_item(db: DynamoDB) -> None:
    put(db, padded("k", 5000))
    db.counters.reset()
    put(db, padded("k", 100))
    assert db.counters.of("events").wcu == 5
    db.handle("DeleteItem", {"TableName": "events", "Key": event("k")})
    db.handle("DeleteItem", {"TableName": "events", "Key": event("k")})
    assert db.counters.of("events", "DeleteItem").wcu == 1 + 1


def test_a_failed_condition_costs_as_much_as_the_existing_item(db: DynamoDB) -> None:
    """AWS: the amount consumed depends on the size of the existing item (or a minimum of 1)."""
    put(db, padded("k", 3000))
    db.counters.reset()
    code_of(lambda: put(db, padded("k", 9000), ConditionExpression="attribute_not_exists(EventKey)"))
    assert db.counters.of("events").wcu == 3
    code_of(lambda: put(db, padded("other", 9000), ConditionExpression="attribute_exists(EventKey)"))
    assert db.counters.of("events").wcu == 3 + 1


@pytest.mark.parametrize(("size", "units"), [(100, 1), (4096, 1), (4097, 2)])
def test_a_read_costs_a_unit_for_each_4_kb(db: DynamoDB, size: int, units: int) -> None:
    put(db, padded("k", size))
    db.settle()
    for consistent, factor in ((True, 1.0), (False, 0.5)):
        reply = get(db, event("k"), ConsistentRead=consistent, ReturnConsumedCapacity="TOTAL")
        assert reply["ConsumedCapacity"]["CapacityUnits"] == units * factor


def test_a_read_of_nothing_costs_a_unit(db: DynamoDB) -> None:
    get(db, event("k"))
    query(db)
    db.handle("BatchGetItem", {"RequestItems": {"events": {"Keys": [event("k")], "ConsistentRead": True}}})
    assert db.counters.of("events").rcu == 3


def test_a_batched_read_rounds_each_item_and_a_query_rounds_their_sum(db: DynamoDB) -> None:
    """AWS ("DynamoDB read and write operations"): 1.5 KB and 6.5 KB are 12 KB in a BatchGetItem."""
    put(db, padded("a", 1536))
    put(db, padded("b", 6656))
    keys = {"Keys": [event("a"), event("b")], "ConsistentRead": True}
    db.handle("BatchGetItem", {"RequestItems": {"events": keys}})
    query(db, ProjectionExpression="EventKey")
    assert db.counters.of("events", "BatchGetItem").rcu == 3
    assert db.counters.of("events", "Query").rcu == 2


def test_calls_and_items_are_counted(db: DynamoDB) -> None:
    for key in "abc":
        put(db, event(key))
    query(db, Limit=2)
    query(db)
    assert db.counters.of("events", "PutItem").calls == 3
    assert db.counters.of(operation="Query").items == 5
    db.counters.reset()
    assert db.counters.of().calls == 0


# batched reads


def batch_get(db: DynamoDB, keys: list[dict[str, Any]], **options: Any) -> dict[str, Any]:
    return db.handle("BatchGetItem", {"RequestItems": {"rows": {"Keys": keys, "ConsistentRead": True, **options}}})


def row_keys(count: int) -> list[dict[str, Any]]:
    return [{"DomainId": {"S": f"d{number}"}} for number in range(count)]


def test_a_batched_read_takes_up_to_100_different_keys(db: DynamoDB) -> None:
    put(db, {"DomainId": {"S": "d7"}, "Value": {"N": "7"}}, "rows")
    reply = batch_get(db, row_keys(100), ProjectionExpression="#v", ExpressionAttributeNames={"#v": "Value"})
    assert reply == {"Responses": {"rows": [{"Value": {"N": "7"}}]}, "UnprocessedKeys": {}}
    for keys in (row_keys(101), row_keys(2) * 2, []):
        assert code_of(partial(batch_get, db, keys)) == "ValidationException"


def test_a_batched_read_returns_items_in_another_order_than_requested(db: DynamoDB) -> None:
    """AWS: DynamoDB does not return items in any particular order."""
    keys = row_keys(3)
    for key in keys:
        put(db, key, "rows")
    assert batch_get(db, keys)["Responses"]["rows"] == keys[::-1]


def large_rows(db: DynamoDB, count: int) -> list[dict[str, Any]]:
    keys = row_keys(count)
    for key in keys:
        put(db, key | {"Pad": {"S": "x" * (300 * KIB)}}, "rows")
    return keys


def test_a_batched_read_leaves_keys_unprocessed_after_16_mb(db: DynamoDB) -> None:
    keys = large_rows(db, 60)
    reply = batch_get(db, keys)
    found = [row["DomainId"] for row in reply["Responses"]["rows"]]
    left = reply["UnprocessedKeys"]["rows"]
    assert left["ConsistentRead"] is True
    assert len(found) == 54
    assert sorted(key["DomainId"]["S"] for key in keys) == sorted(
        [each["S"] for each in found] + [key["DomainId"]["S"] for key in left["Keys"]]
    )
    rest = db.handle("BatchGetItem", {"RequestItems": reply["UnprocessedKeys"]})
    assert len(rest["Responses"]["rows"]) == 6


def test_a_batched_read_leaves_keys_unprocessed_after_1_mb_of_a_partition() -> None:
    """AWS: a partial result is returned if more than 1 MB per partition is requested."""
    db = DynamoDB()
    db.create_table("rows", "DomainId", partitions=1)
    reply = batch_get(db, large_rows(db, 5))
    assert len(reply["Responses"]["rows"]) == 3
    assert len(reply["UnprocessedKeys"]["rows"]["Keys"]) == 2


def test_a_batched_read_can_be_throttled(db: DynamoDB) -> None:
    """AWS: if none of the items can be processed, it is an error; if at least one, the others are unprocessed."""
    db.batch_get_keys = 1
    assert len(batch_get(db, row_keys(3))["UnprocessedKeys"]["rows"]["Keys"]) == 2
    db.batch_get_keys = 0
    assert code_of(lambda: batch_get(db, row_keys(3))) == "ProvisionedThroughputExceededException"


# transactions


def transact(db: DynamoDB, *items: Mapping[str, Any], token: str | None = None, free: bool = True) -> dict[str, Any]:
    condition = {"ConditionExpression": "attribute_not_exists(DomainId)"} if free else {}
    options = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"} if free else {}
    puts = [
        {"Put": {"TableName": "events" if "EventKey" in item else "rows", "Item": item, **condition, **options}}
        for item in items
    ]
    return db.handle("TransactWriteItems", {"TransactItems": puts, **({"ClientRequestToken": token} if token else {})})


def row(value: int = 0) -> dict[str, Any]:
    return {"DomainId": {"S": "d"}, "Value": {"N": str(value)}}


def test_a_transaction_writes_all_items_each_for_twice_the_price(db: DynamoDB) -> None:
    transact(db, event("k", Text={"S": "x" * KIB}), row())
    assert (db.items("events"), db.items("rows")) == ([event("k", Text={"S": "x" * KIB})], [row()])
    assert (db.counters.of("events").wcu, db.counters.of("rows").wcu) == (4, 2)
    assert [len(db.records(table)) for table in ("events", "rows")] == [1, 1]


def test_the_first_query_that_meets_an_item_of_a_transaction_misses_it(db: DynamoDB) -> None:
    put(db, event("a"))
    transact(db, event("b"), event("c"), row())
    assert get(db, row_keys(1)[0] | {"DomainId": {"S": "d"}}, "rows")["Item"] == row()
    assert event_keys(query(db, Limit=1)) == ["a"]
    assert event_keys(query(db)) == ["a", "b", "c"]
    transact(db, event("d"), token="another")
    db.show_transactions()
    assert event_keys(query(db)) == ["a", "b", "c", "d"]
    db.shows_in_parts = False
    transact(db, event("e"), token="a third")
    assert event_keys(query(db)) == ["a", "b", "c", "d", "e"]


def test_a_cancelled_transaction_writes_nothing_and_has_a_reason_for_each_item(db: DynamoDB) -> None:
    put(db, row(1), "rows")
    with pytest.raises(AwsError) as raised:
        transact(db, event("k"), row(2), event("l"))
    assert raised.value.code == "TransactionCanceledException"
    failed = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed", "Item": row(1)}
    assert raised.value.fields == {"CancellationReasons": [{"Code": "None"}, failed, {"Code": "None"}]}
    assert raised.value.message.endswith("[None, ConditionalCheckFailed, None]")
    assert (db.items("events"), db.items("rows")) == ([], [row(1)])


def test_a_token_makes_a_transaction_idempotent_for_ten_minutes(db: DynamoDB) -> None:
    for _ in range(2):
        transact(db, event("k"), token="t")
    assert code_of(lambda: transact(db, event("l"), token="t")) == "IdempotentParameterMismatchException"
    db.clock.advance(599)
    transact(db, event("k"), token="t")
    db.clock.advance(1)
    assert code_of(lambda: transact(db, event("k"), token="t")) == "TransactionCanceledException"


def test_a_cancelled_transaction_leaves_its_token_free(db: DynamoDB) -> None:
    put(db, event("k"))
    assert code_of(lambda: transact(db, event("k"), token="t")) == "TransactionCanceledException"
    db.handle("DeleteItem", {"TableName": "events", "Key": event("k")})
    transact(db, event("k"), token="t")
    assert db.items("events") == [event("k")]


def test_transactions_that_dynamodb_refuses(db: DynamoDB) -> None:
    large: Any = {"Text": {"S": "x" * (399 * KIB)}}
    refused: list[list[dict[str, Any]]] = [
        [],
        [event(f"k{number}") for number in range(101)],
        [event("k"), event("k", Other={"S": "x"})],
        [event(f"k{number}", **large) for number in range(11)],
        [event("k"), event("")],
    ]
    for items in refused:
        assert code_of(lambda: transact(db, *items)) == "ValidationException"  # noqa: B023
    transact(db, *(event(f"k{number}") for number in range(100)))
    transact(db, *(event(f"l{number}", **large) for number in range(10)))
    assert len(db.items("events")) == 110


# faults


class Fault(Exception):
    pass


@pytest.mark.parametrize(("phase", "kept"), [("before", []), ("after", [event("k")])])
def test_the_hook_can_fail_a_call_before_or_after_it_takes_effect(db: DynamoDB, phase: str, kept: list[Any]) -> None:
    def fail(operation: str, request: Mapping[str, Any], now: str) -> None:
        if now == phase:
            raise Fault

    db.intercept = fail
    with pytest.raises(Fault):
        put(db, event("k"))
    assert db.items("events") == kept
    assert db.counters.of("events").calls == 1


def test_the_hook_can_let_another_writer_run_before_a_call(db: DynamoDB) -> None:
    def intrude(operation: str, request: Mapping[str, Any], phase: str) -> None:
        db.intercept = None
        put(db, event("k", By={"S": "other"}))

    db.intercept = intrude
    mine = event("k", By={"S": "me"})
    assert code_of(lambda: put(db, mine, ConditionExpression="attribute_not_exists(EventKey)"))


# streams


def changes(db: DynamoDB, table: str) -> Iterator[tuple[str, Any, Any]]:
    for record in db.records(table):
        yield record["eventName"], record["dynamodb"].get("OldImage"), record["dynamodb"].get("NewImage")


def test_each_change_makes_one_record_and_a_write_without_a_change_makes_none(db: DynamoDB) -> None:
    """AWS: a PutItem or UpdateItem that does not change any data makes no stream record."""
    key = {"DomainId": {"S": "d"}}
    old, new = key | {"Value": {"N": "1"}}, key | {"Value": {"N": "2"}}
    for item in (old, old, key | {"Value": {"N": "1.0"}}, new):
        put(db, item, "rows")
    code_of(lambda: put(db, old, "rows", ConditionExpression="attribute_not_exists(DomainId)"))
    for _ in range(2):
        db.handle("DeleteItem", {"TableName": "rows", "Key": key})
    assert list(changes(db, "rows")) == [("INSERT", None, old), ("MODIFY", old, new), ("REMOVE", new, None)]


def test_records_have_the_form_of_lambdas_events(db: DynamoDB) -> None:
    put(db, event("k", Payload={"M": {"b": {"B": b"\xff"}, "s": {"BS": [b"\x00"]}, "l": {"L": [{"B": b""}]}}}))
    put(db, event("l"))
    first, second = db.records("events")
    assert first["eventSource"] == "aws:dynamodb"
    assert first["dynamodb"]["Keys"] == event("k")
    assert first["dynamodb"]["NewImage"]["Payload"] == {
        "M": {"b": {"B": "/w=="}, "s": {"BS": ["AA=="]}, "l": {"L": [{"B": ""}]}}
    }
    assert first["dynamodb"]["StreamViewType"] == "NEW_IMAGE"
    numbers = [record["dynamodb"]["SequenceNumber"] for record in (first, second)]
    assert numbers == sorted(numbers)
    assert all(21 <= len(number) <= 40 for number in numbers)
    assert first["eventID"] != second["eventID"]


def test_a_view_of_new_images_has_no_old_ones(db: DynamoDB) -> None:
    put(db, event("k"))
    put(db, event("k", Value={"N": "1"}))
    assert [old for _, old, _ in changes(db, "events")] == [None, None]


# against moto


@pytest.fixture(scope="module")
def moto() -> Iterator[Any]:
    with mock.patch.dict(os.environ, {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}), mock_aws():
        yield boto3.client("dynamodb", region_name="eu-central-1")


def outcome(call: Callable[[], dict[str, Any]]) -> Any:
    """What moto and DynamoDB have in common: an error's code without its text; a batch's items without their order."""
    try:
        reply = call()
    except ClientError as error:
        return error.response["Error"]["Code"], error.response.get("Item")
    for name in ("ResponseMetadata", "ConsumedCapacity"):  # moto always reports the capacity of a batch
        reply.pop(name, None)
    for items in reply.get("Responses", {}).values():
        items.sort(key=lambda item: (item["DomainId"]["S"], item["EventKey"]["S"]))
    return reply


@settings(max_examples=150, deadline=None)
@given(st.lists(requests, min_size=1, max_size=25))
def test_the_double_and_moto_give_the_same_replies(moto: Any, sequence: list[tuple[str, dict[str, Any]]]) -> None:
    """Except for what moto does not do (one form of numbers, limits of nesting and digits, capacity, stale reads) and
    what it does differently from DynamoDB (a page that just reaches its limit has no key to continue; sets keep their
    order).
    """
    moto.create_table(
        TableName="events",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("DomainId", "EventKey")],
        KeySchema=[{"AttributeName": "DomainId", "KeyType": "HASH"}, {"AttributeName": "EventKey", "KeyType": "RANGE"}],
    )
    try:
        db = direct_dynamodb(tables())
        for method, request in sequence:
            expected = outcome(lambda: getattr(moto, method)(**request))  # noqa: B023
            assert outcome(lambda: getattr(db, method)(**request)) == expected, (method, request)  # noqa: B023
    finally:
        moto.delete_table(TableName="events")
