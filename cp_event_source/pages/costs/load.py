"""The work that a number of events a month makes for the pipeline.

The calls, the capacity units (`docs/performance.md`) and the size of log lines are measured. The rest is assumed, and
each assumption is a number here. Events are half a kilobyte, spread evenly over the month, in order, each sent once.
"""

from dataclasses import dataclass
from enum import Enum
from math import log2
from typing import Final

from . import deployed

DAYS: Final = 30
HOURS: Final = DAYS * 24
SECONDS: Final = HOURS * 3600
"""Of a month."""

GB: Final = 10**9

PERSIST_POLLERS: Final = 5
"""Lambda reads a queue with five pollers, and more only when they do not keep up."""
PERSIST_TURN_SECONDS: Final = 0.1
"""Assumed: for how long a poller is busy with a full batch."""
LONG_POLL_SECONDS: Final = 20
"""How long a poller waits at an empty queue before it asks again: each time is a request."""

PROJECT_POLLS_PER_SECOND: Final = 4
"""Lambda asks each shard of a stream for records four times a second, at no cost."""
STREAM_SHARDS: Final = 4
"""Assumed: a new on-demand table takes 4,000 writes a second, a partition 1,000, and each partition has a shard."""

PERSIST_TURNS_PER_SECOND: Final = PERSIST_POLLERS / PERSIST_TURN_SECONDS
PROJECT_TURNS_PER_SECOND: Final = STREAM_SHARDS * PROJECT_POLLS_PER_SECOND
"""How many batches there are in a second, at most, until they are full."""

OBJECTS_IN_A_BATCH: Final = 10
"""Assumed: the events of a batch belong to at most this many domain objects. Each costs one read and one write of its
row."""

EVENTS_OF_AN_OBJECT: Final = 100
"""Assumed: in total."""

EVENT_BYTES: Final = 511
ROW_BYTES: Final = 1024
SNAPSHOT_BYTES: Final = 1024
"""An event's size is measured. Rows and snapshots have at most this many bytes, else they cost a second write unit."""
ITEM_OVERHEAD_BYTES: Final = 100
"""What DynamoDB adds to each item for its index."""

PERSIST_SECONDS: Final = 0.02
PERSIST_SECONDS_OF_AN_EVENT: Final = 0.008
PROJECT_SECONDS: Final = 0.03
PROJECT_SECONDS_OF_AN_OBJECT: Final = 0.01
PROJECT_SECONDS_OF_AN_EVENT: Final = 0.0007
"""Assumed: the time of an invocation, and what each event and domain object adds. Most of it is waiting for DynamoDB.
Full batches then take 0.1 s and 0.2 s."""

COLD_START_SECONDS: Final = 0.5
"""Assumed. Measured: 0.18 s of a whole processor for the project function's imports and clients."""
WARM_SECONDS: Final = 15 * 60
"""Assumed: a function that is called less often has a cold start at each call; one that is called more often has one in
this time. AWS promises nothing."""

PERSIST_LOG_BYTES: Final = 300
PERSIST_LOG_BYTES_OF_AN_EVENT: Final = 425
PROJECT_LOG_BYTES: Final = 450
PROJECT_LOG_BYTES_OF_AN_OBJECT: Final = 310
PROJECT_LOG_BYTES_OF_AN_EVENT: Final = 32
"""Of the functions' own lines, as measured; each with the 26 bytes that CloudWatch adds."""
LAMBDA_LOG_BYTES: Final = 800
"""Assumed: of the lines that Lambda adds to an invocation."""

SAMPLED_SHARE: Final = 0.05
"""Lambda traces the first request in each second, and this share of the others. It cannot be set."""

TABLE_KEY_SECONDS: Final = 5 * 60
"""Assumed: for how long DynamoDB uses a table's key for a principal before it asks KMS again."""
TABLE_KEY_USERS: Final = 4
"""Persist on the events table, project on its stream, on the domain table and on the snapshots table."""
QUEUE_KEY_REQUESTS: Final = 3
"""For each data key of the ingest queue: two for its producer, EventBridge, and one for its consumer
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html)."""


class Batches(Enum):
    """How many events the functions receive at once."""

    AS_THEY_COME = "as they come"
    """What is there each time Lambda's pollers ask."""
    ALONE = "each alone"
    """The most expensive case."""
    FULL = "full"
    """The cheapest case: a backlog, or a load in bursts."""


@dataclass(frozen=True)
class Running:
    """How the functions run, as far as it changes the bill."""

    batching_window_seconds: int = 0
    traces: bool = True
    logs_events: bool = True
    """Whether each event and domain object has its line."""
    logs_system: bool = True
    """Whether Lambda adds its lines to an invocation."""
    persist_gb: float = deployed.PERSIST_GB
    project_gb: float = deployed.PROJECT_GB


DEFAULTS: Final = Running()


