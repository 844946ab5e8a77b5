"""Decides whether events flow, and whether they are late."""

from collections.abc import Iterator, Mapping
from typing import Final

from cp_event_source.deployed.counted import duration
from cp_event_source.operate.overview import watched_metrics as names
from cp_event_source.operate.overview.assessment import FLOW, LAG, Finding, Level
from cp_event_source.operate.overview.metric_data import Point, Series
from cp_event_source.operate.overview.resource_names import DOMAIN_EVENTS, INGEST, PERSIST, PROJECT, REBUILDS
from cp_event_source.operate.overview.snapshot import Depth, Function, Snapshot, Source, Stage, Unknown

INGEST_AGE_SECONDS: Final = 15 * 60
ITERATOR_AGE_MILLISECONDS: Final = 3600 * 1000
"""The thresholds of the alarms `ingest-age` and `stream-age`."""

NOW_SECONDS: Final = 30 * 60
"""How old a point may be to say how it is now. Lambda counts an invocation where it began, and one of the project
function takes up to 15 minutes; CloudWatch has some points minutes later."""

STILL_SECONDS: Final = 15 * 60
"""If a function did nothing for so long with events that were there before, it stands still."""

_SECTIONS: Final = {PERSIST: "events-wait-in-the-ingest-queue", PROJECT: "stored-but-not-projected"}
_SOURCES: Final = {PERSIST: "the ingest queue", PROJECT: "the stream"}

_SETTLING: Final = {"Creating", "Enabling", "Updating"}
_TROUBLES: Final = ("PROBLEM", "FAILED")
"""How a result of Lambda's begins that is no success."""

_DEALT_WITH: Final = {
    PERSIST: (names.STORED, names.DUPLICATES, names.ERASED, *names.QUARANTINED),
    PROJECT: (names.PROJECTED, names.WAITING, names.REDELIVERED),
}
"""What a function counts when it deals with events, in whatever way."""


def flow(snapshot: Snapshot) -> Iterator[Finding]:
    """What stops events, or may do so."""
    yield from _rules(snapshot.rules)
    for function, stage in snapshot.stages.items():
        yield from _function(function, stage.function)
        yield from _source(function, stage.source)
        yield from _reserved(function, stage)
    if not isinstance(snapshot.metrics, Unknown):
        yield from _standing_still(snapshot, snapshot.metrics)


def lag(snapshot: Snapshot) -> Iterator[Finding]:
    """What is late."""
    if isinstance(snapshot.metrics, Unknown):
        yield Finding(LAG, Level.UNKNOWN, f"the lag is unknown: {snapshot.metrics.why}")
        return
    age = oldest_ingest(snapshot)
    if age is not None and age.value > INGEST_AGE_SECONDS:
        text = f"an event has waited in the ingest queue for {duration(age.value)}"
        yield Finding(LAG, Level.ATTENTION, text, _SECTIONS[PERSIST])
    behind = iterator_age(snapshot)
    if behind is not None and behind.value > ITERATOR_AGE_MILLISECONDS:
        text = f"the projection is {duration(behind.value / 1000)} behind; the stream drops events after 24 h"
        yield Finding(LAG, Level.ATTENTION, text, "the-projection-falls-behind")


def iterator_age(snapshot: Snapshot) -> Point | None:
    """How far the projection is behind the stream, in milliseconds; None if nothing was read from it lately."""
    return newest(snapshot, names.ITERATOR_AGE)


def oldest_ingest(snapshot: Snapshot) -> Point | None:
    """The age of the oldest message in the ingest queue, in seconds; None if the queue is empty or it is not known."""
    depth = snapshot.queues[INGEST]
    if isinstance(depth, Depth) and not depth.total:
        return None  # the metric is minutes old
    return newest(snapshot, names.INGEST_AGE)


def newest(snapshot: Snapshot, name: str) -> Point | None:
    """The last point of a metric, if it says how it is now; None if there is none, or it is not known."""
    if isinstance(snapshot.metrics, Unknown):
        return None
    return snapshot.metrics[name].newest(snapshot.at - NOW_SECONDS)


