"""What every resource of a component has in common: the beginning of its name, its parent, the tags, its protection."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

Texts = Mapping[str, pulumi.Input[str]] | pulumi.Output[Mapping[str, str]]
"""Texts by name, such as tags."""


@dataclass(frozen=True)
class Scope:
    """The component as its resources see it."""

    name: str
    """The component's resource name; every resource's name begins with it."""
    domain_name: str
    parent: pulumi.Resource
    tags: Texts
    """For every resource that can be tagged."""
    keep: bool
    """False in a development stack, which may be thrown away with all its events. Otherwise what no deployment can
    bring back, and whose loss nobody would notice, is protected from deletion."""
    region: pulumi.Output[str] | None = None
    """For every resource that is in a region. None for the provider's."""
    permissions_boundary: pulumi.Output[str] | None = None
    """For every role."""

    def child(self, suffix: str) -> str:
        """The name of a resource. Never change a suffix: to Pulumi a new name is another resource."""
        return f"{self.name}-{suffix}"

    def options(self, depends_on: Sequence[pulumi.Resource] = (), *, protect: bool = False) -> pulumi.ResourceOptions:
        """The options of a resource; it inherits the provider and the like from the parent.

        Args:
            depends_on: what must exist before.
            protect: whether Pulumi refuses to delete or replace the resource, whatever the parent's option is.
        """
        return pulumi.ResourceOptions(parent=self.parent, depends_on=list(depends_on), protect=protect or None)


def with_own(given: Texts, own: Mapping[str, pulumi.Input[str]]) -> Texts:
    """The texts given and the component's own, which nobody can replace."""
    if isinstance(given, Mapping):
        return {**given, **own}
    return pulumi.Output.all(given, own).apply(lambda known: {**known[0], **known[1]})
