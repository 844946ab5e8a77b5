"""Checks that events give the same row in whatever order, repetition and batches they are delivered."""

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ...handler.events.stored_event import StoredEvent
from ..differences import row_differences
from ..events import describe
from ..extra import need
from ..layer import Layer
from .pipeline import Ending, MemoryPipeline, ending_in_order, ending_of

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_VERSION: Final = "this"
_FOLDS: Final = 200_000
"""About twice as many events as all deliveries may fold: a few seconds of time."""
_SHORT: Final = 12
"""Up to this many events are delivered in any order; of more events some are moved."""
_MAX_EXTRA: Final = 8
"""How many of them."""
_REMEDY: Final = "the logic must depend on the event and the object alone: keep no state in classes, modules or caches"


@dataclass(frozen=True, slots=True, repr=False)  # hypothesis would print it
class _Step:
    """One thing that happens to the pipeline."""

    batch: tuple[StoredEvent, ...] = ()
    """Events that the stream delivers together, some of them perhaps again."""
    ahead: tuple[StoredEvent, ...] = ()
    """Events that are stored by then, and delivered later."""
    rebuilt: str = ""
    """A domain object that is rebuilt."""


def check_order_free(layer: Layer, histories: Collection[Sequence[StoredEvent]], examples: int) -> None:
    """Play deliveries of the events through the projection, and compare the rows with those of a fold in order.

    Args:
        layer: the layer.
        histories: the histories, each in EventKey order.
        examples: how many deliveries to play.

    Raises:
        AssertionError: a delivery ended in another row; it is the smallest one that was found.
        MissingExtra: hypothesis is not installed.
    """
    __tracebackhide__ = True
    need("hypothesis")
    from hypothesis import HealthCheck, Phase, Verbosity, given, settings
    from hypothesis.errors import Flaky

    expected = {history[0].domain_id: ending_in_order(layer.reloaded(), history) for history in histories}
    events = [event for history in histories for event in history]

    with ThreadPoolExecutor(1) as outside:  # hypothesis refuses a property in another one, as a test may have it
        given_deliveries = outside.submit(given, _deliveries(events)).result()

    @settings(  # each that changes what is played: the caller may have a profile of its own
        backend="hypothesis",
        verbosity=Verbosity.quiet,
        max_examples=_bounded(examples, [len(history) for history in histories]),
        database=None,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],  # to explain a failure would trace all code
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given_deliveries
    def play(steps: list[_Step]) -> None:
        found = _played(layer.reloaded(), steps, expected)  # what one delivery leaves must not reach the next
        if found:
            raise AssertionError("\n".join([*_shown(steps), *found, _REMEDY]))

    message = ""
    try:
        play()
    except AssertionError as error:
        message = str(error)
    except Flaky:
        message = "the same delivery gave two results; the logic is not deterministic, or an object leaks into another"
    if message:
        raise AssertionError(message)


def _bounded(examples: int, lengths: Collection[int]) -> int:
    """Fewer examples if histories are long: most deliveries of an event fold about half of its history again."""
    return max(1, min(examples, _FOLDS // sum(length * length for length in lengths)))


def _deliveries(events: Sequence[StoredEvent]) -> "SearchStrategy[list[_Step]]":
    """Deliveries of all events. The simplest is one batch of all events, in the order given."""
    from hypothesis import strategies as st

    count = len(events)
    index = st.integers(0, count - 1)  # strategies are made once: to make one takes longer than to draw from it
    pairs = st.lists(st.tuples(index, index), max_size=_MAX_EXTRA)
    few = st.lists(st.tuples(index, index), max_size=2)
    cuts = st.lists(index, max_size=min(count, 2 * _MAX_EXTRA))
    orders = st.permutations(range(count)) if count <= _SHORT else pairs.map(lambda moves: _moved(moves, count))

    @st.composite
    def steps(draw: st.DrawFn) -> list[_Step]:
        batches = _cut(draw(orders), set(draw(cuts)))
        for number, position in draw(few):
            batches[position % len(batches)].append(number)  # once more, or already
        ahead: dict[int, list[int]] = {}
        for number, position in draw(few):
            ahead.setdefault(position % len(batches), []).append(number)
        rebuilds = {position % len(batches) for position, _ in draw(few)}
        found: list[_Step] = []
        stored: set[int] = set()
        for position, batch in enumerate(batches):
            stored |= {*batch}
            early = [number for number in ahead.get(position, ()) if number not in stored]
            stored |= {*early}
            found.append(_Step(tuple(events[each] for each in batch), tuple(events[each] for each in early)))
            if position in rebuilds:
                found.append(_Step(rebuilt=events[batch[0]].domain_id))
        return found

    return steps()


def _moved(moves: Sequence[tuple[int, int]], count: int) -> list[int]:
    """The events in order, but for some that are moved."""
    order = list(range(count))
    for start, end in moves:
        order.insert(end, order.pop(start))
    return order


def _cut(order: Sequence[int], cuts: set[int]) -> list[list[int]]:
    """Batches of the events; they end before the positions in `cuts`."""
    batches: list[list[int]] = [[]]
    for position, each in enumerate(order):
        if position in cuts and batches[-1]:
            batches.append([])
        batches[-1].append(each)
    return batches


def _played(layer: Layer, steps: Sequence[_Step], expected: dict[str, Ending]) -> list[str]:
    """What differs once all steps are done."""
    pipeline = MemoryPipeline()
    for step in steps:
        if step.rebuilt:
            pipeline.rebuild(layer, _VERSION, step.rebuilt)
        else:
            pipeline.events.put(*step.batch, *step.ahead)
            pipeline.deliver(layer, _VERSION, step.batch)
    found: list[str] = []
    for domain_id, ending in expected.items():
        found += _differences(domain_id, ending, ending_of(pipeline.row(domain_id)))
    return found


def _differences(domain_id: str, expected: Ending, got: Ending) -> list[str]:
    lines = row_differences(expected.attributes, got.attributes, ("in order", "so delivered"))
    if expected.parked_at != got.parked_at:
        lines.append(f"in order it {_parking(expected)}; so delivered it {_parking(got)}")
    return [f"{domain_id}: {line}" for line in lines]


def _parking(ending: Ending) -> str:
    return f"parks at {ending.parked_at} ({ending.reason})" if ending.parked_at else "is not parked"


def _shown(steps: Sequence[_Step]) -> list[str]:
    lines = ["delivered like this, the events give another row than in order:"]
    seen: set[tuple[str, str]] = set()
    for number, step in enumerate(steps, 1):
        if step.rebuilt:
            lines.append(f"  {number}. rebuild of {step.rebuilt}")
            continue
        named = []
        for event in step.batch:
            again = " again" if (event.domain_id, event.key) in seen else ""
            seen.add((event.domain_id, event.key))
            named.append(f"{event.domain_id}: {describe(event)}{again}")
        stored = f"; stored by then: {', '.join(map(describe, step.ahead))}" if step.ahead else ""
        lines.append(f"  {number}. batch of {', '.join(named)}{stored}")
    return lines
