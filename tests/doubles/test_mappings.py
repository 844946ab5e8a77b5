"""Guarantee: records reach a function as AWS documents it, in every order and repetition that AWS allows."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .aws import Clock
from .dynamodb import DynamoDB
from .mappings import PAYLOAD_BYTES, Crashed, QueueMapping, StreamMapping
from .sqs import SQS


class Recorder:
    """A function that keeps the records it gets, and answers with `answer`."""

    def __init__(self) -> None:
        self.batches: list[list[dict[str, Any]]] = []
        self.answer: Callable[[list[dict[str, Any]]], Any] = lambda records: None

    def __call__(self, event: dict[str, Any]) -> Any:
        self.batches.append(event["Records"])
        return self.answer(event["Records"])

    def keys(self) -> list[str]:
        """The EventKeys of each batch, joined."""
        return ["".join(key_of(record) for record in batch) for batch in self.batches]


def key_of(record: dict[str, Any]) -> str:
    key: str = record["dynamodb"]["Keys"]["EventKey"]["S"]
    return key


def number_of(record: dict[str, Any]) -> str:
    number: str = record["dynamodb"]["SequenceNumber"]
    return number


def report(*identifiers: Any) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": each} for each in identifiers]}


def fail(error: BaseException) -> Callable[[list[dict[str, Any]]], Any]:
    def answer(records: list[dict[str, Any]]) -> Any:
        raise error

    return answer


@pytest.fixture
def function() -> Recorder:
    return Recorder()


@pytest.fixture
def db() -> DynamoDB:
    db = DynamoDB()
    db.create_table("events", "DomainId", "EventKey", stream=True)
    return db


def put(db: DynamoDB, keys: str, domain_id: str = "d", **attributes: Any) -> None:
    for key in keys:
        item = {"DomainId": {"S": domain_id}, "EventKey": {"S": key}, **attributes}
        db.handle("PutItem", {"TableName": "events", "Item": item})


def stream(db: DynamoDB, function: Recorder, **options: Any) -> StreamMapping:
    """By default, one shard in the order of the writes."""
    return StreamMapping(db, "events", function, **{"shards": 1, "overtaking": 0, **options})


# what a stream delivers


def test_a_batch_holds_up_to_its_size(db: DynamoDB, function: Recorder) -> None:
    mapping = stream(db, function, batch_size=3)
    put(db, "abcde")
    assert mapping.deliver_one(0).done == 3
    assert mapping.deliver_one(0, size=1).done == 1
    assert mapping.deliver_one(0).done == 1
    assert (function.keys(), mapping.pending()) == (["abc", "d", "e"], [])


def test_a_batch_ends_at_6_mb(db: DynamoDB, function: Recorder) -> None:
    mapping = stream(db, function)
    put(db, "abcdefghijklmnopqr", Pad={"S": "x" * 390_000})
    mapping.deliver_all(most=100)
    assert len("".join(function.keys())) == 18
    mapping = stream(db, function)
    count = len(mapping.deliver_one(0).records)
    assert count == PAYLOAD_BYTES // 390_500


def test_records_have_the_form_of_lambdas_events(db: DynamoDB, function: Recorder) -> None:
    put(db, "a", Payload={"B": b"\xff"})
    stream(db, function).deliver_one(0)
    ((record,),) = function.batches
    assert record["eventName"] == "INSERT"
    assert record["dynamodb"]["NewImage"]["Payload"] == {"B": "/w=="}


def test_records_that_match_no_filter_are_discarded(db: DynamoDB, function: Recorder) -> None:
    """AWS: if none of your filters are satisfied, Lambda discards the record."""
    put(db, "a")
    put(db, "a", Changed={"BOOL": True})
    put(db, "b")
    db.handle("DeleteItem", {"TableName": "events", "Key": {"DomainId": {"S": "d"}, "EventKey": {"S": "a"}}})
    mapping = stream(db, function)
    mapping.deliver_one(0)
    assert (function.keys(), mapping.pending()) == (["ab"], [])


def test_a_filter_may_leave_out_items_that_have_an_attribute(db: DynamoDB, function: Recorder) -> None:
    """AWS: `{"Name": {"S": [{"exists": false}]}}` matches records without this leaf."""
    put(db, "a", Decided={"S": "x"})
    put(db, "b", Decided={"N": "1"})
    put(db, "c")
    mapping = StreamMapping(db, "events", function, absent="Decided", shards=1)
    mapping.deliver_all()
    assert sorted("".join(function.keys())) == ["b", "c"]


@given(st.integers(0, 10_000), st.lists(st.sampled_from("abc"), max_size=30))
def test_the_records_of_one_item_keep_their_order(seed: int, writes: list[str]) -> None:
    """AWS: for each item that is modified, the stream records appear in the same sequence as the modifications."""
    db, function = DynamoDB(), Recorder()
    db.create_table("events", "DomainId", "EventKey", stream=True)
    names = frozenset({"INSERT", "MODIFY"})
    mapping = StreamMapping(db, "events", function, event_names=names, rng=random.Random(seed))
    for number, key in enumerate(writes):
        put(db, key, domain_id=key, Number={"N": str(number)})
        if number % 7 == 0:
            mapping.deliver_all()
    mapping.deliver_all()
    delivered = [record for batch in function.batches for record in batch]
    images = [(key_of(record), record["dynamodb"]["NewImage"]["Number"]["N"]) for record in delivered]
    for key in "abc":
        expected = [str(number) for number, each in enumerate(writes) if each == key]
        assert [number for each, number in images if each == key] == expected


def test_records_of_different_items_overtake_each_other(db: DynamoDB, function: Recorder) -> None:
    put(db, "abcdefgh")
    stream(db, function, overtaking=100).deliver_one(0)
    (keys,) = function.keys()
    assert sorted(keys) == list("abcdefgh")
    assert keys != "abcdefgh"
    numbers = [int(number_of(record)) for record in function.batches[0]]
    assert numbers == sorted(numbers)


def test_a_domain_object_has_one_shard_and_objects_are_spread(db: DynamoDB, function: Recorder) -> None:
    domain_ids = [str(number) for number in range(20)]
    for domain_id in domain_ids:
        put(db, "ab", domain_id)
    mapping = stream(db, function, shards=4)
    assert mapping.pending() == [0, 1, 2, 3]
    for shard in mapping.pending():
        mapping.deliver_one(shard)
    shares = [{record["dynamodb"]["Keys"]["DomainId"]["S"] for record in batch} for batch in function.batches]
    assert sorted(domain_id for share in shares for domain_id in share) == sorted(domain_ids)


def test_a_shard_has_one_batch_in_flight_and_other_shards_continue(db: DynamoDB, function: Recorder) -> None:
    """AWS: ParallelizationFactor is the number of batches to process from each shard concurrently."""
    for domain_id in map(str, range(20)):
        put(db, "ab", domain_id)
    mapping = stream(db, function, shards=2, batch_size=1)

    def enter_again(records: list[dict[str, Any]]) -> None:
        function.answer = lambda records: None
        assert mapping.pending() == [1]
        mapping.deliver_one(1)
        with pytest.raises(RuntimeError, match="in flight"):
            mapping.deliver_one(0)

    function.answer = enter_again
    assert mapping.deliver_one(0).error is None
    assert len(function.batches) == 2


# what a stream delivers again


@pytest.mark.parametrize("reply", [None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}])
def test_replies_that_are_a_complete_success(db: DynamoDB, function: Recorder, reply: Any) -> None:
    """AWS: an empty or null batchItemFailure list, an empty or null EventResponse."""
    put(db, "ab")
    function.answer = lambda records: reply
    mapping = stream(db, function)
    assert mapping.deliver_one(0).done == 2
    assert mapping.pending() == []


@pytest.mark.parametrize(
    "reply",
    [
        report(""),
        report(None),
        {"batchItemFailures": [{"bad": "key"}]},
        report("no number of this batch"),
        "no object",
        {"batchItemFailures": object()},
    ],
)
def test_replies_that_are_a_complete_failure(db: DynamoDB, function: Recorder, reply: Any) -> None:
    """AWS: an empty string itemIdentifier, a null itemIdentifier, an itemIdentifier with a bad key name."""
    put(db, "ab")
    function.answer = lambda records: reply
    mapping = stream(db, function, bisect_batch_on_function_error=False)
    for _ in range(3):
        assert mapping.deliver_one(0).done == 0
    assert function.keys() == ["ab", "ab", "ab"]


def test_the_lowest_failed_record_is_the_checkpoint(db: DynamoDB, function: Recorder) -> None:
    """AWS: Lambda uses the record with the lowest sequence number as the checkpoint, then retries all from there on."""
    put(db, "abcde")
    function.answer = lambda records: report(number_of(records[3]), number_of(records[1]))
    mapping = stream(db, function)
    assert mapping.deliver_one(0).done == 1
    function.answer = lambda records: None
    put(db, "f")
    mapping.deliver_one(0)
    mapping.deliver_one(0)
    assert function.keys() == ["abcde", "bcde", "f"]


@pytest.mark.parametrize("error", [ValueError("bug"), Crashed("out of time")])
def test_a_failed_batch_is_delivered_again_before_other_records_of_its_shard(
    db: DynamoDB, function: Recorder, error: BaseException
) -> None:
    put(db, "ab")
    function.answer = fail(error)
    mapping = stream(db, function, batch_size=2, bisect_batch_on_function_error=False)
    delivery = mapping.deliver_one(0)
    assert (delivery.error, delivery.done) == (error, 0)
    put(db, "c")
    mapping.deliver_one(0)
    function.answer = lambda records: None
    mapping.deliver_all()
    assert function.keys() == ["ab", "ab", "ab", "c"]


def test_a_failed_batch_is_split_in_two(db: DynamoDB, function: Recorder) -> None:
    """AWS: if the invocation fails and BisectBatchOnFunctionError is turned on, the batch is bisected."""
    put(db, "abcd")

    def choke(records: list[dict[str, Any]]) -> None:
        if "c" in map(key_of, records):
            raise ValueError("bug")

    function.answer = choke
    mapping = stream(db, function)
    for _ in range(5):
        mapping.deliver_one(0)
    assert function.keys() == ["abcd", "ab", "cd", "c", "c"]
    function.answer = lambda records: None
    mapping.deliver_all()
    assert function.keys()[5:] == ["c", "d"]


def test_a_lost_acknowledgement_repeats_a_batch_that_succeeded(db: DynamoDB, function: Recorder) -> None:
    """AWS: event source mappings process each event at least once, and duplicate processing of records can occur."""
    put(db, "abcd")
    mapping = stream(db, function)
    assert mapping.deliver_one(0, size=3, lose_acknowledgement=True).done == 0
    mapping.deliver_one(0, size=2)
    mapping.deliver_one(0)
    assert function.keys() == ["abc", "ab", "cd"]


def test_a_lost_acknowledgement_keeps_the_order_of_split_batches(db: DynamoDB, function: Recorder) -> None:
    put(db, "abcdef")
    mapping = stream(db, function)
    function.answer = fail(ValueError())
    mapping.deliver_one(0)
    function.answer = lambda records: None
    mapping.deliver_one(0, lose_acknowledgement=True)
    mapping.deliver_all()
    assert "".join(function.keys()) == "abcdef" + "abc" + "abcdef"


def test_a_function_that_changes_its_records_gets_them_unchanged_again(db: DynamoDB, function: Recorder) -> None:
    put(db, "a")

    def spoil(records: list[dict[str, Any]]) -> None:
        records[0]["dynamodb"].clear()
        raise ValueError("bug")

    function.answer = spoil
    mapping = stream(db, function)
    mapping.deliver_one(0)
    function.answer = lambda records: None
    assert [key_of(record) for record in mapping.deliver_one(0).records] == ["a"]


def test_a_stream_that_never_drains_is_an_error(db: DynamoDB, function: Recorder) -> None:
    put(db, "a")
    function.answer = fail(ValueError())
    with pytest.raises(AssertionError, match="not drained after 5"):
        stream(db, function).deliver_all(most=5)


# what a queue delivers


@pytest.fixture
def sqs() -> SQS:
    return SQS(Clock())


@pytest.fixture
def queue(sqs: SQS) -> str:
    dead_letters = sqs.create_queue("dead-letters")
    return sqs.create_queue("ingest", visibility_timeout=60, dead_letter_queue=dead_letters, max_receive_count=3)


def send(sqs: SQS, queue: str, bodies: str, **attributes: Any) -> None:
    for body in bodies:
        sqs.handle("SendMessage", {"QueueUrl": queue, "MessageBody": body, "MessageAttributes": attributes})


def left(sqs: SQS, queue: str) -> str:
    return "".join(sorted(message.body for message in sqs.messages(queue)))


def of(records: list[dict[str, Any]], bodies: str) -> list[str]:
    return [record["messageId"] for record in records if record["body"] in bodies]


def test_messages_have_the_form_of_lambdas_events(sqs: SQS, queue: str, function: Recorder) -> None:
    attributes = {
        "Reason": {"DataType": "String", "StringValue": "why"},
        "Blob": {"DataType": "Binary", "BinaryValue": b"\xff"},
    }
    send(sqs, queue, "a", **attributes)
    QueueMapping(sqs, queue, function).deliver_one()
    ((record,),) = function.batches
    assert record["body"] == "a"
    assert record["eventSource"] == "aws:sqs"
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert record["messageAttributes"]["Reason"]["stringValue"] == "why"
    assert record["messageAttributes"]["Blob"]["binaryValue"] == "/w=="


def test_a_batch_that_succeeds_is_deleted(sqs: SQS, queue: str, function: Recorder) -> None:
    send(sqs, queue, "abc")
    mapping = QueueMapping(sqs, queue, function, batch_size=2)
    assert [mapping.deliver_one(), mapping.deliver_one()] != [None, None]
    assert (left(sqs, queue), mapping.pending(), mapping.deliver_one()) == ("", 0, None)


def test_messages_that_a_reply_reports_are_delivered_again(sqs: SQS, queue: str, function: Recorder) -> None:
    """AWS: only the failed messages become visible again, after the queue's visibility timeout."""
    send(sqs, queue, "abc")
    function.answer = lambda records: report(*of(records, "b"))
    mapping = QueueMapping(sqs, queue, function)
    delivery = mapping.deliver_one()
    assert delivery is not None
    assert (delivery.done, left(sqs, queue), mapping.pending()) == (2, "b", 0)
    sqs.clock.advance(60)
    assert mapping.pending() == 1


