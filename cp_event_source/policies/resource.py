"""What a policy is about: a resource, and all resources of a pipeline."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from .documents import Statement, statements_in

COMPONENT: Final = "cp-event-source:index:CpEventSource"


class NotKnown(Exception):
    """The policy is about what AWS computes, and AWS has not computed it yet."""


@dataclass(frozen=True)
class Resource:
    """A resource of a stack."""

    type: str
    """Its type, as `aws:sqs/queue:Queue`."""
    name: str
    """Its logical name."""
    urn: str
    parent: str
    """The URN of its parent."""
    protect: bool
    """Pulumi's option."""
    properties: Mapping[str, Any]
    """Its inputs, and its outputs if there are any yet, under pulumi-aws's names in camelCase."""

    @property
    def kind(self) -> str:
        """The end of its type: `Queue`."""
        return self.type.rpartition(":")[2]

    def known(self, name: str) -> Any:
        """A property that it always has, once the update has come to it.

        Raises:
            NotKnown: the update has not.
        """
        if name not in self.properties:
            raise NotKnown(f"{name} of {self.name} is not known yet")
        return self.properties[name]

    def get(self, *path: str) -> Any:
        """A property, or one within it; None without."""
        found: Any = self.properties
        for name in path:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found


@dataclass(frozen=True)
class Finding:
    """Something that a control does not allow."""

    resource: Resource
    message: str
    """What must be, and what was found."""


def is_in_a_pipeline(parent: str) -> bool:
    """Whether a resource is one of the component's own.

    Args:
        parent: the URN of its parent.
    """
    return parent.split("::")[2:3] != [] and parent.split("::")[2].split("$")[-1] == COMPONENT


def pipelines(resources: Iterable[Resource], settings: Mapping[str, Any] | None = None) -> Iterator["Pipeline"]:
    """The pipelines of a stack.

    Args:
        resources: all resources of the stack.
        settings: the policy's configuration.
    """
    everything = list(resources)
    for component in everything:
        if component.type == COMPONENT:
            yield Pipeline(component, [each for each in everything if each.parent == component.urn], settings or {})


@dataclass(frozen=True)
class Pipeline:
    """The resources of one `CpEventSource`."""

    component: Resource
    resources: list[Resource]
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The policy's configuration."""

    def all_of(self, kind: str) -> list[Resource]:
        """The resources of a kind."""
        return [each for each in self.resources if each.kind == kind]

    def by_arn(self, kind: str) -> dict[str, Resource]:
        """The resources of a kind, by ARN."""
        return {each.known("arn"): each for each in self.all_of(kind)}

    @cached_property
    def _arn(self) -> list[str]:
        """The parts of an ARN in the pipeline's partition, region and account."""
        arn: str = self.all_of("Function")[0].known("arn")
        return arn.split(":")

    @property
    def partition(self) -> str:
        """`aws`, or another."""
        return self._arn[1]

    @property
    def region(self) -> str:
        """Where the functions are."""
        return self._arn[3]

    @property
    def account(self) -> str:
        """The functions' account."""
        return self._arn[4]

    @property
    def other_account(self) -> str:
        """An account that is not the functions' account: what it may do, all other accounts may do."""
        return f"{9 - int(self.account[0])}{self.account[1:]}"

    @property
    def root(self) -> str:
        """The ARN that stands for the account in policies of resources."""
        return f"arn:{self.partition}:iam::{self.account}:root"

    def statements(self, kind: str, **of: str) -> list[Statement]:
        """The statements of a resource's own policy; none without one.

        Args:
            kind: the kind of the policy's resource.
            of: the property of the policy that names the resource, with its value.
        """
        ((name, value),) = of.items()
        policies = [each for each in self.all_of(kind) if each.get(name) == value]
        return [statement for each in policies for statement in statements_in(each.known("policy"))]

    def queue_policy(self, queue: Resource) -> list[Statement]:
        """Who may do what with a queue."""
        return self.statements("QueuePolicy", queueUrl=queue.known("url"))

    def topic_policy(self, topic: Resource) -> list[Statement]:
        """Who may do what with a topic."""
        return self.statements("TopicPolicy", arn=topic.known("arn"))

    def role_policy(self, function: Resource) -> list[Statement]:
        """What a function may do."""
        return self.statements("RolePolicy", role=function.known("role").rpartition("/")[2])

    def mappings_of(self, function: Resource) -> list[Resource]:
        """What feeds a function."""
        arn = function.known("arn")
        return [each for each in self.all_of("EventSourceMapping") if each.get("functionName") == arn]
