"""Section 5: events per second of the project function on one core."""

import gc
import os
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any
from unittest import mock

import boto3

from cp_event_source.handler.values.attribute_value import Item

from . import events, histories, naive, prices
from .disorder import shuffled
from .endpoint import endpoint
from .layers import file_layer
from .pipeline import ROWS, Metered, Pipeline, direct_metered, take
from .report import Cell, Section, Table
from .scale import Scale
from .timing import process_seconds

_BATCH = 100
_OBJECTS = 10
"""Domain objects whose events come alone, in turn."""
_WINDOW = 50
_COLUMNS = ("handler", "client", "events/s", "microseconds per event", "$ per million")

_Handle = Callable[[list[dict[str, Any]]], None]


def section(base: Pipeline, scale: Scale) -> Section:
    """Measure. Takes a pipeline of the File domain in which object 0 has a short history."""
    return Section(
        "5. Throughput of the project function on one core",
        [
            Table(
                _COLUMNS,
                list(_rows(base, scale)),
                f"k events of each domain object in a batch of {_BATCH}, by CPU time",
                "With botocore: through TLS to a double in another process. Without: the double's own time is measured "
                "and subtracted. Waiting for DynamoDB is not included; the writes of a batch wait ten at a time. No "
                "guards: the handler of section 1, at any k. $: Lambda only, for that time.",
            ),
            Table(
                _COLUMNS,
                list(_alone(base, scale)),
                "One event in an invocation, by CPU time",
                "The functions' client: botocore's, as this project sets it up. boto3's client and Table: as "
                '`boto3.client("dynamodb")` and `boto3.resource("dynamodb").Table(...)` make them.',
            ),
            Table(
                ("order", "events/s", "microseconds per event", "of a core at 1,000 events/s", "ms per batch"),
                [_hot(base, scale, window) for window in (0, _WINDOW)],
                f"A hot domain object: batches of {_BATCH} events of one object, through TLS",
                "ms per batch: the median of the time from the call of the function to its return, with a double that "
                "answers on the same machine.",
            ),
            Table(
                ("domain objects in the batch", "events/s", "microseconds per event", "s per batch"),
                [_many(base, scale)],
                "The largest batch: each event is of another domain object, through TLS",
            ),
        ],
    )


