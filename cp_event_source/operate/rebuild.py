"""`rebuild` and `heal`: bring the rows of selected objects right."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import RenderableType

from cp_event_source.deployed.console import and_more, cell, difference_table, make_table
from cp_event_source.deployed.counted import counted
from cp_event_source.deployed.difference import Difference
from cp_event_source.deployed.logic_process import deployed_layers
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.deployed.rebuild import Rebuilt
from cp_event_source.handler.projection.rows import PARKED_SINCE
from cp_event_source.handler.values.clock import Clock
from cp_event_source.operate.checks import check_layer
from cp_event_source.operate.failures import Failures
from cp_event_source.operate.journal import Journal
from cp_event_source.operate.notices import Cleared, clear_notices
from cp_event_source.operate.options import FAILED, command
from cp_event_source.operate.output import Output
from cp_event_source.operate.pace import DEFAULT_UNITS_PER_SECOND, Pace
from cp_event_source.operate.preview import Fate, Preview, preview
from cp_event_source.operate.reading import ReadUnits
from cp_event_source.operate.rebuilding import (
    DEFAULT_CONCURRENCY,
    MAX_CONCURRENCY,
    Work,
    engine_of,
)
from cp_event_source.operate.resumable import Resume, check_resume, finished, resumable
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
AcceptMissing = Annotated[
    bool,
    typer.Option("--accept-missing-events", help="Rebuild also if the store lacks events that the row holds."),
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
    deep: Annotated[
        bool, typer.Option("--deep", help="With --drifted: also fold each object, as verify --deep does.")
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
    selection = Selection.of(ids or (), ids_from, *kinds, resumes=resume is not None, deep=deep)
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
    check_resume(resume)
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
    rows = _Rows(keeps=task.selection is not None and bool(task.selection.ids))
    engine = engine_of(
        pipeline,
        output,
        task.clock,
        concurrency=task.concurrency,
        accept_missing_events=task.accept_missing_events,
        on_end=rows.note,
    )
    with _journal(task) as journal:
        if parkings is not None:
            _note_parkings(task, parkings)
        selected = select(task.selection, pipeline, journal, task.pace, output)
        work = engine.run(journal, output)
        cleared = clear_notices(pipeline, _seen(parkings), task.clock) if parkings is not None else None
        _report(task, journal, selected, work, rows, cleared)


def _note_parkings(task: _Task, parkings: Journal) -> None:
    """Note which objects are parked since when, by their index."""
    table = task.pipeline.domain_table
    for page in scan(task.pipeline.clients("dynamodb"), table, task.pace, IndexName=PARKED_INDEX):
        parkings.add(_parking(item["DomainId"]["S"], item[PARKED_SINCE]["S"]) for item in page.items)


def _seen(parkings: Journal) -> Callable[[str, str], bool]:
    return lambda domain_id, since: parkings.has(_parking(domain_id, since))


def _parking(domain_id: str, since: str) -> str:
    return f"{since} {domain_id}"


@contextmanager
def _journal(task: _Task) -> Iterator[Journal]:
    """The journal of a command. Ids on the command line need no file: the command can be given again."""
    if task.selection is not None and task.selection.ids:
        with Journal(None, {}) as journal:
            yield journal
        return
    options = " --accept-missing-events" if task.accept_missing_events else ""
    work = {"function": task.pipeline.output("project_function_arn")}
    with resumable(task.name, task.pipeline, task.output, task.clock, task.resume, work, options=options) as journal:
        if task.resume is not None:
            journal.reopen_failed()
        yield journal


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
    failures = Failures.of(journal, output)
    document = {
        "domain_name": task.pipeline.domain_name,
        "selected": selected,
        "rebuilt": selected - failures.count,
        "failed": failures.listed,
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
    output.result(document, _tables(document, failures, rows, cleared))
    if failures.count:
        output.exit_code = FAILED
        if task.name == "heal":  # the rows say which objects are parked
            finished(journal, output)
        elif output.how_to_continue:
            output.note(f"To try again what failed: {output.how_to_continue}")
    else:
        finished(journal, output)


def _tables(
    document: dict[str, Any], failures: Failures, rows: _Rows, cleared: Cleared | None
) -> Iterator[RenderableType]:
    if rows.rebuilt:
        table = make_table("DomainId", "Events", "Up to", "LogicVersion")
        for row in rows.rebuilt[:_SHOWN]:
            table.add_row(*map(cell, (row.domain_id, str(row.events), _time_of(row.checkpoint), row.logic_version)))
        yield table
        yield from and_more(len(rows.rebuilt) - _SHOWN, "object")
    yield from failures.table()
    yield (
        f"Selected {document['selected']:,}, rebuilt {document['rebuilt']:,}, failed {failures.count:,};"
        f" {document['seconds']} s, {document['objects_per_second']} a second"
    )
    if cleared is not None:
        yield f"Deleted {counted(cleared.deleted, 'notice')} of the parked queue, kept {cleared.kept}"
        if cleared.kept:
            yield "Kept are those of objects that are parked, and of the last 16 minutes"


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
        nullcontext([layer]) if layer is not None else deployed_layers(task.pipeline) as folders,
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
    if counts[Fate.FAILS]:
        output.exit_code = FAILED


def _described(each: Preview) -> dict[str, Any]:
    return {
        "domain_id": each.domain_id,
        "fate": each.fate.name.lower(),
        "reason": each.reason,
        "differences": [change.document() for change in each.differences],
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
