"""Guarantee: reading a queue removes nothing, hides messages only meanwhile, and ends."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

from cp_event_source.handler.values.clock import Clock
from cp_event_source.operate import hidden_messages
from cp_event_source.operate.hidden_messages import HiddenMessages
from cp_event_source.operate.letters import Queue
from tests.operate.queues import Queues

PARKED = Queue.PARKED


@pytest.fixture
def queues() -> Queues:
    return Queues()


def reading(queues: Queues) -> HiddenMessages:
    return HiddenMessages(queues.pipeline.clients("sqs"), queues.urls[PARKED], Clock())


def bodies(hidden: HiddenMessages) -> Iterator[str]:
    return (message["Body"] for batch in hidden.batches() for message in batch)


def test_each_message_is_read_once_and_visible_afterwards(queues: Queues) -> None:
    queues.put(PARKED, *map(str, range(35)))
    with reading(queues) as hidden:
        assert sorted(bodies(hidden), key=int) == list(map(str, range(35)))
        assert queues.hidden() == 35
    assert (hidden.looked_at, hidden.about, hidden.is_whole) == (35, 35, True)
    assert (len(queues.messages(PARKED)), queues.hidden()) == (35, 0)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_messages_are_visible_again_after_an_error(queues: Queues, error: type[BaseException]) -> None:
    queues.put(PARKED, *"abc")

    def stop(hidden: HiddenMessages) -> None:
        with hidden:
            next(hidden.batches())
            raise error

    with pytest.raises(error):
        stop(reading(queues))
    assert (queues.bodies(PARKED), queues.hidden()) == (list("abc"), 0)


def test_what_another_reader_has_hidden_is_counted(queues: Queues) -> None:
    queues.put(PARKED, *"abc")
    queues.sqs.take(queues.urls[PARKED], 1)
    with reading(queues) as hidden:
        assert len(list(bodies(hidden))) == 2
    assert (hidden.about, hidden.hidden_by_others) == (3, 1)


def test_no_more_are_held_than_sqs_hides(queues: Queues, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hidden_messages, "MAX_HELD", 20)
    queues.put(PARKED, *map(str, range(35)))
    with reading(queues) as hidden:
        assert len(list(bodies(hidden))) == 20
    assert not hidden.is_whole

    with reading(queues) as hidden:
        deleted = sum(1 - len(hidden.delete([m["MessageId"]])) for batch in hidden.batches() for m in batch)
    assert (deleted, hidden.is_whole) == (35, True), "what is deleted is not held"


def test_it_ends_while_new_messages_come(queues: Queues) -> None:
    queues.put(PARKED, "old")

    def come() -> None:
        queues.put(PARKED, "new")

    queues.work = come
    with reading(queues) as hidden:
        assert "old" in list(bodies(hidden))
        queues.work = lambda: None
    assert hidden.is_whole


def test_it_ends_although_messages_come_back_and_does_not_call_it_whole(queues: Queues) -> None:
    queues.put(PARKED, *"abc")
    queues.work = lambda: queues.sqs.clock.advance(1000)
    with reading(queues) as hidden:
        assert sorted(bodies(hidden)) == list("abc")
    assert not hidden.is_whole
    queues.sqs.clock.advance(1000)
    assert queues.hidden() == 0


class SlowQueue:
    """A queue that finds one message each time, when it has looked for a while, whether somebody still waits or not."""

    def __init__(self) -> None:
        self.hidden: set[str] = set()
        self.looks: list[threading.Event] = []

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        return {"Attributes": {}}

    def receive_message(self, **_: Any) -> dict[str, Any]:
        message_id, over = f"m{len(self.looks)}", threading.Event()
        self.looks.append(over)
        threading.Thread(target=self._find, args=[message_id, over]).start()
        over.wait()
        return {"Messages": [{"MessageId": message_id, "ReceiptHandle": message_id, "Body": ""}]}

    def _find(self, message_id: str, over: threading.Event) -> None:
        time.sleep(0.3)
        self.hidden.add(message_id)
        over.set()

    def change_message_visibility_batch(self, Entries: list[dict[str, Any]], **_: Any) -> None:  # noqa: N803  boto3's
        for entry in Entries:
            assert entry["VisibilityTimeout"] == 0
            self.hidden.remove(entry["ReceiptHandle"])


@contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("seconds", [0.1, 0.45])
def test_what_sqs_finds_after_an_interruption_is_shown_again(seconds: float) -> None:
    queue = SlowQueue()

    with pytest.raises(KeyboardInterrupt), interrupted_after(seconds), HiddenMessages(queue, "url", Clock()) as hidden:
        for _ in hidden.batches():
            pass

    for look in queue.looks:
        look.wait()
    assert queue.hidden == set()
