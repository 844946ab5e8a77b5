"""What is compared: a driver's process, and the tables that it needs."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any

from bench.endpoint import Endpoint, endpoint
from bench.pipeline import EVENTS, ROWS, SNAPSHOTS
from cp_event_source.handler.projection.snapshots import SLOT

from .domain import Event, State, messages
from .dynamodb import PeersDynamoDB

_REPOSITORY = Path(__file__).parents[2]
_HERE = Path(__file__).parent
_MESSAGES, _RECORDS = 10, 100
"""The sizes of full batches of the persist and the project function: the component's defaults."""


_PATIENCE = 30
"""Seconds that a write waits for another one."""


@dataclass(frozen=True, slots=True)
class Used:
    """What calls used: the number of each operation, and the units, those of indexes among them."""

    calls: Mapping[str, int]
    wcu: float
    rcu: float


class DriverError(Exception):
    """What a driver could not do."""


class Driver:
    """A driver's process, on an endpoint of its own."""

    def __init__(self, compared: "Compared", process: "subprocess.Popen[str]", served: Endpoint) -> None:
        self.compared = compared
        self._process = process
        self.served = served
        self.versions: Mapping[str, str] = self._reply()["versions"]

    def act(self, act: str, **fields: Any) -> tuple[Any, float]:
        """The result of an act, and its CPU time in seconds."""
        assert self._process.stdin is not None  # noqa: S101  it was opened with a pipe
        self._process.stdin.write(json.dumps({"act": act, **fields}) + "\n")
        self._process.stdin.flush()
        reply = self._reply()
        if "error" in reply:
            raise DriverError(reply["error"])
        return reply["result"], reply["seconds"]

    def deliver(self, events: Sequence[Event]) -> float:
        """Handle events in turn, each alone. Returns the CPU time in seconds."""
        return self.act("deliver", events=events)[1]

    def deliver_again(self, events: Sequence[Event]) -> None:
        """Handle events in turn, with what else may come twice."""
        self.deliver(events)

    def ready(self, event: Event) -> Callable[[], object]:
        """Do what does not touch an object's state yet, and return the rest. It raises DriverError if it fails."""
        return lambda: self.deliver([event])

    def hold_two_writes(self) -> None:
        """From now on, the next write waits for the one after it: both writers have read before either writes."""
        self.served.run(partial(_hold_two_writes, self.compared.write))

    def seed(self, events: Sequence[Event]) -> None:
        """Store the whole history of one object, in its order, in the cheapest way that there is."""
        self.act("seed", events=events)

    def state(self, domain_id: str, times: int = 1) -> tuple[State, float]:
        """Read the state of an object, this many times. Returns it and the CPU time in seconds."""
        return self.act("state", domain_id=domain_id, times=times)

    def rebuild(self, domain_id: str) -> float:
        """Fold the whole history of an object. Returns the CPU time in seconds."""
        return self.act("rebuild", domain_id=domain_id)[1]

    def rebuilt(self, domain_id: str) -> State:
        """The state that a rebuild gives."""
        state: State = self.act("rebuild", domain_id=domain_id)[0]
        return state

    def used(self) -> Used:
        """What the calls since the last time used."""
        used: Used = self.served.run(_take_used)
        return used

    def stored_bytes(self) -> int:
        """The bytes of all items and all index entries."""
        size: int = self.served.run(_stored_bytes)
        return size

    def _reply(self) -> dict[str, Any]:
        assert self._process.stdout is not None  # noqa: S101  it was opened with a pipe
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the driver {self._process.args!r} has ended; its error is above")
        reply: dict[str, Any] = json.loads(line)
        return reply


class WithRows(Driver):
    """A driver whose rebuild writes the row that its state is read from."""

    def rebuilt(self, domain_id: str) -> State:
        self.rebuild(domain_id)
        return self.state(domain_id)[0]


class Pipeline(WithRows):
    """Both functions of this project: what the first stores, the stream gives to the second."""

    _sent = 0

    def deliver(self, events: Sequence[Event], *, full: bool = False, twice: bool = False) -> float:
        """Handle events, each alone or in full batches. `twice`: one batch of the stream in ten comes again."""
        sent = messages(events, self._sent)
        self._sent += len(sent)
        _, seconds = self.act("store", batches=_batches(sent, _MESSAGES if full else 1))
        batches = _batches(self.served.run(_take_records), _RECORDS if full else 1)
        if twice:
            batches = [
                each for number, batch in enumerate(batches) for each in [batch] * (2 if number % 10 == 9 else 1)
            ]
        return seconds + self.act("fold", batches=batches)[1]

    def deliver_again(self, events: Sequence[Event]) -> None:
        self.deliver(events, twice=True)

    def ready(self, event: Event) -> Callable[[], object]:
        self.act("store", batches=[messages([event], self._sent)])
        records = self.served.run(_take_records)
        return lambda: self.act("fold", batches=[records])

    def seed(self, events: Sequence[Event]) -> None:
        self.deliver(events, full=True)


