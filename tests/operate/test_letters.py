"""Guarantee: each message is in the group of its reason, and each group says what to do."""

import json

import pytest

from cp_event_source.handler.domain.failure import Cause
from cp_event_source.handler.events.ingest import CONFLICT, CONTRACT_VIOLATION, UNSTORABLE
from cp_event_source.operate.letters import CAUSES, Letter, Queue, remedy
from tests.operate.queues import event, expired, notice, request


def letter(queue: Queue, body: str, **attributes: str) -> Letter:
    return Letter(queue, "m", 0.0, attributes, body)


@pytest.mark.parametrize(
    ("queue", "body", "attributes", "reason"),
    [
        *[
            (Queue.INGEST, event("e"), {"ReasonCode": code}, code)
            for code in (CONTRACT_VIOLATION, CONFLICT, UNSTORABLE)
        ],
        (Queue.INGEST, "not JSON", {"ReasonCode": CONTRACT_VIOLATION}, CONTRACT_VIOLATION),
        (Queue.INGEST, event("e"), {"ERROR_CODE": "NO_PERMISSIONS"}, "NO_PERMISSIONS"),
        (Queue.INGEST, event("e"), {}, "infrastructure"),
        (Queue.INGEST, request("file-1"), {"ERROR_CODE": "NO_PERMISSIONS"}, "rebuild-request"),
        (Queue.INGEST, request("file-1"), {"ReasonCode": CONTRACT_VIOLATION}, "rebuild-request"),
        *[(Queue.PARKED, notice("file-1", cause), {}, cause) for cause in sorted(CAUSES)],
        *[(Queue.PARKED, body, {}, "unknown") for body in ("", "[]", "{}", '{"Cause": []}', '{"Cause": "OTHER"}')],
        (Queue.PROJECTION, expired(), {}, "expired-batch"),
        *[(Queue.PROJECTION, body, {}, "unknown") for body in ("1e9999999999999999999", '{"DDBStreamBatchInfo": 1}')],
    ],
)
def test_the_reason_of_a_message(queue: Queue, body: str, attributes: dict[str, str], reason: str) -> None:
    found = letter(queue, body, **attributes)
    assert found.reason == reason
    assert remedy(queue, reason)
    assert "{" not in remedy(queue, reason)


def test_each_cause_and_code_has_its_own_remedy() -> None:
    texts = [remedy(Queue.INGEST, code) for code in (CONTRACT_VIOLATION, CONFLICT, UNSTORABLE, "infrastructure", "ANY")]
    texts += [remedy(Queue.PARKED, cause.value) for cause in Cause]
    assert len(set(texts)) == len(texts)


def test_the_ids_are_those_of_the_event_and_only_if_they_keep_the_contract() -> None:
    summary = letter(Queue.INGEST, event("e-1")).summary()
    assert (summary["domain_id"], summary["event_id"], summary["event_name"]) == ("file-1", "e-1", "FileRenamed")
    wrong = letter(Queue.INGEST, event("e-1", DomainId={"a": 1}, EventName="x" * 5000)).summary()
    assert (wrong["domain_id"], wrong["event_id"], wrong["event_name"]) == (None, "e-1", None)
    assert letter(Queue.PARKED, notice("file-2")).domain_id == "file-2"
    assert letter(Queue.INGEST, request("file-3")).domain_id == "file-3"


def test_a_description_has_the_body_only_on_request() -> None:
    found = letter(Queue.INGEST, event("e-1", Payload="secret"), ReasonCode=CONFLICT)
    assert "secret" not in str(found.description(payload=False))
    assert found.description(payload=True)["body"] == found.body
    assert letter(Queue.PROJECTION, expired(7)).description(payload=False)["batch"]["batchSize"] == 7
    assert letter(Queue.PARKED, notice("file-1")).description(payload=False)["notice"]["Reason"] == "secret"


def test_a_message_of_sqs() -> None:
    message = {
        "MessageId": "m-1",
        "Body": "b",
        "Attributes": {"SentTimestamp": "1500"},
        "MessageAttributes": {
            "ReasonCode": {"DataType": "String", "StringValue": CONFLICT},
            "Raw": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
        },
    }
    found = Letter.of(Queue.INGEST, message)
    assert (found.message_id, found.sent_at, found.attributes) == ("m-1", 1.5, {"ReasonCode": CONFLICT, "Raw": "AAE="})
    assert json.loads(json.dumps(found.description(payload=True)))["sent_at"] == "1970-01-01T00:00:01.500+00:00"
