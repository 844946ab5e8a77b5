"""Removes the notices in the parked queue whose domain objects are no longer parked."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.handler.aws.domain_table import DomainTable
from cp_event_source.handler.projection.notes import MAX_INVOCATION_SECONDS
from cp_event_source.handler.values.clock import Clock
from cp_event_source.operate.hidden_messages import HiddenMessages, sent_at

_SETTLED_SECONDS: Final = MAX_INVOCATION_SECONDS + 60
"""After this time, the row that a notice is about is written, or never will be."""


@dataclass(frozen=True)
class Cleared:
    """What was done with the notices."""

    deleted: int
    kept: int
    """The notices that stay: of parked objects, of this moment, and messages that are no notices."""


def clear_notices(pipeline: Pipeline, was_parked: Callable[[str, str], bool], clock: Clock) -> Cleared:
    """Delete the notices of objects whose rows are there and not parked now; all others stay in the queue.

    If a person deletes the row of a parked object, only the notice says that events wait.

    The project function sends a notice before it writes the parked row. So a row that is not parked yet is no reason to
    delete a notice: that parking must have been seen in the row, or so long ago that the write is over.

    Args:
        pipeline: the pipeline.
        was_parked: whether an object's row was seen to be parked since a time (DomainId, the notice's `Since`).
        clock: the time.
    """
    sqs, url = pipeline.clients("sqs"), pipeline.output("parked_queue_url")
    rows = DomainTable(pipeline.clients("dynamodb"), pipeline.domain_table, clock)
    deleted = 0
    with HiddenMessages(sqs, url, clock) as hidden:
        for messages in hidden.batches():
            settled = {}
            for message in messages:
                notice = _notice(message["Body"], pipeline.domain_name)
                if notice is not None and (was_parked(*notice) or clock.now() - sent_at(message) > _SETTLED_SECONDS):
                    settled[message["MessageId"]] = notice[0]
            not_parked = _not_parked(rows, set(settled.values()))
            needless = [message_id for message_id, domain_id in settled.items() if domain_id in not_parked]
            deleted += len(needless) - len(hidden.delete(needless))
    return Cleared(deleted, hidden.looked_at - deleted)


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
        found |= {
            domain_id for domain_id, row in part.items() if row is not None and row.readable and row.parked is None
        }
    return found
