"""Guarantees: `status` says that events flow only if nothing stops them; whatever needs a person or cannot be read is a
finding; and each finding that the runbook knows leads to its section."""

from dataclasses import replace
from itertools import combinations
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.operate.overview import flow
from cp_event_source.operate.overview.assess import assess
from cp_event_source.operate.overview.assessment import (
    ALARMS,
    COST,
    FLOW,
    LAG,
    LAST_DAY,
    PARKED,
    QUEUES,
    VERSIONS,
    Level,
)
from cp_event_source.operate.overview.resource_names import DOMAIN_EVENTS, PERSIST, PROJECT, REBUILDS
from cp_event_source.operate.overview.screen import verdict
from cp_event_source.operate.overview.snapshot import Alarm, Depth, Parked, Snapshot, Source, Unknown
from cp_event_source.resources.monitoring.catalogue import ALARMS as CATALOGUE
from cp_event_source.resources.monitoring.catalogue import DEFAULT_THRESHOLDS
from tests.docs.markdown import REPOSITORY, anchors
from tests.operate.overview.snapshots import (
    function,
    series,
    snapshot,
    with_metrics,
    with_queue,
    with_stage,
)

WHY: Final = Unknown("no right")
BAD: Final = Source("u-1", "Enabled", "", "PROBLEM: Function call failed")
WAITS: Final = Depth(3, 0, 0)
HOUR: Final = 3_600_000.0

