"""Python programs run with the Python that runs the command."""

import json
import sys
from typing import Final

from cp_event_source.local.errors import ProgramError
from cp_event_source.local.project import Program
from cp_event_source.local.runtimes.runtime import Command, Runtime, Served


def _check(program: Program) -> None:
    path = program.path
    if not (path.is_file() or (path / "__main__.py").is_file()):
        raise ProgramError(f"{program.file}: main: must be a file, or a folder with a file __main__.py; got {path}")


def _command(program: Program, served: Served) -> Command:
    module = "cp_event_source.local.runtimes.python_process"
    return Command([sys.executable, "-m", module, json.dumps(served.settings(program))])


RUNTIME: Final = Runtime(_check, _command, ends_when_refused=True)
