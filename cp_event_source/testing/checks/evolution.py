"""Checks what this logic makes of rows that earlier logic computed."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from ...handler.events.stored_event import StoredEvent
from ..differences import row_differences
from ..events import describe
from ..layer import Layer
from .pipeline import MemoryPipeline, ending_in_order, ending_of

_EARLIER: Final = "earlier"
_THIS: Final = "this"
_REMEDY: Final = (
    "read the attribute strictly in from_dynamo_item (item.Name, without a default), so that the pipeline folds the "
    "object again from its first event; or rebuild all objects after the deployment"
)


class Outcome(Enum):
    """What the pipeline does with the next event of an object whose row earlier logic computed."""

    REFOLD = "refold"
    """This logic cannot read the row, so the object is folded again from its first event. The row is right."""
    MIX = "mix"
    """This logic continues on the row. Part of the state was computed by the earlier logic."""
    PARK = "park"
    """The object is parked."""


@dataclass(frozen=True, slots=True)
class Transition:
    """What happened to one object at one event."""

    event: StoredEvent
    """The first event that this logic applied."""
    applied: int
    """How many events were in the row of the earlier logic."""
    outcome: Outcome
    differences: Sequence[str]
    """How the row differs from a fold of all events by this logic; empty if it does not."""


@dataclass(frozen=True, slots=True)
class EvolutionReport:
    """What this logic makes of rows of earlier logic. As text it is a table."""

    transitions: Sequence[Transition]

    @property
    def wrong(self) -> list[Transition]:
        """The transitions whose row is not that of a fold of all events by this logic."""
        return [each for each in self.transitions if each.differences]

    def count(self, outcome: Outcome) -> int:
        """How many transitions had an outcome."""
        return Counter(each.outcome for each in self.transitions)[outcome]

    def __str__(self) -> str:
        cells = [("object", "events before", "next event", "outcome", "row")]
        cells += [
            (
                each.event.domain_id,
                str(each.applied),
                describe(each.event),
                each.outcome.value,
                "differs" if each.differences else "as a whole fold",
            )
            for each in self.transitions
        ]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        rows = ("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in cells)
        return "\n".join(row.rstrip() for row in rows)


def check_evolution(layer: Layer, histories: Collection[Sequence[StoredEvent]], earlier: Layer) -> EvolutionReport:
    """Compute rows with earlier logic, continue each with this logic, and compare with a whole fold by this logic.

    Args:
        layer: this logic.
        histories: the histories, each in EventKey order.
        earlier: the earlier logic.

    Returns:
        The outcome for each event of each history but the first.

    Raises:
        AssertionError: a row differs from the whole fold.
    """
    __tracebackhide__ = True
    report = EvolutionReport(
        [
            _transition(layer.reloaded(), earlier.reloaded(), history, applied)
            for history in histories
            for applied in range(1, len(history))
        ]
    )
    if report.wrong:
        lines = ["continued on rows of the earlier logic, the events give other rows than folded by this logic alone:"]
        for each in report.wrong:
            lines.append(f"{each.event.domain_id}, {each.outcome.value} at {describe(each.event)}:")
            lines += [f"  {line}" for line in each.differences]
        raise AssertionError("\n".join([*lines, _REMEDY, "", str(report)]))
    return report


def _transition(layer: Layer, earlier: Layer, history: Sequence[StoredEvent], applied: int) -> Transition:
    pipeline = MemoryPipeline()
    before, event = history[:applied], history[applied]
    domain_id = event.domain_id
    pipeline.events.put(*before)
    pipeline.deliver(earlier, _EARLIER, before)
    pipeline.events.put(event)
    pipeline.deliver(layer, _THIS, [event])
    row = pipeline.row(domain_id)
    got, expected = ending_of(row), ending_in_order(layer, history[: applied + 1])
    differences = row_differences(expected.attributes, got.attributes, ("this logic alone", "on the earlier row"))
    if expected.parked_at != got.parked_at:
        differences.append(
            f"parked: this logic alone {expected.reason or 'nowhere'}, on the earlier row {got.reason or 'nowhere'}"
        )
    outcome = Outcome.REFOLD if row.logic_version == _THIS else Outcome.MIX
    if row.parked is not None:
        outcome = Outcome.PARK
    return Transition(event, applied, outcome, differences)
