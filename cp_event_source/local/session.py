"""What the command does with a run: deploy, send, wait, and deploy again after a change."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cp_event_source.deployed.clients import Clients
from cp_event_source.deployed.counted import counted
from cp_event_source.deployed.difference import Difference, differences
from cp_event_source.deployed.logic_process import Stopped, deployed_layers, fold_all
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.deployed.verify import Verification, verify
from cp_event_source.local import consumers
from cp_event_source.local.drain import State, summary
from cp_event_source.local.events_file import Entry, unsent
from cp_event_source.local.progress import Progress
from cp_event_source.local.rebuilds import Rebuild, rebuild_all, wait_for_results
from cp_event_source.local.rules import hears
from cp_event_source.local.run import LocalRun, Stack
from cp_event_source.local.updates import FUNCTION_TYPE

if TYPE_CHECKING:
    from cp_event_source.handler.projection.rows import DomainRow

_PROVIDER_PREFIX = "pulumi:providers:"
_NAMED = 8
"""How many changed resources a line names."""


@dataclass(frozen=True)
class Update:
    """What a change did to one pipeline's rows."""

    domain_name: str
    differences: Sequence[Difference]
    parked: "Sequence[DomainRow]"
    """Rows that were not parked at this event before."""
    healed: Sequence[str]
    """Domain objects that are no longer parked."""
    still_parked: Mapping[str, Stopped | str]
    """Domain objects that were parked and could not be rebuilt, and why."""
    failed: Mapping[str, Stopped | str]
    """Other domain objects that could not be rebuilt, and why: their rows stay as they were."""


