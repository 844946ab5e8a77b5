"""A Pulumi program on disk: its project file and its configuration."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from cp_event_source.local.errors import ProgramError

_STACK_FILES: Final = ("Pulumi.{stack}.yaml", "Pulumi.dev.yaml")


@dataclass(frozen=True)
class Program:
    """A program as its Pulumi.yaml describes it."""

    root: Path
    """The folder of Pulumi.yaml."""
    path: Path
    """The folder or the file that is run."""
    project: str
    config: Mapping[str, str]
    """Full keys ("project:key") and values as texts; structured values as JSON, as Pulumi passes them."""
    runtime: str
    options: Mapping[str, Any]
    """The options of the runtime."""
    packages: bool
    """Whether Pulumi.yaml names packages, for which Pulumi makes SDKs."""

    @property
    def file(self) -> Path:
        """The project file."""
        return self.root / "Pulumi.yaml"

    @property
    def folder(self) -> Path:
        """The program's working directory, where relative paths of assets start."""
        return self.path if self.path.is_dir() else self.path.parent


def read_program(folder: Path, stack: str, config: Mapping[str, str]) -> Program:
    """Read the program in `folder`.

    Args:
        folder: the folder of Pulumi.yaml.
        stack: the name of the stack.
        config: settings that override the stack's; a key without a colon belongs to the project.

    Raises:
        ProgramError: Pulumi.yaml or the stack's file cannot be read, or a setting is encrypted.
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
    if not isinstance(runtime_name, str):
        raise ProgramError(f"{project_file}: runtime: must be given; got nothing; write for example: runtime: python")
    path = (root / str(project.get("main", "."))).resolve()
    settings = _project_settings(project, name) | _stack_settings(root, stack, name)
    settings |= {_full_key(key, name): value for key, value in config.items()}
    options = (runtime.get("options") if isinstance(runtime, dict) else None) or {}
    return Program(root, path, name, settings, runtime_name, options, bool(project.get("packages")))


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
