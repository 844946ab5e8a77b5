"""Guarantee: what a policy document allows is decided as IAM does."""

import json
from typing import Any

import pytest

from cp_event_source.policies.documents import (
    NotUnderstood,
    Request,
    Statement,
    actions,
    allows,
    denies,
    json_object,
    principals,
    resources,
    statements_in,
)

READ: Statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:Get*"}
REQUEST = Request(
    "sqs:GetQueueUrl", "arn:aws:sqs:eu-central-1:1:queue", "events.amazonaws.com", {"aws:SourceAccount": "1"}
)


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        ({}, True),
        ({"Principal": "*"}, True),
        ({"Principal": {"AWS": "*"}}, True),
        ({"Principal": {"Service": ["sns.amazonaws.com", "events.amazonaws.com"]}}, True),
        ({"Principal": {"Service": "sns.amazonaws.com"}}, False),
        ({"Action": ["sqs:SendMessage", "SQS:getqueueurl"]}, True),
        ({"Action": "sqs:SendMessage"}, False),
        ({"Resource": "arn:aws:sqs:*:1:queue"}, True),
        ({"Resource": "arn:aws:sqs:*:1:other"}, False),
        ({"Condition": {"StringEquals": {"aws:SourceAccount": ["1", "2"]}}}, True),
        ({"Condition": {"StringEquals": {"aws:SourceAccount": "2"}}}, False),
        ({"Condition": {"StringEquals": {"aws:SourceArn": "1"}}}, False),
    ],
    ids=str,
)
def test_a_statement_is_about_what_it_names(change: Statement, allowed: bool) -> None:
    assert allows([{**READ, **change}], REQUEST) is allowed


def test_what_is_not_allowed_is_not() -> None:
    assert not allows([], REQUEST)
    assert not denies([], REQUEST)


def test_a_denial_outweighs_whatever_allows() -> None:
    statements = [READ, {**READ, "Effect": "Deny", "Principal": "*"}]
    assert not allows(statements, REQUEST)
    assert denies(statements, REQUEST)


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("arn:aws:logs:*:1:log-group:*x-logs*", True),
        ("arn:aws:*:1:log-group:x-logs-1:*", False),
        ("arn:aws:logs:e?:1:log-group:x-logs-1", True),
        ("*", True),
        ("arn:aws:logs:*", False),
    ],
)
def test_a_wildcard_in_an_arn_stays_within_its_part(pattern: str, matches: bool) -> None:
    statement = {**READ, "Condition": {"ArnLike": {"aws:SourceArn": pattern}}}
    context = {"aws:SourceArn": "arn:aws:logs:eu:1:log-group:x-logs-1"}
    request = Request(REQUEST.action, REQUEST.resource, REQUEST.principal, context)
    assert allows([statement], request) is matches


@pytest.mark.parametrize("more", [{"Condition": {"StringLike": {"a": "b"}}}, {"NotPrincipal": "*"}], ids=str)
def test_what_it_does_not_understand_is_no_answer(more: Statement) -> None:
    with pytest.raises(NotUnderstood, match="does not understand"):
        allows([{**READ, **more}], Request(REQUEST.action, REQUEST.resource, REQUEST.principal, {"a": "b"}))


def test_a_condition_that_it_does_not_understand_is_no_answer_without_the_key_either() -> None:
    """To IAM a condition such as StringNotEquals holds for a request without the key."""
    statement = {**READ, "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}}
    with pytest.raises(NotUnderstood, match="StringNotEquals"):
        allows([statement], REQUEST)


@pytest.mark.parametrize("name_of", [principals, actions, resources])
def test_all_but_some_are_no_list(name_of: Any) -> None:
    opposite = {"Effect": "Allow", "NotPrincipal": {"AWS": "*"}, "NotAction": "sqs:*", "NotResource": "*"}
    with pytest.raises(NotUnderstood, match=r"must have .*; found Effect, NotAction, NotPrincipal, NotResource"):
        name_of(opposite)


def document(statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def test_one_statement_alone_is_one_of_a_list() -> None:
    assert statements_in(document(READ)) == statements_in(document([READ])) == [READ]


def test_truth_values_and_numbers_in_conditions_are_texts() -> None:
    condition = {"Bool": {"aws:SecureTransport": False}, "StringEquals": {"aws:SourceAccount": [1, "2"]}}
    (statement,) = statements_in(document({**READ, "Condition": condition}))
    assert statement["Condition"] == {
        "Bool": {"aws:SecureTransport": "false"},
        "StringEquals": {"aws:SourceAccount": ["1", "2"]},
    }


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        (None, "Statement of the policy document must be one or several objects; found None"),
        ([READ, "x"], "Statement of the policy document must be one or several objects"),
        ({"Action": "sqs:*"}, "Effect in the policy document must be Allow or Deny; found None"),
        ({"Effect": "Allow"}, "each statement of the policy document must have Action; found none"),
        ({**READ, "Action": [["sqs:*"]]}, r"Action in the policy document must consist of texts; found \['sqs"),
        ({**READ, "Resource": {}}, "Resource in the policy document must consist of texts; found {}"),
        ({**READ, "Principal": ["*"]}, "Principal in the policy document must be an object"),
        ({**READ, "NotPrincipal": {"AWS": None}}, "NotPrincipal in the policy document must consist of texts"),
        ({**READ, "Condition": {"Bool": "true"}}, "Condition in the policy document must be an object; found true"),
    ],
    ids=str,
)
def test_what_is_no_statement_is_no_answer(statements: Any, message: str) -> None:
    with pytest.raises(NotUnderstood, match=f"^{message}"):
        statements_in(document(statements))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, None, {}], ids=lambda each: str(each)[:9])
def test_what_is_no_json_object_is_no_answer(text: Any) -> None:
    with pytest.raises(NotUnderstood, match=r"^redrivePolicy must be a JSON object; found"):
        json_object(text, "redrivePolicy")


def test_a_document_of_another_version_is_no_answer() -> None:
    with pytest.raises(NotUnderstood, match="2008-10-17"):
        statements_in('{"Version": "2008-10-17", "Statement": []}')