@dataclass
class Session:
    """The programs of one command in one run, and what has happened to them."""

    run: LocalRun
    programs: Sequence[Path]
    config: Mapping[str, str]
    patience: float
    progress: Progress
    stacks: dict[Path, Stack] = field(default_factory=dict)
    sent: Counter[tuple[str, ...]] = field(default_factory=Counter)
    """How often each entry of the events file was sent, by its identity."""
    matched: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many events and rebuild requests matched the rules of each domain."""
    unmatched: int = 0
    rebuilds: list[tuple[str, Rebuild]] = field(default_factory=list)
    """The results of rebuild requests, each with its domain."""

    def deploy_all(self) -> None:
        """Run every program.

        Raises:
            ProgramError: one fails.
        """
        for folder in self.programs:
            self.deploy(folder)

    def deploy(self, folder: Path) -> bool:
        """Run one program; whether its exports are new.

        Raises:
            ProgramError: it fails.
        """
        before = self.stacks.get(folder)
        with self.progress.step(f"Deploying {folder}"):
            stack = self.run.deploy(folder, self.config)
        self.stacks[folder] = stack
        self.progress.done(_deployed(folder, stack) if before is None else _updated(folder, stack, before.outputs))
        return before is None or before.outputs != stack.outputs

    def send(self, entries: Sequence[Entry]) -> str:
        """Send the entries that were not sent yet, in their order, and wait until each is accounted for.

        A rebuild request waits for the events before it: else it might fold what has not been stored yet.

        Returns:
            The state of the pipelines, for people; empty if there was nothing to send.

        Raises:
            EventsError: the bus refused one, or nothing has a bus.
            NotDrainedError: something is stuck.
        """
        state = ""
        for are_requests, group in groupby(
            unsent(entries, self.sent), lambda entry: entry.text("EventType") == "REBUILD"
        ):
            part = list(group)
            since = time.time()
            with self.progress.step("Sending events"):
                takers = self.run.publish(part)
            self.sent.update(entry.identity for entry in part)
            self._count(part, takers, "rebuild request" if are_requests else "event")
            if are_requests:
                self._wait_for_rebuilds(part, takers, since)
            state = self.drain()
        return state

    def drain(self) -> str:
        """Wait until all is stored and projected; the state of the pipelines, for people.

        Raises:
            NotDrainedError: something is stuck.
        """
        states = [""]
        with self.progress.step("Waiting until all is stored and projected") as update:

            def show(state: str) -> None:
                states[0] = state
                update(state)

            self.run.drain(self.patience, show)
        self.progress.done(f"Drained: {states[0]}")
        return states[0]

    def states(self) -> list[State]:
        """The state of each pipeline now."""
        return [traffic.look() for traffic in self.run.traffics]

    def verifications(self) -> list[Verification]:
        """Compare the rows of each pipeline with the folds of their events.

        Raises:
            BrokenLogicError: the logic does not start in a fresh process.
        """
        with self.progress.step("Folding all events again"):
            return [verify(pipeline) for pipeline in self.run.pipelines]

    def outputs(self, since: float) -> list[consumers.Output]:
        """What functions that belong to no pipeline wrote since a time, once they are quiet."""
        functions = self._other_functions()
        if not functions:
            return []

        def look() -> list[consumers.Output]:
            found = []
            for clients, names in functions:
                found += consumers.outputs(names, clients, since)
            return found

        with self.progress.step("Waiting for other functions"):
            return consumers.settled(look, self.run.emulator.ensure_running)

    def update(self, folders: Iterable[Path], programs: Iterable[Path], entries: Sequence[Entry]) -> list[Update]:
        """Deploy changes, rebuild all objects of the pipelines whose logic is new, and send what was not sent.

        Args:
            folders: layer folders that changed.
            programs: programs that changed; they deploy their layers themselves.
            entries: what the events file has now.

        Returns:
            What it did to the rows of each pipeline.

        Raises:
            LocalRunError: the change cannot be deployed; the logic before it stays.
        """
        before = {pipeline.name: (pipeline.logic(), pipeline.rows()) for pipeline in self.run.pipelines}
        self._deploy_changes(folders, list(programs))
        failed = {
            pipeline.name: self._rebuild(pipeline)
            for pipeline in self.run.pipelines
            if pipeline.name in before and pipeline.logic() != before[pipeline.name][0]
        }
        if not self.send(entries) and failed:  # a rebuild has ended when it answers
            self.progress.done(f"Now: {summary(self.run.traffics, self.states())}")
        return [
            _update_of(pipeline, before.get(pipeline.name, ("", {}))[1], failed.get(pipeline.name, {}))
            for pipeline in self.run.pipelines
        ]

    def _deploy_changes(self, folders: Iterable[Path], programs: list[Path]) -> None:
        for folder in folders:
            if programs:
                break
            with self.progress.step(f"Deploying {folder}"):
                alone = self.run.deploy_layer(folder)
            if alone:
                self.progress.done(f"Deployed {folder}")
            else:
                programs = list(self.programs)
        outputs_changed = False
        for program in self.programs:
            if program in programs or outputs_changed:
                outputs_changed = self.deploy(program) or outputs_changed

    def _rebuild(self, pipeline: Pipeline) -> dict[str, Stopped | str]:
        """Rebuild all objects of a pipeline; those that could not be rebuilt, and why."""
        events = pipeline.events()
        domain_ids = list(dict.fromkeys(event.domain_id for event in events))
        with self.progress.step(f"Rebuilding {counted(len(domain_ids), 'object')}"):
            results = rebuild_all(pipeline, domain_ids)
            failed = {result.domain_id: result.problem for result in results if result.events is None}
            stops: dict[str, Stopped | str] = dict(failed)
            if failed:
                histories = [[event.item for event in events if event.domain_id == domain_id] for domain_id in failed]
                with deployed_layers(pipeline) as folders:
                    for domain_id, folded in zip(failed, fold_all(folders, histories), strict=True):
                        if folded is not None and folded.stopped is not None:
                            stops[domain_id] = folded.stopped
        self.progress.done(
            f"Rebuilt {counted(len(results) - len(failed), 'object')} of the domain {pipeline.domain_name}"
        )
        return stops

    def _wait_for_rebuilds(self, requests: Sequence[Entry], takers: Sequence[str | None], since: float) -> None:
        for pipeline in self.run.pipelines:
            own = [
                request
                for request, taker in zip(requests, takers, strict=True)
                if taker == pipeline.domain_name and hears(pipeline, request)
            ]
            if not own:
                continue
            with self.progress.step("Waiting for rebuilds"):
                results = wait_for_results(
                    pipeline, own, since=since, patience=self.patience, alive=self.run.emulator.ensure_running
                )
            for result in results:
                self.rebuilds.append((pipeline.domain_name, result))
                self.progress.done(str(result))

    def _count(self, entries: Sequence[Entry], takers: Sequence[str | None], what: str) -> None:
        taken = Counter(taker for taker in takers if taker)
        others = [
            f"{entry.text('EventType')} of {entry.text('DomainName')}"
            for entry, taker in zip(entries, takers, strict=True)
            if taker is None
        ]
        parts = [f"{count} for the domain {domain}" for domain, count in taken.items()]
        if others:
            parts.append(f"{len(others)} matched no domain's rule ({', '.join(dict.fromkeys(others))})")
        self.matched.update({(what, domain): count for domain, count in taken.items()})
        self.unmatched += len(others)
        self.progress.done(f"Sent {counted(len(entries), what)}: " + ", ".join(parts))

    def _other_functions(self) -> list[tuple[Clients, dict[str, str]]]:
        """The functions that belong to no pipeline: physical names by logical names, with their clients."""
        ours = {
            pipeline.outputs[name]
            for pipeline in self.run.pipelines
            for name in ("persist_function_arn", "project_function_arn")
        }
        found = []
        for stack in self.stacks.values():
            names = {
                each.name: each.id
                for each in stack.resources
                if each.type == FUNCTION_TYPE and each.properties["arn"] not in ours
            }
            if names:
                found.append((self.run.clients_of(stack), names))
        return found


def _deployed(folder: Path, stack: Stack) -> str:
    made = [each for each in stack.resources if each.id and not each.type.startswith(_PROVIDER_PREFIX)]
    domains = ", ".join(pipeline.domain_name for pipeline in stack.pipelines)
    return f"Deployed {folder}: {counted(len(made), 'resource')}" + (f", domain {domains}" if domains else "")


def _updated(folder: Path, stack: Stack, exports_before: Mapping[str, Any]) -> str:
    changes = stack.changes
    parts = []
    for verb, resources in (("created", changes.created), ("updated", changes.updated), ("removed", changes.removed)):
        if resources:
            named = [f"{each.type.rpartition(':')[2]} {each.name}" for each in resources[:_NAMED]]
            more = [f"{len(resources) - _NAMED} more"] if len(resources) > _NAMED else []
            parts.append(f"{verb} {', '.join(named + more)}")
    exports = [
        name
        for name in dict.fromkeys([*exports_before, *stack.outputs])
        if exports_before.get(name) != stack.outputs.get(name)
    ]
    if exports:
        parts.append(f"changed the {'export' if len(exports) == 1 else 'exports'} {', '.join(exports)}")
    return f"Deployed {folder} again: " + ("; ".join(parts) or "nothing changed")


def _update_of(pipeline: Pipeline, before: "Mapping[str, DomainRow]", failed: Mapping[str, Stopped | str]) -> Update:
    after = pipeline.rows()
    found: list[Difference] = []
    parked, healed = [], []
    for domain_id, row in after.items():
        old = before.get(domain_id)
        old_attributes = old.state.attributes if old else {}
        found += [
            each
            for each in differences(domain_id, old_attributes, row.state.attributes)
            if each.attribute != "DomainId"
        ]
        was, now = old.parked if old else None, row.parked
        if now is not None and (was is None or was.event_key != now.event_key):
            parked.append(row)
        elif was is not None and now is None:
            healed.append(domain_id)
    was_parked = {domain_id for domain_id in failed if domain_id in before and before[domain_id].parked}
    return Update(
        pipeline.domain_name,
        found,
        parked,
        healed,
        {domain_id: why for domain_id, why in failed.items() if domain_id in was_parked},
        {domain_id: why for domain_id, why in failed.items() if domain_id not in was_parked},
    )