@pytest.mark.parametrize(
    "reply", [report(""), report(None), {"batchItemFailures": [{"bad": "key"}]}, report("no message's id"), "no object"]
)
def test_replies_that_are_a_complete_failure_of_a_queues_batch(
    sqs: SQS, queue: str, function: Recorder, reply: Any
) -> None:
    """AWS: an invalid JSON response, an empty string, null or badly named itemIdentifier, an ID that doesn't exist."""
    send(sqs, queue, "ab")
    function.answer = lambda records: reply
    QueueMapping(sqs, queue, function).deliver_one()
    assert left(sqs, queue) == "ab"


@pytest.mark.parametrize("error", [ValueError("bug"), Crashed("out of time")])
def test_a_function_that_fails_leaves_all_messages(
    sqs: SQS, queue: str, function: Recorder, error: BaseException
) -> None:
    """AWS: if your function throws an exception, the entire batch is considered a complete failure."""
    send(sqs, queue, "ab")
    function.answer = fail(error)
    delivery = QueueMapping(sqs, queue, function).deliver_one()
    assert delivery is not None
    assert (delivery.error, left(sqs, queue)) == (error, "ab")


def test_a_lost_acknowledgement_leaves_messages_that_succeeded(sqs: SQS, queue: str, function: Recorder) -> None:
    send(sqs, queue, "a")
    mapping = QueueMapping(sqs, queue, function)
    mapping.deliver_one(lose_acknowledgement=True)
    mapping.deliver_all()
    assert [record["body"] for batch in function.batches for record in batch] == ["a", "a"]


def test_a_message_that_always_fails_ends_in_the_dead_letter_queue(sqs: SQS, queue: str, function: Recorder) -> None:
    send(sqs, queue, "abc")
    function.answer = lambda records: report(*of(records, "b"))
    QueueMapping(sqs, queue, function).deliver_all()
    (dead_letters, _) = sqs.queues
    assert (left(sqs, queue), left(sqs, dead_letters)) == ("", "b")
    assert [record["body"] for batch in function.batches for record in batch].count("b") == 3


def test_a_batch_of_large_messages_ends_at_6_mb(sqs: SQS, queue: str, function: Recorder) -> None:
    for _ in range(8):
        sqs.handle("SendMessage", {"QueueUrl": queue, "MessageBody": "x" * 1_000_000})
    mapping = QueueMapping(sqs, queue, function)
    mapping.deliver_all()
    assert max(map(len, function.batches)) <= 6
    assert sum(map(len, function.batches)) == 8
