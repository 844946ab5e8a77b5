"""Pipelines in which one domain object has a long history. The project function itself folded it, batch by batch."""

from collections.abc import Mapping, Sequence

from . import events
from .layers import Layer
from .pipeline import ROWS, Pipeline, deliver


def of_lengths(layer: Layer, lengths: Sequence[int]) -> Mapping[int, Pipeline]:
    """Pipelines by the length of the history of object 0. Copy a pipeline before you change it."""
    made: dict[int, Pipeline] = {}
    pipeline, length = Pipeline(), 0
    for wanted in sorted(lengths):
        grow(pipeline, layer, length, wanted)
        made[wanted] = pipeline
        pipeline, length = pipeline.copy(), wanted
    return made


def grow(pipeline: Pipeline, layer: Layer, length: int, wanted: int) -> None:
    """Extend the history of object 0 from one length to another."""
    project = pipeline.projection(layer)
    for start in range(length, wanted, 1000):
        items = events.items(layer, events.domain_id(), range(start, min(start + 1000, wanted)))
        pipeline.store(items)
        deliver(project, items)


def multiplied(pipeline: Pipeline, objects: int) -> Pipeline:
    """A copy in which several objects have the row of object 0, but no stored history: any read of it shows."""
    copy = pipeline.copy()
    row = copy.row_item(events.domain_id())
    for number in range(objects):
        copy.client.put_item(TableName=ROWS, Item={**row, "DomainId": {"S": events.domain_id(number)}})
    return copy
