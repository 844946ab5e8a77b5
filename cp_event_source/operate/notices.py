"""Removes the notices in the parked queue whose domain objects are no longer parked."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.handler.aws.domain_table import DomainTable
from cp_event_source.handler.projection.notes import MAX_INVOCATION_SECONDS
from cp_event_source.handler.values.clock import Clock

MAX_HELD: Final = 100_000
"""The notices that stay and are held during the call. SQS hides at most 120,000 messages at a time."""

_HIDDEN_SECONDS: Final = 300
"""How long a notice is hidden if the process ends before it shows it again."""

_WAIT_SECONDS: Final = 1
"""A receive that waits asks all of SQS's servers."""

_SETTLED_SECONDS: Final = MAX_INVOCATION_SECONDS + 60
"""After this time, the row that a notice is about is written, or never will be."""

_AT_ONCE: Final = 10


@dataclass(frozen=True)
class Cleared:
    """What was done with the notices."""

    deleted: int
    kept: int
    """The notices that stay: of parked objects, of this moment, and messages that are no notices."""


def clear_notices(pipeline: Pipeline, was_parked: Callable[[str, str], bool], clock: Clock) -> Cleared:
    """Delete the notices of objects whose rows are not parked now; all others stay in the queue.

    The project function sends a notice before it writes the parked row. So a row that is not parked yet is no reason to
    delete a notice: that parking must have been seen in the row, or so long ago that the write is over.

    Args:
        pipeline: the pipeline.
        was_parked: whether an object's row was seen to be parked since a time (DomainId, the notice's `Since`).
        clock: the time.
    """
    sqs, url = pipeline.clients("sqs"), pipeline.output("parked_queue_url")
    rows = DomainTable(pipeline.clients("dynamodb"), pipeline.output("domain_table_name"), clock)
    deleted = 0
    kept: dict[str, str] = {}
    """The receipt handles by message: a message that comes again has the newest one."""
    try:
        while len(kept) < MAX_HELD:
            messages = sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=_AT_ONCE,
                VisibilityTimeout=_HIDDEN_SECONDS,
                WaitTimeSeconds=_WAIT_SECONDS,
                MessageSystemAttributeNames=["SentTimestamp"],
            ).get("Messages", [])
            if not messages or any(message["MessageId"] in kept for message in messages):
                kept |= _handles(messages)
                break
            kept |= _handles(messages)
            settled = {}
            for message in messages:
                notice = _notice(message["Body"], pipeline.domain_name)
                if notice is None:
                    continue
                sent = int(message.get("Attributes", {}).get("SentTimestamp", 0)) / 1000
                if was_parked(*notice) or clock.now() - sent > _SETTLED_SECONDS:
                    settled[message["MessageId"]] = notice[0]
            needless = _not_parked(rows, set(settled.values()))
            for message_id, domain_id in settled.items():
                if domain_id in needless:
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=kept.pop(message_id))
                    deleted += 1
    finally:
        for handle in kept.values():
            sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
    return Cleared(deleted, len(kept))


def _handles(messages: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {message["MessageId"]: message["ReceiptHandle"] for message in messages}


def _notice(body: str, domain_name: str) -> tuple[str, str] | None:
    """The object and the time of a notice; None if the message is no notice of this pipeline."""
    try:
        notice: Any = json.loads(body)
        if notice["DomainName"] == domain_name:
            return str(notice["DomainId"]), str(notice["Since"])
    except (ValueError, TypeError, KeyError):
        pass
    return None


def _not_parked(rows: DomainTable, domain_ids: set[str]) -> set[str]:
    found: set[str] = set()
    for part in rows.read_many(sorted(domain_ids)):
        found |= {domain_id for domain_id, row in part.items() if row is None or (row.readable and row.parked is None)}
    return found
