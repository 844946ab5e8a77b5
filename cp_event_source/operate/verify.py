"""`verify`: compares rows with the log."""

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from cp_event_source.deployed.console import and_more, cell, make_table
from cp_event_source.deployed.counted import counted
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.handler.values.clock import Clock
from cp_event_source.operate.checks import check_ids, check_layer
from cp_event_source.operate.deep import Deep, deep_of
from cp_event_source.operate.expiry import expiry_attribute, without_expired
from cp_event_source.operate.findings import Finding
from cp_event_source.operate.journal import Journal
from cp_event_source.operate.metered import Metered
from cp_event_source.operate.options import FAILED, command
from cp_event_source.operate.output import Output
from cp_event_source.operate.pace import DEFAULT_UNITS_PER_SECOND, Pace
from cp_event_source.operate.reading import ReadUnits
from cp_event_source.operate.sampling import sample
from cp_event_source.operate.verifying import DEFAULT_PATIENCE, Verifying

_LISTED = 1000


@dataclass
class _Report:
    """The findings: the first ones, and the number of each kind."""

    limit: int
    listed: list[Finding] = field(default_factory=list)
    by_kind: Counter[str] = field(default_factory=Counter)

    def add(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self.by_kind[finding.kind] += 1
            if len(self.listed) < self.limit:
                self.listed.append(finding)


@command("verify")
def verify(
    pipeline: Pipeline,
    output: Output,
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID", help="DomainIds.")] = None,
    *,
    all_objects: Annotated[bool, typer.Option("--all", help="All objects that have events or a row.")] = False,
    number: Annotated[
        int | None, typer.Option("--sample", min=1, metavar="N", help="N objects, chosen evenly at random.")
    ] = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="Also fold each object, and compare the result with its row.")
    ] = False,
    layer: Annotated[
        Path | None,
        typer.Option("--layer", metavar="FOLDER", help="With --deep: the logic in this folder, not the deployed one."),
    ] = None,
    patience: Annotated[
        float,
        typer.Option(
            "--patience", min=0, metavar="SECONDS", help="How long an event may take from the store into its row."
        ),
    ] = DEFAULT_PATIENCE,
    limit: Annotated[
        int, typer.Option("--limit", min=0, metavar="N", help="At most this many findings are listed; all are counted.")
    ] = _LISTED,
    read_units: ReadUnits = DEFAULT_UNITS_PER_SECOND,
) -> None:
    """Compare rows with the stored events, and find what live traffic does not explain.

    It changes nothing. Exit code 1 if it finds anything.
    """
    _check(ids or [], number, layer, all_objects=all_objects, deep=deep)
    clock = Clock()
    pace = Pace(read_units, clock)
    started = clock.monotonic()
    verifying = Verifying(pipeline, pace, output, patience)
    report = _Report(limit)
    with Journal(None, {}) as objects, deep_of(pipeline, layer, pace, output) if deep else nullcontext() as comparison:
        if all_objects:
            found = verifying.all(objects.add if deep else None)
        else:
            chosen = ids or _sampled(pipeline, pace, number or 0)
            objects.add(chosen)
            found = verifying.some(chosen)
        report.add(without_expired(found, expiry_attribute(pipeline), comparison, clock.now()))
        if comparison is not None:
            with output.step("Folding", objects.count()) as step:
                report.add(comparison.find(objects.open_objects(), step.advance))
    output.exit_code = FAILED if report.by_kind else 0
    seconds = clock.monotonic() - started
    output.result(_document(verifying, comparison, report, seconds), _tables(verifying, comparison, report, seconds))


def _check(ids: Sequence[str], number: int | None, layer: Path | None, *, all_objects: bool, deep: bool) -> None:
    given = [name for name, is_given in (("ID", ids), ("--all", all_objects), ("--sample", number)) if is_given]
    if len(given) != 1:
        raise typer.BadParameter(
            f"exactly one of ID, --all and --sample must be given; got {' and '.join(given) or 'none'}"
        )
    check_ids(ids)
    if layer is not None and not deep:
        raise typer.BadParameter("--layer: must be given with --deep; got it alone; add --deep")
    check_layer(layer)


def _sampled(pipeline: Pipeline, pace: Pace, number: int) -> list[str]:
    tables = pipeline.events_table, pipeline.domain_table
    chance = random.Random()  # noqa: S311  chance, not secrecy
    return sample(Metered(pipeline.clients("dynamodb"), pace), *tables, number, chance)


def _document(verifying: Verifying, deep: Deep | None, report: _Report, seconds: float) -> dict[str, Any]:
    tally = verifying.tally
    document: dict[str, Any] = {
        "domain_name": verifying.pipeline.domain_name,
        "objects": tally.objects,
        "events": tally.events,
        "rows": tally.rows,
        "parked": tally.parked,
        "changing": tally.changing,
        "unclear": tally.unclear,
        "findings": report.by_kind.total(),
        "findings_by_kind": dict(sorted(report.by_kind.items())),
        "listed": [
            {
                "domain_id": each.domain_id,
                "kind": each.kind,
                "text": each.text,
                "remedy": each.remedy,
                "is_rebuildable": each.is_rebuildable,
            }
            for each in report.listed
        ],
        "read_units": _rounded(verifying.pace.used),
        "seconds": _rounded(seconds),
    }
    if deep is not None:
        document |= {"folded": deep.compared, "not_folded": deep.not_compared}
    return document


def _rounded(number: float) -> Decimal:
    return Decimal(f"{number:.1f}")


def _tables(verifying: Verifying, deep: Deep | None, report: _Report, seconds: float) -> Iterator[RenderableType]:
    tally, found = verifying.tally, report.by_kind.total()
    if report.listed:
        table = make_table("DomainId", "Kind", "Found", "Do")
        for each in report.listed:
            table.add_row(*map(cell, (each.domain_id, each.kind, each.text, each.remedy)))
        yield table
    yield from and_more(found - len(report.listed), "finding")
    kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(report.by_kind.items()))
    yield (
        f"{counted(tally.objects, 'object')}, {counted(tally.events, 'event')}, {counted(tally.rows, 'row')}"
        f" ({tally.parked} parked): {counted(found, 'finding')}{f' ({kinds})' if kinds else ''}"
    )
    if tally.changing:
        yield f"Nothing can be said of {counted(tally.changing, 'object')}: events arrive during each look"
    if tally.unclear:
        yield f"Of {counted(tally.unclear, 'parked object')} it is not known which of many events wait"
    if deep is not None:
        yield (
            f"Folded {counted(deep.compared, 'object')}; not {deep.not_compared}: a finding, changing, or above 32 MB"
        )
    yield f"Read {verifying.pace.used:,.1f} units in {seconds:,.0f} s"
