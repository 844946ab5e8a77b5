"""Guarantee: a quarantined message is kept whole with its reason; a notice names object, event and failure."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.handler.aws.queues import ParkedQueue, Quarantine
from cp_event_source.handler.domain.failure import Cause
from cp_event_source.handler.events.ids import Ids
from cp_event_source.handler.events.ingest import Rejected
from cp_event_source.handler.projection.notes import Parked
from cp_event_source.handler.values.clock import Clock

PARKED = Parked(
    "k",
    "e",
    "Noted",
    Cause.LOGIC,
    "ValueError",
    "ValueError: \U0001f600 \ud7ff",
    "2026-01-01",
    "arn:1",
    "k",
    "k2",
    "apply",
    "rules.py:7",
)


class Queue:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def send_message(self, **message: Any) -> None:
        self.sent.append(message)


@pytest.fixture
def queue() -> Any:
    return Queue()


def test_a_body_is_kept_as_it_is(queue: Any) -> None:
    body = ' {"a":\t"\U0001f600\\ud800" , "b": 1.0}\n'
    Quarantine(queue, "url", "persist-1", Clock()).send(body, Rejected("conflict", "why", Ids()))
    (message,) = queue.sent
    assert message["QueueUrl"] == "url"
    assert message["MessageBody"] == body
    texts = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert (texts["ReasonCode"], texts["Reason"], texts["FunctionName"]) == ("conflict", "why", "persist-1")
    assert {value["DataType"] for value in message["MessageAttributes"].values()} == {"String"}


@given(st.text(st.characters(), min_size=1, max_size=5000))
def test_a_reason_is_capped_and_takes_as_many_bytes_as_characters(reason: str) -> None:
    queue: Any = Queue()
    Quarantine(queue, "url", "f", Clock()).send("body", Rejected("conflict", reason, Ids()))
    text = queue.sent[0]["MessageAttributes"]["Reason"]["StringValue"]
    assert text.isascii()
    assert 0 < len(text) <= 2048


@pytest.mark.parametrize("reason", ["x" * 10_000, "\U0001f600" * 10_000, "\ud800" * 10_000])
def test_a_long_reason_is_capped(reason: str) -> None:
    queue: Any = Queue()
    Quarantine(queue, "url", "f", Clock()).send("body", Rejected("conflict", reason, Ids()))
    assert len(queue.sent[0]["MessageAttributes"]["Reason"]["StringValue"]) == 2048


@pytest.mark.parametrize("room", [10_000, 2_500, 300, 100, 0])
def test_a_body_that_nearly_fills_a_message_leaves_less_for_the_reason(room: int) -> None:
    """The whole message, its attributes included, has at most 1 MB."""
    queue: Any = Queue()
    body = "é" * ((1024 * 1024 - room) // 2)
    Quarantine(queue, "url", "persist-1", Clock()).send(body, Rejected("unstorable", "r" * 5000, Ids()))
    (message,) = queue.sent
    attributes = message["MessageAttributes"]
    size = sum(len(name) + len("String") + len(each["StringValue"]) for name, each in attributes.items())
    assert message["MessageBody"] == body
    assert attributes["ReasonCode"]["StringValue"] == "unstorable"
    assert ("Reason" in attributes) == (room >= 300)
    assert size <= max(room, 200)  # with less, SQS refuses the message, and moves it itself in the end
    assert room < 300 or size == min(room, 2048 + size - len(attributes["Reason"]["StringValue"]))


def test_no_character_of_a_reason_acts_on_a_terminal_or_is_refused_by_sqs(queue: Any) -> None:
    Quarantine(queue, "url", "f", Clock()).send(
        "body", Rejected("conflict", "a\x00\x1b[31m\n\x7f\x85\u2028é\ud800", Ids())
    )
    reason = queue.sent[0]["MessageAttributes"]["Reason"]["StringValue"]
    assert reason == r"a\x00\x1b[31m\x0a\x7f\x85\u2028\xe9\ud800"


def test_a_notice_names_the_object_the_event_and_the_failure(queue: Any) -> None:
    ParkedQueue(queue, "url", "File").send("d-1", PARKED)
    (message,) = queue.sent
    assert message["QueueUrl"] == "url"
    assert message["MessageBody"].isascii()
    assert json.loads(message["MessageBody"]) == {
        "DomainName": "File",
        "DomainId": "d-1",
        "EventKey": "k",
        "EventId": "e",
        "EventName": "Noted",
        "Cause": "LOGIC",
        "Error": "ValueError",
        "Phase": "apply",
        "Place": "rules.py:7",
        "Reason": PARKED.reason,
        "LogicVersion": "arn:1",
        "Since": "2026-01-01",
    }


def test_an_error_of_aws_is_raised() -> None:
    class Broken:
        def send_message(self, **message: Any) -> None:
            raise TimeoutError

    broken: Any = Broken()
    with pytest.raises(TimeoutError):
        Quarantine(broken, "url", "f", Clock()).send("body", Rejected("conflict", "why", Ids()))
    with pytest.raises(TimeoutError):
        ParkedQueue(broken, "url", "File").send("d-1", PARKED)
