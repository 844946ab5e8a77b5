"""Guarantee: items that are read without botocore's parser equal those that it reads, and it reports broken replies."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.parsers import JSONParser, ResponseParserError
from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.handler.aws import clients, replies
from tests.doubles.clients import wire
from tests.doubles.dynamodb import DynamoDB
from tests.handler.strategies import attribute_values

names = st.sampled_from(["B", "BS", "S", "Bus", "Name", "Ä"])
binary = st.sampled_from(["", "AA==", "/w=="])
attributes = attribute_values(st.text(max_size=3) | st.just('"B"'), names, binary)
items = st.dictionaries(names, attributes, max_size=4)
keys = {"DomainId": {"S": "d"}, "EventKey": {"S": "k"}}
bodies = st.one_of(
    st.tuples(st.just("GetItem"), st.builds(lambda item: {"Item": item}, items) | st.just({})),
    st.tuples(
        st.just("BatchGetItem"),
        st.builds(
            lambda found, left: {"Responses": {"rows": found}, "UnprocessedKeys": left},
            st.lists(items, max_size=3),
            st.sampled_from([{}, {"rows": {"Keys": [{"DomainId": {"S": "d"}}], "ConsistentRead": True}}]),
        ),
    ),
    st.tuples(
        st.just("Query"),
        st.builds(
            lambda found, more: {"Items": found, "Count": len(found), "ScannedCount": len(found), **more},
            st.lists(items, max_size=3),
            st.sampled_from([{}, {"LastEvaluatedKey": keys}]),
        ),
    ),
    st.tuples(st.just("PutItem"), st.builds(lambda item: {"Attributes": item}, items)),
)

MODEL: Any = clients.dynamodb.__globals__["_SESSION"].get_service_model("dynamodb")


def parsed(operation: str, body: bytes, *, status: int = 200, reads_items: bool = True) -> dict[str, Any]:
    """The result of a call, as botocore's endpoint makes it of a reply."""
    model = MODEL.operation_model(operation)
    reply: dict[str, Any] = {"body": body, "headers": {}, "status_code": status, "context": {}}
    read: dict[str, Any] = {}
    if reads_items:
        replies.read_items(operation_model=model, response_dict=reply, customized_response_dict=read)
    result: dict[str, Any] = JSONParser().parse(reply, model.output_shape)
    return result | read


def outcome(operation: str, body: bytes, **options: Any) -> Any:
    """The result of a call, or the class of its error."""
    try:
        return parsed(operation, body, **options)
    except (AttributeError, ResponseParserError, TypeError, ValueError) as error:
        return type(error)


@given(bodies, st.booleans(), st.sampled_from([None, (",", ":")]))
def test_a_reply_is_read_as_botocore_reads_it(
    reply: tuple[str, dict[str, Any]], ensure_ascii: bool, separators: tuple[str, str] | None
) -> None:
    operation, content = reply
    body = json.dumps(content, ensure_ascii=ensure_ascii, separators=separators).encode("utf-8", "surrogatepass")
    try:
        expected = parsed(operation, body, reads_items=False)
    except (ResponseParserError, UnicodeDecodeError):  # a lone surrogate
        with pytest.raises((ResponseParserError, UnicodeDecodeError)):
            parsed(operation, body)
        return
    assert parsed(operation, body) == expected


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each container with each of its keys or indexes."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield value, key
            yield from places(inner)


@given(bodies, st.data())
def test_a_reply_with_nulls_is_read_as_botocore_reads_it(
    reply: tuple[str, dict[str, Any]], data: st.DataObject
) -> None:
    """botocore drops members that are null."""
    operation, content = reply[0], json.loads(json.dumps(reply[1]))
    for _ in range(data.draw(st.integers(1, 2))):
        if found := list(places(content)):
            container, key = data.draw(st.sampled_from(found))
            container[key] = None
    body = json.dumps(content).encode()
    assert outcome(operation, body) == outcome(operation, body, reads_items=False)


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("GetItem", {"Item": None}),
        ("GetItem", {"Item": {"A": {"S": None}}}),
        ("Query", {"Items": None, "Count": 0}),
        ("Query", {"Items": [], "Count": 0, "LastEvaluatedKey": None}),
        ("BatchGetItem", {"Responses": None}),
        ("BatchGetItem", {"Responses": {"t": []}, "UnprocessedKeys": {"t": {"Keys": [keys], "AttributesToGet": None}}}),
    ],
)
def test_a_null_is_no_value(operation: str, body: dict[str, Any]) -> None:
    """A caller asks only whether a part is there, and sends UnprocessedKeys again."""
    read = outcome(operation, json.dumps(body).encode())
    assert read == outcome(operation, json.dumps(body).encode(), reads_items=False)
    assert None not in [container[key] for container, key in places(read)]


def test_binary_values_are_found_however_their_types_name_is_written() -> None:
    for name in ('"B"', '"\\u0042"'):
        body = f'{{"Item": {{"A": {{{name}: "/w=="}}}}}}'.encode()
        assert parsed("GetItem", body)["Item"] == {"A": {"B": b"\xff"}}


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"Items": [{"B": 1}]}', b"\xff"])
@pytest.mark.parametrize("status", [200, 400, 500])
def test_any_other_reply_is_left_to_botocore(body: bytes, status: int) -> None:
    assert outcome("Query", body, status=status) == outcome("Query", body, status=status, reads_items=False)


def test_the_functions_client_reads_items_this_way(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")

    def parsers_own(*_: object) -> None:
        raise AssertionError("botocore's parser reads the items")

    client: Any = clients.dynamodb()
    db = DynamoDB()
    db.create_table("events", "DomainId", "EventKey")
    wire(client, db)
    client.put_item(TableName="events", Item={**keys, "Payload": {"B": b"\xff"}})
    monkeypatch.setattr(JSONParser, "_handle_map", parsers_own)
    assert client.get_item(TableName="events", Key=keys, ConsistentRead=True)["Item"]["Payload"] == {"B": b"\xff"}
