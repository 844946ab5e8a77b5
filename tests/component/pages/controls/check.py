"""What a check is, and how it finds what it asks about."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cp_event_source.policies import POLICIES, findings_in
from cp_event_source.policies.policy import ENCRYPTED

from ...deployment import ACCOUNT, PARTITION, REGION, Deployment, Registration, arn, physical
from ...removals import Removal, put, unset

OTHER_ACCOUNT = "999988887777"
ROOT = f"arn:{PARTITION}:iam::{ACCOUNT}:root"
OTHER_ROOT = f"arn:{PARTITION}:iam::{OTHER_ACCOUNT}:root"
EVENTS = "events.amazonaws.com"
CLOUDWATCH = "cloudwatch.amazonaws.com"
LOGS = f"logs.{REGION}.amazonaws.com.cn"
ANYBODY = {"AWS": "*"}
OTHER_RULE = arn("events", "rule/another")


@dataclass(frozen=True)
class Check:
    """How a control is checked."""

    holds: Callable[[Deployment], None]
    """Fails where the control is not satisfied."""
    removals: tuple[Removal, ...]
    """Each of them leaves the control unsatisfied."""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """The component's inputs besides the required ones: those that ask for the control, if it is an option."""


def kept(key: str, **settings: Any) -> Callable[[Deployment], None]:
    """A check that the policy of a control finds nothing."""

    def check(deployment: Deployment) -> None:
        assert findings_in(POLICIES[key], deployment.states(), settings) == []

    return check


def all_of(deployment: Deployment, type_: str) -> list[Registration]:
    """The resources of a type."""
    return [each for each in deployment.children() if each.type.endswith(f":{type_}")]


def some_of(deployment: Deployment, type_: str) -> list[Registration]:
    """The resources of a type; there must be at least one."""
    found = all_of(deployment, type_)
    assert found, f"there is no {type_}"
    return found


def arn_of(resource: Registration) -> str:
    """The ARN that the stand-in for AWS gives."""
    formats = {
        "EventBus": ("events", "event-bus/{}"),
        "EventRule": ("events", "rule/{}"),
        "Function": ("lambda", "function:{}"),
        "Key": ("kms", "key/{}"),
        "LogGroup": ("logs", "log-group:{}"),
        "Queue": ("sqs", "{}"),
        "Table": ("dynamodb", "table/{}"),
        "Topic": ("sns", "{}"),
    }
    service, rest = formats[resource.type.rpartition(":")[2]]
    return arn(service, rest.format(physical(resource.name)))


def key_of(deployment: Deployment) -> str:
    """The ARN of the key, own or given, that everything is to be encrypted with."""
    (component,) = [each for each in deployment.resources if each.type.endswith(":CpEventSource")]
    key: str = deployment.outputs[component.urn]["kmsKeyArn"]
    assert ":key/" in key, f"{key} is no customer-managed key"
    return key


def each_has(type_: str, expected: Any, *path: str) -> Callable[[Deployment], None]:
    """A check that a property of all resources of a type is as it must be: equal, or what a function says is right.

    A property that is not given is `{}`.
    """

    def check(deployment: Deployment) -> None:
        for each in all_of(deployment, type_):
            found: Any = each.inputs
            for name in path:
                found = found.get(name, {})
            right = expected(found) if callable(expected) else found == expected
            assert right, f"{each.name}: {'.'.join(path)} is {found!r}"

    return check


def both(*checks: Callable[[Deployment], None]) -> Callable[[Deployment], None]:
    """A check of several things."""

    def check(deployment: Deployment) -> None:
        for each in checks:
            each(deployment)

    return check


def encrypted(type_: str, *path: str) -> Callable[[Deployment], None]:
    """A check that all resources of a type are encrypted with the key."""

    def check(deployment: Deployment) -> None:
        each_has(type_, key_of(deployment), *path)(deployment)

    return check


AWS_KEYS = {
    "Table": "alias/aws/dynamodb",
    "Queue": "alias/aws/sqs",
    "Topic": "alias/aws/sns",
    "Function": "alias/aws/lambda",
    "LogGroup": "alias/aws/logs",
}


def other_key(type_: str) -> tuple[Removal, ...]:
    """Removals of the key from what it encrypts."""
    path = ENCRYPTED[type_]
    return (
        Removal("without a key", type_, unset(*path)),
        Removal("with AWS's key", type_, put(AWS_KEYS[type_], *path)),
    )