def _rules(rules: Mapping[str, str | Unknown]) -> Iterator[Finding]:
    match rules[DOMAIN_EVENTS]:
        case Unknown(why):
            yield Finding(FLOW, Level.UNKNOWN, f"the domain event rule is unknown: {why}")
        case str(state) if not state.startswith("ENABLED"):
            text = "the domain event rule is disabled, so that the bus drops all events of the domain"
            yield Finding(FLOW, Level.STOPPED, text, "the-bus-cannot-deliver")
    match rules[REBUILDS]:
        case Unknown(why):
            yield Finding(FLOW, Level.UNKNOWN, f"the rebuild rule is unknown: {why}")
        case str(state) if not state.startswith("ENABLED"):
            text = "the rebuild rule is disabled, so that the bus drops rebuild requests"
            yield Finding(FLOW, Level.ATTENTION, text, "many-rebuild-requests")


def _function(function: str, known: Function | Unknown) -> Iterator[Finding]:
    if isinstance(known, Unknown):
        yield Finding(FLOW, Level.UNKNOWN, f"the {function} function is unknown: {known.why}")
        return
    # Lambda wakes a function that it has put to sleep, and retries.
    sleeps = known.state == "Inactive" and known.state_code == "Idle"
    if known.state == "Pending":
        text = f"the {function} function is being created"
        yield Finding(FLOW, Level.ATTENTION, text, "a-function-fails")
    elif known.state != "Active" and not sleeps:
        text = f"the {function} function is {known.state or 'in no state'} ({known.state_code or 'no reason given'})"
        yield Finding(FLOW, Level.STOPPED, text, "a-function-fails")
    if known.update != "Successful":
        what = {"InProgress": "is not live yet", "Failed": "failed"}.get(
            known.update, f"is {known.update or 'unknown'}"
        )
        text = f"the last update of the {function} function {what}"
        yield Finding(FLOW, Level.ATTENTION, text, "a-function-fails")


def _source(function: str, known: Source | Unknown | None) -> Iterator[Finding]:
    what = f"the event source mapping from {_SOURCES[function]} to the {function} function"
    section = _SECTIONS[function]
    if isinstance(known, Unknown):
        yield Finding(FLOW, Level.UNKNOWN, f"{what} is unknown: {known.why}")
    elif known is None:
        yield Finding(FLOW, Level.STOPPED, f"{what} is missing", section)
    elif known.state in _SETTLING:
        yield Finding(FLOW, Level.ATTENTION, f"{what} is {known.state}", section)
    elif known.state != "Enabled":
        yield Finding(FLOW, Level.STOPPED, f"{what} is {known.state} (UUID {known.uuid})", section)
    elif known.last_result.upper().startswith(_TROUBLES):
        text = f"the last batch from {_SOURCES[function]} ended with: {known.last_result}"
        yield Finding(FLOW, Level.ATTENTION, text, "a-function-fails")


def _reserved(function: str, stage: Stage) -> Iterator[Finding]:
    match stage.reserved_concurrency:
        case Unknown(why):
            yield Finding(FLOW, Level.UNKNOWN, f"the reserved concurrency of the {function} function is unknown: {why}")
        case 0:
            text = f"the reserved concurrency of the {function} function is 0, so that it never runs"
            yield Finding(FLOW, Level.STOPPED, text, "a-function-is-throttled")


def _standing_still(snapshot: Snapshot, metrics: Mapping[str, Series]) -> Iterator[Finding]:
    """Events that were there a quarter of an hour ago, and nothing was done since."""
    still_since = snapshot.at - STILL_SECONDS
    oldest = oldest_ingest(snapshot)
    if oldest is not None and oldest.value > STILL_SECONDS and not _dealt_with(metrics, PERSIST, still_since):
        text = "events wait in the ingest queue, and the persist function has dealt with none for 15 minutes"
        yield Finding(FLOW, Level.STOPPED, text, _SECTIONS[PERSIST])
    before = snapshot.at - NOW_SECONDS
    if metrics[names.STORED].total(before, still_since) and not _dealt_with(metrics, PROJECT, before):
        text = "events are stored, and the project function has dealt with none for 15 minutes"
        yield Finding(FLOW, Level.STOPPED, text, _SECTIONS[PROJECT])


def _dealt_with(metrics: Mapping[str, Series], function: str, begin: float) -> float:
    return sum(metrics[name].total(begin) for name in _DEALT_WITH[function])
