"""Random requests to a table `events` (hash key DomainId, range key EventKey). Most requests use the same few items.

Each request is the name of a client's method and its parameters. Numbers have the form in which DynamoDB keeps them.
Sets have one member, because DynamoDB keeps no order of members and moto returns another order with each call.
"""

from typing import Any

from hypothesis import strategies as st

texts = st.text(st.sampled_from("aZ0é\ue000\U00010000"), min_size=1, max_size=2)
domain_ids = st.sampled_from(["d", "d", "é"])

values: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.one_of(
        st.fixed_dictionaries({"S": texts | st.just("")}),
        st.fixed_dictionaries({"N": st.integers(-1, 99).map(str)}),
        st.fixed_dictionaries({"BOOL": st.booleans()}),
        st.just({"NULL": True}),
        st.fixed_dictionaries({"B": st.binary(min_size=1, max_size=3)}),
        st.fixed_dictionaries({"SS": st.lists(texts, min_size=1, max_size=1)}),
    ),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"L": st.lists(inner, max_size=2)}),
        st.fixed_dictionaries({"M": st.dictionaries(st.sampled_from(["Revision", "a"]), inner, max_size=2)}),
    ),
    max_leaves=4,
)


def _text(text: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries({"S": text})


item_keys = st.fixed_dictionaries({"DomainId": _text(domain_ids), "EventKey": _text(texts)})
items = st.fixed_dictionaries(
    {"DomainId": _text(domain_ids), "EventKey": _text(texts)}, optional={"Notes": values, "Payload": values}
)
conditions: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {},
        {"ConditionExpression": "attribute_not_exists(EventKey)"},
        {
            "ConditionExpression": "attribute_exists(#n.#r) OR attribute_not_exists(Payload)",
            "ExpressionAttributeNames": {"#n": "Notes", "#r": "Revision"},
        },
        {
            "ConditionExpression": "Notes.Revision = :v AND attribute_exists(DomainId)",
            "ExpressionAttributeValues": {":v": {"N": "1"}},
        },
        {"ConditionExpression": "Payload = :v", "ExpressionAttributeValues": {":v": {"S": ""}}},
    ]
)
options: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{}, {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}, {"ReturnValues": "ALL_OLD"}]
)

RANGE_CONDITIONS = [("", 0), (" AND EventKey BETWEEN :0 AND :1", 2)]
RANGE_CONDITIONS += [(f" AND EventKey {sign} :0", 1) for sign in ("=", "<", "<=", ">", ">=")]
"""Conditions on the range key, each with the number of values that it compares with."""


@st.composite
def writes(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    request: dict[str, Any] = {"TableName": "events", **draw(conditions), **draw(options)}
    if draw(st.integers(0, 3)):
        return "put_item", request | {"Item": draw(items)}
    return "delete_item", request | {"Key": draw(item_keys)}


@st.composite
def reads(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    if draw(st.booleans()):
        return "get_item", {"TableName": "events", "Key": draw(item_keys), "ConsistentRead": True}
    asked = {"Keys": draw(st.lists(item_keys, min_size=1, max_size=4)), "ConsistentRead": True}
    return "batch_get_item", {"RequestItems": {"events": asked}}


@st.composite
def queries(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    limits = sorted([draw(texts), draw(texts)])
    condition, used = draw(st.sampled_from(RANGE_CONDITIONS))
    request = {
        "TableName": "events",
        "KeyConditionExpression": f"DomainId = :d{condition}",
        "ExpressionAttributeValues": {":d": {"S": "d"}} | {f":{i}": {"S": limits[i]} for i in range(used)},
        "ScanIndexForward": draw(st.booleans()),
        "ConsistentRead": True,
    }
    if draw(st.booleans()):
        request["ExclusiveStartKey"] = {"DomainId": {"S": "d"}, "EventKey": {"S": draw(texts)}}
    if draw(st.booleans()):
        request["ProjectionExpression"] = "EventKey, Payload"
    return "query", request


requests: st.SearchStrategy[tuple[str, dict[str, Any]]] = writes() | writes() | reads() | queries()
