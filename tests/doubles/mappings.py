"""Lambda's event-source mappings: which records a function gets and when, and what happens to a failed batch.

A test decides every step: which shard delivers, how large the batch is, and whether Lambda gets the reply. The test's
function decides how an invocation ends. Events and replies are JSON, as in Lambda.

AWS says (AWS Lambda Developer Guide):

- "How Lambda processes records from stream and queue-based event sources": each record is delivered at least once, so
  expect repetitions; a batch ends at its size or at 6 MB.
- "Configuring partial batch response with DynamoDB and Lambda", "Handling errors for an SQS event source in Lambda":
  the meaning of replies; see `failed_identifiers`.
"""

import base64
import heapq
import json
import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from .aws import REGION
from .dynamodb import DynamoDB
from .sqs import SQS, Message

PAYLOAD_BYTES = 6 * 1024 * 1024

Function = Callable[[dict[str, Any]], Any]
"""A handler without its context."""

_FIRST_SEQUENCE_NUMBER = 10**23


class Crashed(BaseException):
    """The function's process ended (killed, out of memory, out of time). No `except Exception` in it can catch this."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One invocation."""

    records: list[dict[str, Any]]
    reply: Any
    error: BaseException | None
    done: int
    """How many of the records Lambda will not deliver again."""


def failed_identifiers(reply: Any) -> list[str] | None:
    """The failed records that a reply reports; None if the reply means that the whole batch failed.

    AWS says: a complete success is an empty or null batchItemFailures list, and an empty or null reply; a complete
    failure is an empty or null itemIdentifier, or one with a bad key name, and with SQS invalid JSON.

    Simplified: a stream's reply that is not an object is also a failure. The guide does not list it.
    """
    if reply is None:
        return []
    try:
        identifiers = [failure["itemIdentifier"] for failure in reply.get("batchItemFailures") or ()]
    except (AttributeError, KeyError, TypeError):
        return None
    return identifiers if all(isinstance(each, str) and each for each in identifiers) else None


def invoke(function: Function, records: list[str]) -> tuple[list[dict[str, Any]], Any, BaseException | None]:
    """Call a function with records in JSON.

    Returns:
        The records, and the function's reply or error.
    """
    event: dict[str, Any] = json.loads(f'{{"Records": [{",".join(records)}]}}')
    given = json.loads(f"[{','.join(records)}]")  # the function may change its own copy
    try:
        return given, json.loads(json.dumps(function(event))), None
    except (Exception, Crashed) as error:  # noqa: BLE001  Lambda continues after any error of a function
        return given, None, error


def fitting(records: list[str], most: int) -> int:
    """How many of the first records fit into one batch. The JSON here has one byte for each character."""
    size = 0
    for count, record in enumerate(records[:most]):
        size += len(record)
        if size > PAYLOAD_BYTES and count:
            return count
    return min(most, len(records))


@dataclass(frozen=True, slots=True)
class ShardRecord:
    """A record at its position in a shard."""

    sequence_number: str
    json: str


@dataclass(slots=True)
class Shard:
    """The records of one shard that Lambda must still deliver, in order: failed batches first, then new records."""

    again: deque[list[ShardRecord]] = field(default_factory=deque)
    read: deque[ShardRecord] = field(default_factory=deque)
    written: list[tuple[float, int, dict[str, Any]]] = field(default_factory=list)
    """A heap of records that have not reached the shard yet, by their time of arrival."""
    is_busy: bool = False

    def is_empty(self) -> bool:
        return not (self.again or self.read or self.written)