@dataclass(frozen=True)
class Load:
    """The pipeline's work in a month."""

    events: int
    persist_invocations: float
    project_invocations: float
    rows: float
    """Reads and writes of rows: one for each domain object in a batch."""
    how: Running = DEFAULTS

    @property
    def persist_events_in_a_batch(self) -> float:
        """How many events an invocation of the persist function has. One: they come alone."""
        return self.events / self.persist_invocations if self.persist_invocations else 0

    @property
    def project_events_in_a_batch(self) -> float:
        """How many events an invocation of the project function has."""
        return self.events / self.project_invocations if self.project_invocations else 0

    @property
    def queue_requests(self) -> float:
        """The bus sends single messages. Lambda receives and deletes batches."""
        return self.events + 2 * self.persist_invocations

    @property
    def persist_gb_seconds(self) -> float:
        busy = PERSIST_SECONDS * self.persist_invocations + PERSIST_SECONDS_OF_AN_EVENT * self.events
        return self.how.persist_gb * (busy + COLD_START_SECONDS * _cold_starts(self.persist_invocations))

    @property
    def project_gb_seconds(self) -> float:
        busy = (
            PROJECT_SECONDS * self.project_invocations
            + PROJECT_SECONDS_OF_AN_OBJECT * self.rows
            + PROJECT_SECONDS_OF_AN_EVENT * self.events
        )
        return self.how.project_gb * (busy + COLD_START_SECONDS * _cold_starts(self.project_invocations))

    @property
    def log_gb(self) -> float:
        metrics = PERSIST_LOG_BYTES * self.persist_invocations + PROJECT_LOG_BYTES * self.project_invocations
        lines = (
            PERSIST_LOG_BYTES_OF_AN_EVENT * self.events
            + PROJECT_LOG_BYTES_OF_AN_OBJECT * self.rows
            + PROJECT_LOG_BYTES_OF_AN_EVENT * self.events
        )
        lambdas_own = LAMBDA_LOG_BYTES * (self.persist_invocations + self.project_invocations)
        return (metrics + self.how.logs_events * lines + self.how.logs_system * lambdas_own) / GB

    @property
    def traces(self) -> float:
        """Each sampled invocation is a trace. In pass-through mode, the producer's trace decides, and pays."""
        if not self.how.traces:
            return 0
        return _sampled(self.persist_invocations) + _sampled(self.project_invocations)

    @property
    def key_requests(self) -> float:
        """How often SQS and DynamoDB request a key again; each cold start decrypts a function's environment."""
        queue = QUEUE_KEY_REQUESTS * min(self.events, SECONDS / deployed.DATA_KEY_REUSE_SECONDS)
        tables = TABLE_KEY_USERS * min(self.events, SECONDS / TABLE_KEY_SECONDS)
        starts = _cold_starts(self.persist_invocations) + _cold_starts(self.project_invocations)
        return queue + tables + starts

    @property
    def custom_metrics(self) -> float:
        """Billed for the hours in which there are events."""
        return len(deployed.METRICS) * min(1, self.events / HOURS)


def load(events: int, batches: Batches = Batches.AS_THEY_COME, how: Running = DEFAULTS) -> Load:
    """The work that a number of events a month makes for the pipeline.

    More events never make less work: events share a batch only when the pollers can take no more batches, or when they
    wait for a batch to fill.
    """
    persist_turns, project_turns = PERSIST_TURNS_PER_SECOND, float(PROJECT_TURNS_PER_SECOND)
    if window := how.batching_window_seconds:
        persist_turns = min(persist_turns, PERSIST_POLLERS / window)
        project_turns = min(project_turns, STREAM_SHARDS / window)
    persist = _invocations(events, batches, deployed.PERSIST_BATCH, persist_turns)
    project = _invocations(events, batches, deployed.PROJECT_BATCH, project_turns)
    return Load(events, persist, project, min(events, OBJECTS_IN_A_BATCH * project), how)


def events_table_gb(events: int) -> float:
    """The size of the events table in GB when this number of events is stored."""
    return events * (EVENT_BYTES + ITEM_OVERHEAD_BYTES) / GB


def derived_tables_gb(events: int, events_per_snapshot: int) -> float:
    """The size in GB of what is computed from this number of events: rows and snapshots."""
    objects = events / EVENTS_OF_AN_OBJECT
    # Older snapshots of a domain object are further apart: their number grows with the logarithm of its events.
    snapshots = objects * (1 + log2(max(1, EVENTS_OF_AN_OBJECT / events_per_snapshot)))
    items = ((objects, ROW_BYTES), (snapshots, SNAPSHOT_BYTES))
    return sum(number * (size + ITEM_OVERHEAD_BYTES) for number, size in items) / GB


IDLE_POLLS: Final = PERSIST_POLLERS * SECONDS / LONG_POLL_SECONDS
"""Requests of the pollers to an empty queue, counted in full at any load although busy pollers wait less."""


def _invocations(events: int, batches: Batches, largest: int, turns_per_second: float) -> float:
    full = events / largest
    match batches:
        case Batches.ALONE:
            return events
        case Batches.AS_THEY_COME:
            return min(events, max(turns_per_second * SECONDS, full))
        case Batches.FULL:
            return full


def _cold_starts(invocations: float) -> float:
    return min(invocations, SECONDS / WARM_SECONDS)


def _sampled(invocations: float) -> float:
    first = min(invocations, SECONDS)
    return first + SAMPLED_SHARE * (invocations - first)
