"""The bill of a month: each quantity times its price."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from . import deployed, prices
from .load import DAYS, IDLE_POLLS, Batches, Load, Running, derived_tables_gb, events_table_gb, load
from .prices import Price

A_YEAR: Final = 12

STANDARD: Final = "STANDARD"
INFREQUENT: Final = "STANDARD_INFREQUENT_ACCESS"
"""The classes of a table."""
_ACTIVE: Final = "Active"
_AS_PRODUCERS: Final = "PassThrough"
"""The modes of tracing."""


class Part(Enum):
    """The part of the bill that a line belongs to, by what the cost depends on."""

    EVENTS = "for the events of the month"
    STORED = "for what is stored"
    STANDING = "for what is there, used or not"


@dataclass(frozen=True)
class Line:
    """One line of the bill."""

    part: Part
    item: str
    quantity: float
    """In the unit of the price."""
    price: Price

    @property
    def dollars(self) -> float:
        return self.price.times(self.quantity)


@dataclass(frozen=True)
class Estimate:
    """The bill of a month."""

    lines: tuple[Line, ...]

    @property
    def dollars(self) -> float:
        """The sum of all lines, none of them rounded."""
        return sum(line.dollars for line in self.lines)

    def dollars_of(self, part: Part) -> float:
        """The sum of a part's lines."""
        return sum(line.dollars for line in self.lines if line.part is part)


def estimate(
    events_per_month: int,
    *,
    development: bool = False,
    alarms: bool | None = None,
    dashboard: bool | None = None,
    log_retention_days: int | None = None,
    key_given: bool = False,
    events_per_snapshot: int = deployed.EVENTS_PER_SNAPSHOT,
    events_table_class: str = STANDARD,
    batching_window_seconds: int = 0,
    tracing: str | None = None,
    log_level: str = "INFO",
    system_log_level: str = "INFO",
    persist_memory_mb: int = round(deployed.PERSIST_GB * 1024),
    project_memory_mb: int = round(deployed.PROJECT_GB * 1024),
    months: int = A_YEAR,
    batches: Batches = Batches.AS_THEY_COME,
) -> Estimate:
    """The cost of a pipeline in a month of 30 days, in dollars, at list prices of us-east-1 and without free tiers.

    Args:
        events_per_month: number of events of half a kilobyte, evenly spread; at least 0.
        development: as the component's input; it sets the default of the next three and of `tracing`.
        alarms, dashboard, log_retention_days: as the component's inputs.
        key_given: True if `kms_key_arn` is given: the key is then paid for elsewhere, and only its requests count.
        events_per_snapshot: as the component's input.
        events_table_class: as the component's input `domain_events_table_class`.
        batching_window_seconds, tracing, log_level, system_log_level, persist_memory_mb, project_memory_mb: as the
            fields of the component's input `functions`. More memory costs more and makes nothing faster here: most of
            the time is waiting.
        months: for how many months the pipeline has run at this load; all their events are stored. At least 1.
        batches: how many events the functions receive at once.

    Raises:
        ValueError: a number is below its minimum.
    """
    if log_retention_days is None:
        log_retention_days = deployed.DEVELOPMENT_LOG_RETENTION_DAYS if development else deployed.LOG_RETENTION_DAYS
    for name, number, least in (
        ("events_per_month", events_per_month, 0),
        ("log_retention_days", log_retention_days, 1),
        ("events_per_snapshot", events_per_snapshot, 1),
        ("months", months, 1),
        ("batching_window_seconds", batching_window_seconds, 0),
        ("persist_memory_mb", persist_memory_mb, 1),
        ("project_memory_mb", project_memory_mb, 1),
    ):
        if number < least:
            raise ValueError(f"{name}: must be at least {least}; found {number}")
    usual_tracing = _AS_PRODUCERS if development else _ACTIVE
    for name, text, known in (
        ("events_table_class", events_table_class, (STANDARD, INFREQUENT)),
        ("tracing", tracing or usual_tracing, (_ACTIVE, _AS_PRODUCERS)),
        ("log_level", log_level, ("INFO", "WARNING", "ERROR")),
        ("system_log_level", system_log_level, ("DEBUG", "INFO", "WARN")),
    ):
        if text not in known:
            raise ValueError(f"{name}: must be one of {', '.join(known)}; found {text!r}")
    running = Running(
        batching_window_seconds=batching_window_seconds,
        traces=(tracing or usual_tracing) == _ACTIVE,
        logs_events=log_level == "INFO",
        logs_system=system_log_level != "WARN",
        persist_gb=persist_memory_mb / 1024,
        project_gb=project_memory_mb / 1024,
    )
    work = load(events_per_month, batches, running)
    infrequent = events_table_class == INFREQUENT
    events_gb = events_table_gb(events_per_month * months)
    derived_gb = derived_tables_gb(events_per_month * months, events_per_snapshot)
    logs = work.log_gb * min(months, log_retention_days / DAYS)
    lines = (
        *_for_events(work, events_per_snapshot, prices.INFREQUENT_WRITE_UNITS if infrequent else prices.WRITE_UNITS),
        Line(
            Part.STORED,
            "events table",
            events_gb,
            prices.INFREQUENT_STORAGE if infrequent else prices.TABLE_STORAGE,
        ),
        Line(Part.STORED, "domain table and snapshots table", derived_gb, prices.TABLE_STORAGE),
        Line(
            Part.STORED,
            "tables: restorable to any second",
            0 if development else events_gb + derived_gb,
            prices.RESTORABLE,
        ),
        Line(Part.STORED, "logs: storage", logs, prices.LOGS_KEPT),
        *_standing(
            work,
            alarms=not development if alarms is None else alarms,
            dashboard=not development if dashboard is None else dashboard,
            key_given=key_given,
        ),
    )
    return Estimate(lines)


def _for_events(work: Load, events_per_snapshot: int, of_events: Price) -> Iterator[Line]:
    for item, quantity, price in (
        ("event bus", work.events, prices.EVENTS),
        ("ingest queue: send, receive, delete", work.queue_requests, prices.QUEUE_REQUESTS),
        ("persist function: invocations", work.persist_invocations, prices.INVOCATIONS),
        ("persist function: time", work.persist_gb_seconds, prices.GB_SECONDS),
        ("events table: one write per event", work.events, of_events),
        ("project function: invocations", work.project_invocations, prices.INVOCATIONS),
        ("project function: time", work.project_gb_seconds, prices.GB_SECONDS),
        ("domain table: one write per domain object and batch", work.rows, prices.WRITE_UNITS),
        ("domain table: one read per domain object and batch", work.rows, prices.READ_UNITS),
        ("snapshots table: one write per snapshot", work.events / events_per_snapshot, prices.WRITE_UNITS),
        ("logs: ingestion", work.log_gb, prices.LOGS),
        ("traces", work.traces, prices.TRACES),
        ("key: requests", work.key_requests, prices.KEY_REQUESTS),
    ):
        yield Line(Part.EVENTS, item, quantity, price)


def _standing(work: Load, *, alarms: bool, dashboard: bool, key_given: bool) -> Iterator[Line]:
    for item, quantity, price in (
        ("ingest queue: polling while empty", IDLE_POLLS, prices.QUEUE_REQUESTS),
        ("key", 0 if key_given else 1, prices.KEYS),
        ("metrics of the functions", work.custom_metrics, prices.CUSTOM_METRICS),
        ("alarms", deployed.ALARM_METRICS if alarms else 0, prices.ALARM_METRICS),
        ("dashboard", 1 if dashboard else 0, prices.DASHBOARDS),
    ):
        yield Line(Part.STANDING, item, quantity, price)
