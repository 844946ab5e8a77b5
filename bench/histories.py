"""Pipelines in which one domain has a history of some length, folded batch by batch by the project function itself."""

from collections.abc import Mapping, Sequence

from . import events
from .layers import Layer
from .pipeline import ROWS, Pipeline, deliver


def of_lengths(layer: Layer, lengths: Sequence[int]) -> Mapping[int, Pipeline]:
    """Pipelines by the length of the history of domain 0. To be copied by whoever changes one."""
    made: dict[int, Pipeline] = {}
    pipeline, length = Pipeline(), 0
    for wanted in sorted(lengths):
        grow(pipeline, layer, length, wanted)
        made[wanted] = pipeline
        pipeline, length = pipeline.copy(), wanted
    return made


def grow(pipeline: Pipeline, layer: Layer, length: int, wanted: int) -> None:
    """Let the history of domain 0 go on from one length to another."""
    project = pipeline.projection(layer)
    for start in range(length, wanted, 1000):
        items = events.items(layer, events.domain_id(), range(start, min(start + 1000, wanted)))
        pipeline.store(items)
        deliver(project, items)


def multiplied(pipeline: Pipeline, domains: int) -> Pipeline:
    """A copy with the row of domain 0 for as many domains. Their histories are not there: what reads them is seen."""
    copy = pipeline.copy()
    row = copy.row_item(events.domain_id())
    for number in range(domains):
        copy.client.put_item(TableName=ROWS, Item={**row, "DomainId": {"S": events.domain_id(number)}})
    return copy
