"""Both functions on doubles of AWS, and the steps that may happen to them.

The doubles of Lambda's mappings deliver batches. Each reply is compared at once with what the function did, and each
row with the one that it replaced.
"""

import json
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cp_event_source.handler.aws import clients
from cp_event_source.handler.domain.logic import DomainLogic
from cp_event_source.handler.events.stored_event import DECIDED
from cp_event_source.handler.projection.rebuild import RebuildFailed

from ..doubles.aws import Clock, invalid
from ..doubles.clients import direct_dynamodb, direct_sqs, wire
from ..doubles.dynamodb import DynamoDB
from ..doubles.mappings import Crashed, QueueMapping, StreamMapping
from ..doubles.sqs import SQS
from ..handler.doubles import stored
from . import oracle
from .decisions import DECIDER, WHO, Told, command, service, told, withdraw
from .domain import logic
from .functions import DOMAIN_NAME, PERSIST, PROJECT, Function
from .injector import Fault, Injector, Process

SECONDS = {PERSIST: 90, PROJECT: 900}
"""The time limit of an invocation."""
LEASE_SECONDS = 15 * 60
"""How long a rebuild's note blocks other rebuilds."""
REFUSED = "Refused"
"""The EventName of events that this DynamoDB always refuses."""

_MAX_DELIVERIES = 80
_ASYNCHRONOUS_RETRIES = (60, 120)
"""Lambda retries an asynchronous invocation twice, after these waits in seconds (Lambda Developer Guide, "How Lambda
handles errors and retries with asynchronous invocation")."""


class Tables(DynamoDB):
    """DynamoDB with a rule that is not part of the event's contract."""

    def continue_from(self, other: "Tables") -> None:
        """Hold what other tables hold."""
        self.batch_get_keys = other.batch_get_keys
        self._sequence_number = other._sequence_number
        for name, table in other.tables.items():
            self.tables[name].continue_from(table)

    def _put_item(self, request: Mapping[str, Any]) -> dict[str, Any]:
        if request["Item"].get("EventName") == {"S": REFUSED}:
            raise invalid("refused")
        return super()._put_item(request)


