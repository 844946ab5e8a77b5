"""A snapshot of a pipeline on one screen, for people."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

from rich.console import RenderableType
from rich.text import Text

from cp_event_source.deployed.console import and_more, make_table
from cp_event_source.deployed.counted import duration
from cp_event_source.operate.overview import watched_metrics as names
from cp_event_source.operate.overview.assessment import (
    ALARMS,
    COST,
    FLOW,
    LAG,
    LAST_DAY,
    PARKED,
    PARTS,
    QUEUES,
    VERSIONS,
    Assessment,
    Level,
)
from cp_event_source.operate.overview.cost import NOT_IN_IT, cost_of_the_day
from cp_event_source.operate.overview.counts import counts_of_the_day
from cp_event_source.operate.overview.flow import iterator_age, newest, oldest_ingest
from cp_event_source.operate.overview.metric_data import Point
from cp_event_source.operate.overview.snapshot import Alarm, Depth, Function, Parked, Snapshot, Stage, Unknown
from cp_event_source.pages.costs.bill import Line
from cp_event_source.version import VERSION

_WORDS: Final = {
    Level.FINE: "fine",
    Level.ATTENTION: "needs attention",
    Level.UNKNOWN: "unknown",
    Level.STOPPED: "stopped",
}

_LISTED: Final = 15
"""Findings that are listed: the screen stays one screen. `--json` has all."""

T = TypeVar("T")


def screen(snapshot: Snapshot, assessment: Assessment) -> Iterator[RenderableType]:
    """The verdict in one line, the findings with the section of the runbook for each, and all parts."""
    yield f"{snapshot.domain_name}: {verdict(assessment)}"
    if assessment.findings:
        findings = make_table("Found", "docs/runbook.md")
        for each in assessment.findings[:_LISTED]:
            findings.add_row(Text(each.text), Text(f"#{each.section}" if each.section else ""))
        yield findings
        yield from and_more(len(assessment.findings) - _LISTED, "finding")
    parts = make_table("Part", "", "")
    for part in PARTS:
        word = _WORDS[assessment.level_of(part)]
        parts.add_row(part.replace("_", " ").capitalize(), word, Text("\n".join(_LINES[part](snapshot))))
    yield parts


def verdict(assessment: Assessment) -> str:
    """The verdict in one line, with its first reason."""
    match assessment.verdict:
        case Level.FINE:
            return "Flowing"
        case Level.ATTENTION:
            return f"Flowing, needs attention: {_first(assessment.reasons)}"
        case Level.UNKNOWN:
            return f"Unknown whether it flows: {_first(assessment.reasons)}"
        case Level.STOPPED:
            return f"Not flowing: {_first(assessment.reasons)}"


def _first(reasons: Sequence[str]) -> str:
    more = len(reasons) - 1
    return f"{reasons[0]} (and {more} more)" if more else reasons[0]


def _known(part: T | Unknown, show: Callable[[T], str]) -> str:
    return f"unknown: {part.why}" if isinstance(part, Unknown) else show(part)


def _flow(snapshot: Snapshot) -> Iterator[str]:
    states = (f"{name.replace('_', ' ')} {_known(state, str.lower)}" for name, state in snapshot.rules.items())
    yield f"rules: {', '.join(states)}"
    for name, stage in snapshot.stages.items():
        yield f"{name}: {_stage(stage)}"


def _stage(stage: Stage) -> str:
    source = _known(
        stage.source,
        lambda known: (
            "missing" if known is None else ", last batch: ".join(filter(None, (known.state, known.last_result)))
        ),
    )
    function = _known(stage.function, lambda known: f"{known.state}, last update {known.update} {known.modified[:19]}")
    reserved = _known(
        stage.reserved_concurrency, lambda number: "nothing reserved" if number is None else f"{number} reserved"
    )
    return f"mapping {source}; function {function}; concurrency {reserved}"


def _lag(snapshot: Snapshot) -> Iterator[str]:
    if isinstance(snapshot.metrics, Unknown):
        yield f"unknown: {snapshot.metrics.why}"
        return
    ingest = snapshot.queues["ingest"]
    is_empty = isinstance(ingest, Depth) and not ingest.total
    oldest = "no message" if is_empty else _age(oldest_ingest(snapshot), 1, snapshot.at)
    yield f"oldest in the ingest queue: {oldest}"
    yield f"projection behind the stream: {_age(iterator_age(snapshot), 1000, snapshot.at)}"
    median, maximum = newest(snapshot, names.LAG_MEDIAN), newest(snapshot, names.LAG_MAXIMUM)
    if median is None or maximum is None:
        yield "from arrival to row: no event in the last 30 min"
    else:
        yield f"from arrival to row: {median.value:,.0f} ms median, {maximum.value:,.0f} ms maximum"


def _age(point: Point | None, per_second: int, now: float) -> str:
    if point is None:
        return "no value in the last 30 min"
    return f"{duration(point.value / per_second)} ({duration(now - point.begins)} ago)"


def _queues(snapshot: Snapshot) -> Iterator[str]:
    for name, depth in snapshot.queues.items():
        yield f"{name.replace('_', ' ')}: {_known(depth, _depth)}"


def _depth(depth: Depth) -> str:
    delayed = f", {depth.delayed} delayed" if depth.delayed else ""
    return f"{depth.visible} visible, {depth.in_flight} in flight{delayed}"


def _parked(snapshot: Snapshot) -> Iterator[str]:
    yield _known(snapshot.parked, _of_parked)


def _of_parked(parked: Parked) -> str:
    if not parked.count:
        return "none"
    more = "" if parked.is_all else "more than "
    return f"{more}{parked.count:,}, the oldest since {parked.oldest_since}"


def _alarms(snapshot: Snapshot) -> Iterator[str]:
    yield _known(snapshot.alarms, _of_alarms)


def _of_alarms(alarms: Sequence[Alarm]) -> str:
    if not alarms:
        return "there are no alarms on its resources"
    states = [alarm.state for alarm in alarms]
    return (
        f"{states.count('ALARM')} of {len(alarms)} in ALARM, {states.count('INSUFFICIENT_DATA')} in INSUFFICIENT_DATA"
    )


def _versions(snapshot: Snapshot) -> Iterator[str]:
    yield f"this command: {VERSION}"
    for name, stage in snapshot.stages.items():
        yield f"{name} function: {_known(stage.function, _version)}"


def _version(function: Function) -> str:
    logic = f", logic {function.logic_version}" if function.logic_version else ""
    return f"code {function.code_sha256[:12]}{logic}"


def _last_day(snapshot: Snapshot) -> Iterator[str]:
    yield _known(counts_of_the_day(snapshot), _counts)


def _counts(day: Mapping[str, int]) -> str:
    return (
        f"events: {day['events_stored']:,} stored, {day['events_projected']:,} projected,"
        f" {day['events_waiting']:,} waiting at parked objects, {day['duplicates']:,} duplicates,"
        f" {day['quarantined']:,} quarantined\n"
        f"rebuilds: {day['rebuilt']:,} done, {day['rebuilds_failed']:,} failed\n"
        f"failed invocations: persist {day['persist_errors']:,}, project {day['project_errors']:,}"
    )


def _cost(snapshot: Snapshot) -> Iterator[str]:
    yield _known(cost_of_the_day(snapshot), _bill)


def _bill(lines: list[Line]) -> str:
    dearest = sorted(lines, key=lambda line: -line.dollars)[:3]
    shares = ", ".join(f"{line.item} {line.dollars:,.2f}" for line in dearest)
    dollars = sum(line.dollars for line in lines)
    amount = f"{dollars:,.2f} dollars ({shares})" if dollars >= 0.01 else "less than 0.01 dollars"
    return f"{amount}\nnot in it: {NOT_IN_IT}"


_LINES: Final[Mapping[str, Callable[[Snapshot], Iterator[str]]]] = {
    FLOW: _flow,
    LAG: _lag,
    QUEUES: _queues,
    PARKED: _parked,
    ALARMS: _alarms,
    VERSIONS: _versions,
    LAST_DAY: _last_day,
    COST: _cost,
}
