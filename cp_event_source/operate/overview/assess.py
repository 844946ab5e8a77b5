"""Decides what a snapshot of a pipeline means."""

from collections.abc import Iterator
from typing import Final

from cp_event_source.deployed.counted import counted
from cp_event_source.operate.overview import resource_names as names
from cp_event_source.operate.overview.assessment import (
    ALARMS,
    COST,
    LAST_DAY,
    PARKED,
    QUEUES,
    VERSIONS,
    Assessment,
    Finding,
    Level,
)
from cp_event_source.operate.overview.cost import cost_of_the_day
from cp_event_source.operate.overview.counts import counts_of_the_day
from cp_event_source.operate.overview.flow import flow, lag
from cp_event_source.operate.overview.snapshot import Depth, Function, Parked, Snapshot, Unknown

_DEAD_LETTERS: Final = {
    names.INGEST_DEAD_LETTERS: (
        "message in the ingest dead-letter queue",
        "messages in the ingest dead-letter queue",
        "an-event-could-not-be-stored",
    ),
    names.PROJECTION_DEAD_LETTERS: (
        "message in the projection dead-letter queue",
        "messages in the projection dead-letter queue",
        "a-batch-of-the-stream-was-given-up",
    ),
}

_PARKED: Final = "a-domain-object-is-parked"


def assess(snapshot: Snapshot) -> Assessment:
    """All that is not as it should be, or not known, the worst first."""
    found = [
        *flow(snapshot),
        *lag(snapshot),
        *_queues(snapshot),
        *_parked(snapshot.parked),
        *_alarms(snapshot),
        *_versions(snapshot),
        *_last_day(snapshot),
    ]
    return Assessment(tuple(sorted(found, key=lambda each: -each.weight)))


def _queues(snapshot: Snapshot) -> Iterator[Finding]:
    for queue, depth in snapshot.queues.items():
        if isinstance(depth, Unknown):
            text = f"the {queue.replace('_', ' ')} queue is unknown: {depth.why}"
            yield Finding(QUEUES, Level.UNKNOWN, text)
        elif queue in _DEAD_LETTERS and depth.total:
            one, several, section = _DEAD_LETTERS[queue]
            yield Finding(QUEUES, Level.ATTENTION, counted(depth.total, one, several), section)
    notices, parked = snapshot.queues[names.PARKED], snapshot.parked
    # While objects are parked, they are the finding.
    if isinstance(notices, Depth) and notices.total and isinstance(parked, Parked) and not parked.count:
        text = f"{counted(notices.total, 'notice')} in the parked queue, and no object is parked; `heal` deletes them"
        yield Finding(QUEUES, Level.ATTENTION, text, _PARKED)


def _parked(parked: Parked | Unknown) -> Iterator[Finding]:
    if isinstance(parked, Unknown):
        yield Finding(PARKED, Level.UNKNOWN, f"the parked objects are unknown: {parked.why}")
    elif parked.count:
        more = "" if parked.is_all else "more than "
        text = f"{more}{counted(parked.count, 'parked object')}, the oldest since {parked.oldest_since}"
        yield Finding(PARKED, Level.ATTENTION, text, _PARKED)


def _alarms(snapshot: Snapshot) -> Iterator[Finding]:
    if isinstance(snapshot.alarms, Unknown):
        yield Finding(ALARMS, Level.UNKNOWN, f"the alarms are unknown: {snapshot.alarms.why}")
        return
    for alarm in snapshot.alarms:
        if alarm.state == "ALARM":
            severity = f" ({alarm.severity})" if alarm.severity else ""
            text = f"alarm {alarm.name}{severity} since {alarm.since}"
            yield Finding(ALARMS, Level.ATTENTION, text, alarm.section)


def _versions(snapshot: Snapshot) -> Iterator[Finding]:
    persist, project = (snapshot.stages[each].function for each in names.FUNCTIONS)
    if isinstance(project, Unknown):
        yield Finding(VERSIONS, Level.UNKNOWN, f"the version of the logic is unknown: {project.why}")
        return
    if project.logic_version is None:
        text = f"LOGIC_VERSION of the project function is unknown: {project.logic_version_error}"
        yield Finding(VERSIONS, Level.UNKNOWN, text)
    elif project.logic_version not in project.layers:
        text = "the project function has another layer than its LOGIC_VERSION says; run `pulumi up --refresh`"
        yield Finding(VERSIONS, Level.ATTENTION, text)
    if isinstance(persist, Function) and persist.code_sha256 != project.code_sha256:
        text = "the two functions run different code; run `pulumi up --refresh`"
        yield Finding(VERSIONS, Level.ATTENTION, text)


def _last_day(snapshot: Snapshot) -> Iterator[Finding]:
    counts = counts_of_the_day(snapshot)
    if isinstance(counts, Unknown) and not snapshot.is_emulated:
        yield Finding(LAST_DAY, Level.UNKNOWN, f"the counts of the last day are unknown: {counts.why}")
    cost = cost_of_the_day(snapshot)
    if isinstance(cost, Unknown):
        yield Finding(COST, Level.UNKNOWN, f"the cost of the last day is unknown: {cost.why}")
