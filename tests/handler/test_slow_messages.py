"""Guarantee: a message that only takes long is stored. It does not go back until SQS gives it up without a reason."""

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cp_event_source.handler import persist
from cp_event_source.handler.aws import clients
from cp_event_source.handler.aws.settings import PersistSettings
from cp_event_source.handler.aws.telemetry import Telemetry
from cp_event_source.handler.events.ingest import event_item
from cp_event_source.handler.persist import Persist
from cp_event_source.inputs.functions import PERSIST_MEMORY_MB
from cp_event_source.resources import persist_function, queues

from ..doubles.aws import Clock
from ..doubles.clients import direct_dynamodb, direct_sqs
from ..doubles.clock import FunctionClock
from ..doubles.dynamodb import DynamoDB
from ..doubles.mappings import Crashed, QueueMapping
from ..doubles.sqs import SQS
from .doubles import InOrder
from .on_moto import SETTINGS
from .slowest_messages import BATCH_MESSAGES, SHAPES, SLOWEST_CONFLICT_SECONDS, SLOWEST_SECONDS, WHOLE_PROCESSOR_MB
from .test_persist import body

MESSAGES = 600
MARGIN = 2
"""The factor on the measured time of the slowest batch: a processor may be slower, and AWS's calls take time."""

_SHARE_OF_A_PROCESSOR = PERSIST_MEMORY_MB / WHOLE_PROCESSOR_MB
STORED_SECONDS = SLOWEST_SECONDS / _SHARE_OF_A_PROCESSOR
CONFLICT_SECONDS = SLOWEST_CONFLICT_SECONDS / _SHARE_OF_A_PROCESSOR


@dataclass(frozen=True)
class Settings:
    """The duration of an invocation, the fraction of it in which messages begin, and the time of each message."""

    timeout: float
    share: float
    seconds: float


@dataclass
class End:
    """The outcomes of the messages."""

    stored: int
    dead_letters: int
    killed: int
    invocations: int


Run = Callable[[Settings], End]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Send the messages, and deliver them until the queue is empty."""

    def run(settings: Settings) -> End:
        clock = Clock()
        db, sqs = DynamoDB(clock), SQS(clock)
        db.create_table("events", "DomainId", "EventKey")
        dead_letters = sqs.create_queue("dead-letters")
        queue = sqs.create_queue(
            "ingest",
            visibility_timeout=6 * settings.timeout,
            dead_letter_queue=dead_letters,
            max_receive_count=queues.MAX_RECEIVE_COUNT,
        )
        passing = FunctionClock(clock)
        started = Persist.start(
            PersistSettings.read({**SETTINGS, "INGEST_DEAD_LETTER_QUEUE_URL": dead_letters}),
            direct_dynamodb(db),
            direct_sqs(sqs),
            Telemetry("File", "persist", passing),
            InOrder(),
            passing,
        )
        ends: list[float] = []  # of the invocations
        killed: list[float] = []

        def slow(*arguments: Any, **named: Any) -> Any:
            clock.advance(settings.seconds)
            if clock.now > ends[-1]:
                killed.append(clock.now)
                raise Crashed
            return event_item(*arguments, **named)

        monkeypatch.setattr(persist, "event_item", slow)
        monkeypatch.setattr(persist, "_FRACTION_OF_TIME", settings.share)

        def function(event: dict[str, Any]) -> Any:
            ends.append(clock.now + settings.timeout)
            left = SimpleNamespace(get_remaining_time_in_millis=lambda: 1000 * (ends[-1] - clock.now))
            return started.handle(event, left)

        for number in range(MESSAGES):
            sqs.handle("SendMessage", {"QueueUrl": queue, "MessageBody": body(number)})
        mapping = QueueMapping(sqs, queue, function, batch_size=BATCH_MESSAGES)
        while sqs.messages(queue):
            if mapping.pending():
                mapping.deliver_one()
            else:
                clock.advance(settings.timeout)
        return End(len(db.items("events")), len(sqs.messages(dead_letters)), len(killed), len(ends))

    return run


def test_messages_that_are_only_slow_are_all_stored(run: Run) -> None:
    settings = Settings(persist_function.TIMEOUT_SECONDS, persist._FRACTION_OF_TIME, MARGIN * STORED_SECONDS)
    batches = MESSAGES // BATCH_MESSAGES
    assert run(settings) == End(stored=MESSAGES, dead_letters=0, killed=0, invocations=batches)  # each comes once


def test_with_too_little_time_messages_would_be_lost(run: Run) -> None:
    """One of six is dealt with in an invocation, and a message may come ten times."""
    end = run(Settings(timeout=45, share=1 / 4, seconds=13))
    assert end.dead_letters > 50
    assert end.stored + end.dead_letters == MESSAGES


def test_the_time_has_room_for_the_slowest_batch_and_for_the_message_begun_last() -> None:
    begun_by = persist._FRACTION_OF_TIME * persist_function.TIMEOUT_SECONDS
    assert begun_by >= MARGIN * BATCH_MESSAGES * STORED_SECONDS
    assert begun_by >= BATCH_MESSAGES * CONFLICT_SECONDS
    last = MARGIN * CONFLICT_SECONDS + 2 * clients.MAX_CALL_SECONDS
    assert begun_by + last <= persist_function.TIMEOUT_SECONDS


@pytest.mark.parametrize("name", SHAPES)
def test_what_is_measured_is_valid_and_is_stored(name: str) -> None:
    text = body(1, SHAPES[name](20_000))
    assert event_item(text, domain_name="File", latest="9")["Payload"].keys() <= {"B", "L", "M"}


def test_the_program_measures_new_events_repeated_ones_and_conflicts() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.handler.slowest_messages", "spaces"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert len(re.findall(r"^(?:new|sent again|in conflict): \d", run.stdout, re.MULTILINE)) == 3
