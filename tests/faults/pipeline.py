"""Both functions on doubles of AWS, and what may happen to them.

Deliveries come from the doubles of Lambda's mappings. Every reply is compared with what was done, and every row with
the one that it replaced, at once.
"""

import json
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cp_event_source.handler.aws import clients
from cp_event_source.handler.domain.logic import DomainLogic
from cp_event_source.handler.projection.rebuild import RebuildFailed

from ..doubles.aws import Clock, invalid
from ..doubles.clients import direct_dynamodb, direct_sqs, wire
from ..doubles.dynamodb import DynamoDB
from ..doubles.mappings import Crashed, QueueMapping, StreamMapping
from ..doubles.sqs import SQS
from ..handler.doubles import stored
from . import oracle
from .domain import logic
from .functions import DOMAIN_NAME, PERSIST, PROJECT, Function
from .injector import Fault, Injector, Process

SECONDS = {PERSIST: 90, PROJECT: 900}
"""An invocation's."""
LEASE_SECONDS = 15 * 60
REFUSED = "Refused"
"""The EventName of events that this DynamoDB refuses for good."""

_MOST_DELIVERIES = 80
_ASYNCHRONOUS_RETRIES = (60, 120)
"""Lambda's waits (seconds) before it tries an asynchronous invocation again (Lambda Developer Guide, "How Lambda
handles errors and retries with asynchronous invocation"): twice."""


