"""Runs both functions as Lambda does, on AWS in memory, with all that they store, quarantine and log."""

import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Any

from cp_event_source.handler.aws import clients
from cp_event_source.handler.aws.telemetry import Telemetry
from cp_event_source.handler.domain.logic import DomainLogic
from cp_event_source.handler.events.stored_event import StoredEvent

from ..doubles.aws import Clock
from ..doubles.clients import direct_dynamodb, direct_sqs, wire
from ..doubles.dynamodb import DynamoDB
from ..doubles.mappings import QueueMapping, StreamMapping
from ..doubles.sqs import SQS, Message
from ..faults.functions import DOMAIN_NAME as DOMAIN_NAME
from ..faults.functions import PERSIST as PERSIST
from ..faults.functions import PROJECT as PROJECT
from ..faults.functions import Function, environment

SKEW_SECONDS = 600
CODES = {"contract-violation", "conflict", "unstorable"}


@cache
def _real_clients() -> tuple[Any, Any]:
    return clients.dynamodb(), clients.sqs()


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A message in the ingest dead-letter queue."""

    body: str
    code: str | None
    reason: str | None

    @classmethod
    def of(cls, message: Message) -> "Quarantined":
        texts = {name: value["StringValue"] for name, value in message.attributes.items()}
        return cls(message.body, texts.get("ReasonCode"), texts.get("Reason"))


class Pipeline:
    """One pipeline; `domain` is the logic of its project function."""

    def __init__(self, domain: DomainLogic, clock: Clock, *, is_wired: bool = False) -> None:
        self.clock = clock
        self.db = DynamoDB(self.clock)
        self.sqs = SQS(self.clock)
        self.db.create_table("events", "DomainId", "EventKey", stream=True)
        self.db.create_table("rows", "DomainId")
        self.db.create_table("snapshots", "DomainId", "CpEventSourceSlot", range_type="N")
        self.dead_letters = self.sqs.create_queue("ingest-dead-letters")
        self.ingest = self.sqs.create_queue("ingest", dead_letter_queue=self.dead_letters)
        self.parked = self.sqs.create_queue("parked")
        self.output = io.StringIO()
        self._dynamodb, self._sqs = _real_clients() if is_wired else (direct_dynamodb(self.db), direct_sqs(self.sqs))
        self._functions: dict[str, Function] = {}
        self.deploy(domain)

    def deploy(self, domain: DomainLogic, version: str = "v1") -> None:
        """Start both functions, the project function with this version of the domain's logic."""
        for name in (PERSIST, PROJECT):
            self._functions[name] = Function(
                name,
                self._dynamodb,
                self._sqs,
                clock=self.clock,
                domain=domain,
                telemetry=Telemetry,
                INGEST_DEAD_LETTER_QUEUE_URL=self.dead_letters,
                PARKED_QUEUE_URL=self.parked,
                MAX_FUTURE_SKEW_SECONDS=str(SKEW_SECONDS),
                LOGIC_VERSION=version,
            )

    def invoke(self, name: str, event: dict[str, Any], *, seconds: float = 60) -> Any:
        """Lambda's call of a function; what it writes to the standard output is in `output`."""
        context = SimpleNamespace(aws_request_id="r-1", get_remaining_time_in_millis=lambda: int(seconds * 1000))
        with redirect_stdout(self.output):
            return self._functions[name].handle(event, context)

    def persist(self, *bodies: str) -> list[str]:
        """Hand a batch of messages to the persist function. Returns the ids (m0, m1, ...) to deliver again."""
        attributes = {"SentTimestamp": str(int(self.clock.now * 1000))}
        records = [
            {"messageId": f"m{number}", "body": each, "attributes": attributes} for number, each in enumerate(bodies)
        ]
        return failures(self.invoke(PERSIST, {"Records": records}))

    def project(self, records: Sequence[Mapping[str, Any]]) -> list[str]:
        """Hand records of the stream to the project function. Returns the sequence numbers to deliver again."""
        return failures(self.invoke(PROJECT, {"Records": list(records)}))

    def rebuild(self, detail: Any, **bus: Any) -> Any:
        """Hand a bus event to the project function."""
        return self.invoke(PROJECT, {"id": "b-1", "source": "app", "detail": detail, **bus})

    def drain(self) -> None:
        """Let Lambda deliver all that waits in the ingest queue and in the stream."""
        QueueMapping(self.sqs, self.ingest, lambda event: self.invoke(PERSIST, event)).deliver_all()
        StreamMapping(self.db, "events", lambda event: self.invoke(PROJECT, event)).deliver_all()

    def send(self, *bodies: str) -> None:
        """Put messages into the ingest queue, as the bus does."""
        for body in bodies:
            self.sqs.handle("SendMessage", {"QueueUrl": self.ingest, "MessageBody": body})

    def events(self) -> list[StoredEvent]:
        return [StoredEvent.of(item) for item in self.db.items("events")]

    def rows(self) -> dict[str, dict[str, Any]]:
        return {item["DomainId"]["S"]: item for item in self.db.items("rows")}

    def quarantined(self) -> list[Quarantined]:
        return [Quarantined.of(message) for message in self.sqs.messages(self.dead_letters)]

    def lines(self) -> list[dict[str, Any]]:
        """What was logged so far, metrics among it."""
        return [json.loads(line) for line in self.output.getvalue().splitlines()]

    def metrics(self) -> dict[str, int]:
        """What was counted so far: CloudWatch reads it from lines in the embedded metric format."""
        counted: Counter[str] = Counter()
        for line in self.lines():
            for directive in line.get("_aws", {}).get("CloudWatchMetrics", ()):
                assert directive["Dimensions"] == [["DomainName", "FunctionName"]]
                counted.update({each["Name"]: sum(line[each["Name"]]) for each in directive["Metrics"]})
        return dict(counted)


