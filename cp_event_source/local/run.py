"""A local run: an emulator, the programs deployed in it, and the events sent through them."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cp_event_source.deployed.clients import Clients
from cp_event_source.deployed.pipeline import COMPONENT_TYPE, OUTPUTS, Pipeline
from cp_event_source.inputs.spelling import in_python
from cp_event_source.local import layers
from cp_event_source.local.clients import emulator_clients, warm_up
from cp_event_source.local.deployment import Deployment
from cp_event_source.local.drain import Sent, Traffic, put, wait_until_drained
from cp_event_source.local.emulator import REGION, Emulator
from cp_event_source.local.errors import FailedStartError, LocalRunError, NotDrainedError
from cp_event_source.local.events_file import Entry, entries
from cp_event_source.local.program import load_program, run_program
from cp_event_source.local.resources import NOTES
from cp_event_source.local.starts import Starts
from cp_event_source.local.updates import FUNCTION_TYPE, LAYER_TYPE, Registered, assets, configure, remove

STACK: Final = "local"
"""The stack name that programs see here."""

PATIENCE: Final = 60.0
"""Seconds without any change after which waiting gives up. A function's first start takes a few."""


@dataclass(frozen=True)
class Changes:
    """What a deployment did, in logical names with their types."""

    created: Sequence[Registered]
    updated: Sequence[Registered]
    removed: Sequence[Registered]

    def __bool__(self) -> bool:
        return bool(self.created or self.updated or self.removed)


@dataclass(frozen=True)
class Stack:
    """A deployed program."""

    project: str
    name: str
    folder: Path
    outputs: Mapping[str, Any]
    """The program's exports."""
    resources: Sequence[Registered]
    pipelines: Sequence[Pipeline]
    """Its CpEventSource components, in the order of registration."""
    changes: Changes
    """What the deployment created, and, if the program was deployed before, updated and removed."""


@dataclass
class _Deployed:
    """What a run knows of a program."""

    root: Path
    folder: Path
    """Where relative paths of its assets start."""
    clients: Clients
    made: dict[str, Registered] = field(default_factory=dict)
    """What its runs registered, by URN."""
    outputs: Mapping[str, Any] | None = None
    """Its exports; None before it has succeeded."""
    traffic: dict[str, Traffic] = field(default_factory=dict)
    """By the URN of the pipeline."""

    def exports_a_layer(self, changed: Mapping[str, Registered]) -> bool:
        """Whether a later program may read the name of a changed layer."""
        names = [self.made[urn].id for urn, each in changed.items() if each.type == LAYER_TYPE]
        return any(layers.replaced(self.outputs, name, "") != self.outputs for name in names)