class Tables(DynamoDB):
    """DynamoDB that has rules which the event's contract does not know."""

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
        self.injector.before_call = self._go_on_beside
        self.injector.after_effect = self._look_at_write
        self.db.intercept = self.injector.hook("dynamodb", self.db.handle, is_wired=is_wired)
        self.sqs.intercept = self.injector.hook("sqs", self.sqs.handle, is_wired=is_wired)
        self.messages = QueueMapping(self.sqs, self.ingest, self._persist)
        self.stream = StreamMapping(self.db, "events", self._project, shards=1, overtaking=0)
        self.version = "v1"
        self.seconds_per_event = 0.0
        self.is_slow = False
        """Whether one domain's events may take longer than an invocation."""
        self.violations: list[str] = []
        """What was wrong on the way."""
        self.sent: list[str] = []
        """The bodies of all messages."""
        self.events: list[dict[str, Any]] = []
        """The events that the test itself stored."""
        self.lost_ever: set[str] = set()
        """The keys of the events that the store ever lost."""
        self.lost: list[dict[str, Any]] = []
        """Those that it lacks now."""
        self.beside: list[Callable[[], None]] = []
        """What happens while a rebuild runs: a step before each of its calls."""
        self.fates: list[dict[int, Fault]] = []
        """The faults of the rebuilds' processes to come, by the number of the call."""
        self.rebuilds: list[str] = []
        """How each try of a rebuild ended."""
        self.calls_under_faults = 0
        self._is_wired = is_wired
        self._has_threads = has_threads
        self._running: dict[str, tuple[Process, Function]] = {}
        self._entries: dict[str, list[str]] = {}
        self._logics: dict[str, DomainLogic] = {}

    def store(self, domain_id: str, *numbers: int, poison: bool = False) -> None:
        """Store events, which go on the stream in this order."""
        for number in numbers:
            item = stored(number, domain_id=domain_id, poison=poison).item
            self._call(self.db.handle, "PutItem", {"TableName": "events", "Item": item})
            self.events.append(item)

    def store_just_before_the_newest(self, domain_id: str) -> None:
        """Store an event that is late by one."""
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
        for _ in range(_MOST_DELIVERIES):
            if self.messages.pending():
                self.messages.deliver_one()
            elif self.stream.pending():
                self.deliver(size)
            elif self.sqs.messages(self.ingest):
                self.clock.advance(self.sqs.queues[self.ingest].visibility_timeout)
            else:
                return
        self.violations.append(f"not drained after {_MOST_DELIVERIES} deliveries")

    def deploy(self, version: str) -> None:
        """New logic, for processes that start anew."""
        self.version = version
        self._running.pop(PROJECT, None)

    def delete_row(self, domain_id: str) -> None:
        """As a person does it by hand."""
        self._call(self.db.handle, "DeleteItem", {"TableName": "rows", "Key": {"DomainId": {"S": domain_id}}})
        self._entries.pop(domain_id, None)

    def rebuild(self, domain_id: str, request_id: str = "request") -> bool:
        """Ask for a rebuild, by a process of its own; Lambda tries again as it does. Whether a try ended well."""
        detail = {"EventType": "REBUILD", "DomainName": DOMAIN_NAME, "DomainId": domain_id}
        for wait in (*_ASYNCHRONOUS_RETRIES, 0):
            process = Process(PROJECT, is_rebuild=True, faults=self.fates.pop(0) if self.fates else {})
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

    def lose(self, domain_id: str, *numbers: int) -> None:
        """Take events out of the store, as nothing of the pipeline's own can."""
        for number in numbers:
            item = stored(number, domain_id=domain_id).item
            key = {name: item[name] for name in ("DomainId", "EventKey")}
            self._call(self.db.handle, "DeleteItem", {"TableName": "events", "Key": key})
            self.lost_ever.add(item["EventKey"]["S"])
            self.lost.append(item)

    def put_back(self) -> None:
        """Everything that the store lost."""
        while self.lost:
            self._call(self.db.handle, "PutItem", {"TableName": "events", "Item": self.lost.pop()})

    def go_on_beside(self) -> None:
        """What is left of what was to happen beside a rebuild."""
        while self.beside:
            self.beside.pop(0)()

    def _persist(self, event: dict[str, Any]) -> Any:
        self.injector.touched = []
        began = self.clock.now
        reply = self._invoke(PERSIST, event)
        is_late = self.clock.now - began > SECONDS[PERSIST] / 2
        named = {failure["itemIdentifier"] for failure in reply["batchItemFailures"]}
        for record in event["Records"]:
            if record["messageId"] not in named and not oracle.is_kept(self, record["body"]):
                self.violations.append(f"acknowledged, and neither stored nor set aside: {record['body'][:80]}")
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
        shares: dict[str, list[Mapping[str, Any]]] = {}
        for record in event["Records"]:
            shares.setdefault(record["dynamodb"]["Keys"]["DomainId"]["S"], []).append(record["dynamodb"])
        for domain_id, share in shares.items():
            returned = [record["SequenceNumber"] in named for record in share]
            if any(returned) and not all(returned):
                self.violations.append(f"only some records of {domain_id} were returned")
            if any(returned) and not faulty & {domain_id, "*"} and not is_late:
                self.violations.append(f"{domain_id} was returned, but faults met {faulty}")
            keys = {record["Keys"]["EventKey"]["S"] for record in share}
            if not any(returned) and not oracle.is_taken_in(self.db, domain_id, keys):
                self.violations.append(f"acknowledged, and not in the row of {domain_id}: {sorted(keys)}")
        return reply

    def _invoke(self, name: str, event: dict[str, Any]) -> Any:
        process, function = self._running.get(name) or (Process(name), None)
        if function is None or process.is_dead:
            process = Process(name)
            function = self._started(process)
            self._running[name] = process, function
        try:
            return self._run(process, function, event, "request")
        except Exception as error:
            self.violations.append(f"the entry point let escape {error!r}")
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
            if self._has_threads and process.name == PROJECT:
                function.stop()
                self._running.pop(PROJECT, None)
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
        """Clients of the process's own, as at a cold start: botocore's quota of retries is a client's."""

        def begin(model: Any, params: Mapping[str, Any], **_: Any) -> None:
            self.injector.begin(process, model.name, json.loads(params["body"]))

        dynamodb, sqs = clients.dynamodb(), clients.sqs()
        for client in (dynamodb, sqs):
            client.meta.events.register("before-call", begin)
        wire(dynamodb, self.db)
        wire(sqs, self.sqs)
        return dynamodb, sqs

    def _go_on_beside(self, process: Process) -> None:
        if process.is_rebuild and self.beside and process.calls > process.steps:
            process.steps = process.calls
            self.beside.pop(0)()

    def _look_at_write(self, operation: str, request: Mapping[str, Any]) -> None:
        if operation != "PutItem" or request["TableName"] != "rows":
            return
        domain_id: str = request["Item"]["DomainId"]["S"]
        row = oracle.row_of(self.db, domain_id)
        if row is None or oracle.revision_of(row) != oracle.revision_of(request["Item"]):
            return
        entries = oracle.ids_of(row)
        lost = {*self._entries.get(domain_id, ())} - {*entries}
        if lost:
            self.violations.append(f"a write took {sorted(lost)} out of the row of {domain_id}")
        self._entries[domain_id] = entries
        self.violations += oracle.faults_of_row(self, row)

    def _call(
        self, call: Callable[[str, Mapping[str, Any]], object], operation: str, request: Mapping[str, Any]
    ) -> None:
        """A call of the test's own, which no fault meets."""
        process, self.injector.current = self.injector.current, None
        call(operation, request)
        self.injector.current = process
