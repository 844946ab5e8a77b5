"""Policies on what an input of the component asks for. They are off unless an organisation turns them on."""

from collections.abc import Iterator
from typing import Final

from .policy import EachPolicy, all_of, given
from .resource import Resource


def _none_of_its_own(input_: str) -> Iterator[str]:
    yield f"must not exist: give the component {input_}"


def _no_own_key(_key: Resource) -> Iterator[str]:
    return _none_of_its_own("kms_key_arn")


def _no_own_topic(_topic: Resource) -> Iterator[str]:
    return _none_of_its_own("monitoring.alarm_topic_arn")


POLICIES: Final = (
    EachPolicy("reserved-concurrency", ("Function",), given("reservedConcurrentExecutions")),
    EachPolicy("signed-code", ("Function",), all_of(given("codeSigningConfigArn"), given("s3ObjectVersion"))),
    EachPolicy("given-key", ("Key",), _no_own_key),
    EachPolicy("given-topic", ("Topic",), _no_own_topic),
    EachPolicy("vpc", ("Function",), given("vpcConfig", "subnetIds")),
    EachPolicy("permissions-boundary", ("Role",), given("permissionsBoundary")),
)
