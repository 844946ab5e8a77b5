"""What a policy is, and the simplest checks."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .documents import NotUnderstood, Request, Statement, denies
from .resource import Finding, Pipeline, Resource, is_in_a_pipeline, pipelines

EachCheck = Callable[[Resource], Iterator[str]]
"""What is wrong with a resource."""


@dataclass(frozen=True)
class EachPolicy:
    """A policy that looks at one resource at a time, before it is created or changed."""

    key: str
    """The control's key on the compliance page."""
    kinds: tuple[str, ...]
    """The kinds of resources that it is about."""
    check: EachCheck

    def findings(self, resource: Resource) -> Iterator[Finding]:
        """What is wrong with a resource, of whatever kind."""
        if resource.kind in self.kinds and is_in_a_pipeline(resource.parent):
            for message in _understood(self.check(resource)):
                yield Finding(resource, message)


@dataclass(frozen=True)
class PipelinePolicy:
    """A policy that looks at all resources of a pipeline together, after they are known."""

    key: str
    """The control's key on the compliance page."""
    check: Callable[[Pipeline], Iterator[tuple[Resource, str]]]
    settings: Mapping[str, Mapping[str, Any]] | None = None
    """What can be configured: the JSON Schema of each setting."""

    def findings(self, pipeline: Pipeline) -> Iterator[Finding]:
        """What is wrong with a pipeline."""
        try:
            for resource, message in self.check(pipeline):
                yield Finding(resource, message)
        except NotUnderstood as error:
            yield Finding(pipeline.component, str(error))


Policy = EachPolicy | PipelinePolicy


def findings_in(
    policy: Policy, resources: Iterable[Resource], settings: Mapping[str, Any] | None = None
) -> list[Finding]:
    """What a policy finds in a stack.

    Args:
        policy: the policy.
        resources: all resources of the stack.
        settings: the policy's configuration.
    """
    everything = list(resources)
    if isinstance(policy, EachPolicy):
        return [finding for each in everything for finding in policy.findings(each)]
    return [finding for each in pipelines(everything, settings) for finding in policy.findings(each)]


def _understood(messages: Iterator[str]) -> Iterator[str]:
    try:
        yield from messages
    except NotUnderstood as error:
        yield str(error)


def shown(value: Any) -> str:
    """A property's value, in a message."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # the engine's numbers are floats
    return "nothing" if value is None else json.dumps(value, default=str)


def has(*path: str, must_be: Any) -> EachCheck:
    """A check that a property is as it must be."""

    def check(resource: Resource) -> Iterator[str]:
        found = resource.get(*path)
        if found != must_be:
            yield f"{'.'.join(path)} must be {shown(must_be)}; found {shown(found)}"

    return check


def given(*path: str) -> EachCheck:
    """A check that a property is given."""

    def check(resource: Resource) -> Iterator[str]:
        if not resource.get(*path):
            yield f"{'.'.join(path)} must be given; found nothing"

    return check


def all_of(*checks: EachCheck) -> EachCheck:
    """A check of several things."""

    def check(resource: Resource) -> Iterator[str]:
        for each in checks:
            yield from each(resource)

    return check


def protected(resource: Resource) -> Iterator[str]:
    """A check that Pulumi does not delete the resource."""
    if not resource.protect:
        yield "must be protected: Pulumi's option `protect` is off"


ENCRYPTED: Mapping[str, tuple[str, ...]] = {
    "Table": ("serverSideEncryption", "kmsKeyArn"),
    "Queue": ("kmsMasterKeyId",),
    "Topic": ("kmsMasterKeyId",),
    "Function": ("kmsKeyArn",),
    "LogGroup": ("kmsKeyId",),
}
"""What the key encrypts, and the property that says so."""


def encrypted(resource: Resource) -> Iterator[str]:
    """A check that the resource is encrypted with a customer-managed key, which has an ARN of its own."""
    path = ENCRYPTED[resource.kind]
    found = resource.get(*path)
    if ":key/" not in (found or ""):
        yield f"{'.'.join(path)} must be the ARN of a customer-managed key; found {shown(found)}"


def refuses_without_tls(
    pipeline: Pipeline, statements: list[Statement], actions: tuple[str, ...], resource: str
) -> bool:
    """Whether nobody may do any of it without TLS."""
    without_tls = {"aws:SecureTransport": "false", "aws:SourceAccount": pipeline.account}
    return all(
        denies(statements, Request(action, resource, who, without_tls))
        for action in actions
        for who in (pipeline.root, EVENTS, CLOUDWATCH, f"arn:{pipeline.partition}:iam::{pipeline.other_account}:root")
    )


EVENTS = "events.amazonaws.com"
CLOUDWATCH = "cloudwatch.amazonaws.com"
