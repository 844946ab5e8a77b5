"""Reads whole tables in parallel segments, under a cap, in bounded memory."""

import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cp_event_source.handler.values.attribute_value import Item
from cp_event_source.operate.pace import Pace

SEGMENTS: Final = 8
"""Segments that are read at the same time. Memory holds at most one page of each, and a few that were read ahead."""

_PAGES_AHEAD: Final = 2

MAX_ITEMS: Final = 1_000
"""Items of a page, which has at most 1 MB by DynamoDB's own limit: many small items take far more memory than that."""


@dataclass(frozen=True)
class Page:
    """Items of one segment, in the table's order: those of one hash key follow each other, sorted by range key."""

    segment: int
    items: Sequence[Item]
    next_key: Item | None
    """Where the segment continues; None at its end."""
    read: int = 0
    """How many items DynamoDB read for the page, those that a filter left out included."""


def scan(
    dynamodb: Any,
    table: str,
    pace: Pace,
    *,
    segments: int = SEGMENTS,
    start: Mapping[int, Item | None] | None = None,
    **options: Any,
) -> Iterator[Page]:
    """The pages of a table or an index.

    Pages of one segment come in order; the segments' pages are mixed. A segment is a part of the hash keys, so all
    items of one hash key are in one segment.

    Args:
        dynamodb: the client.
        table: the table's name.
        pace: the cap.
        segments: into how many parts the table is divided.
        start: by segment, the `next_key` of the last page that an interrupted scan of as many segments has processed;
            None for a segment that was read to its end. Segments that are not named start at their beginning.
        options: of DynamoDB's Scan, such as `FilterExpression`.

    Raises:
        botocore.exceptions.ClientError: the table cannot be read.
    """
    start = start or {}
    left = [segment for segment in range(segments) if segment not in start or start[segment] is not None]
    pages: queue.Queue[Page | BaseException | None] = queue.Queue(maxsize=_PAGES_AHEAD)
    stopped = threading.Event()

    def put(what: Page | BaseException | None) -> None:
        while not stopped.is_set():
            try:
                pages.put(what, timeout=0.1)
            except queue.Full:
                continue
            return

    def read(segment: int) -> None:
        try:
            key = start.get(segment)
            while not stopped.is_set():
                reply = dynamodb.scan(
                    TableName=table,
                    Segment=segment,
                    TotalSegments=segments,
                    Limit=MAX_ITEMS,
                    ReturnConsumedCapacity="TOTAL",
                    **({"ExclusiveStartKey": key} if key else {}),
                    **options,
                )
                pace.spend(reply.get("ConsumedCapacity", {}).get("CapacityUnits", 0))
                key = reply.get("LastEvaluatedKey")
                put(Page(segment, reply["Items"], key, reply.get("ScannedCount", len(reply["Items"]))))
                if key is None:
                    break
            put(None)
        except BaseException as error:  # noqa: BLE001  the reader of the pages raises it
            put(error)

    threads = [threading.Thread(target=read, args=[segment], daemon=True) for segment in left]
    for thread in threads:
        thread.start()
    try:
        running = len(threads)
        while running:
            what = pages.get()
            if isinstance(what, BaseException):
                raise what
            if what is None:
                running -= 1
            else:
                yield what
    finally:
        stopped.set()
