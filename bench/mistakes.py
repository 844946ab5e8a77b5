"""Section 8: how many wrong rows a handler without guards and the project function write on an imperfect stream."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cp_event_source.handler.projection.rows import BOOKKEEPING
from cp_event_source.handler.values.attribute_value import Item

from . import events, naive
from .disorder import folded, shuffled
from .layers import ledger_layer
from .pipeline import ROWS, Pipeline, take
from .report import Cell, Check, Section, Table
from .scale import Scale

_EVENTS_EACH = 20
_BATCH = 100
_WINDOW = 5
"""By how many positions an event may be late, among the events of its domain object."""
_TWICE = 10
"""One batch of this number is delivered twice, the second time after the next batch."""
_OVERLAPPED = 2
"""In one batch of this number, another invocation handles the next batch between a read and its write."""

_Handle = Callable[[list[dict[str, Any]]], None]


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a stream does with the events of many domain objects."""

    name: str
    late: bool = False
    twice: bool = False
    overlapped: bool = False


_TROUBLES = (
    Trouble("in order, each once"),
    Trouble(f"late: events up to {_WINDOW} positions off", late=True),
    Trouble(f"repeated: one batch of {_TWICE} twice", twice=True),
    Trouble("overlapping: one write of each batch with the next batch", overlapped=True),
    Trouble("all of these", late=True, twice=True, overlapped=True),
)


def section(scale: Scale) -> Section:
    """Measure."""
    objects = max(10, scale.disorder_events // 100)
    outcomes = {trouble: _wrong_rows(trouble, objects) for trouble in _TROUBLES}
    rows: list[Sequence[Cell]] = [(trouble.name, *wrong) for trouble, wrong in outcomes.items()]
    return Section(
        "8. What a handler without guards gets wrong",
        [
            Table(
                ("stream", "no guards: wrong rows", "project: wrong rows"),
                rows,
                f"Of {objects} rows, those that differ from the fold of their events in the order of their keys",
                f"{_EVENTS_EACH} events of each domain object, in batches of {_BATCH}. The domain logic keeps a sum, a "
                "count and the last entry. Sections 1 and 5 show what the handler without guards costs.",
            )
        ],
        [
            Check(
                "late, repeated and overlapping deliveries leave no wrong row",
                all(own == 0 for _, own in outcomes.values()),
            )
        ],
    )


def _wrong_rows(trouble: Trouble, objects: int) -> tuple[int, int]:
    """The number of wrong rows of the handler without guards, and of the project function."""
    rng = random.Random(1)  # noqa: S311  the same stream on each run
    by_object = {
        domain_id: events.items(ledger_layer(), domain_id, range(_EVENTS_EACH))
        for domain_id in map(events.domain_id, range(objects))
    }
    batches = _batches([shuffled(each, _WINDOW if trouble.late else 0, rng) for each in by_object.values()], rng)
    if trouble.twice:
        batches = list(_with_repetitions(batches))
    wrong = []
    for make in (_unguarded, _project):
        pipeline = Pipeline()
        _run(pipeline, make(pipeline), batches, overlapped=trouble.overlapped)
        wrong.append(_wrong(pipeline, by_object))
    return wrong[0], wrong[1]


def _batches(streams: Sequence[Sequence[Item]], rng: random.Random) -> list[Sequence[Item]]:
    """Batches of the objects' events, mixed. The events of each object keep their order."""
    turns = [number for number, stream in enumerate(streams) for _ in stream]
    rng.shuffle(turns)
    rest = [iter(stream) for stream in streams]
    mixed = [next(rest[number]) for number in turns]
    return [mixed[start : start + _BATCH] for start in range(0, len(mixed), _BATCH)]


def _with_repetitions(batches: Sequence[Sequence[Item]]) -> Iterator[Sequence[Item]]:
    for number, batch in enumerate(batches):
        yield batch
        if number % _TWICE == 1:
            yield batches[number - 1]


def _run(pipeline: Pipeline, handle: _Handle, batches: Sequence[Sequence[Item]], *, overlapped: bool) -> None:
    for batch in batches:
        pipeline.store(batch)
    number = 0
    while number < len(batches):
        if overlapped and number % _OVERLAPPED == 0 and number + 1 < len(batches):
            _before_a_write(pipeline, lambda: handle(events.records(list(batches[number + 1]))))  # noqa: B023
            handle(events.records(list(batches[number])))
            number += 2
        else:
            handle(events.records(list(batches[number])))
            number += 1


def _before_a_write(pipeline: Pipeline, act: Callable[[], None]) -> None:
    """Let another invocation run once, before the first write of the next invocation."""
    writes = 0

    def intercept(operation: str, request: Mapping[str, Any], when: str) -> None:
        nonlocal writes
        if operation == "PutItem" and request["TableName"] == ROWS and when == "before":
            writes += 1
            if writes == 1:
                act()

    pipeline.db.intercept = intercept


def _unguarded(pipeline: Pipeline) -> _Handle:
    return lambda records: naive.handle_batch(pipeline.client, ledger_layer(), records)


def _project(pipeline: Pipeline) -> _Handle:
    project = pipeline.projection(ledger_layer())
    return lambda records: take(project, records)


def _wrong(pipeline: Pipeline, by_object: Mapping[str, Sequence[Item]]) -> int:
    wrong = 0
    for domain_id, items in by_object.items():
        row = pipeline.row_item(domain_id)
        own = {name: value for name, value in row.items() if name != BOOKKEEPING}
        wrong += own != folded(ledger_layer(), items).attributes
    return wrong
