"""Chooses domain objects evenly at random, without a read of the whole tables."""

import random
from typing import Final

from cp_event_source.operate.metered import Metered
from cp_event_source.operate.reading import has_events

_MAX_SEGMENTS: Final = 1_000_000
"""DynamoDB's limit of TotalSegments."""

_OBJECTS_PER_SEGMENT: Final = 10
"""As small as possible, since segments are read whole, and so large that few are empty."""


def sample(dynamodb: Metered, events_table: str, domain_table: str, number: int, chance: random.Random) -> list[str]:
    """Some domain objects of all that have events or a row; all if there are not more.

    It takes whole segments of the tables, in random order, until there are enough objects, and then chooses among
    these. Which segment an object is in depends only on DynamoDB's hash of its id, so no object is preferred for what
    it holds or when it was made. The size of the segments depends only on DynamoDB's count of the rows.

    Args:
        dynamodb: the client.
        events_table, domain_table: the tables' names.
        number: how many.
        chance: where the chance comes from.

    Raises:
        botocore.exceptions.ClientError: a table cannot be read.
    """
    rows = dynamodb.describe_table(TableName=domain_table)["Table"].get("ItemCount", 0)
    segments = min(_MAX_SEGMENTS, max(1, rows // _OBJECTS_PER_SEGMENT))
    chosen = _some_of(dynamodb, events_table, number, segments, chance)
    # Objects with events are in the first sample. The second one adds those that it cannot have.
    for domain_id in _some_of(dynamodb, domain_table, number, segments, chance):
        if not has_events(dynamodb, events_table, domain_id):
            chosen.append(domain_id)
    return chance.sample(chosen, min(number, len(chosen)))


def _some_of(dynamodb: Metered, table: str, number: int, segments: int, chance: random.Random) -> list[str]:
    found: list[str] = []
    for segment in chance.sample(range(segments), segments):
        items = dynamodb.items(
            "scan", TableName=table, Segment=segment, TotalSegments=segments, ProjectionExpression="DomainId"
        )
        found += dict.fromkeys(item["DomainId"]["S"] for item in items)
        if len(found) >= number:
            break
    return chance.sample(found, min(number, len(found)))
