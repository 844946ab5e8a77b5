"""What a check is, and how it finds what it asks about."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...deployment import ACCOUNT, PARTITION, REGION, Deployment, Registration, arn, physical
from ...policies import Request, Statement, denies, statements_in
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


def by_arn(deployment: Deployment, type_: str, found: str) -> Registration:
    """The resource of a type with an ARN."""
    named = {arn_of(each): each for each in all_of(deployment, type_)}
    assert found in named, f"{found} is no {type_} of the component's"
    return named[found]


def output(deployment: Deployment, name: str) -> Any:
    """An output of the component; None if it has none."""
    (component,) = [each for each in deployment.resources if each.type.endswith(":CpEventSource")]
    return deployment.outputs[component.urn].get(name)


def key_of(deployment: Deployment) -> str:
    """The ARN of the key, own or given, that everything is to be encrypted with."""
    key: str = output(deployment, "kms_key_arn")
    assert ":key/" in key, f"{key} is no customer-managed key"
    return key


def policy_of(deployment: Deployment, type_: str, **of: str) -> list[Statement]:
    """The statements of a resource's one policy; none without one."""
    ((name, value),) = of.items()
    policies = [each for each in all_of(deployment, type_) if each.inputs[name] == value]
    assert len(policies) <= 1, f"{value} has several policies, and only one counts"
    return [statement for each in policies for statement in statements_in(each.inputs["policy"])]


def queue_policy(deployment: Deployment, queue: Registration) -> list[Statement]:
    """Who may do what with a queue."""
    url = f"https://sqs.{REGION}.amazonaws.com.cn/{ACCOUNT}/{physical(queue.name)}"
    return policy_of(deployment, "QueuePolicy", queueUrl=url)


def topic_policy(deployment: Deployment, topic: Registration) -> list[Statement]:
    """Who may do what with a topic."""
    return policy_of(deployment, "TopicPolicy", arn=arn_of(topic))


def role_policy(deployment: Deployment, function: Registration) -> list[Statement]:
    """What a function may do."""
    return policy_of(deployment, "RolePolicy", role=function.inputs["role"].rpartition("/")[2])


def mappings_of(deployment: Deployment, function: Registration) -> list[Registration]:
    """What feeds a function."""
    return [
        each for each in all_of(deployment, "EventSourceMapping") if each.inputs["functionName"] == arn_of(function)
    ]


def identity_policies(deployment: Deployment) -> list[tuple[str, Statement]]:
    """The statements of all roles' and managed policies, each with the policy's name."""
    policies = [*some_of(deployment, "RolePolicy"), *some_of(deployment, "Policy")]
    return [(each.name, statement) for each in policies for statement in statements_in(each.inputs["policy"])]


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


def protected(type_: str) -> Callable[[Deployment], None]:
    """A check that Pulumi does not delete the resources of a type."""

    def check(deployment: Deployment) -> None:
        assert [each.name for each in all_of(deployment, type_) if not each.protect] == []

    return check


def encrypted(type_: str, *path: str) -> Callable[[Deployment], None]:
    """A check that all resources of a type are encrypted with the key."""

    def check(deployment: Deployment) -> None:
        each_has(type_, key_of(deployment), *path)(deployment)

    return check


ENCRYPTED = {
    "Table": ("serverSideEncryption", "kmsKeyArn"),
    "Queue": ("kmsMasterKeyId",),
    "Topic": ("kmsMasterKeyId",),
    "Function": ("kmsKeyArn",),
    "LogGroup": ("kmsKeyId",),
}
"""What the key encrypts, and the property that says so."""

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


def refuses_without_tls(statements: list[Statement], actions: tuple[str, ...], resource: str) -> bool:
    """Whether nobody may do any of it without TLS."""
    without_tls = {"aws:SecureTransport": "false", "aws:SourceAccount": ACCOUNT}
    return all(
        denies(statements, Request(action, resource, who, without_tls))
        for action in actions
        for who in (ROOT, EVENTS, CLOUDWATCH, OTHER_ROOT)
    )
