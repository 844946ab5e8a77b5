"""What every child of a component has in common: the name's first part, the parent, the tags."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi


@dataclass(frozen=True)
class Scope:
    """The component as its children see it."""

    name: str
    """The component's resource name; every child's name begins with it."""
    parent: pulumi.Resource
    tags: dict[str, pulumi.Input[str]]
    """For every child that can be tagged."""

    def child(self, suffix: str) -> str:
        """The resource name of a child. Never change a suffix: to Pulumi a new name is another resource."""
        return f"{self.name}-{suffix}"

    def options(self, depends_on: Sequence[pulumi.Resource] = (), *, protect: bool = False) -> pulumi.ResourceOptions:
        """A child's options: provider, protect and the like come from the parent by inheritance.

        Args:
            depends_on: what must be there before.
            protect: whether Pulumi refuses to delete or replace the child, whatever the parent says. For what no
                deployment can bring back, or whose loss nobody would notice.
        """
        return pulumi.ResourceOptions(parent=self.parent, depends_on=list(depends_on), protect=protect or None)
