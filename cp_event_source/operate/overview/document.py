"""A snapshot of a pipeline as a document for programs. Its names are stable."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, TypeVar

from cp_event_source.handler.values.clock import time_text
from cp_event_source.operate.overview import watched_metrics as names
from cp_event_source.operate.overview.assessment import FLOW, PARTS, Assessment, Level
from cp_event_source.operate.overview.cost import cost_of_the_day
from cp_event_source.operate.overview.counts import counts_of_the_day
from cp_event_source.operate.overview.flow import iterator_age, newest, oldest_ingest
from cp_event_source.operate.overview.metric_data import Point
from cp_event_source.operate.overview.resource_names import FUNCTIONS, PERSIST
from cp_event_source.operate.overview.snapshot import Alarm, Depth, Function, Parked, Snapshot, Source, Unknown
from cp_event_source.pages.costs.bill import Line
from cp_event_source.pages.costs.prices import AS_OF
from cp_event_source.version import VERSION

VERDICTS: Final = {
    Level.FINE: "flowing",
    Level.ATTENTION: "needs_attention",
    Level.UNKNOWN: "unknown",
    Level.STOPPED: "not_flowing",
}

T = TypeVar("T")


def document_of(snapshot: Snapshot, assessment: Assessment) -> dict[str, Any]:
    """The document. A part that could not be read is an object with the only name `unknown`: the reason."""
    return {
        "domain_name": snapshot.domain_name,
        "at": time_text(snapshot.at),
        "verdict": VERDICTS[assessment.verdict],
        "reasons": assessment.reasons,
        "findings": [
            {"part": each.part, "level": each.level.name.lower(), "text": each.text, "section": each.section}
            for each in assessment.findings
        ],
        "levels": {part: assessment.level_of(part).name.lower() for part in PARTS},
        FLOW: {
            "rules": {name: _known(state, str) for name, state in snapshot.rules.items()},
            "functions": {
                name: {
                    "function": _known(stage.function, _function),
                    "event_source_mapping": _known(stage.source, _source),
                    "reserved_concurrency": _known(stage.reserved_concurrency, lambda number: number),
                }
                for name, stage in snapshot.stages.items()
            },
        },
        "lag": _known(snapshot.metrics, lambda _: _lag(snapshot)),
        "queues": {name: _known(depth, _depth) for name, depth in snapshot.queues.items()},
        "parked": _known(snapshot.parked, _parked),
        "alarms": _known(snapshot.alarms, lambda alarms: [_alarm(each) for each in alarms]),
        "versions": {
            "command": VERSION,
            **{
                name: _known(snapshot.stages[name].function, _version if name == PERSIST else _versions)
                for name in FUNCTIONS
            },
        },
        "last_day": _known(counts_of_the_day(snapshot), dict),
        "cost": _known(cost_of_the_day(snapshot), _cost),
    }


def _known(part: T | Unknown, describe: Callable[[T], Any]) -> Any:
    return {"unknown": part.why} if isinstance(part, Unknown) else describe(part)


def _function(function: Function) -> dict[str, Any]:
    return {
        "state": function.state,
        "state_reason_code": function.state_code,
        "last_update_status": function.update,
        "last_modified": function.modified,
    }


def _source(source: Source | None) -> dict[str, Any] | None:
    if source is None:
        return None
    return {"uuid": source.uuid, "state": source.state, "reason": source.reason, "last_result": source.last_result}


def _lag(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "iterator_age_milliseconds": _level(iterator_age(snapshot)),
        "oldest_ingest_message_seconds": _level(oldest_ingest(snapshot)),
        "from_arrival_median_milliseconds": _level(newest(snapshot, names.LAG_MEDIAN)),
        "from_arrival_maximum_milliseconds": _level(newest(snapshot, names.LAG_MAXIMUM)),
    }


def _level(point: Point | None) -> dict[str, Any] | None:
    """A value and when it was measured: the begin of a period of five minutes."""
    return None if point is None else {"value": rounded(point.value), "at": time_text(point.begins)}


def _depth(depth: Depth) -> dict[str, int]:
    return {"visible": depth.visible, "in_flight": depth.in_flight, "delayed": depth.delayed}


def _parked(parked: Parked) -> dict[str, Any]:
    return {"count": parked.count, "is_all": parked.is_all, "oldest_since": parked.oldest_since}


def _alarm(alarm: Alarm) -> dict[str, Any]:
    return {
        "name": alarm.name,
        "state": alarm.state,
        "since": alarm.since,
        "severity": alarm.severity,
        "section": alarm.section,
    }


def _version(function: Function) -> dict[str, Any]:
    return {"code_sha256": function.code_sha256}


def _versions(function: Function) -> dict[str, Any]:
    return {**_version(function), "logic_version": function.logic_version, "layers": list(function.layers)}


def _cost(lines: list[Line]) -> dict[str, Any]:
    return {
        "dollars": rounded(sum(line.dollars for line in lines), 6),
        "prices_as_of": AS_OF,
        "lines": [
            {
                "item": line.item,
                "quantity": rounded(line.quantity),
                "unit": line.price.unit,
                "dollars": rounded(line.dollars, 6),
            }
            for line in lines
        ],
    }


def rounded(number: float, digits: int = 3) -> Decimal:
    """A number for the document, which takes no floats."""
    return Decimal(f"{number:.{digits}f}")