class Pipeline:
    """One pipeline."""

    def __init__(self, *, is_wired: bool = False, has_threads: bool = False) -> None:
        self.clock = Clock()
        self.db = Tables(self.clock)
        self.sqs = SQS(self.clock)
        self.db.create_table("events", "DomainId", "EventKey", stream=True)
        self.db.create_table("rows", "DomainId")
        self.db.create_table("snapshots", "DomainId", "CpEventSourceSlot", range_type="N")
        self.dead_letters = self.sqs.create_queue("ingest-dead-letters")
        self.ingest = self.sqs.create_queue("ingest", visibility_timeout=540, dead_letter_queue=self.dead_letters)
        self.parked = self.sqs.create_queue("parked")
        self.injector = Injector(self.clock, by_signature=has_threads)
        self.injector.before_call = self._run_concurrent_step
        self.injector.after_effect = self._check_write
        self.db.intercept = self.injector.hook("dynamodb", self.db.handle, is_wired=is_wired)
        self.sqs.intercept = self.injector.hook("sqs", self.sqs.handle, is_wired=is_wired)
        self.messages = QueueMapping(self.sqs, self.ingest, self._persist)
        self.stream = StreamMapping(self.db, "events", self._project, shards=1, overtaking=0, absent=DECIDED)
        self.version = "v1"
        self.seconds_per_event = 0.0
        self.is_slow = False
        """True if the events of one domain object may take longer than an invocation."""
        self.violations: list[str] = []
        """The guarantees that a step broke."""
        self.sent: list[str] = []
        """The bodies of all messages."""
        self.events: list[dict[str, Any]] = []
        """The events that the test itself stored."""
        self.lost_ever: set[str] = set()
        """The keys of all events that the store lost at some time."""
        self.lost: list[dict[str, Any]] = []
        """The events that the store lacks now."""
        self.concurrent: list[Callable[[], None]] = []
        """Steps that happen while a rebuild or a decision runs, one before each of its calls."""
        self.rebuild_faults: list[dict[int, Fault]] = []
        """The faults of the next rebuild processes, by the number of the call."""
        self.rebuilds: list[str] = []
        """How each try of a rebuild ended: the name of the error, or an empty text."""
        self.told: list[Told] = []
        """What the callers of decisions were told."""
        self.calls_under_faults = 0
        self._is_wired = is_wired
        self._has_threads = has_threads
        self._running: dict[str, tuple[Process, Function]] = {}
        self._entries: dict[str, list[str]] = {}
        self._logics: dict[str, DomainLogic] = {}

    def continue_from(self, other: "Pipeline") -> None:
        """Begin where another pipeline is. The functions' processes are new."""
        self.clock.now = other.clock.now
        self.db.continue_from(other.db)
        self.sqs.continue_from(other.sqs)
        self.stream.continue_from(other.stream)
        self.version = other.version
        self.seconds_per_event = other.seconds_per_event
        self.is_slow = other.is_slow
        self.violations += other.violations
        self.sent += other.sent
        self.events += other.events
        self.lost_ever |= other.lost_ever
        self.lost += other.lost
        self.rebuilds += other.rebuilds
        self.told += other.told
        self._entries |= other._entries

    def store(self, domain_id: str, *numbers: int, poison: bool = False) -> None:
        """Store events. They enter the stream in this order."""
        for number in numbers:
            item = stored(number, domain_id=domain_id, poison=poison).item
            self._call(self.db.handle, "PutItem", {"TableName": "events", "Item": item})
            self.events.append(item)

    def store_just_before_the_newest(self, domain_id: str) -> None:
        """Store a late event: its position is just before the newest event."""
        newest = oracle.stored(self.db, domain_id)[-1]
        event_id = f"a-{newest['EventId']['S']}"
        key = newest["EventKey"]["S"].partition("#")[0] + f"#{event_id}"
        item = {**stored(0, domain_id=domain_id).item, "EventKey": {"S": key}, "EventId": {"S": event_id}}
        self._call(self.db.handle, "PutItem", {"TableName": "events", "Item": item})
        self.events.append(item)

    def send(self, *bodies: str) -> None:
        """Send messages to the ingest queue."""
        for body in bodies:
            self._call(self.sqs.handle, "SendMessage", {"QueueUrl": self.ingest, "MessageBody": body})
            self.sent.append(body)

    def deliver(self, size: int = 100, *, lose_acknowledgement: bool = False) -> None:
        """Deliver one batch of the stream, if there is one."""
        if self.stream.pending():
            self.stream.deliver_one(0, size=size, lose_acknowledgement=lose_acknowledgement)

    def drain(self, size: int = 100) -> None:
        """Deliver messages and records until none is left."""
        for _ in range(_MAX_DELIVERIES):
            if self.messages.pending():
                self.messages.deliver_one()
            elif self.stream.pending():
                self.deliver(size)
            elif self.sqs.messages(self.ingest):
                self.clock.advance(self.sqs.queues[self.ingest].visibility_timeout)
            else:
                return
        self.violations.append(f"not drained after {_MAX_DELIVERIES} deliveries")

    def deploy(self, version: str) -> None:
        """Deploy new logic. A new process runs it."""
        self.version = version
        self._running.pop(PROJECT, None)

    def delete_row(self, domain_id: str) -> None:
        """Delete a row, as a person may do by hand."""
        self._call(self.db.handle, "DeleteItem", {"TableName": "rows", "Key": {"DomainId": {"S": domain_id}}})
        self._entries.pop(domain_id, None)

    def rebuild(self, domain_id: str, request_id: str = "request") -> bool:
        """Request a rebuild, in a process of its own. Lambda retries it.

        Returns:
            True if a try succeeded.
        """
        detail = {"EventType": "REBUILD", "DomainName": DOMAIN_NAME, "DomainId": domain_id}
        for wait in (*_ASYNCHRONOUS_RETRIES, 0):
            faults = self.rebuild_faults.pop(0) if self.rebuild_faults else {}
            process = Process(PROJECT, is_met=True, faults=faults)
            stored_before = len(oracle.keys_of(self.db, domain_id))
            try:
                reply = self._run(process, self._started(process), {"detail": detail}, request_id)
            except (Crashed, RebuildFailed, ClientError, BotoCoreError) as error:
                self.rebuilds.append(type(error).__name__)
                self.clock.advance(wait)
                continue
            self.rebuilds.append("")
            if reply["EventCount"] < stored_before or reply["LogicVersion"] != self.version:
                self.violations.append(f"{stored_before} events were stored before a rebuild that replied {reply}")
            return True
        return False

    def decide(self, domain_id: str, number: int, *, calls: int = 1) -> bool:
        """A service decides on a command. If it was not told that the command is decided, it asks once more.

        Args:
            domain_id: the object.
            number: the command.
            calls: how often it asks at most. Each time it is a new process.

        Returns:
            True if it was told that the command is decided.
        """
        asked = command(domain_id, number, self.clock)
        for _ in range(calls):
            process = Process(DECIDER, is_met=True)
            around, self.injector.current = self.injector.current, process
            process.deadline = self.clock.now + SECONDS[PROJECT]
            dynamodb = self._wired(process)[0] if self._is_wired else direct_dynamodb(self.db)
            made = service(dynamodb, self._logic(), self.version, self.clock)
            try:
                ended = told(domain_id, asked, lambda: made.decide(domain_id, asked, withdraw, WHO, timeout_seconds=4))  # noqa: B023
            finally:
                self.injector.invocations += 1
                self.injector.current = around
            self.told.append(ended)
            if ended.outcome == "decided":
                return True
        return False

    def lose(self, domain_id: str, *numbers: int) -> None:
        """Remove events from the store. The pipeline itself never does that."""
        for number in numbers:
            item = stored(number, domain_id=domain_id).item
            key = {name: item[name] for name in ("DomainId", "EventKey")}
            self._call(self.db.handle, "DeleteItem", {"TableName": "events", "Key": key})
            self.lost_ever.add(item["EventKey"]["S"])
            self.lost.append(item)

    def put_back(self) -> None:
        """Put back all events that the store lost."""
        while self.lost:
            self._call(self.db.handle, "PutItem", {"TableName": "events", "Item": self.lost.pop()})

    def run_concurrent_steps(self) -> None:
        """Run the steps that are left after a rebuild ended."""
        while self.concurrent:
            self.concurrent.pop(0)()

    def _persist(self, event: dict[str, Any]) -> Any:
        self.injector.touched = []
        began = self.clock.now
        reply = self._invoke(PERSIST, event)
        is_late = self.clock.now - began > SECONDS[PERSIST] / 2
        named = {failure["itemIdentifier"] for failure in reply["batchItemFailures"]}
        for record in event["Records"]:
            if record["messageId"] not in named and not oracle.is_kept(self, record["body"]):
                self.violations.append(f"acknowledged, but neither stored nor quarantined: {record['body'][:80]}")
        if len(named) > len(self.injector.touched) and not is_late:
            self.violations.append(f"{len(named)} messages returned after {len(self.injector.touched)} faults")
        return reply

    def _project(self, event: dict[str, Any]) -> Any:
        self.injector.touched = []
        began = self.clock.now
        reply = self._invoke(PROJECT, event)
        named = {failure["itemIdentifier"] for failure in reply["batchItemFailures"]}
        faulty = {*self.injector.touched}
        is_late = self.clock.now - began > SECONDS[PROJECT] / 2
        by_object: dict[str, list[Mapping[str, Any]]] = {}
        for record in event["Records"]:
            by_object.setdefault(record["dynamodb"]["Keys"]["DomainId"]["S"], []).append(record["dynamodb"])
        for domain_id, records in by_object.items():
            returned = [record["SequenceNumber"] in named for record in records]
            if any(returned) and not all(returned):
                self.violations.append(f"only some records of {domain_id} were returned")
            if any(returned) and not faulty & {domain_id, "*"} and not is_late:
                self.violations.append(f"{domain_id} was returned, but faults met {faulty}")
            keys = {record["Keys"]["EventKey"]["S"] for record in records}
            if not any(returned) and not oracle.is_taken_in(self.db, domain_id, keys):
                self.violations.append(f"acknowledged, but not in the row of {domain_id}: {sorted(keys)}")
        return reply

    def _invoke(self, name: str, event: dict[str, Any]) -> Any:
        process, function = self._running.get(name) or (Process(name), None)
        if function is None or process.has_crashed:
            process = Process(name)
            function = self._started(process)
            self._running[name] = process, function
        try:
            return self._run(process, function, event, "request")
        except Exception as error:
            self.violations.append(f"the entry point raised {error!r}")
            raise

    def _run(self, process: Process, function: Function, event: Any, request_id: str) -> Any:
        around, self.injector.current = self.injector.current, process
        process.deadline = self.clock.now + SECONDS[process.name]
        context = SimpleNamespace(
            aws_request_id=request_id,
            get_remaining_time_in_millis=lambda: int((process.deadline - self.clock.now) * 1000),
        )
        try:
            return function.handle(event, context)
        finally:
            if self._has_threads:
                function.stop()
                self._running.pop(process.name, None)
            self.injector.invocations += 1
            self.injector.current = around

    def _started(self, process: Process) -> Function:
        if self._is_wired:
            dynamodb, sqs = self._wired(process)
        else:
            dynamodb, sqs = direct_dynamodb(self.db), direct_sqs(self.sqs)
        return Function(
            process.name,
            dynamodb,
            sqs,
            clock=self.clock,
            domain=self._logic(),
            has_threads=self._has_threads,
            LOGIC_VERSION=self.version,
            INGEST_DEAD_LETTER_QUEUE_URL=self.dead_letters,
            PARKED_QUEUE_URL=self.parked,
        )

    def _logic(self) -> DomainLogic:
        if self.version not in self._logics:
            self._logics[self.version] = logic(self.version, lambda: self.clock.advance(self.seconds_per_event))
        return self._logics[self.version]

    def _wired(self, process: Process) -> tuple[Any, Any]:
        """New clients for the process, as at a cold start: each client has its own quota of retries."""

        def begin(model: Any, params: Mapping[str, Any], **_: Any) -> None:
            self.injector.begin(process, model.name, json.loads(params["body"]))

        dynamodb, sqs = clients.dynamodb(), clients.sqs()
        for client in (dynamodb, sqs):
            client.meta.events.register("before-call", begin)
        wire(dynamodb, self.db)
        wire(sqs, self.sqs)
        return dynamodb, sqs

    def _run_concurrent_step(self, process: Process) -> None:
        if process.is_met and self.concurrent and process.calls > process.steps:
            process.steps = process.calls
            self.concurrent.pop(0)()

    def _check_write(self, operation: str, request: Mapping[str, Any]) -> None:
        if operation == "TransactWriteItems":
            request = request["TransactItems"][-1]["Put"]
        elif operation != "PutItem" or request["TableName"] != "rows":
            return
        domain_id: str = request["Item"]["DomainId"]["S"]
        row = oracle.row_of(self.db, domain_id)
        if row is None or oracle.revision_of(row) != oracle.revision_of(request["Item"]):
            return
        entries = oracle.ids_of(row)
        lost = {*self._entries.get(domain_id, ())} - {*entries}
        if lost:
            self.violations.append(f"a write removed {sorted(lost)} from the row of {domain_id}")
        self._entries[domain_id] = entries
        self.violations += oracle.faults_of_row(self, row)

    def _call(
        self, call: Callable[[str, Mapping[str, Any]], object], operation: str, request: Mapping[str, Any]
    ) -> None:
        """A call of the test itself. It gets no faults."""
        process, self.injector.current = self.injector.current, None
        call(operation, request)
        self.injector.current = process
