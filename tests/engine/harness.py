"""Pulumi's own engine on this machine: its CLI, with a home, a backend and providers that only these tests see."""

import json
import shlex
import shutil
import sys
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pulumi import automation as auto

from cp_event_source.deployed.clients import Clients
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.local.drain import Traffic, put, wait_until_drained
from cp_event_source.local.emulator import CREDENTIALS, REGION, Emulator
from cp_event_source.local.events_file import Entry

from .aws_plugin.calls import Calls
from .aws_plugin.schema import VERSION

ROOT: Final = Path(__file__).parents[2]

LAYER_FOLDER: Final = ROOT / "examples" / "default" / "file_domain"
"""The logic of the domain `File`."""

STACK: Final = "test"
_SECONDS: Final = 60.0
"""How long to wait without any change. A function's first start takes a few."""

SETTINGS: Final = {
    "PULUMI_CONFIG_PASSPHRASE": "engine",
    "PULUMI_SKIP_UPDATE_CHECK": "true",
    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    "PULUMI_DISABLE_REGISTRY_RESOLVE": "true",
}
"""So that the engine fetches nothing."""


@dataclass(frozen=True)
class Step:
    """What the engine does, or would do, with one resource."""

    op: str
    """`create`, `update`, `same`, `delete`, `replace`, `create-replacement`, `delete-replaced`, `import`, `refresh`."""
    type: str
    name: str
    urn: str
    changed: frozenset[str]
    """The inputs, or outputs of a refresh, that differ."""


@dataclass(frozen=True)
class Outcome:
    """What an operation did."""

    steps: list[Step]
    diagnostics: list[str]
    """What the engine said to the user, without colours."""

    def ops(self) -> set[str]:
        """The kinds of steps, apart from those of the stack itself, of providers and of components."""
        return {step.op for step in self.steps if step.type.startswith("aws:")}

    def of(self, op: str) -> set[tuple[str, str]]:
        """Type, without its package, and name of each resource with such a step."""
        return {(step.type.rsplit(":", 1)[-1], step.name) for step in self.steps if step.op == op}


class RefusedError(Exception):
    """An operation failed. The text is all that a person sees."""


@dataclass(frozen=True)
class Engine:
    """The CLI with its own home, and the emulator that its provider `aws` works on."""

    command: auto.PulumiCommand
    environment: Mapping[str, str]
    emulator: Emulator
    clients: Clients
    calls: Calls
    provider: Path
    """The folder with the stand-in's executable."""

    def install_provider(self, version: str) -> None:
        """Install the stand-in as a version of the provider `aws`: the one that a program's SDK asks for."""
        self.run("plugin", "install", "resource", "aws", version, "--file", str(self.provider), folder=self.provider)

    def run(self, *arguments: str, folder: Path) -> str:
        """What a command of the CLI prints.

        Raises:
            RefusedError: it fails.
        """
        try:
            return str(self.command.run([*arguments], str(folder), self.environment).stdout)
        except auto.CommandError as error:
            raise RefusedError(str(error)) from None

    def stack(self, folder: Path, config: Mapping[str, str | auto.ConfigValue] | None = None) -> "Stack":
        """A new stack of the program in `folder`."""
        made = auto.create_or_select_stack(
            STACK,
            work_dir=str(folder),
            opts=auto.LocalWorkspaceOptions(env_vars=dict(self.environment), pulumi_command=self.command),
        )
        for name, value in (config or {}).items():
            made.set_config(name, value if isinstance(value, auto.ConfigValue) else auto.ConfigValue(value))
        return Stack(self, made)


