"""Alarms on the messages in the queues, and on their age.

SQS sends no metrics of a queue that has been empty for six hours. A message that somebody has just received to look at
it is invisible until its visibility time-out ends: the alarm may end for that time, and go off again.

No alarm watches these metrics, since other alarms see the same:
- `ContractViolations`, `UnstorableEvents` and EventBridge's `InvocationsSentToDlq`: each has a message in the ingest
  dead-letter queue.
- `DomainsParked`: each has a message in the parked queue.
- `MessagesReturned`: a message that returns repeatedly grows old, or ends in the dead-letter queue.
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
"""Half of the queues' retention. The age of a message that SQS itself moved counts from the move, its 14 days from its
first arrival; the difference is the hour that its deliveries take."""

_IN_TIME: Final = 15 * 60
"""An event waits for seconds; an event that is delivered again, for nine minutes. So an age of 15 minutes means two
failures, or a backlog. From its third delivery on SQS leaves a message out of the age: it ends in the dead-letter
queue."""

Which = Callable[[Queues], aws.sqs.Queue]


def _messages(name: str, severity: Severity, which: Which, *, meaning: str, section: str) -> Alarm:
    """Goes off at the first message."""

    def watches(watched: Watched) -> Metric:
        return of_queue(which(watched.queues), "ApproximateNumberOfMessagesVisible")

    return Alarm(name, severity, 0, meaning, section, watches, AT_ONCE)


def _age(name: str, severity: Severity, seconds: float, which: Which, *, meaning: str, section: str) -> Alarm:
    """Goes off when the oldest message has waited for too many seconds."""

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
    # Nothing is lost: events wait in the queue, and the dead-letter queue takes what fails. But rows get no new
    # events.
    _age(
        "ingest-age",
        "warning",
        _IN_TIME,
        _ingest,
        meaning="Events wait in the ingest queue: the persist function does not store them, or is too slow.",
        section="events-wait-in-the-ingest-queue",
    ),
    # It stays in the queue for days, and holds up nothing.
    _messages(
        "ingest-dead-letter",
        "warning",
        _ingest_dead_letter,
        meaning="An event could not be stored; the ingest dead-letter queue has it as it came, with the reason.",
        section="an-event-could-not-be-stored",
    ),
    # SQS deletes the event after 14 days, and there is no other copy.
    _age(
        "ingest-dead-letter-age",
        "critical",
        _HALF_OF_RETENTION,
        _ingest_dead_letter,
        meaning="An event that could not be stored is about to be lost: SQS deletes it after 14 days.",
        section="an-event-could-not-be-stored",
    ),
    # One object stands still. Its row says so, and its events are stored.
    _messages(
        "parked",
        "warning",
        _parked,
        meaning="A domain object is parked: its logic could not apply an event, and its row stays as it was.",
        section="a-domain-object-is-parked",
    ),
    # The row still says that the object is parked; only the alarm ends with the message.
    _age(
        "parked-age",
        "warning",
        _HALF_OF_RETENTION,
        _parked,
        meaning="A domain object has been parked for days; SQS deletes its message after 14 days, it stays parked.",
        section="a-domain-object-is-parked",
    ),
    # Rows are wrong, and only a rebuild fixes them.
    _messages(
        "projection-dead-letter",
        "critical",
        _projection_dead_letter,
        meaning="The projection gave up stored events: rows may lack them until they are rebuilt.",
        section="a-batch-of-the-stream-was-given-up",
    ),
    # The message says from which time rows are to be rebuilt.
    _age(
        "projection-dead-letter-age",
        "critical",
        _HALF_OF_RETENTION,
        _projection_dead_letter,
        meaning="Rows have lacked events for days; SQS deletes the message about them after 14 days.",
        section="a-batch-of-the-stream-was-given-up",
    ),
)
