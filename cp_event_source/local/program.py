"""A Pulumi program on disk: reads its project file and its configuration, and runs it against a monitor."""

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import yaml

from cp_event_source.deployed.child_environment import clean_environment
from cp_event_source.local.emulator import CREDENTIALS
from cp_event_source.local.errors import ProgramError
from cp_event_source.local.guarded import Guarded
from cp_event_source.local.held_signals import held_signals
from cp_event_source.local.monitor import Deployment, Monitor

ORGANIZATION: Final = "organization"
"""The name of the organization in Pulumi's own file backend."""

_STACK_FILES: Final = ("Pulumi.{stack}.yaml", "Pulumi.dev.yaml")


@dataclass(frozen=True)
class Program:
    """A Python program as its Pulumi.yaml describes it."""

    root: Path
    """The folder of Pulumi.yaml."""
    path: Path
    """The folder with __main__.py, or the file, that is run."""
    project: str
    config: Mapping[str, str]
    """Full keys ("project:key") and values as texts; structured values as JSON, as Pulumi passes them."""

    @property
    def folder(self) -> Path:
        """The program's working directory, where relative paths of assets start."""
        return self.path if self.path.is_dir() else self.path.parent


def load_program(folder: Path, stack: str, config: Mapping[str, str]) -> Program:
    """Read the program in `folder`.

    Args:
        config: settings that override the stack's; a key without a colon belongs to the project.

    Raises:
        ProgramError: it is not a Python program with a readable Pulumi.yaml, or a setting is encrypted.
    """
    root = folder.resolve()
    project_file = root / "Pulumi.yaml"
    if not project_file.is_file():
        raise ProgramError(
            f"{folder}: must hold a Pulumi.yaml; got none; name a Pulumi program's folder, such as examples/default"
        )
    project = _read_yaml(project_file)
    name = project.get("name")
    if not isinstance(name, str):
        raise ProgramError(f"{project_file}: name: must be given; got nothing; write for example: name: my-project")
    runtime = project.get("runtime")
    runtime_name = runtime.get("name") if isinstance(runtime, dict) else runtime
    if runtime_name != "python":
        raise ProgramError(f"{project_file}: runtime: must be python for a local run; got {runtime_name!r}")
    path = (root / str(project.get("main", "."))).resolve()
    if not (path.is_file() or (path / "__main__.py").is_file()):
        raise ProgramError(f"{project_file}: main: must be a file, or a folder with a file __main__.py; got {path}")

    settings = _project_settings(project, name) | _stack_settings(root, stack, name)
    settings |= {_full_key(key, name): value for key, value in config.items()}
    return Program(root, path, name, settings)


def run_program(program: Program, deployment: Deployment) -> None:
    """Run the program in a process of its own until it ends. It fills `deployment`.

    Each line that the program prints is announced.

    Raises:
        ProgramError: it fails; the message names the resource, or has the program's own error.
    """
    with Monitor(deployment) as monitor:
        settings = {
            "program": str(program.path),
            "folder": str(program.folder),
            "root": str(program.root),
            "project": program.project,
            "stack": deployment.stack,
            "organization": ORGANIZATION,
            "monitor": monitor.address,
            "config": dict(program.config),
        }
        environment = clean_environment(os.environ) | {
            **CREDENTIALS,
            # A program that itself calls AWS also calls the emulator, never an account.
            "AWS_ENDPOINT_URL": str(deployment.clients.endpoint),
            "AWS_REGION": deployment.clients.region,
            "PYTHONUNBUFFERED": "1",
        }
        command = [sys.executable, "-m", "cp_event_source.local.program_process", json.dumps(settings)]
        with _child(command, program.folder, environment) as process:
            _relay(process, deployment.announce)
            exit_code = process.wait()
    if deployment.failures or deployment.program_errors or exit_code:
        # A refused resource makes the program fail with an error of the SDK, which says less.
        reasons = deployment.failures or deployment.program_errors or [f"exit code {exit_code}, and no message"]
        raise ProgramError(f"{_shown(program.root)}: " + "\n".join(reasons))


@contextmanager
def _child(command: list[str], folder: Path, environment: Mapping[str, str]) -> Iterator[Guarded]:
    """A process that ends with the block, and all that it started with it."""
    process: Guarded | None = None
    try:
        with held_signals():
            process = Guarded(command, environment=environment, folder=folder)
        yield process
    finally:
        if process is not None:
            process.end()


def _relay(process: Guarded, announce: Callable[[str], None]) -> None:
    """Announce each line that the process writes, until it closes both streams."""

    def read(stream: IO[bytes]) -> None:
        for line in stream:
            announce(line.decode(errors="replace").rstrip())

    readers = [threading.Thread(target=read, args=[stream], daemon=True) for stream in process.outputs]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()


def _project_settings(project: Mapping[str, Any], name: str) -> dict[str, str]:
    """Defaults in Pulumi.yaml's `config`: a plain value, or an object with `value` or `default`."""
    settings = {}
    for key, entry in (project.get("config") or {}).items():
        value = entry.get("value", entry.get("default")) if isinstance(entry, dict) else entry
        if value is not None:
            settings[_full_key(key, name)] = _config_text(value)
    return settings


def _stack_settings(root: Path, stack: str, name: str) -> dict[str, str]:
    files = [root / pattern.format(stack=stack) for pattern in _STACK_FILES]
    for file in files:
        if file.is_file():
            settings = _read_yaml(file).get("config") or {}
            for key, value in settings.items():
                if isinstance(value, dict) and set(value) == {"secure"}:
                    raise ProgramError(
                        f"{file}: {key}: must not be encrypted, since a local run has no key; got a secure value; give"
                        f" a value for local use: --config {key}=..."
                    )
            return {_full_key(key, name): _config_text(value) for key, value in settings.items()}
    return {}


def _full_key(key: str, project: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _config_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _read_yaml(file: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ProgramError(f"{file}: cannot be read as YAML: {error}") from error
    if not isinstance(content, dict):
        raise ProgramError(f"{file}: must hold keys and values; got {type(content).__name__}")
    return content


def _shown(path: Path) -> Path:
    """The path as short as possible: relative to the user's folder, if it is inside."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) and path != here else path
