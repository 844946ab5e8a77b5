"""Folds domain objects with the logic and compares the results with their rows, attribute by attribute."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cp_event_source.deployed.difference import differences
from cp_event_source.deployed.errors import CommandError
from cp_event_source.deployed.logic_process import Folded, deployed_layers, fold_all
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.deployed.verify import APPLIED, PARKED, ROW, compare
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.projection.rows import DomainRow
from cp_event_source.operate.findings import Finding, Kind, finding
from cp_event_source.operate.histories import History, read_histories
from cp_event_source.operate.metered import Metered
from cp_event_source.operate.output import Output
from cp_event_source.operate.pace import Pace

_SEEDS: Final = ("1", "2", "3", "4")
"""Of Python's hashes, which decide the order of sets. A set of two texts has another order with half of the seeds."""


@dataclass
class Deep:
    """Compares the objects of one pipeline with folds of their events.

    Args:
        dynamodb: the client.
        events_table, domain_table: the tables' names.
        domain_name: the domain.
        folders: what is first on the path, with the logic.
        logic_version: the version of that logic; None if it is not a deployed one.
    """

    dynamodb: Metered
    events_table: str
    domain_table: str
    domain_name: str
    folders: Sequence[Path]
    logic_version: str | None
    compared: int = 0
    not_compared: int = 0
    """Objects whose history is larger than 32 MB, or that changed during each read, or of which it is not known what
    they hold."""

    def find(self, domain_ids: Iterable[str], done: Callable[[int], None] = lambda _: None) -> Iterator[Finding]:
        """What differs between the rows of objects and the folds. Objects of which the row and the events do not agree
        are left out: the comparison of keys finds them. Memory holds one batch.

        Args:
            domain_ids: the objects.
            done: called with the number of objects that are done.

        Raises:
            BrokenLogicError: the logic does not start.
            botocore.exceptions.ClientError: a table cannot be read.
        """
        fold_all(self.folders, [])  # before anything is read: whether the logic starts
        for batch in read_histories(self.dynamodb, self.events_table, self.domain_table, domain_ids):
            agreeing = [each for each in batch if each.agrees]
            self.not_compared += len(batch) - len(agreeing)
            yield from self._compared(agreeing)
            done(len(batch))

    def folds(self, domain_ids: Iterable[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """The attributes that the events of objects fold to, whatever their rows. Objects with too large a history are
        left out.

        Raises:
            BrokenLogicError: the logic does not start.
            botocore.exceptions.ClientError: a table cannot be read.
        """
        for batch in read_histories(self.dynamodb, self.events_table, self.domain_table, domain_ids):
            foldable = [each for each in batch if each.events]
            folds = fold_all(self.folders, [[event.item for event in each.events] for each in foldable])
            for each, fold in zip(foldable, folds, strict=True):
                if fold is not None:
                    yield each.domain_id, fold.attributes

    def _compared(self, batch: Sequence[History]) -> Iterator[Finding]:
        if not batch:
            return
        histories = {read.domain_id: read.events for read in batch}
        rows = {read.domain_id: read.row for read in batch if read.row is not None}
        verification = compare(self.domain_name, histories, rows, lambda parts: fold_all(self.folders, parts))
        self.compared += verification.objects
        self.not_compared += len(verification.not_compared)
        fails: dict[str, None] = {}
        drifted: dict[str, list[str]] = {}
        for each in verification.differences:
            if each.attribute == ROW:
                fails[each.domain_id] = None
            elif each.attribute == PARKED:
                # A parked object that would not stop any more is no finding: it heals.
                if rows[each.domain_id].parked is None:
                    fails[each.domain_id] = None
            elif each.attribute != APPLIED:
                drifted.setdefault(each.domain_id, []).append(each.attribute)
        for domain_id in fails:
            drifted.pop(domain_id, None)
            text = "the logic does not get through the events that the row holds"
            yield finding(domain_id, Kind.FOLD_FAILS, text, is_rebuildable=False)
        yield from self._explained(drifted, histories, rows)

    def _explained(
        self,
        drifted: Mapping[str, Sequence[str]],
        histories: Mapping[str, Sequence[StoredEvent]],
        rows: Mapping[str, DomainRow],
    ) -> Iterator[Finding]:
        """Whether the logic gives other values each time, or the row has others than it gives."""
        if not drifted:
            return
        items = [[event.item for event in histories[domain_id]] for domain_id in drifted]
        runs = [fold_all(self.folders, items, environment={"PYTHONHASHSEED": seed}) for seed in _SEEDS]
        for number, (domain_id, attributes) in enumerate(drifted.items()):
            varying = _varying(domain_id, [run[number] for run in runs])
            if varying:
                text = f"each fold gives other values of {_listed(varying)}"
                yield finding(domain_id, Kind.NOT_DETERMINISTIC, text, is_rebuildable=False)
            others = [each for each in attributes if not any(_is_within(each, name) for name in varying)]
            if others:
                text = f"the fold gives other values of {_listed(others)}{self._of_version(rows[domain_id])}"
                yield finding(domain_id, Kind.DRIFT, text, is_rebuildable=self.logic_version is not None)

    def _of_version(self, row: DomainRow) -> str:
        if self.logic_version is None or row.logic_version == self.logic_version:
            return ""
        return f"; the row is by other logic: {row.logic_version}"


def _varying(domain_id: str, folds: Sequence[Folded | None]) -> list[str]:
    """The attributes that differ between folds of the same events."""
    first, *others = [fold.attributes if fold is not None else {} for fold in folds]
    return list(dict.fromkeys(each.attribute for other in others for each in differences(domain_id, first, other)))


def _is_within(attribute: str, name: str) -> bool:
    """True if one path is in the other, whichever is longer."""
    longer, shorter = sorted((attribute, name), key=len, reverse=True)
    return longer == shorter or longer.startswith((f"{shorter}.", f"{shorter}["))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))


@contextmanager
def deep_of(pipeline: Pipeline, layer: Path | None, pace: Pace, output: Output) -> Iterator[Deep]:
    """What folds the objects of a pipeline.

    Args:
        pipeline: the pipeline.
        layer: a folder with the logic; None for the deployed logic.
        pace: the cap for reads.
        output: where it says what it will read.

    Raises:
        CommandError: the version of the deployed logic cannot be read.
    """
    dynamodb = Metered(pipeline.clients("dynamodb"), pace)
    tables = pipeline.events_table, pipeline.domain_table
    output.note("--deep reads the events of each object once more, strongly consistently: twice the units of a scan")
    if layer is not None:
        yield Deep(dynamodb, *tables, pipeline.domain_name, [layer], None)
        return
    with deployed_layers(pipeline) as folders:
        yield Deep(dynamodb, *tables, pipeline.domain_name, folders, logic_version(pipeline))


def logic_version(pipeline: Pipeline) -> str:
    """The logic version of the project function.

    Raises:
        CommandError: its environment cannot be read.
    """
    now = pipeline.clients("lambda").get_function_configuration(FunctionName=pipeline.project_function)
    environment = now.get("Environment", {})
    version = environment.get("Variables", {}).get("LOGIC_VERSION")
    if not version:
        why = environment.get("Error", {}).get("Message", "it has none")
        raise CommandError(
            f"{pipeline.project_function}: its environment must have LOGIC_VERSION; {why}; get the right to decrypt"
            " with the component's key, or deploy the stack again"
        )
    return str(version)
