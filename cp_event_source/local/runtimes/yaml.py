"""YAML programs run by Pulumi's own language host for them, which comes with the Pulumi CLI."""

import json
import shutil
import sys
from pathlib import Path
from typing import Final

from cp_event_source.local.errors import ProgramError
from cp_event_source.local.project import Program
from cp_event_source.local.runtimes.runtime import Command, Runtime, Served

_HOST: Final = "pulumi-language-yaml"


def _check(program: Program) -> None:
    if not program.path.is_dir():
        raise ProgramError(f"{program.file}: main: must be a folder of the program; got {program.path}")
    if _host() is None:
        raise ProgramError(
            f"{program.file}: runtime: yaml needs {_HOST}, which comes with the Pulumi CLI; got none on the PATH;"
            " install the CLI, or correct the PATH"
        )


def _command(program: Program, served: Served) -> Command:
    settings = served.settings(program) | {"host": _host(), "schema": served.schema(), "options": program.options}
    module = "cp_event_source.local.runtimes.yaml_process"
    # Without the program's folder on the path, which may hold modules of any name.
    return Command([sys.executable, "-P", "-m", module, json.dumps(settings)])


def _host() -> str | None:
    """The language host: on the PATH, or beside the CLI if that is a link."""
    if found := shutil.which(_HOST):
        return found
    cli = shutil.which("pulumi")
    return shutil.which(_HOST, path=str(Path(cli).resolve().parent)) if cli else None


RUNTIME: Final = Runtime(_check, _command)