@dataclass(frozen=True, slots=True)
class Compared:
    """One of the compared programs."""

    name: str
    command: Sequence[str]
    create_tables: Callable[[PeersDynamoDB], None]
    packages: Sequence[str]
    """The packages whose versions tell what was measured; "Python" or "Node" first."""
    write: tuple[str, str | None]
    """The operation that may overwrite what another writer wrote, and its table if it is used for others as well."""
    driver: type[Driver] = Driver
    keeps_history: bool = True
    needs: Path | None = field(default=None)
    """What must be installed for it."""

    def missing(self) -> str:
        """Why it cannot be measured here; empty if it can."""
        if self.needs is not None and not self.needs.exists():
            return f"{self.needs.relative_to(_REPOSITORY)} is not there; `make bench-peers` installs it if it can"
        if shutil.which(self.command[0]) is None:
            return f"{self.command[0]} is not installed"
        return ""

    @contextmanager
    def started(self) -> Iterator[Driver]:
        """Its driver, on an endpoint of its own with empty tables."""
        db = PeersDynamoDB()
        self.create_tables(db)
        with endpoint(db) as served, self._driver(served) as driver:
            yield driver

    def second(self, first: Driver) -> AbstractContextManager[Driver]:
        """Another driver on the same tables."""
        return self._driver(first.served)

    @contextmanager
    def _driver(self, served: Endpoint) -> Iterator[Driver]:
        environment = {
            **os.environ,
            **served.environment,
            "AWS_REGION": served.environment["AWS_DEFAULT_REGION"],
            "NODE_EXTRA_CA_CERTS": served.environment["AWS_CA_BUNDLE"],
            "NODE_NO_WARNINGS": "1",
        }
        process = subprocess.Popen(  # noqa: S603
            self.command, cwd=_REPOSITORY, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        with process:
            try:
                yield self.driver(self, process, served)
            finally:
                process.terminate()


def _this_project(db: PeersDynamoDB) -> None:
    db.create_table(EVENTS, "DomainId", "EventKey", stream=True, stream_view="NEW_IMAGE")
    db.create_table(ROWS, "DomainId")
    db.create_table(SNAPSHOTS, "DomainId", SLOT, range_type="N")


def _castore(db: PeersDynamoDB) -> None:
    db.create_table("events", "aggregateId", "version", range_type="N")
    db.create_index("events", "initialEvents", "eventStoreId", "timestamp", range_type="S", projects_all=False)


def _event_store_adapter(db: PeersDynamoDB) -> None:
    for table, index in (("journal", "journal-aid-index"), ("snapshot", "snapshots-aid-index")):
        db.create_table(table, "pkey", "skey")
        db.create_index(table, index, "aid", "seq_nr", range_type="N", projects_all=True)


def _python(module: str, interpreter: str = sys.executable) -> Sequence[str]:
    return (interpreter, "-m", f"bench.peers.drivers.{module}")


def _node(module: str, *arguments: str) -> Sequence[str]:
    return ("node", str(_HERE / "drivers" / f"{module}.mjs"), *arguments)


_PEERS = _REPOSITORY / ".venv-peers" / "bin" / "python"
_MODULES = _HERE / "node_modules"
_ADAPTER = ("Node", "event-store-adapter-js", "@aws-sdk/client-dynamodb")

THIS_PROJECT = Compared(
    "this project", _python("this_project"), _this_project, ("Python", "botocore"), ("PutItem", ROWS), Pipeline
)
THIS_PROJECT_DECIDED = Compared(
    "this project, decided",
    _python("this_project_decided"),
    _this_project,
    ("Python", "boto3"),
    ("TransactWriteItems", None),
    WithRows,
)
GET_APPLY_PUT = Compared(
    "get-apply-put",
    _python("get_apply_put"),
    lambda db: db.create_table(ROWS, "DomainId"),
    ("Python", "boto3"),
    ("PutItem", None),
    keeps_history=False,
)
ALL: Sequence[Compared] = (
    THIS_PROJECT,
    THIS_PROJECT_DECIDED,
    GET_APPLY_PUT,
    Compared(
        "castore",
        _node("castore"),
        _castore,
        ("Node", "@castore/core", "@castore/event-storage-adapter-dynamodb", "@aws-sdk/client-dynamodb"),
        ("PutItem", None),
        needs=_MODULES / "@castore" / "core",
    ),
    Compared(
        "event-store-adapter-js",
        _node("event_store_adapter"),
        _event_store_adapter,
        _ADAPTER,
        ("TransactWriteItems", None),
        needs=_MODULES / "event-store-adapter-js",
    ),
    Compared(
        "event-store-adapter-js, with snapshots",
        _node("event_store_adapter", "snapshots"),
        _event_store_adapter,
        _ADAPTER,
        ("TransactWriteItems", None),
        needs=_MODULES / "event-store-adapter-js",
    ),
    Compared(
        "eventsourcing with DynamoDB",
        _python("eventsourcing_app", str(_PEERS)),
        lambda db: db.create_table("events", "originator_id", "originator_version", range_type="N"),
        ("Python", "eventsourcing", "eventsourcing-dynamodb", "boto3"),
        ("BatchWriteItem", None),
        needs=_PEERS,
    ),
)


def _batches(things: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [things[start : start + size] for start in range(0, len(things), size)]


def _take_used(db: PeersDynamoDB) -> Used:
    usage = db.counters.usage
    calls: dict[str, int] = {}
    for (_, operation), each in usage.items():
        if each.calls:
            calls[operation] = calls.get(operation, 0) + each.calls
    used = Used(calls, sum(each.wcu for each in usage.values()), sum(each.rcu for each in usage.values()))
    db.counters.reset()
    return used


def _take_records(db: PeersDynamoDB) -> list[dict[str, Any]]:
    records = list(db.records(EVENTS))
    db.records(EVENTS).clear()
    return records


def _stored_bytes(db: PeersDynamoDB) -> int:
    collections = [each for table in db.tables.values() for each in table.collections.values()]
    return sum(stored.size for collection in collections for stored in collection.items.values())


def _hold_two_writes(write: tuple[str, str | None], db: PeersDynamoDB) -> None:
    both = Barrier(2)
    rest = [both, both]
    operation_of_write, table = write

    def intercept(operation: str, request: Mapping[str, Any], when: str) -> None:
        if when == "before" and operation == operation_of_write and table in {None, request.get("TableName")} and rest:
            rest.pop().wait(_PATIENCE)

    db.intercept = intercept
