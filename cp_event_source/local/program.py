"""Runs a Pulumi program of any language against a monitor."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cp_event_source.local.child import child, relay
from cp_event_source.local.deployment import Deployment
from cp_event_source.local.errors import ProgramError
from cp_event_source.local.guarded import Guarded
from cp_event_source.local.monitor import Monitor
from cp_event_source.local.project import Program, read_program
from cp_event_source.local.runtimes import go, nodejs, python, yaml
from cp_event_source.local.runtimes.runtime import Runtime, Served

_RUNTIMES: Final[dict[str, Runtime]] = {
    "python": python.RUNTIME,
    "nodejs": nodejs.RUNTIME,
    "yaml": yaml.RUNTIME,
    "go": go.RUNTIME,
}
"""By the name that Pulumi.yaml has for it."""

_LOOK_EVERY_SECONDS: Final = 0.02


def load_program(folder: Path, stack: str, config: Mapping[str, str]) -> Program:
    """Read the program in `folder`.

    Args:
        folder: the folder of Pulumi.yaml.
        stack: the name of the stack.
        config: settings that override the stack's; a key without a colon belongs to the project.

    Raises:
        ProgramError: it has no readable Pulumi.yaml, or cannot run here; the message says what to do.
    """
    program = read_program(folder, stack, config)
    runtime = _RUNTIMES.get(program.runtime)
    if runtime is None:
        known = list(_RUNTIMES)
        raise ProgramError(
            f"{program.file}: runtime: must be {', '.join(known[:-1])} or {known[-1]} for a local run; got"
            f" {program.runtime!r}; deploy this program with pulumi up, or try the pipeline with a program in YAML"
        )
    runtime.check(program)
    return program


def run_program(program: Program, deployment: Deployment) -> None:
    """Run the program in a process of its own until it ends. It fills `deployment`.

    Each line that the program prints is announced.

    Raises:
        ProgramError: it fails; the message names the resource, or has the program's own error.
    """
    runtime = _RUNTIMES[program.runtime]
    with Monitor(deployment) as monitor:
        command = runtime.command(program, Served(deployment, monitor.address, monitor.plugin.schema))
        with child(command.arguments, deployment, command.environment) as process:
            readers = relay(process.outputs, deployment.announce)
            if not runtime.ends_when_refused:
                _end_when_refused(process, monitor, deployment)
            exit_code = process.wait()
            for reader in readers:
                reader.join()
    if deployment.failures or deployment.program_errors or exit_code:
        # A refused resource makes the program fail with an error of the SDK, which says less.
        reasons = deployment.failures or deployment.program_errors or [f"exit code {exit_code}, and no message"]
        raise ProgramError(f"{_shown(program.root)}: " + "\n".join(reasons))


def _end_when_refused(process: Guarded, monitor: Monitor, deployment: Deployment) -> None:
    """Wait until the program ends, and end it as the engine does when a resource is refused."""
    while process.poll() is None:
        if deployment.failures:
            monitor.end()
            process.kill()
            return
        time.sleep(_LOOK_EVERY_SECONDS)


def _shown(path: Path) -> Path:
    """The path as short as possible: relative to the user's folder, if it is inside."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) and path != here else path