SNAPSHOTS: Final[dict[str, tuple[Snapshot, Level, str, Level]]] = {
    name: (seen, whole, part, level)
    for name, seen, whole, part, level in [
        ("no mapping", with_stage(PROJECT, source=None), Level.STOPPED, FLOW, Level.STOPPED),
        (
            "mapping off",
            with_stage(PERSIST, source=Source("u-1", "Disabled", "", "")),
            Level.STOPPED,
            FLOW,
            Level.STOPPED,
        ),
        (
            "mapping goes",
            with_stage(PERSIST, source=Source("u-1", "Disabling", "", "")),
            Level.STOPPED,
            FLOW,
            Level.STOPPED,
        ),
        (
            "mapping comes",
            with_stage(PROJECT, source=Source("u-1", "Enabling", "", "")),
            Level.ATTENTION,
            FLOW,
            Level.ATTENTION,
        ),
        ("batch failed", with_stage(PROJECT, source=BAD), Level.ATTENTION, FLOW, Level.ATTENTION),
        ("concurrency 0", with_stage(PROJECT, reserved_concurrency=0), Level.STOPPED, FLOW, Level.STOPPED),
        (
            "function failed",
            with_stage(PERSIST, function=function(PERSIST, state="Failed")),
            Level.STOPPED,
            FLOW,
            Level.STOPPED,
        ),
        (
            "function asleep with a fault",
            with_stage(PERSIST, function=function(PERSIST, state="Inactive", state_code="DisabledKMSKey")),
            Level.STOPPED,
            FLOW,
            Level.STOPPED,
        ),
        (
            "update runs",
            with_stage(PROJECT, function=function(PROJECT, update="InProgress")),
            Level.ATTENTION,
            FLOW,
            Level.ATTENTION,
        ),
        (
            "rule off",
            snapshot(rules={DOMAIN_EVENTS: "DISABLED", REBUILDS: "ENABLED"}),
            Level.STOPPED,
            FLOW,
            Level.STOPPED,
        ),
        (
            "rebuild rule off",
            snapshot(rules={DOMAIN_EVENTS: "ENABLED", REBUILDS: "DISABLED"}),
            Level.ATTENTION,
            FLOW,
            Level.ATTENTION,
        ),
        (
            "nothing is stored",
            with_metrics(Depth(0, 3, 0), ingest_age=series((60, 1000)), EventsStored=series((2000, 5))),
            Level.STOPPED,
            FLOW,
            Level.STOPPED,
        ),
        (
            "nothing is projected",
            with_metrics(EventsStored=series((1200, 5)), EventsProjected=series((3000, 5))),
            Level.STOPPED,
            FLOW,
            Level.STOPPED,
        ),
        ("mapping unknown", with_stage(PROJECT, source=WHY), Level.UNKNOWN, FLOW, Level.UNKNOWN),
        ("function unknown", with_stage(PERSIST, function=WHY), Level.UNKNOWN, FLOW, Level.UNKNOWN),
        ("memory unknown", with_stage(PERSIST, function=WHY), Level.UNKNOWN, COST, Level.UNKNOWN),
        ("concurrency unknown", with_stage(PERSIST, reserved_concurrency=WHY), Level.UNKNOWN, FLOW, Level.UNKNOWN),
        ("rule unknown", snapshot(rules={DOMAIN_EVENTS: WHY, REBUILDS: "ENABLED"}), Level.UNKNOWN, FLOW, Level.UNKNOWN),
        (
            "late in the queue",
            with_metrics(
                WAITS, ingest_age=series((60, 1000)), EventsStored=series((300, 5)), EventsProjected=series((300, 5))
            ),
            Level.ATTENTION,
            LAG,
            Level.ATTENTION,
        ),
        (
            "behind the stream",
            with_metrics(iterator_age=series((600, HOUR + 1))),
            Level.ATTENTION,
            LAG,
            Level.ATTENTION,
        ),
        ("metrics unknown", snapshot(metrics=WHY), Level.ATTENTION, LAG, Level.UNKNOWN),
        ("day unknown", snapshot(metrics=WHY), Level.ATTENTION, LAST_DAY, Level.UNKNOWN),
        ("dead letter", with_queue("ingest_dead_letter", Depth(0, 1, 0)), Level.ATTENTION, QUEUES, Level.ATTENTION),
        ("given up", with_queue("projection_dead_letter", Depth(1, 0, 0)), Level.ATTENTION, QUEUES, Level.ATTENTION),
        ("old notices", with_queue("parked", Depth(1, 0, 0)), Level.ATTENTION, QUEUES, Level.ATTENTION),
        ("queue unknown", with_queue("ingest", WHY), Level.ATTENTION, QUEUES, Level.UNKNOWN),
        ("parked", snapshot(parked=Parked(2, True, "2026-01-01")), Level.ATTENTION, PARKED, Level.ATTENTION),
        ("parked unknown", snapshot(parked=WHY), Level.ATTENTION, PARKED, Level.UNKNOWN),
        (
            "alarm",
            snapshot(alarms=[Alarm("a", "ALARM", "", "critical", "a-function-fails")]),
            Level.ATTENTION,
            ALARMS,
            Level.ATTENTION,
        ),
        ("alarms unknown", snapshot(alarms=WHY), Level.ATTENTION, ALARMS, Level.UNKNOWN),
        (
            "another layer",
            with_stage(PROJECT, function=function(PROJECT, layers=["other"])),
            Level.ATTENTION,
            VERSIONS,
            Level.ATTENTION,
        ),
        (
            "other code",
            with_stage(PERSIST, function=function(PERSIST, code_sha256="def")),
            Level.ATTENTION,
            VERSIONS,
            Level.ATTENTION,
        ),
        (
            "logic unknown",
            with_stage(PROJECT, function=function(PROJECT, logic_version=None)),
            Level.ATTENTION,
            VERSIONS,
            Level.UNKNOWN,
        ),
    ]
}


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_one_thing_that_is_wrong_is_found_in_its_part_and_decides_on_the_whole(name: str) -> None:
    seen, whole, part, level = SNAPSHOTS[name]
    assessment = assess(seen)
    assert (assessment.verdict, assessment.level_of(part)) == (whole, level)