class StreamMapping:
    """A table's stream and the function that reads it, with parallelisation 1 and unlimited retries.

    AWS says:

    - DynamoDB Developer Guide, "Change data capture for DynamoDB Streams": each record appears exactly once; for each
      item the records appear in the order of its changes. The guide does not define the order between items, so here
      up to `overtaking` newer records of other items may overtake a record.
    - Lambda API reference, CreateEventSourceMapping: ParallelizationFactor is the number of batches of a shard that are
      processed concurrently.
    - What's New, "AWS Lambda Supports Failure-Handling Features for Kinesis & DynamoDB Event Sources": if the function
      returns an error, Lambda stops processing the shard and retries the entire batch until it succeeds or expires;
      with bisecting it breaks the batch in two.
    - Lambda Developer Guide, "Control which events Lambda sends to your function": a record that matches no filter is
      discarded, not delivered.
    - Lambda Developer Guide, "Configuring partial batch response with DynamoDB and Lambda": of several reported records
      the lowest sequence number becomes the checkpoint, and all records from there on are delivered again, including
      those that succeeded.

    Simplified: shards neither split nor end; records do not expire; an identifier that is not in the batch makes the
    whole batch fail (the guide does not define this); retries have no delay.
    """

    def __init__(
        self,
        db: DynamoDB,
        table: str,
        function: Function,
        *,
        batch_size: int = 100,
        shards: int = 4,
        bisect_batch_on_function_error: bool = True,
        event_names: frozenset[str] = frozenset({"INSERT"}),
        absent: str | None = None,
        overtaking: int = 100,
        rng: random.Random | None = None,
    ) -> None:
        self.function = function
        self.batch_size = batch_size
        self.shards = [Shard() for _ in range(shards)]
        self._bisects = bisect_batch_on_function_error
        self._event_names = event_names
        self._absent = absent
        self._overtaking = overtaking
        self._rng = rng or random.Random(0)
        self._table = db.tables[table]
        self._position = 0
        self._arrivals: dict[str, float] = {}
        self._sequence_number = _FIRST_SEQUENCE_NUMBER

    def continue_from(self, other: "StreamMapping") -> None:
        """Deliver what the mapping of an equal stream has not delivered."""
        self.shards = [Shard(deque(each.again), deque(each.read), list(each.written)) for each in other.shards]
        self._position, self._sequence_number = other._position, other._sequence_number
        self._arrivals = dict(other._arrivals)

    def pending(self) -> list[int]:
        """The shards that have records to deliver and no running delivery."""
        self._collect()
        return [number for number, shard in enumerate(self.shards) if not shard.is_empty() and not shard.is_busy]

    def deliver_one(self, shard: int, *, size: int | None = None, lose_acknowledgement: bool = False) -> Delivery:
        """Invoke the function with a shard's next batch.

        Args:
            shard: one of `pending()`.
            size: how many records the batch has at most (by default, the mapping's batch size). A batch that failed
                before is delivered again as Lambda left it.
            lose_acknowledgement: the reply does not reach Lambda, which continues from its checkpoint.
        """
        self._collect()
        source = self.shards[shard]
        if source.is_busy:
            raise RuntimeError(f"shard {shard} has a batch in flight: parallelisation is 1")
        batch = source.again.popleft() if source.again else self._next_batch(source, size or self.batch_size)
        source.is_busy = True
        left = batch
        try:
            records, reply, error = invoke(self.function, [record.json for record in batch])
            if not lose_acknowledgement:
                left = self._left(batch, reply, error)
        finally:
            source.is_busy = False
            self._put_back(source, batch, left, lost=lose_acknowledgement)
        return Delivery(records, reply, error, len(batch) - len(left))

    def deliver_all(self, *, most: int = 10_000) -> None:
        """Deliver batches of any size from any shard until no record is left.

        Raises:
            AssertionError: records are left after `most` deliveries.
        """
        for _ in range(most):
            pending = self.pending()
            if not pending:
                return
            self.deliver_one(self._rng.choice(pending), size=self._rng.randint(1, self.batch_size))
        raise AssertionError(f"the stream is not drained after {most} deliveries")

    def _collect(self) -> None:
        """Send the records written since the last call to the shards."""
        records = self._table.records
        for number in range(self._position, len(records)):
            record = records[number]
            if self._matches(record):
                keys = record["dynamodb"]["Keys"]
                item = json.dumps(keys)
                arrival = max(self._arrivals.get(item, 0), number + self._rng.uniform(0, self._overtaking))
                self._arrivals[item] = arrival
                shard = self.shards[crc32(keys[self._table.hash_key]["S"].encode()) % len(self.shards)]
                heapq.heappush(shard.written, (arrival, number, record))
        self._position = len(records)

    def _matches(self, record: Mapping[str, Any]) -> bool:
        """The filter: these kinds of changes, without those of items that have the text attribute `absent`."""
        if record["eventName"] not in self._event_names:
            return False
        return self._absent is None or "S" not in record["dynamodb"].get("NewImage", {}).get(self._absent, {})

    def _next_batch(self, shard: Shard, size: int) -> list[ShardRecord]:
        while shard.written and len(shard.read) < size:
            shard.read.append(self._placed(heapq.heappop(shard.written)[2]))
        if not shard.read:
            raise RuntimeError("the shard has nothing to deliver")
        count = fitting([record.json for record in shard.read], size)
        return [shard.read.popleft() for _ in range(count)]

    def _placed(self, record: Mapping[str, Any]) -> ShardRecord:
        """A record with the number of its position: sequence numbers increase along a shard, even after overtaking."""
        self._sequence_number += 1
        number = str(self._sequence_number)
        placed = {**record, "dynamodb": {**record["dynamodb"], "SequenceNumber": number}}
        return ShardRecord(number, json.dumps(placed))

    def _left(self, batch: list[ShardRecord], reply: Any, error: BaseException | None) -> list[ShardRecord]:
        """The records of a batch that are to be delivered again."""
        failed = failed_identifiers(reply) if error is None else None
        if failed == []:
            return []
        if failed is None or not {*failed} <= {record.sequence_number for record in batch}:
            return batch
        checkpoint = min(map(int, failed))
        return [record for record in batch if int(record.sequence_number) >= checkpoint]

    def _put_back(self, shard: Shard, batch: list[ShardRecord], left: list[ShardRecord], *, lost: bool) -> None:
        if lost:  # a new reader starts at the checkpoint, without the old batches
            later = [record for failed in shard.again for record in failed]
            shard.again.clear()
            shard.read.extendleft(reversed(batch + later))
        elif left is batch and self._bisects and len(batch) > 1:
            middle = len(batch) // 2
            shard.again.extendleft((batch[middle:], batch[:middle]))
        elif left:
            shard.again.appendleft(left)


