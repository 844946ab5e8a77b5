"""What the deployment of one program needs, and what it made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cp_event_source.deployed.clients import Clients
from cp_event_source.local.starts import Starts
from cp_event_source.local.updates import Registered

ORGANIZATION: Final = "organization"
"""The name of the organization in Pulumi's own file backend."""

PARALLEL: Final = 16
"""How many resources a program registers at a time, as under Pulumi."""


@dataclass
class Deployment:
    """The deployment of one program: what it needs, and what it made."""

    project: str
    stack: str
    folder: Path
    """The program's working directory, where relative paths of assets start."""
    clients: Clients
    earlier_outputs: Mapping[str, Mapping[str, Any]]
    """Outputs of the stacks deployed before, by "project/stack"."""
    announce: Callable[[str], None]
    before: Mapping[str, Registered] = field(default_factory=dict)
    """What an earlier run of the program made, by URN: it is compared, and changed where it differs."""
    config: Mapping[str, str] = field(default_factory=dict)
    """Full keys ("project:key") and values as texts; structured values as JSON, as Pulumi passes them."""

    resources: dict[str, Registered] = field(default_factory=dict)
    """Every resource, by URN, in the order of registration."""
    component_outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The outputs that components registered, by URN."""
    outputs: dict[str, Any] = field(default_factory=dict)
    """The stack's exports."""
    failures: list[str] = field(default_factory=list)
    """The reasons why resources could not be created."""
    starts: Starts = field(default_factory=Starts)
    program_errors: list[str] = field(default_factory=list)
    """The errors that the program logged or ended with."""
