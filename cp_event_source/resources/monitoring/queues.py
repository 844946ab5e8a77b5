"""Alarms on what lies in the queues, and on how long it has lain there.

SQS is silent about a queue that was empty for six hours. A message that somebody has just received for a look is
not visible for as long as the visibility time-out lasts, so that the alarm may end for that while, and come back.

Not watched by themselves, since what they count lies in the ingest dead-letter queue: `ContractViolations`,
`UnstorableEvents`, and EventBridge's `InvocationsSentToDlq`. Nor `DomainsParked`: each has a message in the parked
queue. Nor `MessagesReturned`: what comes back again and again grows old, or ends in the dead-letter queue.
"""

from collections.abc import Callable
from typing import Final

import pulumi_aws as aws

from ..queues import Queues
from .metrics import Metric, of_queue
from .specification import AT_ONCE, Alarm, Severity
from .watched import Watched

_DAY: Final = 24 * 3600

_HALF_OF_RETENTION: Final = 7 * _DAY
"""Half of what the queues keep. The age of a message that SQS itself moved counts from the move, its 14 days from its
first arrival; the difference is the hour that its deliveries take."""

_IN_TIME: Final = 15 * 60
"""An event waits seconds. One that is delivered again waits nine minutes for it, so this is two failures, or a
backlog. From its third delivery on SQS leaves a message out of the age: it ends in the dead-letter queue."""

Which = Callable[[Queues], aws.sqs.Queue]


def _messages(name: str, severity: Severity, which: Which, *, meaning: str, section: str) -> Alarm:
    """One message is one too many."""

    def watches(watched: Watched) -> Metric:
        return of_queue(which(watched.queues), "ApproximateNumberOfMessagesVisible")

    return Alarm(name, severity, 0, meaning, section, watches, AT_ONCE)


def _age(name: str, severity: Severity, seconds: float, which: Which, *, meaning: str, section: str) -> Alarm:
    """How long the oldest message waits, in seconds."""

    def watches(watched: Watched) -> Metric:
        return of_queue(which(watched.queues), "ApproximateAgeOfOldestMessage")

    return Alarm(name, severity, seconds, meaning, section, watches, AT_ONCE)


def _ingest(queues: Queues) -> aws.sqs.Queue:
    return queues.ingest


def _ingest_dead_letter(queues: Queues) -> aws.sqs.Queue:
    return queues.ingest_dead_letter


def _parked(queues: Queues) -> aws.sqs.Queue:
    return queues.parked


def _projection_dead_letter(queues: Queues) -> aws.sqs.Queue:
    return queues.projection_dead_letter


ALARMS: Final = (
    # Nothing is lost: they wait where they are, and the dead-letter queue takes what fails. But rows get no new events.
    _age(
        "ingest-age",
        "warning",
        _IN_TIME,
        _ingest,
        meaning="Events wait in the ingest queue: the persist function does not store them, or too slowly.",
        section="events-wait-in-the-ingest-queue",
    ),
    # It lies there whole for days, and holds up nothing.
    _messages(
        "ingest-dead-letter",
        "warning",
        _ingest_dead_letter,
        meaning="An event could not be stored; it lies whole in the ingest dead-letter queue, with the reason.",
        section="an-event-could-not-be-stored",
    ),
    # What SQS deletes after 14 days is nowhere else.
    _age(
        "ingest-dead-letter-age",
        "grave",
        _HALF_OF_RETENTION,
        _ingest_dead_letter,
        meaning="An event that could not be stored is about to be lost: SQS deletes it after 14 days.",
        section="an-event-could-not-be-stored",
    ),
    # One object stands still; its row says so, its events are stored.
    _messages(
        "parked",
        "warning",
        _parked,
        meaning="A domain object is parked: its logic could not apply an event, and its row stays as it was before.",
        section="a-domain-object-is-parked",
    ),
    # The row is the truth: with the message goes only the memory of the alarm.
    _age(
        "parked-age",
        "warning",
        _HALF_OF_RETENTION,
        _parked,
        meaning="A domain object has been parked for days; SQS forgets the message after 14, the object stays parked.",
        section="a-domain-object-is-parked",
    ),
    # Rows are wrong, and nothing but a rebuild mends them.
    _messages(
        "projection-dead-letter",
        "grave",
        _projection_dead_letter,
        meaning="Stored events were given up by the projection: rows may lack them until they are rebuilt.",
        section="a-batch-of-the-stream-was-given-up",
    ),
    # With the message goes the time from which rows are to be rebuilt.
    _age(
        "projection-dead-letter-age",
        "grave",
        _HALF_OF_RETENTION,
        _projection_dead_letter,
        meaning="Rows have lacked events for days; SQS deletes the message that says which after 14.",
        section="a-batch-of-the-stream-was-given-up",
    ),
)
