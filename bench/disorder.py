"""Section 3: a stream that is always out of order, and the best distance between snapshots for it."""

import random
from collections.abc import Iterator, Sequence
from functools import cache, partial

from cp_event_source.handler.domain.fold import fold
from cp_event_source.handler.domain.state import INITIAL_STATE, DomainState
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.values.attribute_value import Item, item_size

from . import events, prices
from .layers import Layer, account_layer, ledger_layer
from .pipeline import SNAPSHOTS, SPACING, Pipeline, Used, deliver, used
from .report import Cell, Check, Section, Table
from .scale import Scale

_BATCH = 10
_CLOSER = 20
_BYTES_OF_TEXT = (170, 870)
"""Bytes of text in a ledger. With them its own attributes have about 300 bytes or 1 KB."""


def section(scale: Scale) -> Section:
    """Measure."""
    number = scale.disorder_events
    outcomes = {
        (window, spacing, ahead): _stream(number, window, spacing, ahead)
        for window, ahead in ((0, 0), *((window, 0) for window in scale.windows), (scale.windows[-2], 10))
        for spacing in (_CLOSER, SPACING)
    }
    rows = [
        (_named(window, ahead), spacing, *_cells(cost, number))
        for (window, spacing, ahead), (cost, _) in outcomes.items()
    ]
    return Section(
        "3. Disorder",
        [
            Table(
                ("order", "N", "calls", "events read", "RCU", "WCU", "WCU of snapshots", "$ per million"),
                rows,
                f"Per event: {number:,} events of one domain object in batches of {_BATCH}, in and out of order",
                "N is `events_per_snapshot`. Store n ahead: when a batch comes, n more events are stored than "
                "delivered. $: DynamoDB only.",
            ),
            Table(
                ("domain's own attributes, bytes", "snapshot, bytes", "N", "WCU per event"),
                list(_snapshots(max(number // 4, 3 * SPACING))),
                f"In order, batches of {_BATCH}: write units of snapshots",
            ),
        ],
        [
            Check(
                "whatever the order, the row is the fold of all events in the order of their keys",
                all(converged for _, converged in outcomes.values()),
            )
        ],
    )


def shuffled(items: Sequence[Item], window: int, rng: random.Random) -> list[Item]:
    """Each item at most `window` positions from its own, with all displacements equally likely."""
    shifted = [position + rng.uniform(0, window) for position in range(len(items))]
    return [items[position] for position in sorted(range(len(items)), key=shifted.__getitem__)]


def folded(layer: Layer, items: Sequence[Item]) -> DomainState:
    """The fold of all events in the order of their keys."""
    ordered = sorted(map(StoredEvent.of, items), key=lambda event: event.key)
    return fold(layer.logic, INITIAL_STATE, ordered, seconds_per_event=10).state


def _stream(number: int, window: int, spacing: int, ahead: int) -> tuple[Used, bool]:
    """The cost to deliver a stream, and True if the row is correct at the end."""
    pipeline = Pipeline()
    project = pipeline.projection(account_layer(), spacing=spacing)
    items = shuffled(_items(number), window, random.Random(window))  # noqa: S311  the same on each run
    pipeline.store(items[: ahead * _BATCH])

    def act() -> None:
        for start in range(0, number, _BATCH):
            pipeline.store(items[start + ahead * _BATCH : start + (ahead + 1) * _BATCH])
            deliver(project, items[start : start + _BATCH])

    return used(pipeline, act), pipeline.row(events.domain_id()).state == _expected(number)


@cache
def _items(number: int) -> list[Item]:
    return events.items(account_layer(), events.domain_id(), range(number))


@cache
def _expected(number: int) -> DomainState:
    return folded(account_layer(), _items(number))


def _named(window: int, ahead: int) -> str:
    order = f"up to {window} positions off" if window else "in order"
    return f"{order}, store {ahead * _BATCH} ahead" if ahead else order


def _cells(cost: Used, number: int) -> Sequence[Cell]:
    wcu, rcu = cost.wcu / number, cost.rcu / number
    return (
        cost.count / number,
        cost.events_read / number,
        rcu,
        wcu,
        cost.wcu_of(SNAPSHOTS, "PutItem") / number,
        round(prices.capacity(wcu, rcu), 3),
    )


def _snapshots(number: int) -> Iterator[Sequence[Cell]]:
    for bytes_of_text in _BYTES_OF_TEXT:
        layer = ledger_layer(bytes_of_text)
        for spacing in (_CLOSER, SPACING):
            pipeline = Pipeline()
            items = events.items(layer, events.domain_id(), range(number))
            pipeline.store(items[:_BATCH])  # the first batch of a new object is read from the store
            cost = used(pipeline, partial(deliver, pipeline.projection(layer, spacing=spacing), items, batch=_BATCH))
            own = item_size(pipeline.row(events.domain_id()).state.attributes)
            slots = pipeline.db.tables[SNAPSHOTS].collections[events.domain_id()].items
            size = max(each.size for each in slots.values())
            yield (own, size, spacing, cost.wcu_of(SNAPSHOTS, "PutItem") / number)
