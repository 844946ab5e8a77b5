"""What the local run knows of a language: whether a program can run, and by which command."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from cp_event_source.local.deployment import ORGANIZATION, PARALLEL, Deployment
from cp_event_source.local.project import Program


@dataclass(frozen=True)
class Served:
    """What serves a program while it runs."""

    deployment: Deployment
    monitor: str
    """The address of the resource monitor and engine."""
    schema: Callable[[], str]
    """The schema of the package, as JSON. The package's plugin starts for it."""

    def settings(self, program: Program) -> dict[str, object]:
        """What the processes of this package get that run a program, as JSON."""
        return {
            "program": str(program.path),
            "folder": str(program.folder),
            "root": str(program.root),
            "project": program.project,
            "stack": self.deployment.stack,
            "organization": ORGANIZATION,
            "parallel": PARALLEL,
            "monitor": self.monitor,
            "config": dict(program.config),
        }


@dataclass(frozen=True)
class Command:
    """A command, and the variables that it has beside those of every program."""

    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Runtime:
    """A language."""

    check: Callable[[Program], None]
    """Raises ProgramError if the program cannot run here."""
    command: Callable[[Program, Served], Command]
    """The command that runs it."""
    ends_when_refused: bool = False
    """Whether the program ends by itself when a resource is refused. Others wait for ever for what depends on it."""