@dataclass(frozen=True)
class Stack:
    """One stack of one program."""

    engine: Engine
    automation: auto.Stack

    @property
    def folder(self) -> Path:
        """Where the program is."""
        return Path(self.automation.workspace.work_dir)

    def preview(self, **options: Any) -> Outcome:
        return self._watched(self.automation.preview, options)

    def up(self, **options: Any) -> Outcome:
        return self._watched(self.automation.up, options)

    def refresh(self, **options: Any) -> Outcome:
        return self._watched(self.automation.refresh, options)

    def destroy(self, **options: Any) -> Outcome:
        return self._watched(self.automation.destroy, options)

    def run(self, *arguments: str) -> str:
        """What a command of the CLI prints about the stack.

        Raises:
            RefusedError: it fails.
        """
        return self.engine.run(*arguments, "--stack", STACK, "--color", "never", folder=self.folder)

    def set(self, name: str, value: str) -> None:
        self.automation.set_config(name, auto.ConfigValue(value))

    def outputs(self) -> dict[str, Any]:
        return {name: output.value for name, output in self.automation.outputs().items()}

    def resources(self) -> list[dict[str, Any]]:
        """The state's resources, as `pulumi stack export` gives them: secrets are encrypted."""
        exported = json.loads(self.run("stack", "export"))
        return list(exported["deployment"].get("resources", []))

    def resource(self, type_: str, name: str) -> dict[str, Any]:
        """The one resource of a type, without its package, and a name in the state."""
        (found,) = (
            each
            for each in self.resources()
            if each["type"].endswith(f":{type_}") and each["urn"].endswith(f"::{name}")
        )
        return found

    def pipeline(self, prefix: str = "") -> Pipeline:
        """The pipeline whose outputs the program exports, each under this prefix."""
        outputs = {name.removeprefix(prefix): str(value) for name, value in self.outputs().items()}
        return Pipeline(self.automation.name, outputs, self.engine.clients)

    def send(self, events: list[Entry], pipeline: Pipeline) -> None:
        """Put events on the bus, and wait until they are all accounted for."""
        traffic = Traffic(pipeline)
        put([traffic], events)
        alive = self.engine.emulator.ensure_running
        wait_until_drained([traffic], patience=_SECONDS, progress=lambda _: None, alive=alive)

    def _watched(self, operation: Callable[..., Any], options: dict[str, Any]) -> Outcome:
        steps: list[Step] = []
        diagnostics: list[str] = []

        def note(event: auto.events.EngineEvent) -> None:
            if event.res_outputs_event is not None:
                steps.append(_step(event.res_outputs_event.metadata))
            if event.diagnostic_event is not None and event.diagnostic_event.severity != "debug":
                diagnostics.append(event.diagnostic_event.message)

        try:
            operation(on_event=note, color="never", suppress_progress=True, **options)
        except auto.CommandError as error:
            raise RefusedError(str(error)) from None
        return Outcome(steps, diagnostics)


def _step(metadata: Any) -> Step:
    changed = {*(metadata.diffs or ()), *(metadata.detailed_diff or ())}
    name = metadata.urn.rsplit("::", 1)[-1]
    return Step(str(metadata.op.value), metadata.type, name, metadata.urn, frozenset(changed))


def missing_tools(*tools: str) -> str:
    """Why an engine's tests cannot run here; empty if they can."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    return f"needs {', '.join(missing)} on the PATH" if missing else ""


def start(folder: Path, emulator: Emulator, clients: Clients) -> Engine:
    """An engine that keeps all it writes in `folder`, with the stand-in installed as its provider `aws`."""
    backend, plugin = folder / "backend", folder / "plugin"
    backend.mkdir(parents=True)
    plugin.mkdir()
    calls = folder / "calls"
    environment = (
        SETTINGS
        | CREDENTIALS
        | {
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{backend}",
            "AWS_ENDPOINT_URL": emulator.endpoint,
            "AWS_REGION": REGION,
            "AWS_PLUGIN_CALLS": str(calls),
        }
    )
    executable = plugin / "pulumi-resource-aws"
    command = shlex.join([sys.executable, "-P", "-m", "tests.engine.aws_plugin"])
    executable.write_text(f"#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} exec {command}\n")
    executable.chmod(0o755)
    engine = Engine(auto.PulumiCommand(), environment, emulator, clients, Calls(calls), plugin)
    engine.install_provider(VERSION)
    return engine


def copied_example(name: str, folder: Path) -> Path:
    """An example in a folder of its own, run with the tests' own interpreter."""
    copy = folder / name
    shutil.copytree(ROOT / "examples" / name, copy, ignore=shutil.ignore_patterns("__pycache__", "Pulumi.*.yaml"))
    project = copy / "Pulumi.yaml"
    project.write_text(project.read_text().replace("../../.venv", sys.prefix))
    return copy


def python_program(folder: Path, code: str, *, project: str = "") -> Path:
    """A program in Python in `folder`, run with the tests' own interpreter."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Pulumi.yaml").write_text(
        f"name: {project or folder.name}\nruntime:\n  name: python\n"
        f"  options:\n    toolchain: pip\n    virtualenv: {sys.prefix}\n"
    )
    (folder / "__main__.py").write_text(textwrap.dedent(code))
    return folder
