"""Selects domain objects: ids, or all that a scan finds. The journal gets them, so that their number is exact."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final

import typer

from cp_event_source.deployed.counted import counted
from cp_event_source.deployed.errors import CommandError, UsageError
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.handler.projection.rows import BOOKKEEPING
from cp_event_source.operate.checks import broken_rule, check_ids
from cp_event_source.operate.deep import Deep, deep_of, logic_version
from cp_event_source.operate.expiry import expiry_attribute, without_expired
from cp_event_source.operate.findings import Finding
from cp_event_source.operate.journal import Journal
from cp_event_source.operate.output import Output
from cp_event_source.operate.pace import Pace
from cp_event_source.operate.reading import announce_scan
from cp_event_source.operate.scan import scan
from cp_event_source.operate.verifying import Verifying

PARKED_INDEX: Final = "ParkedDomains"
IDS: Final = "ID"
IDS_FROM: Final = "--ids-from"
DRIFTED: Final = "--drifted"

_KIND: Final = "selection"
_IS_COMPLETE: Final = "selected"
_LOGIC: Final = "logic"
_DEEP: Final = "deep"


class SelectionError(CommandError):
    """The objects cannot be selected."""


@dataclass(frozen=True)
class Selection:
    """Which objects a command works on."""

    kind: str
    """The argument or option that says it: ID, --ids-from, --all, --parked, --stale or --drifted."""
    ids: Sequence[str] = ()
    file: Path | None = None
    deep: bool = False
    """With --drifted: whether objects are folded, too."""

    @classmethod
    def of(
        cls, ids: Sequence[str], file: Path | None, *kinds: str, resumes: bool, deep: bool = False
    ) -> "Selection | None":
        """The selection that a command line names; None if it resumes one.

        Raises:
            typer.BadParameter: not exactly one is named, or an id breaks the contract.
        """
        named = [*([IDS] if ids else []), *([IDS_FROM] if file is not None else []), *kinds]
        if resumes:
            if named:
                raise typer.BadParameter(
                    f"--resume: must be given without a selection, since the file has it; got {', '.join(named)}, too;"
                    " leave that out"
                )
            return None
        if len(named) != 1:
            raise typer.BadParameter(
                f"exactly one selection must be given: ID, {IDS_FROM} or one of the options that select; got"
                f" {', '.join(named) or 'none'}"
            )
        check_ids(ids)
        if deep and named != [DRIFTED]:
            raise typer.BadParameter(f"--deep: must be given with {DRIFTED}; got {named[0]}")
        return cls(named[0], ids, file, deep)


def select(selection: Selection | None, pipeline: Pipeline, journal: Journal, pace: Pace, output: Output) -> int:
    """Put the selected objects into a journal, and say how many they are.

    A scan that was interrupted continues. `--drifted` looks again at all objects. Ids come into the journal all at
    once.

    Args:
        selection: the selection; None continues the journal's.
        pipeline: the pipeline.
        journal: the journal.
        pace: the cap for scans.
        output: where it says what it does.

    Returns:
        How many objects the journal has.

    Raises:
        SelectionError: a file cannot be read, an id breaks the contract, or an interrupted selection cannot continue.
    """
    kind = selection.kind if selection is not None else journal.fact(_KIND)
    if journal.fact(_IS_COMPLETE) is None:
        if kind is None or (selection is None and kind in {IDS, IDS_FROM}):
            raise SelectionError(
                f"{journal.file}: must have a selection; it was interrupted before it had one, and nothing is done yet;"
                " give the command again, without --resume"
            )
        journal.note(_KIND, kind)
        if selection is not None and selection.deep:
            journal.note(_DEEP, "yes")
        if selection is not None and kind in {IDS, IDS_FROM}:
            journal.add(selection.ids if selection.file is None else _lines(selection.file))
        else:
            _FIND[kind](pipeline, journal, pace, output)
        journal.note(_IS_COMPLETE, "yes")
    selected, left = journal.count(), journal.count(open_only=True)
    output.note(
        f"Selected {counted(selected, 'object')}"
        + (f", {selected - left} of them done earlier" if left < selected else "")
    )
    return selected


def _lines(file: Path) -> Iterator[str]:
    """The ids in a file, one in a line; empty lines do not count."""
    name = "the standard input" if str(file) == "-" else str(file)
    try:
        with nullcontext(sys.stdin) if str(file) == "-" else file.open(encoding="utf-8-sig", newline="\n") as stream:
            for number, line in enumerate(stream, 1):
                domain_id = line.rstrip("\r\n")
                if not domain_id:
                    continue
                if rule := broken_rule(domain_id):
                    raise UsageError(f"{IDS_FROM}: line {number} of {name}: {rule}; got {domain_id!r}")
                yield domain_id
    except OSError as error:
        raise UsageError(f"{IDS_FROM}: {name} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{IDS_FROM}: {name} must be UTF-8; {error}") from error


def _all(pipeline: Pipeline, journal: Journal, pace: Pace, output: Output) -> None:
    """The objects that have events, with and without a row."""
    _scan(
        pipeline,
        journal,
        pace,
        output,
        pipeline.events_table,
        lambda items: (item["DomainId"]["S"] for item in items),
        ProjectionExpression="DomainId",
    )


def _parked(pipeline: Pipeline, journal: Journal, pace: Pace, output: Output) -> None:
    _scan(
        pipeline,
        journal,
        pace,
        output,
        pipeline.domain_table,
        lambda items: (item["DomainId"]["S"] for item in items),
        IndexName=PARKED_INDEX,
    )


def _stale(pipeline: Pipeline, journal: Journal, pace: Pace, output: Output) -> None:
    """The objects whose rows today's logic has not computed wholly."""
    version = logic_version(pipeline)
    if journal.fact(_LOGIC) not in {None, version}:
        raise SelectionError(
            f"{journal.file}: the logic is another than when the selection began ({journal.fact(_LOGIC)}); nothing is"
            " done yet; give the command again, without --resume"
        )
    journal.note(_LOGIC, version)

    def stale(items: Iterable[Mapping[str, Any]]) -> Iterator[str]:
        for item in items:
            notes = item.get(BOOKKEEPING, {}).get("M", {})
            # An item without a revision is not the pipeline's.
            if "Revision" in notes and notes.get("LogicVersion") != {"S": version}:
                yield item["DomainId"]["S"]

    _scan(
        pipeline,
        journal,
        pace,
        output,
        pipeline.domain_table,
        stale,
        ProjectionExpression="DomainId, #notes.#revision, #notes.#version",
        ExpressionAttributeNames={"#notes": BOOKKEEPING, "#revision": "Revision", "#version": "LogicVersion"},
    )


