"""The request to create a resource, and what is created."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cp_event_source.local.errors import UnsupportedError
from cp_event_source.local.inputs import Inputs

if TYPE_CHECKING:
    from cp_event_source.deployed.clients import Clients
    from cp_event_source.local.starts import Starts

_SUFFIX_DIGITS: Final = 7
"""Pulumi's auto-naming: logical name, hyphen, seven hex digits."""

WAIT: Final = {"Delay": 0.05, "MaxAttempts": 600}
"""How to wait until a resource is active: the emulator takes milliseconds, AWS's defaults are seconds."""


@dataclass(frozen=True)
class Request:
    """A resource to create: its logical name, its inputs, and where to create it."""

    name: str
    inputs: Inputs
    folder: Path
    """The program's folder, where relative paths of assets start."""
    clients: "Clients"
    starts: "Starts"

    def physical_name(self, limit: int, *, given: str = "name", start: str = "") -> str:
        """The given name, else one made by Pulumi's auto-naming rule.

        Args:
            limit: the service's longest name, in characters.
            given: the input that holds the given name.
            start: what the service requires a name to start with; a name that is made here starts with it.

        Raises:
            UnsupportedError: the name is longer; Pulumi would refuse it, too.
        """
        name = self.inputs.get(given)
        prefix = self.inputs.get(f"{given}Prefix")
        if name is None:
            prefix = prefix if prefix is not None else f"{start}{self.name}-"
            name = prefix + secrets.token_hex(_SUFFIX_DIGITS)[:_SUFFIX_DIGITS]
        if len(name) > limit:
            raise UnsupportedError(f"{given}: must have at most {limit} characters; got {len(name)} ({name!r})")
        return str(name)

    def tags(self) -> list[dict[str, str]]:
        """The tags in the form that most services take."""
        return [{"Key": key, "Value": value} for key, value in self.inputs.get("tags", {}).items()]


@dataclass(frozen=True)
class Created:
    """A created resource: its id, its outputs beside its inputs (under Pulumi's names), and notes for people."""

    id: str
    outputs: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()


Creator = Callable[[Request], Created]


def text(value: object) -> str:
    """A value as the attribute of a queue or a topic, which is a text."""
    return str(value).lower() if isinstance(value, bool) else str(value)
