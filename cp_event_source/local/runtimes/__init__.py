"""How programs of each language run."""

from typing import Final

from cp_event_source.local.runtimes import go, nodejs, python, yaml
from cp_event_source.local.runtimes.runtime import Command, Runtime, Served

RUNTIMES: Final[dict[str, Runtime]] = {
    "python": python.RUNTIME,
    "nodejs": nodejs.RUNTIME,
    "yaml": yaml.RUNTIME,
    "go": go.RUNTIME,
}
"""By the name that Pulumi.yaml has for it."""

__all__ = ["RUNTIMES", "Command", "Runtime", "Served"]
