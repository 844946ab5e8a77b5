"""A local run: an emulator, the programs deployed in it, and the events sent through them."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cp_event_source.local.clients import Clients
from cp_event_source.local.drain import Sent, Traffic, put, wait_until_drained
from cp_event_source.local.emulator import REGION, Emulator
from cp_event_source.local.errors import LocalRunError, NotDrainedError
from cp_event_source.local.events_file import Entry, entries
from cp_event_source.local.monitor import Deployment, Registered
from cp_event_source.local.pipeline import COMPONENT_TYPE, Pipeline
from cp_event_source.local.program import load_program, run_program
from cp_event_source.local.resources import NOTES

STACK: Final = "local"
"""The stack name that programs see here."""

PATIENCE: Final = 60.0
"""Seconds without any change after which waiting gives up. A function's first start takes a few."""


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
        self._outputs: dict[str, Mapping[str, Any]] = {}
        self._traffics: list[Traffic] = []

    def __enter__(self) -> "LocalRun":
        self._emulator.__enter__()
        self._clients_of(REGION).warm_up()
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
        return [traffic.pipeline for traffic in self._traffics]

    def client(self, service: str, region: str = REGION) -> Any:
        """A boto3 client of the emulator, such as `client("dynamodb")`."""
        return self._clients_of(region)(service)

    def deploy(self, folder: str | Path, config: Mapping[str, str] | None = None) -> Stack:
        """Run a Pulumi program and create its resources in the emulator, as `pulumi up` does on AWS.

        Args:
            folder: the folder of its Pulumi.yaml.
            config: settings that override those of its stack file; a key without a colon is the project's own.

        Raises:
            ProgramError: it cannot be read, or it failed; the message says what to fix.
            FailedStartError: one of its functions does not start.
        """
        program = load_program(Path(folder), STACK, config or {})
        key = f"{program.project}/{STACK}"
        if key in self._outputs:
            raise LocalRunError(
                f"{folder}: a run can deploy a project once, since it creates and never updates; got"
                f" {program.project!r} again; start another run"
            )
        deployment = Deployment(
            project=program.project,
            stack=STACK,
            folder=program.folder,
            clients=self._clients_of(program.config.get("aws:region", REGION)),
            earlier_outputs=self._outputs,
            announce=self._announce,
        )
        run_program(program, deployment)
        deployment.starts.wait(self._emulator.ensure_running)
        types = {resource.type for resource in deployment.resources.values()}
        for type_token, note in NOTES.items():
            if type_token in types:
                self._announce(f"note: {note}")
        pipelines = [
            Pipeline(deployment.resources[urn].name, outputs, deployment.clients)
            for urn, outputs in deployment.component_outputs.items()
            if urn in deployment.resources and deployment.resources[urn].type == COMPONENT_TYPE
        ]
        self._traffics += [Traffic(pipeline) for pipeline in pipelines]
        self._outputs[key] = deployment.outputs
        return Stack(
            program.project,
            STACK,
            program.root,
            deployment.outputs,
            list(deployment.resources.values()),
            pipelines,
        )

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
        takers = put(self._traffics, parsed)
        return [taker.pipeline.domain_name if taker else None for taker in takers]

    def drain(self, patience: float = PATIENCE, progress: Callable[[str], None] = lambda _: None) -> None:
        """Wait until all published events are stored or quarantined, and the rows account for all stored events.

        Args:
            patience: seconds without any change after which it gives up.

        Raises:
            NotDrainedError: it gave up; the message says what is stuck.
        """
        wait_until_drained(self._traffics, patience=patience, progress=progress, alive=self._emulator.ensure_running)

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
        return [sent for traffic in self._traffics for sent in traffic.sent]

    def _clients_of(self, region: str) -> Clients:
        if region not in self._clients:
            self._clients[region] = Clients(self._emulator.endpoint, region)
        return self._clients[region]
