"""Guarantee: the double does what AWS documents for standard queues."""

import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from .aws import AwsError
from .sqs import MESSAGE_BYTES, SQS


@pytest.fixture
def sqs() -> SQS:
    return SQS(rng=random.Random(1))


@pytest.fixture
def queue(sqs: SQS) -> str:
    return sqs.create_queue("ingest", visibility_timeout=30)


def send(sqs: SQS, queue: str, body: str = "body", **attributes: Any) -> str:
    """A message's id."""
    reply = sqs.handle("SendMessage", {"QueueUrl": queue, "MessageBody": body, "MessageAttributes": attributes})
    message_id: str = reply["MessageId"]
    return message_id


def receive(sqs: SQS, queue: str, **options: Any) -> list[dict[str, Any]]:
    request = {
        "QueueUrl": queue,
        "MaxNumberOfMessages": 10,
        "AttributeNames": ["All"],
        "MessageAttributeNames": ["All"],
    }
    messages: list[dict[str, Any]] = sqs.handle("ReceiveMessage", request | options).get("Messages", [])
    return messages


def delete(sqs: SQS, queue: str, message: Mapping[str, Any]) -> None:
    sqs.handle("DeleteMessage", {"QueueUrl": queue, "ReceiptHandle": message["ReceiptHandle"]})


def bodies(messages: list[dict[str, Any]]) -> list[str]:
    return [message["Body"] for message in messages]


def code_of(call: Callable[[], object]) -> tuple[str, str | None]:
    with pytest.raises(AwsError) as raised:
        call()
    return raised.value.code, raised.value.query_code


