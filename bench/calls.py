"""Section 1: calls and capacity units of both functions if no event is late, and of a handler without guards."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from cp_event_source.handler.aws.domain_table import MAX_ROWS_PER_READ
from cp_event_source.handler.projection.rows import BOOKKEEPING
from cp_event_source.handler.values.attribute_value import Item, item_size

from . import events, histories, naive, prices
from .layers import file_layer
from .pipeline import ROWS, SNAPSHOTS, SPACING, Pipeline, Used, deliver, take, used
from .report import Cell, Check, Section, Table, shown
from .scale import Scale

_COLUMNS = ("case", "calls per event", "WCU", "RCU", "item, bytes", "$ per million")
_BATCH = 100
_OBJECTS = 50
_EVENTS_EACH = 20


def section(pipelines: Mapping[int, Pipeline], scale: Scale) -> Section:
    """Measure. Takes pipelines of the File domain by the length of the history of object 0."""
    short, long = min(pipelines), max(pipelines)
    fast = {(k, length): fast_path(pipelines[length], k) for length in (short, long) for k in scale.batch_sizes}
    rows = [
        _row(f"k = {k}, history of {length:,}", cost, 100 * 100 // k, size)
        for (k, length), (cost, size) in fast.items()
    ]
    new, size = _first_events()
    rows.append(_row("k = 10, first events of new domain objects", new, _BATCH, size))
    mixed, again = one_batch(pipelines[short])
    number, reads = _OBJECTS * _EVENTS_EACH, -(-_OBJECTS // MAX_ROWS_PER_READ)
    rows.append(_row(f"{number:,} events of {_OBJECTS} domain objects, one batch", mixed, number))
    rows.append(_row("the same batch again", again, number))
    repeated = _redelivered(pipelines[long])
    rows.append(_row(f"k = 100 again, history of {long:,}", repeated, _BATCH))
    naive_cost, size = _naive()
    return Section(
        "1. Calls and capacity units per event",
        [
            Table(_COLUMNS, list(_persist_rows()), "persist, an event of half a kilobyte"),
            Table(
                _COLUMNS,
                rows,
                "project, k events of each domain object in a batch of 100",
                f"Counted over 100 events of each domain object, with one snapshot per {SPACING} events. "
                "$: DynamoDB only.",
            ),
            Table(
                _COLUMNS,
                [_row("any k, any history", naive_cost, _BATCH, size)],
                "For comparison, a handler without guards: for each event GetItem (eventually consistent), apply, "
                "PutItem",
            ),
            Table(
                ("domain's own attributes, bytes", *(f"history of {length:,}" for length in pipelines)),
                [_row_sizes(pipelines, own) for own in (200, 300, 500, 1000)],
                "Size of the row (bytes), and write units of each write of it",
                "The row's notes grow because the number of marks grows with the logarithm of the history. On the fast "
                "path, a long history costs nothing else.",
            ),
        ],
        [
            *fast_path_checks({case: cost for case, (cost, _) in fast.items()}, (short, long), scale.batch_sizes),
            Check(
                f"{number:,} new events of {_OBJECTS} domain objects in one batch: {reads} BatchGetItem and "
                f"{_OBJECTS} PutItem",
                mixed.calls == {(ROWS, "BatchGetItem"): reads, (ROWS, "PutItem"): _OBJECTS},
            ),
            Check("a whole batch delivered again: nothing is written", again.wcu == 0 and _writes(again) == 0),
            Check(
                f"a whole batch delivered again: for each of its domain objects at most {2 * SPACING} events are read, "
                "besides the batch's own",
                again.events_read <= number + 2 * SPACING * _OBJECTS,
            ),
        ],
    )


def _writes(cost: Used) -> int:
    return sum(count for (_, operation), count in cost.calls.items() if operation in {"PutItem", "SendMessage"})


def _row(case: str, cost: Used, number: int, size: Cell = "") -> Sequence[Cell]:
    wcu, rcu = cost.wcu / number, cost.rcu / number
    return (case, cost.shown(number), wcu, rcu, size, round(prices.capacity(wcu, rcu), 3))


def _persist_rows() -> Iterator[Sequence[Cell]]:
    layer, number = file_layer(), 10
    persist = (pipeline := Pipeline()).persist()

    def batch(**changes: object) -> list[dict[str, str]]:
        bodies = (events.body(layer, events.domain_id(), each, **changes) for each in range(number))
        return [{"messageId": f"m{each}", "body": body} for each, body in enumerate(bodies)]

    size = item_size(events.item(layer, events.domain_id(), 0))
    for case, messages in (
        ("a new event", batch()),
        ("a duplicate", batch()),
        ("a conflict: same key, other content", batch(UserId="another")),
    ):
        yield _row(case, used(pipeline, partial(persist.handle_batch, messages)), number, size)


def fast_path(base: Pipeline, k: int) -> tuple[Used, int]:
    """Deliver a hundred events of each domain object, k of each object in a batch of a hundred."""
    layer, objects = file_layer(), _BATCH // k
    length = base.row(events.domain_id()).state.applied.count
    pipeline = histories.multiplied(base, objects)
    project = pipeline.projection(layer)

    def act() -> None:
        for start in range(length, length + 100, k):
            deliver(project, _events(objects, range(start, start + k)))

    return used(pipeline, act), pipeline.row_size(events.domain_id())


def _events(objects: int, numbers: range) -> list[Item]:
    """Events of several objects, mixed as in a stream."""
    return [events.item(file_layer(), events.domain_id(each), number) for number in numbers for each in range(objects)]


def _first_events() -> tuple[Used, int]:
    pipeline = Pipeline()
    items = _events(10, range(10))
    pipeline.store(items)
    cost = used(pipeline, lambda: deliver(pipeline.projection(file_layer()), items))
    return cost, pipeline.row_size(events.domain_id())


def one_batch(base: Pipeline) -> tuple[Used, Used]:
    """Deliver a batch with many events of many domain objects, and deliver it again."""
    length = base.row(events.domain_id()).state.applied.count
    pipeline = Pipeline()
    project = pipeline.projection(file_layer())
    history = _events(_OBJECTS, range(length))
    items = _events(_OBJECTS, range(length, length + _EVENTS_EACH))
    pipeline.store(history)
    deliver(project, history)
    pipeline.store(items)
    first = used(pipeline, lambda: take(project, events.records(items)))
    return first, used(pipeline, lambda: take(project, events.records(items)))


def _redelivered(base: Pipeline) -> Used:
    """Deliver a hundred events of one domain object for the second time."""
    pipeline = base.copy()
    project = pipeline.projection(file_layer())
    length = base.row(events.domain_id()).state.applied.count
    items = _events(1, range(length, length + _BATCH))
    pipeline.store(items)
    deliver(project, items)
    return used(pipeline, lambda: deliver(project, items))


def _naive() -> tuple[Used, int]:
    pipeline = Pipeline()
    records = events.records(_events(10, range(10)))
    naive.handle_batch(pipeline.client, file_layer(), records)  # now all rows exist
    cost = used(pipeline, lambda: naive.handle_batch(pipeline.client, file_layer(), records))
    return cost, pipeline.row_size(events.domain_id())


def _row_sizes(pipelines: Mapping[int, Pipeline], own: int) -> Sequence[Cell]:
    cells: list[Cell] = [own]
    for pipeline in pipelines.values():
        row = pipeline.row_item(events.domain_id())
        notes = {name: row[name] for name in ("DomainId", BOOKKEEPING)}
        size = item_size(notes) - item_size({"DomainId": row["DomainId"]}) + own
        cells.append(f"{size:,} ({-(-size // 1024)})")
    return cells


def fast_path_checks(
    costs: Mapping[tuple[int, int], Used], lengths: Sequence[int], ks: Sequence[int]
) -> Iterator[Check]:
    """The fast path's guarantees. Takes costs by k and length of history."""
    for k in ks:
        batches, objects = 100 // k, 100 // k
        reads = -(-objects // MAX_ROWS_PER_READ)
        read = "GetItem" if objects == 1 else "BatchGetItem"
        wanted = {
            (ROWS, read): batches * reads,
            (ROWS, "PutItem"): batches * objects,
            (SNAPSHOTS, "PutItem"): objects * 100 // SPACING,
        }
        yield Check(
            f"k = {k}: {reads} {read} per batch, 1 PutItem per domain object and batch, 1 snapshot per {SPACING} "
            f"events, nothing else; the same on histories of {' and '.join(map(shown, lengths))}",
            all(costs[k, length].calls == wanted for length in lengths),
        )
