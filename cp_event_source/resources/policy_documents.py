"""IAM policy documents, made of statements that name each action and each resource."""

from collections.abc import Sequence
from typing import Any

import pulumi

from .json_text import json_text

Statement = dict[str, Any]


def allow(sid: str, actions: list[str], resources: pulumi.Input[str] | Sequence[pulumi.Input[str]]) -> Statement:
    """A statement that allows actions on resources."""
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}


def follow(sid: str, stream_arn: pulumi.Input[str]) -> list[Statement]:
    """The statements that let a table's stream invoke a function: Lambda reads the stream with the function's role."""
    return [
        allow(sid, ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"], stream_arn),
        # The action takes no resource but `*`.
        allow("FindStreams", ["dynamodb:ListStreams"], "*"),
    ]


def only_tls(actions: str | list[str], resource: pulumi.Input[str]) -> Statement:
    """A statement, for a resource's own policy, that denies actions to everybody who connects without TLS."""
    return {
        "Sid": "OnlyTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": actions,
        "Resource": resource,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def document(statements: pulumi.Input[Sequence[pulumi.Input[Statement]]]) -> pulumi.Output[str]:
    """The document of the statements, as JSON."""
    return json_text({"Version": "2012-10-17", "Statement": statements})