def text(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": value}


def test_a_message_is_received_as_it_was_sent(sqs: SQS, queue: str) -> None:
    message_id = send(sqs, queue, "é", Reason=text("why"), Blob={"DataType": "Binary", "BinaryValue": b"\xff"})
    (message,) = receive(sqs, queue)
    assert (message["MessageId"], message["Body"]) == (message_id, "é")
    assert message["MessageAttributes"] == {
        "Reason": text("why"),
        "Blob": {"DataType": "Binary", "BinaryValue": b"\xff"},
    }


def test_attributes_are_returned_only_if_requested(sqs: SQS, queue: str) -> None:
    send(sqs, queue, Reason=text("why"), Other=text("x"))
    (message,) = receive(sqs, queue, AttributeNames=["SenderId"], MessageAttributeNames=["Reason"])
    assert (message["Attributes"].keys(), message["MessageAttributes"].keys()) == ({"SenderId"}, {"Reason"})
    sqs.clock.advance(30)
    (message,) = receive(sqs, queue, AttributeNames=[], MessageAttributeNames=[])
    assert not message.keys() & {"Attributes", "MessageAttributes"}


def test_messages_arrive_in_any_order(sqs: SQS, queue: str) -> None:
    """AWS: standard queues make a best-effort attempt to maintain the order; messages may arrive out of order."""
    sent = [str(number) for number in range(10)]
    for body in sent:
        send(sqs, queue, body)
    received = bodies(receive(sqs, queue))
    assert received != sent
    assert sorted(received) == sent


def test_a_received_message_is_hidden_until_its_visibility_timeout_ends(sqs: SQS, queue: str) -> None:
    send(sqs, queue)
    (first,) = receive(sqs, queue)
    sqs.clock.advance(29)
    assert receive(sqs, queue) == []
    sqs.clock.advance(1)
    (second,) = receive(sqs, queue)
    counts = [message["Attributes"]["ApproximateReceiveCount"] for message in (first, second)]
    assert counts == ["1", "2"]
    assert first["ReceiptHandle"] != second["ReceiptHandle"]


def test_a_visibility_timeout_can_be_changed(sqs: SQS, queue: str) -> None:
    send(sqs, queue)
    (message,) = receive(sqs, queue, VisibilityTimeout=100)
    sqs.clock.advance(30)
    assert receive(sqs, queue) == []
    request = {"QueueUrl": queue, "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
    sqs.handle("ChangeMessageVisibility", request)
    assert len(receive(sqs, queue)) == 1
    assert code_of(lambda: sqs.handle("ChangeMessageVisibility", request))[0] == "MessageNotInflight"


def test_a_message_is_deleted_with_its_last_receipt_handle(sqs: SQS, queue: str) -> None:
    """AWS: with an old ReceiptHandle the request will succeed, but the message might not be deleted."""
    send(sqs, queue)
    (first,) = receive(sqs, queue, VisibilityTimeout=0)
    (second,) = receive(sqs, queue)
    delete(sqs, queue, first)
    assert len(sqs.messages(queue)) == 1
    delete(sqs, queue, second)
    delete(sqs, queue, second)
    assert sqs.messages(queue) == []


def test_a_deleted_message_may_be_delivered_again(queue: str) -> None:
    """AWS: for standard queues, it is possible to receive a message even after you delete it."""
    sqs = SQS(copies_left=1)
    queue = sqs.create_queue("ingest")
    send(sqs, queue)
    (message,) = receive(sqs, queue)
    delete(sqs, queue, message)
    sqs.clock.advance(30)
    assert [each["MessageId"] for each in receive(sqs, queue)] == [message["MessageId"]]


def test_a_message_received_too_often_becomes_a_dead_letter(sqs: SQS) -> None:
    """AWS: when the ReceiveCount for a message exceeds the maxReceiveCount for a queue, it moves."""
    dead_letters = sqs.create_queue("dead-letters")
    queue = sqs.create_queue("ingest", dead_letter_queue=dead_letters, max_receive_count=2)
    message_id = send(sqs, queue, "poison", Reason=text("why"))
    for _ in range(2):
        assert bodies(receive(sqs, queue)) == ["poison"]
        assert sqs.messages(dead_letters) == []
        sqs.clock.advance(30)
    assert receive(sqs, queue) == []
    (dead,) = receive(sqs, dead_letters)
    assert (dead["MessageId"], dead["Body"], dead["MessageAttributes"]) == (
        message_id,
        "poison",
        {"Reason": text("why")},
    )
    assert dead["Attributes"]["DeadLetterQueueSourceArn"].endswith(":ingest")


@pytest.mark.parametrize(
    ("size", "attributes"),
    [
        (MESSAGE_BYTES, {}),
        (MESSAGE_BYTES - len("Reason") - len("String") - len("why"), {"Reason": text("why")}),
        (MESSAGE_BYTES - len("B") - len("Binary") - 2, {"B": {"DataType": "Binary", "BinaryValue": b"\xff\xff"}}),
    ],
)
def test_a_message_has_up_to_1_mb_with_its_attributes(
    sqs: SQS, queue: str, size: int, attributes: dict[str, Any]
) -> None:
    """AWS: all parts of the message attribute, including Name, Type, and Value, are part of the size restriction."""
    send(sqs, queue, "é" + "x" * (size - 2), **attributes)
    refused = code_of(lambda: send(sqs, queue, "é" + "x" * (size - 1), **attributes))
    assert refused == ("InvalidParameterValueException", "InvalidParameterValue")


@pytest.mark.parametrize(
    ("body", "attributes", "code"),
    [
        ("", {}, "MissingRequiredParameterException"),
        ("\x00", {}, "InvalidMessageContents"),
        ("\ufffe", {}, "InvalidMessageContents"),
        ("\ud800", {}, "InvalidMessageContents"),
        ("body", {"Reason": text("\x1b")}, "InvalidMessageContents"),
        ("body", {"Reason": text("")}, "InvalidParameterValueException"),
        ("body", {f"A{number}": text("x") for number in range(11)}, "InvalidParameterValueException"),
    ],
)
def test_messages_that_sqs_refuses(sqs: SQS, queue: str, body: str, attributes: dict[str, Any], code: str) -> None:
    assert code_of(lambda: send(sqs, queue, body, **attributes))[0] == code
    assert sqs.messages(queue) == []


def test_a_missing_queue_is_an_error(sqs: SQS) -> None:
    assert code_of(lambda: send(sqs, "nowhere")) == ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue")


def test_the_double_refuses_what_it_does_not_know(sqs: SQS, queue: str) -> None:
    with pytest.raises(NotImplementedError):
        sqs.handle("PurgeQueue", {"QueueUrl": queue})
    with pytest.raises(NotImplementedError):
        sqs.handle("SendMessage", {"QueueUrl": queue, "MessageBody": "x", "DelaySeconds": 1})


class Fault(Exception):
    pass


@pytest.mark.parametrize(("phase", "kept"), [("before", 0), ("after", 1)])
def test_the_hook_can_fail_a_call_before_or_after_it_takes_effect(sqs: SQS, queue: str, phase: str, kept: int) -> None:
    def fail(operation: str, request: Mapping[str, Any], now: str) -> None:
        if now == phase:
            raise Fault

    sqs.intercept = fail
    with pytest.raises(Fault):
        send(sqs, queue)
    assert len(sqs.messages(queue)) == kept
    assert sqs.counters.of("ingest", "SendMessage").calls == 1
