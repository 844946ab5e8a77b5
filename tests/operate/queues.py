"""The queues of a pipeline in memory, with a process that can be killed at any call, and events for them."""

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any
from unittest import mock

from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.operate import dead_letters
from cp_event_source.operate.letters import Queue
from tests.doubles.aws import AwsError
from tests.doubles.clients import _DirectSQS
from tests.doubles.clock import FunctionClock
from tests.doubles.sqs import SQS, Message
from tests.operate.tables import quiet

_SINGLE = {
    "SendMessageBatch": "SendMessage",
    "DeleteMessageBatch": "DeleteMessage",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
}


class BatchSQS(SQS):
    """SQS with batches of requests, each of which may fail, and with a queue's approximate counts."""

    def handle(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        if operation == "GetQueueAttributes":
            total, visible = len(self.messages(request["QueueUrl"])), self.visible(request["QueueUrl"])
            counts = {
                "ApproximateNumberOfMessages": str(visible),
                "ApproximateNumberOfMessagesNotVisible": str(total - visible),
            }
            return {"Attributes": counts, "date": formatdate(self.clock.now, usegmt=True)}
        if operation not in _SINGLE:
            return super().handle(operation, request)
        assert 1 <= len(request["Entries"]) <= 10
        assert sum(len(entry.get("MessageBody", "").encode()) for entry in request["Entries"]) <= 1024 * 1024
        reply: dict[str, Any] = {"Successful": [], "Failed": []}
        for entry in request["Entries"]:
            single = {"QueueUrl": request["QueueUrl"], **{name: entry[name] for name in entry if name != "Id"}}
            try:
                super().handle(_SINGLE[operation], single)
            except AwsError as error:
                reply["Failed"].append({"Id": entry["Id"], "Code": error.code, "SenderFault": True})
            else:
                reply["Successful"].append({"Id": entry["Id"]})
        return {name: entries for name, entries in reply.items() if entries}


class _Client(_DirectSQS):
    def send_message_batch(self, **request: Any) -> dict[str, Any]:
        return self._call("SendMessageBatch", request)

    def delete_message_batch(self, **request: Any) -> dict[str, Any]:
        return self._call("DeleteMessageBatch", request)

    def change_message_visibility_batch(self, **request: Any) -> dict[str, Any]:
        return self._call("ChangeMessageVisibilityBatch", request)

    def get_queue_attributes(self, **request: Any) -> dict[str, Any]:
        reply = self._call("GetQueueAttributes", request)
        reply["ResponseMetadata"]["HTTPHeaders"] = {"date": reply.pop("date")}
        return reply


class Killed(BaseException):
    """The process is gone: none of its calls reaches AWS."""


@dataclass
class Queues:
    """A pipeline's queues, and its functions as far as commands see them."""

    sqs: BatchSQS = field(default_factory=BatchSQS)
    rebuilt: list[str] = field(default_factory=list)
    rebuild_answer: Callable[[str], Mapping[str, Any]] | None = None
    """What the project function answers; by default that the object is rebuilt."""
    kill_at: int | None = None
    """The process is killed before its call of this number takes effect, or after it, by turns."""
    interrupts: bool = False
    """Whether the process is interrupted by Ctrl-C instead, and so may clean up."""
    work: Callable[[], None] = lambda: None
    """What happens between any two calls."""
    _calls: int = 0

    def __post_init__(self) -> None:
        self.urls = {queue: self.sqs.create_queue(queue.value) for queue in Queue}
        self.ingest = self.sqs.create_queue("to-be-stored")
        self.sqs.intercept = self._call

    @property
    def pipeline(self) -> Pipeline:
        outputs = {
            "domain_name": "File",
            "ingest_queue_url": self.ingest,
            "project_function_arn": "arn:aws:lambda:eu-central-1:123456789012:function:project",
            "persist_function_arn": "arn:aws:lambda:eu-central-1:123456789012:function:persist",
            **{queue.output: url for queue, url in self.urls.items()},
        }
        clients: Any = _Clients(self)
        return Pipeline("files", outputs, clients)

    def put(self, queue: Queue, *bodies: str, **attributes: str) -> list[str]:
        """Send messages. Returns their ids."""
        ids = []
        for body in bodies:
            self.sqs._send(
                self.sqs.queues[self.urls[queue]],
                {
                    "MessageBody": body,
                    "MessageAttributes": {
                        name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
                    },
                },
            )
            ids.append(self.messages(queue)[-1].id)
        return ids

    def messages(self, queue: Queue) -> list[Message]:
        return self.sqs.messages(self.urls[queue])

    def bodies(self, queue: Queue) -> list[str]:
        return [message.body for message in self.messages(queue)]

    def sent_back(self) -> list[str]:
        return [message.body for message in self.sqs.messages(self.ingest)]

    def hidden(self) -> int:
        """The messages in the three queues that no reader finds now."""
        return sum(len(self.sqs.messages(url)) - self.sqs.visible(url) for url in self.urls.values())

    def run(self, message_ids: Sequence[str] = (), **options: Any) -> int:
        """Run the command `dead-letters`, on the queues' clock. Returns its exit code."""
        output = quiet()
        with mock.patch.object(dead_letters, "Clock", return_value=FunctionClock(self.sqs.clock)):
            dead_letters.dead_letters(self.pipeline, output, list(message_ids), **options)
        return output.exit_code

    def restart(self, kill_at: int | None) -> None:
        """Start the process again, after all that it had hidden is visible."""
        self.sqs.clock.advance(3600)
        self.kill_at, self._calls = kill_at, 0

    def _call(self, operation: str, request: Mapping[str, Any], phase: str) -> None:
        if self.kill_at is not None and self._calls > self.kill_at and not self.interrupts:
            raise Killed
        self.sqs.clock.advance(0.2)
        self.work()
        if self.kill_at is not None and self._calls == self.kill_at:
            self._calls += 1
            raise KeyboardInterrupt if self.interrupts else Killed
        self._calls += 1
        assert self._calls < 5000, "the command must end"


@dataclass
class _Clients:
    of: Queues

    def __call__(self, service: str) -> Any:
        return _Client(self.of.sqs, "sqs") if service == "sqs" else _Lambda(self.of)

    def with_settings(self, service: str, **_: Any) -> Any:
        return self(service)


@dataclass
class _Lambda:
    of: Queues

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803  boto3's names
        domain_id = json.loads(Payload)["detail"]["DomainId"]
        self.of._call("Invoke", {}, "before")
        self.of.rebuilt.append(domain_id)
        self.of._call("Invoke", {}, "after")
        answer = self.of.rebuild_answer or (lambda _: {"EventCount": 1, "Checkpoint": "k", "LogicVersion": "v"})
        return {"Payload": io.BytesIO(json.dumps(answer(domain_id)).encode())}

    def get_function_configuration(self, FunctionName: str) -> dict[str, Any]:  # noqa: N803
        assert FunctionName.endswith(":persist")
        return {"Environment": {"Variables": {"MAX_FUTURE_SKEW_SECONDS": "600"}}}


def event(event_id: str, **fields: Any) -> str:
    """A bus event with an event of the domain File, as JSON."""
    detail = {
        "DomainId": "file-1",
        "EventTime": "2026-01-01T00:00:00Z",
        "EventId": event_id,
        "UserId": "ada",
        "EventType": "DOMAIN",
        "EventName": "FileRenamed",
        "DomainName": "File",
        "Payload": {"Name": "a"},
        "Version": 1,
    }
    return json.dumps({"id": "bus-1", "detail-type": "FileRenamed", "detail": {**detail, **fields}})


def request(domain_id: str, **fields: Any) -> str:
    """A rebuild request, as the bus leaves it."""
    detail = {"EventType": "REBUILD", "DomainName": "File", "DomainId": domain_id, **fields}
    return json.dumps({"id": "bus-2", "detail-type": "REBUILD", "detail": detail})


def notice(domain_id: str, cause: str = "LOGIC") -> str:
    return json.dumps({"DomainName": "File", "DomainId": domain_id, "Cause": cause, "EventId": "e", "Reason": "secret"})


def expired(size: int = 1) -> str:
    """What Lambda says about a batch that it has given up."""
    batch = {
        "shardId": "shardId-00000001573689847184-864758bb",
        "startSequenceNumber": "800000000003126276362",
        "endSequenceNumber": "800000000003126276370",
        "approximateArrivalOfFirstRecord": "2026-01-01T00:00:00Z",
        "approximateArrivalOfLastRecord": "2026-01-01T00:00:01Z",
        "batchSize": size,
    }
    return json.dumps({"requestContext": {"condition": "RetryAttemptsExhausted"}, "DDBStreamBatchInfo": batch})


def kills(drawn: Sequence[int]) -> Iterator[int | None]:
    """Where each process is killed; the last one is not."""
    yield from drawn
    yield None