def _drifted(pipeline: Pipeline, journal: Journal, pace: Pace, output: Output) -> None:
    """The objects at which `verify` finds something that a rebuild brings right; with `--deep`, also by folding."""
    is_deep = journal.fact(_DEEP) is not None
    others = 0
    folding = deep_of(pipeline, None, pace, output) if is_deep else nullcontext()
    with Journal(None, {}) as objects, folding as deep:
        wrong = Verifying(pipeline, pace, output).all(objects.add if is_deep else None)
        findings = without_expired(wrong, expiry_attribute(pipeline), deep, pace.clock.now())
        if deep is not None:
            findings = chain(findings, _by_folding(objects, deep, output))
        for finding in findings:
            if finding.is_rebuildable:
                journal.add([finding.domain_id])
            else:
                others += 1
    if others:
        output.note(f"{counted(others, 'finding')} that no rebuild brings right; `cp-event-source verify` shows them")


def _by_folding(objects: Journal, deep: Deep, output: Output) -> Iterator[Finding]:
    with output.step("Folding", objects.count()) as step:
        yield from deep.find(objects.open_objects(), step.advance)


_FIND: Final[Mapping[str, Callable[[Pipeline, Journal, Pace, Output], None]]] = {
    "--all": _all,
    "--parked": _parked,
    "--stale": _stale,
    DRIFTED: _drifted,
}


def _scan(
    pipeline: Pipeline,
    journal: Journal,
    pace: Pace,
    output: Output,
    table: str,
    found: Callable[[Sequence[Mapping[str, Any]]], Iterable[str]],
    **options: Any,
) -> None:
    dynamodb = pipeline.clients("dynamodb")
    count = announce_scan(dynamodb, table, output) if "IndexName" not in options else None
    with output.step("Selecting", count) as step:
        for page in scan(dynamodb, table, pace, start=journal.cursors(), **options):
            journal.add(dict.fromkeys(found(page.items)))
            journal.processed(page.segment, page.next_key)
            step.advance(len(page.items))
