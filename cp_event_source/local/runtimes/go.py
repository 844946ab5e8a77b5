"""Go programs run with the user's Go, or as the binary that Pulumi.yaml names."""

import json
import shutil
from typing import Final

from cp_event_source.local.errors import ProgramError
from cp_event_source.local.project import Program
from cp_event_source.local.runtimes.runtime import Command, Runtime, Served


def _check(program: Program) -> None:
    if not program.path.is_dir():
        raise ProgramError(f"{program.file}: main: must be a folder of the program; got {program.path}")
    binary = program.options.get("binary")
    if binary is None and shutil.which("go") is None:
        raise ProgramError(
            f"{program.file}: runtime: go needs Go; got no go on the PATH; install it, or name a binary that is built:"
            " runtime: {name: go, options: {binary: PATH}}"
        )
    if binary is not None and not (program.root / str(binary)).is_file():
        raise ProgramError(f"{program.file}: runtime: options: binary: must be a file; got {binary}; build it first")


def _command(program: Program, served: Served) -> Command:
    settings = served.settings(program)
    binary = program.options.get("binary")
    arguments = [str(program.root / str(binary))] if binary else [shutil.which("go") or "go", "run", "."]
    return Command(
        arguments,
        {
            "PULUMI_MONITOR": served.monitor,
            "PULUMI_ENGINE": served.monitor,
            "PULUMI_ORGANIZATION": str(settings["organization"]),
            "PULUMI_PROJECT": str(settings["project"]),
            "PULUMI_STACK": str(settings["stack"]),
            "PULUMI_ROOT_DIRECTORY": str(settings["root"]),
            "PULUMI_PARALLEL": str(settings["parallel"]),
            "PULUMI_DRY_RUN": "false",
            "PULUMI_CONFIG": json.dumps(settings["config"]),
        },
    )


RUNTIME: Final = Runtime(_check, _command)
