"""`rebuild` and `heal`: bring the rows of selected objects right."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from decimal import Decimal
from itertools import count, islice
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import RenderableType

from cp_event_source.deployed.console import and_more, cell, difference_table, make_table
from cp_event_source.deployed.counted import counted
from cp_event_source.deployed.difference import Difference
from cp_event_source.deployed.errors import CommandError
from cp_event_source.deployed.logic_process import deployed_layers
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.deployed.rebuild import Rebuilt
from cp_event_source.handler.projection.rows import PARKED_SINCE
from cp_event_source.handler.values.clock import Clock
from cp_event_source.operate.checks import check_layer
from cp_event_source.operate.journal import Journal
from cp_event_source.operate.notices import Cleared, clear_notices
from cp_event_source.operate.options import FAILED, command
from cp_event_source.operate.output import Output
from cp_event_source.operate.pace import DEFAULT_UNITS_PER_SECOND, Pace
from cp_event_source.operate.preview import Fate, Preview, preview
from cp_event_source.operate.rebuilding import (
    DEFAULT_CONCURRENCY,
    MAX_CONCURRENCY,
    Engine,
    Work,
    bearable,
    invoker,
    wait_until_ready,
)
from cp_event_source.operate.scan import scan
from cp_event_source.operate.schedule import Ended
from cp_event_source.operate.selection import PARKED_INDEX, Selection, select

_SHOWN: Final = 20
_MOST_DIFFERENCES: Final = 1000
"""The differences that are kept for people. A table shows the first hundred, and how many more there are of these."""

Ids = Annotated[list[str] | None, typer.Argument(metavar="ID", help="DomainIds.")]
IdsFrom = Annotated[
    Path | None,
    typer.Option("--ids-from", metavar="FILE", help="File with one DomainId a line; - reads the standard input."),
]
Concurrency = Annotated[
    int,
    typer.Option(
        "--concurrency", min=1, max=MAX_CONCURRENCY, metavar="N", help="At most this many rebuilds at a time."
    ),
]
ReadUnits = Annotated[
    float,
    typer.Option("--read-units", min=1, metavar="N", help="At most this many read units a second in reads of tables."),
]
AcceptMissing = Annotated[
    bool,
    typer.Option("--accept-missing-events", help="Rebuild also if the store lacks events that the row holds."),
]
Resume = Annotated[
    Path | None,
    typer.Option(
        "--resume",
        metavar="FILE",
        help="Continue what was interrupted, and try again what failed; FILE is what it has left.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show which rows would change and how. It changes nothing.")]
LayerFolder = Annotated[
    Path | None,
    typer.Option("--layer", metavar="FOLDER", help="With --dry-run: the logic in this folder, not the deployed one."),
]


@dataclass(frozen=True)
class _Task:
    """A command with its options."""

    name: str
    pipeline: Pipeline
    output: Output
    selection: Selection | None
    pace: Pace
    concurrency: int
    accept_missing_events: bool
    resume: Path | None

    @property
    def clock(self) -> Clock:
        return self.pace.clock


@command("rebuild")
def rebuild(
    pipeline: Pipeline,
    output: Output,
    ids: Ids = None,
    *,
    ids_from: IdsFrom = None,
    all_objects: Annotated[bool, typer.Option("--all", help="All objects that have events.")] = False,
    parked: Annotated[bool, typer.Option("--parked", help="All parked objects.")] = False,
    stale: Annotated[
        bool, typer.Option("--stale", help="All objects whose rows the deployed logic has not computed wholly.")
    ] = False,
    drifted: Annotated[
        bool, typer.Option("--drifted", help="All objects at which verify finds what a rebuild brings right.")
    ] = False,
    dry_run: DryRun = False,
    layer: LayerFolder = None,
    concurrency: Concurrency = DEFAULT_CONCURRENCY,
    read_units: ReadUnits = DEFAULT_UNITS_PER_SECOND,
    accept_missing_events: AcceptMissing = False,
    resume: Resume = None,
) -> None:
    """Fold objects again from their first events with the deployed logic, and show the outcome.

    Nothing stops meanwhile: readers see the old rows until the new ones are complete. Exit code 1 if an object failed.
    """
    given = {"--all": all_objects, "--parked": parked, "--stale": stale, "--drifted": drifted}
    kinds = [kind for kind, is_given in given.items() if is_given]
    selection = Selection.of(ids or (), ids_from, *kinds, resumes=resume is not None)
    pace = Pace(read_units, Clock())
    task = _Task("rebuild", pipeline, output, selection, pace, concurrency, accept_missing_events, resume)
    _check(layer, dry_run=dry_run, resume=resume)
    if dry_run:
        _preview(task, layer)
    else:
        _rebuild(task)


@command("heal")
def heal(
    pipeline: Pipeline,
    output: Output,
    ids: Ids = None,
    *,
    ids_from: IdsFrom = None,
    dry_run: DryRun = False,
    layer: LayerFolder = None,
    concurrency: Concurrency = DEFAULT_CONCURRENCY,
    read_units: ReadUnits = DEFAULT_UNITS_PER_SECOND,
    accept_missing_events: AcceptMissing = False,
    resume: Resume = None,
) -> None:
    """Rebuild all parked objects, or those given, and delete the notices of objects that are no longer parked.

    It waits until the last update of the project function is live, so it may follow a deployment at once. Exit code 1
    if an object failed; that stays parked.
    """
    kinds = [] if ids or ids_from is not None or resume is not None else ["--parked"]
    selection = Selection.of(ids or (), ids_from, *kinds, resumes=resume is not None)
    pace = Pace(read_units, Clock())
    task = _Task("heal", pipeline, output, selection, pace, concurrency, accept_missing_events, resume)
    _check(layer, dry_run=dry_run, resume=resume)
    if dry_run:
        _preview(task, layer)
        return
    with Journal(None, {}) as parkings:
        _rebuild(task, parkings)


def _check(layer: Path | None, *, dry_run: bool, resume: Path | None) -> None:
    """Raises typer.BadParameter: options do not go together, or name nothing."""
    if resume is not None and not resume.is_file():
        raise typer.BadParameter(f"--resume: must be a file that this command has left; got {str(resume)!r}")
    if layer is not None and not dry_run:
        raise typer.BadParameter(
            "--layer: must be given with --dry-run; got it alone; a rebuild has the deployed logic"
        )
    check_layer(layer)
    if dry_run and resume is not None:
        raise typer.BadParameter("--resume: must be given without --dry-run, which leaves nothing; got both")


def _rebuild(task: _Task, parkings: Journal | None = None) -> None:
    """Rebuild what is selected. With `parkings`, which is empty, also delete the notices that this makes needless."""
    pipeline, output = task.pipeline, task.output
    wait_until_ready(pipeline, output, task.clock)
    concurrency = bearable(pipeline, task.concurrency, output)
    with _journal(task) as journal:
        if parkings is not None:
            _note_parkings(task, parkings)
        selected = select(task.selection, pipeline, journal, task.pace, output)
        rows = _Rows(keeps=task.selection is not None and bool(task.selection.ids))
        invoke = invoker(pipeline, concurrency, accept_missing_events=task.accept_missing_events)
        work = Engine(invoke, concurrency, task.clock, rows.note).run(journal, output)
        cleared = clear_notices(pipeline, _seen(parkings), task.clock) if parkings is not None else None
        _report(task, journal, selected, work, rows, cleared)


def _note_parkings(task: _Task, parkings: Journal) -> None:
    """Note which objects are parked since when, by their index."""
    table = task.pipeline.output("domain_table_name")
    for page in scan(task.pipeline.clients("dynamodb"), table, task.pace, IndexName=PARKED_INDEX):
        parkings.add(_parking(item["DomainId"]["S"], item[PARKED_SINCE]["S"]) for item in page.items)


def _seen(parkings: Journal) -> Callable[[str, str], bool]:
    return lambda domain_id, since: parkings.has(_parking(domain_id, since))


def _parking(domain_id: str, since: str) -> str:
    return f"{since} {domain_id}"


@contextmanager
def _journal(task: _Task) -> Iterator[Journal]:
    """The journal of a command. If it has selected nothing yet when it is interrupted, its file goes.

    Ids on the command line need no file: the command can be given again.
    """
    if task.selection is not None and task.selection.ids:
        with Journal(None, {}) as journal:
            yield journal
        return
    file = task.resume or _new_file(task)
    options = " --accept-missing-events" if task.accept_missing_events else ""
    with Journal(file, {"command": task.name, "function": task.pipeline.output("project_function_arn")}) as journal:
        task.output.how_to_continue = (
            f"cp-event-source {task.name} --resume {file}{options}, with the options that name the pipeline"
        )
        if task.resume is not None:
            journal.reopen_failed()
        try:
            yield journal
        except BaseException as error:
            if task.resume is None and journal.count() == 0:
                journal.remove()
                task.output.how_to_continue = ""
            elif isinstance(error, Exception):
                task.output.note(f"To continue: {task.output.how_to_continue}")
            raise


def _new_file(task: _Task) -> Path:
    """A new file in the current folder: its name has the command, the domain and the time."""
    domain = re.sub(r"[^\w.-]", "_", task.pipeline.domain_name)
    time = re.sub(r"[^\dT]", "", task.clock.text()[:19])
    stem = f"cp-event-source-{task.name}-{domain}-{time}"
    for number in count(1):
        file = Path(f"{stem}{f'-{number}' if number > 1 else ''}.journal")
        try:
            file.touch(exist_ok=False)
        except FileExistsError:
            continue
        except OSError as error:
            raise CommandError(
                f"{file}: cannot be written: {error.strerror}; run the command in a folder that you may write to"
            ) from error
        return file
    raise AssertionError


class _Rows:
    """The rows of objects that were given by id: they are few, and people look at each."""

    def __init__(self, *, keeps: bool) -> None:
        self.keeps = keeps
        self.rebuilt: list[Rebuilt] = []

    def note(self, ended: Ended) -> None:
        if self.keeps and isinstance(ended, Rebuilt):
            self.rebuilt.append(ended)


def _report(task: _Task, journal: Journal, selected: int, work: Work, rows: _Rows, cleared: Cleared | None) -> None:
    output = task.output
    count_failed = sum(1 for _ in journal.failed())
    document = {
        "domain_name": task.pipeline.domain_name,
        "selected": selected,
        "rebuilt": selected - count_failed,
        "failed": [
            {"domain_id": domain_id, "reason": reason}
            for domain_id, reason in islice(journal.failed(), None if output.json else _SHOWN)
        ],
        "seconds": _decimal(work.seconds),
        "objects_per_second": _decimal((work.rebuilt + work.failed) / max(work.seconds, 0.001)),
    }
    if cleared is not None:
        document |= {"notices_deleted": cleared.deleted, "notices_kept": cleared.kept}
    if rows.keeps:
        document["objects"] = [
            {
                "domain_id": row.domain_id,
                "event_count": row.events,
                "checkpoint": row.checkpoint,
                "logic_version": row.logic_version,
            }
            for row in rows.rebuilt
        ]
    output.result(document, _tables(document, count_failed, rows, cleared))
    if count_failed:
        output.exit_code = FAILED
        if output.how_to_continue:
            output.note(f"To try again what failed: {output.how_to_continue}")
    else:
        journal.remove()
        output.how_to_continue = ""


def _tables(
    document: dict[str, Any], count_failed: int, rows: _Rows, cleared: Cleared | None
) -> Iterator[RenderableType]:
    if rows.rebuilt:
        table = make_table("DomainId", "Events", "Up to", "LogicVersion")
        for row in rows.rebuilt[:_SHOWN]:
            table.add_row(*map(cell, (row.domain_id, str(row.events), _time_of(row.checkpoint), row.logic_version)))
        yield table
        yield from and_more(len(rows.rebuilt) - _SHOWN, "object")
    if count_failed:
        table = make_table("DomainId", "Failed, and its row is as it was")
        for each in document["failed"]:
            table.add_row(cell(each["domain_id"]), cell(each["reason"]))
        yield table
        yield from and_more(count_failed - _SHOWN, "object")
    yield (
        f"Selected {document['selected']:,}, rebuilt {document['rebuilt']:,}, failed {count_failed:,};"
        f" {document['seconds']} s, {document['objects_per_second']} a second"
    )
    if cleared is not None:
        yield f"Deleted {counted(cleared.deleted, 'notice')} of the parked queue, kept {cleared.kept}"


def _time_of(checkpoint: str | None) -> str:
    """The time in an EventKey."""
    return (checkpoint or "").partition("#")[0]


def _preview(task: _Task, layer: Path | None) -> None:
    output = task.output
    begun = task.clock.monotonic()
    counts: Counter[Fate] = Counter()
    shown: list[Preview] = []
    few: Counter[Fate] = Counter()
    changes: list[Difference] = []
    with (
        Journal(None, {}) as journal,
        nullcontext([layer.resolve()]) if layer is not None else deployed_layers(task.pipeline) as folders,
    ):
        selected = select(task.selection, task.pipeline, journal, task.pace, output)
        previews = preview(
            (domain_id for domain_id, _ in journal.objects()),
            task.pipeline,
            folders,
            task.pace,
            accept_missing_events=task.accept_missing_events,
        )
        with output.step("Folding", selected) as step:
            for each in previews:
                counts[each.fate] += 1
                step.advance()
                if each.fate is Fate.UNCHANGED:
                    continue
                if output.json or len(changes) < _MOST_DIFFERENCES:
                    changes += each.differences
                if output.json or few[each.fate] < _SHOWN:
                    few[each.fate] += 1
                    shown.append(each)
    document = {
        "domain_name": task.pipeline.domain_name,
        "selected": selected,
        **{fate.name.lower(): counts[fate] for fate in Fate},
        "seconds": _decimal(task.clock.monotonic() - begun),
        "objects": [_described(each) for each in shown],
    }
    output.result(document, _tables_of_preview(selected, counts, shown, changes, layer))


def _described(each: Preview) -> dict[str, Any]:
    return {
        "domain_id": each.domain_id,
        "fate": each.fate.name.lower(),
        "reason": each.reason,
        "differences": [
            {"attribute": change.attribute, "before": change.before, "after": change.after}
            for change in each.differences
        ],
    }


def _tables_of_preview(
    selected: int, counts: Counter[Fate], shown: Sequence[Preview], changes: Sequence[Difference], layer: Path | None
) -> Iterator[RenderableType]:
    if changes:
        yield difference_table(changes, "The row now", "As the logic in the folder gives it" if layer else "Rebuilt")
    table = make_table("DomainId", "A rebuild", "Why")
    for each in shown:
        if each.reason or each.fate is Fate.HEALED:
            table.add_row(cell(each.domain_id), cell(each.fate.value), cell(each.reason))
    if table.row_count:
        yield table
    fates = ", ".join(f"{counts[fate]:,} {fate.value}" for fate in Fate if counts[fate])
    yield f"A rebuild of {counted(selected, 'object')}: {fates or 'nothing to do'}"
    yield "This is a dry run: nothing has changed"


def _decimal(number: float) -> Decimal:
    return Decimal(f"{number:.2f}")