class QueueMapping:
    """A queue and the function that takes its messages, with partial-batch replies.

    AWS says (Lambda Developer Guide, "Using Lambda with Amazon SQS", "Handling errors for an SQS event source in
    Lambda"): Lambda deletes the messages of a batch except those that the reply reports. These become visible again
    when the queue's visibility time-out ends, and so do all messages if the function fails. If the reply reports an id
    that is not in the batch, the whole batch fails.

    Simplified: one batch at a time, unless the function itself delivers again; no scaling, no back-off.
    """

    def __init__(
        self, sqs: SQS, queue_url: str, function: Function, *, batch_size: int = 10, rng: random.Random | None = None
    ) -> None:
        self.function = function
        self.batch_size = batch_size
        self._sqs = sqs
        self._queue_url = queue_url
        self._rng = rng or random.Random(0)

    def pending(self) -> int:
        """How many messages are visible now."""
        return self._sqs.visible(self._queue_url)

    def deliver_one(self, *, size: int | None = None, lose_acknowledgement: bool = False) -> Delivery | None:
        """Invoke the function with visible messages.

        Args:
            size: how many messages at most (by default, the mapping's batch size).
            lose_acknowledgement: the reply does not reach Lambda, which deletes no message.

        Returns:
            None if all visible messages moved to the dead-letter queue.
        """
        batch = self._sqs.take(self._queue_url, size or self.batch_size)
        if not batch:
            return None
        arn = self._sqs.queues[self._queue_url].arn
        texts = [json.dumps(_sqs_record(message, arn)) for message in batch]
        count = fitting(texts, len(texts))
        for message in batch[count:]:  # these do not fit, and another batch has them
            message.receive_count -= 1
            message.visible_at = self._sqs.clock.now
        receipts = {message.id: message.receipt_handle for message in batch[:count]}
        records, reply, error = invoke(self.function, texts[:count])
        failed = failed_identifiers(reply) if error is None and not lose_acknowledgement else None
        if failed is None or not {*failed} <= receipts.keys():
            return Delivery(records, reply, error, 0)
        done = receipts.keys() - {*failed}
        for message_id in done:
            self._sqs.delete(self._queue_url, receipts[message_id])
        return Delivery(records, reply, error, len(done))

    def deliver_all(self, *, most: int = 10_000) -> None:
        """Deliver batches of any size until the queue is empty. If all messages are hidden, time passes.

        Raises:
            AssertionError: messages are left after `most` deliveries.
        """
        queue = self._sqs.queues[self._queue_url]
        for _ in range(most):
            if not queue.messages:
                return
            if self.pending():
                self.deliver_one(size=self._rng.randint(1, self.batch_size))
            else:
                self._sqs.clock.advance(queue.visibility_timeout)
        raise AssertionError(f"the queue is not drained after {most} deliveries")


def _sqs_record(message: Message, arn: str) -> dict[str, Any]:
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": message.system_attributes(),
        "messageAttributes": {name: _sqs_attribute(value) for name, value in message.attributes.items()},
        "md5OfBody": message.md5_of_body(),
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": REGION,
    }


def _sqs_attribute(attribute: Mapping[str, Any]) -> dict[str, Any]:
    value = (
        {"stringValue": attribute["StringValue"]}
        if "StringValue" in attribute
        else {"binaryValue": base64.b64encode(attribute["BinaryValue"]).decode()}
    )
    return {**value, "stringListValues": [], "binaryListValues": [], "dataType": attribute["DataType"]}