class LocalRun:
    """Runs Pulumi programs on this machine, in an emulated AWS account that exists only as long as this object.

    A context manager::

        with LocalRun() as run:
            stack = run.deploy("examples/default")
            run.publish([event])
            run.drain()
            rows = stack.pipelines[0].rows()

    Args:
        announce: called with each line for people: what programs print, and what a local run ignores.
        permissions: whether functions have only their roles' permissions (see `Emulator`).
    """

    def __init__(self, announce: Callable[[str], None] = lambda _: None, *, permissions: bool = False) -> None:
        self._announce = announce
        self._emulator = Emulator(permissions=permissions)
        self._clients: dict[str, Clients] = {}
        self._programs: dict[str, _Deployed] = {}
        """By "project/stack"."""

    def __enter__(self) -> "LocalRun":
        self._emulator.__enter__()
        warm_up(self._clients_of(REGION))
        return self

    def __exit__(self, *_: object) -> None:
        self._emulator.stop()

    @property
    def endpoint(self) -> str:
        """The URL that AWS clients use instead of AWS's own."""
        return self._emulator.endpoint

    @property
    def emulator(self) -> Emulator:
        """The emulator itself."""
        return self._emulator

    @property
    def pipelines(self) -> list[Pipeline]:
        """The CpEventSource components of all programs deployed so far."""
        return [traffic.pipeline for traffic in self.traffics]

    @property
    def traffics(self) -> list[Traffic]:
        """These pipelines, each with the events that were sent to it."""
        return [traffic for program in self._programs.values() for traffic in program.traffic.values()]

    def client(self, service: str, region: str = REGION) -> Any:
        """A boto3 client of the emulator, such as `client("dynamodb")`."""
        return self._clients_of(region)(service)

    def deploy(self, folder: str | Path, config: Mapping[str, str] | None = None) -> Stack:
        """Run a Pulumi program and create its resources in the emulator, as `pulumi up` does on AWS.

        If the program was deployed before, its changes are: functions get new code, layers and environments, what is
        new is created, what is gone is removed. Tables and queues keep what they hold.

        Args:
            folder: the folder of its Pulumi.yaml.
            config: settings that override those of its stack file; a key without a colon is the project's own.

        Raises:
            ProgramError: it cannot be read, it failed, or it changes what cannot be changed in place; the message says
                what to fix. What was changed until then stays.
            FailedStartError: a function does not start. One that was changed has what it had before.
        """
        program = load_program(Path(folder), STACK, config or {})
        clients = self._clients_of(program.config.get("aws:region", REGION))
        key = f"{program.project}/{STACK}"
        deployed = self._programs.get(key)
        if deployed is not None and deployed.outputs is not None and deployed.root != program.root:
            raise LocalRunError(
                f"{folder}: the project must have a name of its own in a run; got {program.project!r}, which"
                f" {deployed.root} has; rename one"
            )
        if deployed is None or deployed.root != program.root:
            deployed = self._programs[key] = _Deployed(program.root, program.folder, clients)
        before = deployed.made
        deployment = Deployment(
            project=program.project,
            stack=STACK,
            folder=program.folder,
            clients=clients,
            earlier_outputs={key: each.outputs for key, each in self._programs.items() if each.outputs is not None},
            announce=self._announce,
            before=before,
            config=program.config,
        )
        try:
            run_program(program, deployment)
        finally:
            deployed.made = {**before, **deployment.resources}
        try:
            self._ensure_starts(before, deployment.resources, clients, deployment.starts)
        except FailedStartError:
            deployed.made |= {urn: each for urn, each in before.items() if each.type == FUNCTION_TYPE}
            raise
        gone = [each for urn, each in before.items() if urn not in deployment.resources]
        removed = [each for each in reversed(gone) if remove(each, clients)]
        for each in removed:
            del deployed.made[each.urn]
        if not before:
            types = {resource.type for resource in deployment.resources.values()}
            for type_token, note in NOTES.items():
                if type_token in types:
                    self._announce(f"note: {note}")
        pipelines = {
            urn: Pipeline(deployment.resources[urn].name, _texts(outputs), clients)
            for urn, outputs in deployment.component_outputs.items()
            if urn in deployment.resources and deployment.resources[urn].type == COMPONENT_TYPE
        }
        earlier = deployed.traffic
        deployed.traffic = {
            urn: Traffic(pipeline, earlier[urn].sent if urn in earlier else []) for urn, pipeline in pipelines.items()
        }
        deployed.outputs = deployment.outputs
        made = [each for each in deployment.resources.values() if each.id]
        return Stack(
            program.project,
            STACK,
            program.root,
            deployment.outputs,
            list(deployment.resources.values()),
            list(pipelines.values()),
            Changes(
                [each for each in made if each.urn not in before],
                [each for each in made if each.urn in before and before[each.urn].compared != each.compared],
                removed,
            ),
        )

    def clients_of(self, stack: Stack) -> Clients:
        """The clients of the region that a program is deployed in."""
        return self._programs[f"{stack.project}/{stack.name}"].clients

    def files(self) -> dict[Path, set[Path]]:
        """The files and folders of resources' contents, apart from layers', each with the folders of its programs."""
        found: dict[Path, set[Path]] = {}
        for program in self._programs.values():
            for resource in program.made.values():
                if layers.folder_of(resource) is None:
                    for path in assets(resource.inputs):
                        found.setdefault(program.folder / path, set()).add(program.root)
        return found

    def layer_folders(self) -> list[Path]:
        """The folders that the programs' domain logic layers were made from."""
        folders = (layers.folder_of(each) for program in self._programs.values() for each in program.made.values())
        return list(dict.fromkeys(folder for folder in folders if folder is not None))

    def deploy_layer(self, folder: Path) -> bool:
        """Deploy what changed in a layer's folder to the functions that have the layer, without running programs.

        Returns:
            False if a program must run instead, since something else than its functions depends on the layer.

        Raises:
            ProgramError: the logic breaks the contract, or does not start; what was deployed before stays.
        """
        layers.check(folder, self._announce)
        for program in self._programs.values():
            changed = layers.deploy(folder, program.made, program.clients, self._announce)
            if changed is None or (len(self._programs) > 1 and program.exports_a_layer(changed)):
                return False
            self._ensure_starts(program.made, changed, program.clients, Starts())
            for urn, after in changed.items():
                if after.type == LAYER_TYPE and program.outputs is not None:
                    program.outputs = layers.replaced(program.outputs, program.made[urn].id, after.id)
            program.made |= changed
        return True

    def publish(self, events: Sequence[Mapping[str, Any]] | Sequence[Entry]) -> list[str | None]:
        """Put events on the bus: domain events, whole PutEvents entries, or what `read_events` returned.

        Returns, for each, the domain whose rule it matches; None if it matches no domain's rule. (`drain` waits for
        what is stored, not for rebuild requests: see `wait_for`.)

        Raises:
            EventsError: the bus refused one, or nothing that was deployed has a bus.
        """
        if events and isinstance(events[0], Entry):
            parsed = [event for event in events if isinstance(event, Entry)]
        else:
            parsed = entries([event for event in events if not isinstance(event, Entry)])
        takers = put(self.traffics, parsed)
        return [taker.pipeline.domain_name if taker else None for taker in takers]

    def drain(self, patience: float = PATIENCE, progress: Callable[[str], None] = lambda _: None) -> None:
        """Wait until all published events are stored or quarantined, and the rows account for all stored events.

        Args:
            patience: seconds without any change after which it gives up.

        Raises:
            NotDrainedError: it gave up; the message says what is stuck.
        """
        wait_until_drained(self.traffics, patience=patience, progress=progress, alive=self._emulator.ensure_running)

    def wait_for(self, condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
        """Wait until a condition holds.

        Raises:
            NotDrainedError: it did not hold within `patience` seconds; the message names `what`.
        """
        deadline = time.monotonic() + patience
        while not condition():
            self._emulator.ensure_running()
            if time.monotonic() > deadline:
                raise NotDrainedError(f"{what}: did not happen within {patience:g} s")
            time.sleep(0.05)

    def sent(self) -> list[Sent]:
        """Every event published so far that a pipeline is to store."""
        return [sent for traffic in self.traffics for sent in traffic.sent]

    def _ensure_starts(
        self, before: Mapping[str, Registered], after: Mapping[str, Registered], clients: Clients, starts: Starts
    ) -> None:
        """Wait until all functions have started. If one does not, give those that changed what they had before.

        Raises:
            FailedStartError: a function does not start.
        """
        changed = [
            each
            for each in after.values()
            if each.type == FUNCTION_TYPE and each.urn in before and each.compared != before[each.urn].compared
        ]
        for each in changed:
            starts.begin(clients("lambda"), each.id, str(each.inputs["runtime"]))
        try:
            starts.wait(self._emulator.ensure_running)
        except FailedStartError:
            for each in changed:
                configure(before[each.urn], clients)
            raise

    def _clients_of(self, region: str) -> Clients:
        if region not in self._clients:
            self._clients[region] = emulator_clients(self._emulator.endpoint, region)
        return self._clients[region]


def _texts(outputs: Mapping[str, Any]) -> dict[str, str]:
    """A component's registered outputs as programs export them."""
    named = {in_python(name): value for name, value in outputs.items()}
    return {name: value for name, value in named.items() if name in OUTPUTS}