def _rows(base: Pipeline, scale: Scale) -> Iterator[Sequence[Cell]]:
    for client_name, client_of in (("without botocore", _direct), ("with botocore", _served)):
        for name, k in (("project, k = 1", 1), ("project, k = 10", 10), ("project, k = 100", 100), ("no guards", 10)):
            pipeline = histories.multiplied(base, _BATCH // k)
            with client_of(pipeline) as (client, meter):
                handle = _unguarded(client) if name == "no guards" else _project(pipeline, client)
                own = min(_rounds(pipeline, handle, meter, k, scale))
            yield (name, client_name, *_cells(own))


def _alone(base: Pipeline, scale: Scale) -> Iterator[Sequence[Cell]]:
    names = (
        ("project", "the functions'"),
        ("no guards", "the functions'"),
        ("no guards", "boto3's client"),
        ("no guards", "boto3's Table"),
    )
    pipeline = histories.multiplied(base, _OBJECTS * len(names))
    length = pipeline.row(events.domain_id()).state.applied.count
    best = dict.fromkeys(names, float("inf"))
    with endpoint(pipeline.db) as served, _without_old_objects():
        with mock.patch.dict(os.environ, served.environment):
            session: Any = boto3.Session()
            client, table = session.client("dynamodb"), session.resource("dynamodb").Table(ROWS)

        def by_table(records: list[dict[str, Any]]) -> None:
            naive.handle_batch_by_table(table, file_layer(), records)

        handles: tuple[_Handle, ...] = (
            _project(pipeline, served.client),
            _unguarded(served.client),
            _unguarded(client),
            by_table,
        )
        for number in range(length, length + scale.rounds * scale.invocations // _OBJECTS):
            for which, (name, handle) in enumerate(zip(names, handles, strict=True)):  # each has objects of its own
                objects = range(which * _OBJECTS, (which + 1) * _OBJECTS)
                items = [events.item(file_layer(), events.domain_id(each), number) for each in objects]
                batches = [events.records([item]) for item in items]
                start = process_seconds()
                for records in batches:
                    handle(records)
                best[name] = min(best[name], (process_seconds() - start) / len(batches))
    for name, own in best.items():
        yield (*name, *_cells(own))


def _hot(base: Pipeline, scale: Scale, window: int) -> Sequence[Cell]:
    pipeline = base.copy()
    length = pipeline.row(events.domain_id()).state.applied.count
    items = events.items(file_layer(), events.domain_id(), range(length, length + scale.hot_events))
    pipeline.store(events.items(file_layer(), events.domain_id(), range(length)))
    pipeline.store(items)
    sent = shuffled(items, window, random.Random(window))  # noqa: S311  the same on each run
    walls: list[float] = []
    with endpoint(pipeline.db) as served:
        project = _project(pipeline, served.client)
        batches = [events.records(list(sent[at : at + _BATCH])) for at in range(0, len(sent), _BATCH)]
        with _without_old_objects():
            start = process_seconds()
            for records in batches:
                began = perf_counter()
                project(records)
                walls.append(perf_counter() - began)
            own = (process_seconds() - start) / len(sent)
    order = f"up to {window} positions off" if window else "in order"
    median = sorted(walls)[len(walls) // 2]
    return (order, round(1 / own), round(1e6 * own, 1), f"{1000 * own:.0%}", round(1000 * median, 1))


def _many(base: Pipeline, scale: Scale) -> Sequence[Cell]:
    pipeline = histories.multiplied(base, scale.many_objects)
    length = pipeline.row(events.domain_id()).state.applied.count
    items = [events.item(file_layer(), events.domain_id(each), length) for each in range(scale.many_objects)]
    with endpoint(pipeline.db) as served:
        project = _project(pipeline, served.client)
        records = events.records(items)
        with _without_old_objects():
            began, start = perf_counter(), process_seconds()
            project(records)
            own, wall = (process_seconds() - start) / len(records), perf_counter() - began
    return (scale.many_objects, round(1 / own), round(1e6 * own, 1), round(wall, 1))


def _cells(own: float) -> Sequence[Cell]:
    return (round(1 / own), round(1e6 * own, 1), round(prices.cpu(own), 4))


@contextmanager
def _direct(pipeline: Pipeline) -> Iterator[tuple[Any, Metered | None]]:
    yield direct_metered(pipeline.db)


@contextmanager
def _served(pipeline: Pipeline) -> Iterator[tuple[Any, Metered | None]]:
    with endpoint(pipeline.db) as served:
        yield served.client, None


def _project(pipeline: Pipeline, client: Any) -> _Handle:
    project = pipeline.projection(file_layer(), client=client)
    return lambda records: take(project, records)


def _unguarded(client: Any) -> _Handle:
    return lambda records: naive.handle_batch(client, file_layer(), records)


def _rounds(pipeline: Pipeline, handle: _Handle, meter: Metered | None, k: int, scale: Scale) -> Iterator[float]:
    """For each round, seconds of the functions' own CPU time per event."""
    length = pipeline.row(events.domain_id()).state.applied.count
    with _without_old_objects():
        for _ in range(scale.rounds):
            # a full round has enough events for each domain object to reach its snapshots
            numbers = range(length, length + scale.round_events * max(k, 10) // _BATCH)
            batches = [events.records(items) for items in _batches(numbers, k)]
            before = meter.seconds if meter is not None else 0
            start = process_seconds()
            for records in batches:
                handle(records)
            spent = process_seconds() - start
            yield (spent - (meter.seconds - before if meter is not None else 0)) / sum(map(len, batches))
            length = numbers.stop


@contextmanager
def _without_old_objects() -> Iterator[None]:
    """In Lambda there is no store of events in memory that the collector must walk through."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _batches(numbers: range, k: int) -> Iterator[list[Item]]:
    for start in range(numbers.start, numbers.stop, k):
        yield [
            events.item(file_layer(), events.domain_id(each), number)
            for number in range(start, start + k)
            for each in range(_BATCH // k)
        ]
