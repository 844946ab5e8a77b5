"""A pipeline on the doubles: the real code of both functions, and tables in memory that count the cost of each call."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from time import thread_time
from typing import TYPE_CHECKING, Any, cast
from unittest import mock

from cp_event_source.handler.aws import clients
from cp_event_source.handler.aws.settings import PersistSettings, ProjectSettings
from cp_event_source.handler.aws.telemetry import Telemetry
from cp_event_source.handler.persist import Persist
from cp_event_source.handler.project import Project
from cp_event_source.handler.projection.rows import DomainRow
from cp_event_source.handler.projection.snapshots import SLOT
from cp_event_source.handler.values.attribute_value import Item
from cp_event_source.handler.values.clock import Clock
from cp_event_source.handler.values.threads import Threads
from tests.doubles.clients import Double, direct_dynamodb, direct_sqs
from tests.doubles.dynamodb import DynamoDB
from tests.doubles.sqs import SQS
from tests.doubles.tables import Collection

from . import events
from .layers import Layer
from .report import shown

if TYPE_CHECKING:
    from tests.doubles.aws import Usage

EVENTS, ROWS, SNAPSHOTS = "events", "rows", "snapshots"
SPACING = 100
"""The default of the component's `events_per_snapshot`."""

_WRITERS = Threads(clients.CONNECTIONS)
_CLOCK = Clock()


class Pipeline:
    """Tables, a queue, and the functions that use them."""

    def __init__(self) -> None:
        # only reads of the handler without guards could miss the last write, and that would be unfair to it
        self.db = DynamoDB(stale_reads=False)
        self.db.create_table(EVENTS, "DomainId", "EventKey")
        self.db.create_table(ROWS, "DomainId")
        self.db.create_table(SNAPSHOTS, "DomainId", SLOT, range_type="N")
        self.sqs = SQS()
        self.queue_url = self.sqs.create_queue("letters")
        self.client = direct_dynamodb(self.db)

    def copy(self) -> "Pipeline":
        """A pipeline with the same items. Items never change, so only the tables' indexes are copied."""
        other = Pipeline()
        for name, table in self.db.tables.items():
            for key, collection in table.collections.items():
                other.db.tables[name].collections[key] = Collection(list(collection.keys), dict(collection.items))
        return other

    def projection(self, layer: Layer, *, version: str = "v1", spacing: int = SPACING, client: Any = None) -> Project:
        """The project function, by default with a client without botocore."""
        settings = ProjectSettings(
            events.DOMAIN_NAME, EVENTS, ROWS, SNAPSHOTS, self.queue_url, version, 10, spacing, "project-1"
        )
        telemetry = Telemetry(events.DOMAIN_NAME, "project-1", _CLOCK)
        sqs = direct_sqs(self.sqs)
        return Project.start(settings, layer.logic, client or self.client, sqs, telemetry, _WRITERS, _CLOCK)

    def persist(self, client: Any = None) -> Persist:
        """The persist function."""
        settings = PersistSettings(events.DOMAIN_NAME, EVENTS, self.queue_url, 600, "persist-1")
        telemetry = Telemetry(events.DOMAIN_NAME, "persist-1", _CLOCK)
        return Persist.start(settings, client or self.client, direct_sqs(self.sqs), telemetry, _WRITERS, _CLOCK)

    def store(self, items: Sequence[Item]) -> None:
        """Put events into the store, as the persist function does. The cost is not counted."""
        for item in items:
            self.client.put_item(TableName=EVENTS, Item=item)
        self.db.counters.usage.pop((EVENTS, "PutItem"), None)

    def row(self, domain_id: str) -> DomainRow:
        row = DomainRow.from_item(self.row_item(domain_id))
        if row is None:
            raise LookupError(domain_id)
        return row

    def row_item(self, domain_id: str) -> Item:
        return self.db.tables[ROWS].collections[domain_id].items[""].item()

    def row_size(self, domain_id: str) -> int:
        """Bytes, as DynamoDB counts them."""
        return self.db.tables[ROWS].collections[domain_id].items[""].size


def deliver(project: Project, items: Sequence[Item], *, batch: int = 100) -> None:
    """Hand stored events to the project function, batch by batch. Raises RuntimeError if it returns one."""
    for start in range(0, len(items), batch):
        take(project, events.records(list(items[start : start + batch])))


def take(project: Project, records: Sequence[Mapping[str, Any]]) -> None:
    """Hand a batch to the project function. Raises RuntimeError if it returns a part of the batch."""
    reply = project.handle_batch(records)
    if reply["batchItemFailures"]:
        raise RuntimeError(f"{len(reply['batchItemFailures'])} of {len(records)} records went back to the stream")


@dataclass(frozen=True, slots=True)
class Used:
    """The cost of calls."""

    usage: "Mapping[tuple[str, str], Usage]"
    """By table or queue, and operation."""

    @property
    def calls(self) -> dict[tuple[str, str], int]:
        return {key: usage.calls for key, usage in self.usage.items()}

    @property
    def count(self) -> int:
        return sum(usage.calls for usage in self.usage.values())

    @property
    def wcu(self) -> float:
        return sum(usage.wcu for usage in self.usage.values())

    @property
    def rcu(self) -> float:
        return sum(usage.rcu for usage in self.usage.values())

    @property
    def events_read(self) -> int:
        return self.usage[EVENTS, "Query"].items if (EVENTS, "Query") in self.usage else 0

    def wcu_of(self, table: str, operation: str) -> float:
        return self.usage[table, operation].wcu if (table, operation) in self.usage else 0

    def shown(self, per: float = 1) -> str:
        """The calls as text, divided by `per`."""
        return ", ".join(f"{shown(n / per)} {operation} {name}" for (name, operation), n in sorted(self.calls.items()))


def used(pipeline: Pipeline, act: Callable[[], object]) -> Used:
    """The cost of an act, by the doubles' counters."""
    pipeline.db.counters.reset()
    pipeline.sqs.counters.reset()
    act()
    return Used({**pipeline.db.counters.usage, **pipeline.sqs.counters.usage})


@contextmanager
def lines_to_nowhere() -> Iterator[None]:
    """Discard the functions' log lines. They go to a real file object, as in Lambda."""
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        yield


@dataclass(slots=True)
class Metered:
    """A double that measures its own CPU time."""

    double: Double
    seconds: float = 0
    _lock: Lock = field(default_factory=Lock)

    def handle(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        reply: dict[str, Any] = self.timed(lambda: self.double.handle(operation, request))
        return reply

    def timed(self, act: Callable[[], Any]) -> Any:
        start = thread_time()
        try:
            return act()
        finally:
            spent = thread_time() - start
            with self._lock:
                self.seconds += spent


def direct_metered(double: Double) -> tuple[Any, Metered]:
    """A client without botocore, and the meter of its double."""
    meter = Metered(double)
    return direct_dynamodb(cast("DynamoDB", meter)), meter


def real_dynamodb() -> Any:
    """The functions' own client, without credentials for any account."""
    fake = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}
    with mock.patch.dict(os.environ, fake):
        return clients.dynamodb()