@pytest.mark.parametrize(
    "seen",
    [
        snapshot(),
        snapshot(alarms=[]),
        snapshot(alarms=[Alarm("a", "INSUFFICIENT_DATA", "", None, None)]),
        with_stage(PERSIST, reserved_concurrency=5),
        with_stage(PROJECT, source=Source("u-1", "Enabled", "", "No records processed")),
        with_stage(PERSIST, function=function(PERSIST, state="Inactive", state_code="Idle")),
        snapshot(rules={DOMAIN_EVENTS: "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS", REBUILDS: "ENABLED"}),
        with_metrics(ingest_age=series((60, 99_999))),
        with_metrics(iterator_age=series((3600, 2 * HOUR))),
        with_metrics(iterator_age=series((900, 2 * HOUR), (60, 5))),
        with_metrics(EventsStored=series((1200, 5)), EventsProjected=series((300, 5))),
        with_metrics(EventsStored=series((1200, 5)), EventsWaiting=series((1200, 5))),
        with_metrics(EventsStored=series((300, 5))),
        with_metrics(WAITS, ingest_age=series((60, 10))),
    ],
    ids=[
        "all is well",
        "without alarms",
        "alarms without data",
        "some concurrency",
        "no batch yet",
        "asleep",
        "rule with CloudTrail",
        "an old age of a queue that is empty now",
        "an old age of the stream",
        "caught up with the stream",
        "stored and projected",
        "stored and waiting at a parked object",
        "stored a moment ago",
        "on its way",
    ],
)
def test_what_is_right_is_no_finding(seen: Snapshot) -> None:
    assert assess(seen).findings == ()
    assert verdict(assess(seen)) == "Flowing"


def test_the_line_at_the_top_says_why() -> None:
    assert verdict(assess(with_stage(PROJECT, reserved_concurrency=0))) == (
        "Not flowing: the reserved concurrency of the project function is 0, so that it never runs"
    )
    assert verdict(assess(snapshot(parked=Parked(1, True, "2026-01-01T00:00:00Z")))) == (
        "Flowing, needs attention: 1 parked object, the oldest since 2026-01-01T00:00:00Z"
    )
    assert verdict(assess(with_stage(PERSIST, source=WHY))).startswith("Unknown whether it flows: ")
    assert verdict(assess(snapshot(metrics=WHY))).endswith("(and 2 more)")


def test_an_object_that_is_parked_explains_its_notice() -> None:
    seen = replace(with_queue("parked", Depth(1, 0, 0)), parked=Parked(1, True, "2026-01-01"))
    assert [each.part for each in assess(seen).findings] == [PARKED]


def test_more_parked_objects_than_are_counted_are_said_to_be_more() -> None:
    (finding,) = assess(snapshot(parked=Parked(10_000, False, "2026-01-01"))).findings
    assert finding.text.startswith("more than 10000 parked objects")


def merged(one: Snapshot, other: Snapshot) -> Snapshot:
    """A snapshot with what is wrong in both."""
    well = snapshot()
    changes = {
        name: getattr(other, name)
        for name in ("rules", "stages", "metrics", "queues", "parked", "alarms")
        if getattr(other, name) != getattr(well, name)
    }
    return replace(one, **changes)


@given(st.sampled_from(list(combinations(SNAPSHOTS, 2))))
def test_another_thing_that_is_wrong_never_makes_it_better(pair: tuple[str, str]) -> None:
    one, other = (SNAPSHOTS[name][0] for name in pair)
    both = assess(merged(one, other))
    assert both.verdict >= assess(other).verdict
    weights = [each.weight for each in both.findings]
    assert weights == sorted(weights, reverse=True), "the worst comes first"
    assert both.reasons


def test_sections_are_in_the_runbook() -> None:
    named = {each.section for seen, *_ in SNAPSHOTS.values() for each in assess(seen).findings if each.section}
    assert len(named) > 6
    assert named <= anchors(REPOSITORY / "docs/runbook.md")
    assert named <= {alarm.section for alarm in CATALOGUE}


def test_late_is_what_an_alarm_calls_late() -> None:
    assert DEFAULT_THRESHOLDS["ingest-age"] == flow.INGEST_AGE_SECONDS
    assert DEFAULT_THRESHOLDS["stream-age"] == flow.ITERATOR_AGE_MILLISECONDS
