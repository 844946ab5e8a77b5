"""TypeScript and JavaScript programs run with the user's Node.js and the packages installed beside the program.

The module that runs them is that of Pulumi's SDK, which Pulumi's own language host runs, too.
"""

import json
import shlex
import shutil
from pathlib import Path
from typing import Final

from cp_event_source.local.errors import ProgramError
from cp_event_source.local.project import Program
from cp_event_source.local.runtimes.runtime import Command, Runtime, Served

_RUN: Final = Path("node_modules", "@pulumi", "pulumi", "cmd", "run", "index.js")


def _check(program: Program) -> None:
    if not program.path.exists():
        raise ProgramError(f"{program.file}: main: must be a file or a folder of the program; got {program.path}")
    if shutil.which("node") is None:
        raise ProgramError(
            f"{program.file}: runtime: nodejs needs Node.js; got no node on the PATH; install it, or correct the PATH"
        )
    _run(program)


def _command(program: Program, served: Served) -> Command:
    settings = served.settings(program)
    flags = {
        "monitor": served.monitor,
        "engine": served.monitor,
        "organization": settings["organization"],
        "project": settings["project"],
        "stack": settings["stack"],
        "root-directory": settings["root"],
        "pwd": settings["folder"],
        "parallel": settings["parallel"],
    }
    entry = "." if program.path.is_dir() else program.path.name
    environment = {
        "PULUMI_CONFIG": json.dumps(settings["config"]),
        "PULUMI_NODEJS_TYPESCRIPT": json.dumps(program.options.get("typescript") is not False),
    }
    if tsconfig := program.options.get("tsconfig"):
        environment["PULUMI_NODEJS_TSCONFIG_PATH"] = str(tsconfig)
    own = shlex.split(str(program.options.get("nodeargs", "")))
    named = [f"--{name}={value}" for name, value in flags.items()]
    return Command([shutil.which("node") or "node", *own, str(_run(program)), *named, entry], environment)


def _run(program: Program) -> Path:
    """The module that runs a program: that of the SDK that the program itself finds."""
    for folder in (program.folder, *program.folder.parents):
        if (folder / _RUN).is_file():
            return folder / _RUN
    install = "pulumi install` (it makes the SDKs of Pulumi.yaml's packages, and runs npm)"
    raise ProgramError(
        f"{program.folder}: must have its packages installed; got no node_modules with @pulumi/pulumi; run there `"
        + (install if program.packages else "npm install`")
    )


RUNTIME: Final = Runtime(_check, _command)
