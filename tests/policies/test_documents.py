"""Guarantee: what a policy document allows is decided as IAM does."""

import pytest

from cp_event_source.policies.documents import NotUnderstood, Request, Statement, allows, denies, statements_in

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


def test_a_document_of_another_version_is_no_answer() -> None:
    with pytest.raises(NotUnderstood, match="2008-10-17"):
        statements_in('{"Version": "2008-10-17", "Statement": []}')