def failures(reply: Any) -> list[str]:
    """The identifiers in a partial-batch reply, which Lambda must be able to read."""
    assert reply.keys() == {"batchItemFailures"}
    assert all(failure.keys() == {"itemIdentifier"} for failure in reply["batchItemFailures"])
    return [failure["itemIdentifier"] for failure in reply["batchItemFailures"]]


@contextmanager
def lambdas() -> Iterator[Callable[..., Pipeline]]:
    """Makes pipelines, each with its own environment and time. Only one pipeline has real clients."""
    clock, attached = Clock(), ExitStack()

    def make(domain: DomainLogic, *, is_wired: bool = False) -> Pipeline:
        made = Pipeline(domain, clock, is_wired=is_wired)
        if is_wired:
            dynamodb, sqs = _real_clients()
            attached.callback(wire(dynamodb, made.db))
            attached.callback(wire(sqs, made.sqs))
        return made

    with environment(), attached:
        yield make


@dataclass
class Seen:
    """What a probe's `apply` was given, by EventKey: the last time, for an event may be folded again."""

    payloads: dict[str, Any] = field(default_factory=dict)
    domain_payloads: dict[str, Any] = field(default_factory=dict)


def probe(seen: Seen) -> DomainLogic:
    """Logic that notes every event's payload, in both forms."""

    @dataclass
    class Log:
        DomainId: str
        Count: int = 0

        def apply(self, event: StoredEvent, payload: Any, domain_payload: Any) -> None:
            self.Count += 1
            seen.payloads[event.key] = payload
            seen.domain_payloads[event.key] = domain_payload

    return logic_of(Log)


def logic_of(kind: Any) -> DomainLogic:
    """Logic that folds into a dataclass whose fields, by their own names, are the row."""

    class Domain:
        @staticmethod
        def from_dynamo_item(item: Any) -> Any:
            return kind(**item)

        @staticmethod
        def create_new(domain_id: str) -> Any:
            return kind(domain_id)

        @staticmethod
        def to_dynamo_item(domain: Any) -> dict[str, Any]:
            return dict(vars(domain))

    module = ModuleType("domain_handler")
    module.__dict__.update(Domain=Domain, Kind=kind)
    return DomainLogic(module)
