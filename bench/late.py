"""Section 2: the cost of a late event, by its distance from the newest event and the length of the history."""

from collections.abc import Iterator, Mapping, Sequence

from . import events, histories, prices
from .layers import file_layer
from .pipeline import SPACING, Pipeline, Used, deliver, used
from .report import Cell, Check, Section, Table
from .scale import Scale

_LATE_AFTER_A_DEPLOYMENT = 10
_COLUMNS = ("events read", "calls", "RCU", "WCU", "$ per thousand")


def section(pipelines: Mapping[int, Pipeline], scale: Scale) -> Section:
    """Measure. Takes pipelines of the File domain by the length of the history of object 0."""
    costs = {
        (length, distance): _worst(pipeline, length, distance, scale.heads)
        for length, pipeline in pipelines.items()
        for distance in scale.distances
        if distance <= length and length > min(pipelines)
    }
    rows = [(length, distance, bound(distance), *_cells(cost)) for (length, distance), cost in sorted(costs.items())]
    deployed = {length: list(_after_a_deployment(each, length)) for length, each in pipelines.items() if length >= 1000}
    return Section(
        "2. A late event",
        [
            Table(
                ("history", "positions late", "2d + 2N", *_COLUMNS),
                rows,
                f"d positions before the newest event, N = {SPACING}",
                f"The worst of {scale.heads} histories that end at different positions between two marks. $: DynamoDB "
                "only, for a thousand events that are this late, each in a batch of its own.",
            ),
            Table(
                ("history", "event", *_COLUMNS),
                [(length, case, *_cells(cost)) for length, each in deployed.items() for case, cost in each],
                "After a deployment of new logic",
            ),
        ],
        [
            Check(
                f"an event d positions late reads at most 2d + 2N events (N = {SPACING}), however long the history",
                all(cost.events_read <= bound(distance) for (_, distance), cost in costs.items()),
            ),
            Check(
                "a late event that comes again reads within the same bound and writes nothing",
                all(_again_is_free(pipelines[length], distance) for length, distance in costs),
            ),
            Check(
                "after a deployment one late event folds the history once; the next is within the bound again",
                all(each[-1][1].events_read <= bound(_LATE_AFTER_A_DEPLOYMENT) for each in deployed.values()),
            ),
        ],
    )


def bound(distance: int) -> int:
    """How many events the function may read for a late event."""
    return 2 * distance + 2 * SPACING


def _worst(base: Pipeline, length: int, distance: int, heads: int) -> Used:
    return max(
        (_late(base, length, length + SPACING * each // heads, distance) for each in range(heads)),
        key=lambda cost: cost.events_read,
    )


def _late(base: Pipeline, length: int, head: int, distance: int) -> Used:
    pipeline = base.copy()
    histories.grow(pipeline, file_layer(), length, head)
    return cost_of_a_late_one(pipeline, "v1", head, distance, 1)


def cost_of_a_late_one(pipeline: Pipeline, version: str, head: int, distance: int, which: int) -> Used:
    """The cost of an event `distance` positions before the newest; `which` distinguishes events at one position."""
    late = events.item(file_layer(), events.domain_id(), head - 1 - distance, late=which)
    pipeline.store([late])
    return used(pipeline, lambda: deliver(pipeline.projection(file_layer(), version=version), [late]))


def _again_is_free(base: Pipeline, distance: int) -> bool:
    pipeline = base.copy()
    head = base.row(events.domain_id()).state.applied.count
    cost_of_a_late_one(pipeline, "v1", head, distance, 1)
    cost = cost_of_a_late_one(pipeline, "v1", head, distance, 1)
    return cost.events_read <= bound(distance) + 1 and cost.wcu == 0


def _after_a_deployment(base: Pipeline, length: int) -> Iterator[tuple[str, Used]]:
    pipeline = base.copy()
    newest = events.item(file_layer(), events.domain_id(), length)
    pipeline.store([newest])
    project = pipeline.projection(file_layer(), version="v2")
    yield "the first, in order", used(pipeline, lambda: deliver(project, [newest]))
    for number, case in enumerate(("the first late one", "the next late one"), 1):
        cost = cost_of_a_late_one(pipeline, "v2", length + 1, _LATE_AFTER_A_DEPLOYMENT, number)
        yield f"{case}, {_LATE_AFTER_A_DEPLOYMENT} positions", cost


def _cells(cost: Used) -> Sequence[Cell]:
    price = round(prices.capacity(cost.wcu, cost.rcu) / 1000, 5)
    return (cost.events_read, cost.shown(), cost.rcu, cost.wcu, price)
