"""Section 5: events per second of the project function on one core."""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from cp_event_source.handler.values.attribute_value import Item

from . import events, histories, naive, prices
from .layers import file_layer
from .pipeline import Metered, Pipeline, direct_metered, take, wired_metered
from .report import Cell, Section, Table
from .scale import Scale
from .timing import process_seconds

_BATCH = 100
_ROUND = 1000
"""How many events a round has at least, so that it is long enough to be timed."""

_CLIENTS = {"without botocore": direct_metered, "with botocore": wired_metered}


def section(pipelines: Mapping[int, Pipeline], scale: Scale) -> Section:
    """Measure. Takes pipelines of the File domain by the length of the history of object 0."""
    return Section(
        "5. Throughput of the project function on one core",
        [
            Table(
                (
                    "handler",
                    "client",
                    "events/s",
                    "microseconds per event",
                    "the double's own",
                    "$ per million",
                ),
                list(_rows(pipelines[min(pipelines)], scale.rounds)),
                f"k events of each domain object in a batch of {_BATCH}, by CPU time",
                "The double's own time is measured and subtracted: on AWS it is DynamoDB's. Waiting for DynamoDB is "
                "not included; the writes of a batch wait ten at a time. No guards: the handler of section 1, at any "
                "k. $: Lambda only, for that time.",
            )
        ],
    )


def _rows(base: Pipeline, rounds: int) -> Iterator[Sequence[Cell]]:
    for client_name, client_of in _CLIENTS.items():
        for name, k in (("project, k = 1", 1), ("project, k = 10", 10), ("project, k = 100", 100), ("no guards", 10)):
            pipeline = histories.multiplied(base, _BATCH // k)
            client, meter = client_of(pipeline.db)
            handle = _unguarded(client) if name == "no guards" else _project(pipeline, client)
            own, double = min(_rounds(pipeline, handle, meter, k, rounds))
            times = (round(1 / own), round(1e6 * own, 1), round(1e6 * double, 1))
            yield (name, client_name, *times, round(prices.cpu(own), 4))


_Handle = Callable[[list[dict[str, Any]]], None]


def _project(pipeline: Pipeline, client: Any) -> _Handle:
    project = pipeline.projection(file_layer(), client=client)
    return lambda records: take(project, records)


def _unguarded(client: Any) -> _Handle:
    return lambda records: naive.handle_batch(client, file_layer(), records)


def _rounds(pipeline: Pipeline, handle: _Handle, meter: Metered, k: int, rounds: int) -> Iterator[tuple[float, float]]:
    """For each round, seconds of CPU time per event: the functions' own, and the double's."""
    gc.collect()
    gc.freeze()  # in Lambda there is no store of events in memory that the collector must walk through
    length = pipeline.row(events.domain_id()).state.applied.count
    for _ in range(rounds):
        # enough events for each domain object to reach its snapshots
        numbers = range(length, length + max(100, _ROUND * k // _BATCH))
        batches = [events.records(items) for items in _batches(numbers, k)]
        meter.seconds = 0
        start = process_seconds()
        for records in batches:
            handle(records)
        count = sum(map(len, batches))
        yield (process_seconds() - start - meter.seconds) / count, meter.seconds / count
        length = numbers.stop
    gc.unfreeze()


def _batches(numbers: range, k: int) -> Iterator[list[Item]]:
    for start in range(numbers.start, numbers.stop, k):
        yield [
            events.item(file_layer(), events.domain_id(each), number)
            for number in range(start, start + k)
            for each in range(_BATCH // k)
        ]
