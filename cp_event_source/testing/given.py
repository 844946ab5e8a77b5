"""One domain object's events, and what a test expects of the row that they give."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..handler.domain.contract import RESERVED_ATTRIBUTES
from ..handler.domain.failure import Failure
from ..handler.domain.state import DomainState
from ..handler.domain.time_limit import TookTooLong
from ..handler.events.stored_event import StoredEvent
from ..handler.values.attribute_value import Item, NotStorable, decode_item, encode_item
from .differences import row_differences
from .events import describe
from .places import Place

if TYPE_CHECKING:
    from ..decide.deciding import Decider
    from .layer import Layer
    from .when import When

_LATER_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a fold stopped at an event, for people."""

    failure: Failure
    places: Sequence[Place]
    """The lines of the layer that led to the error, the innermost last."""

    def text(self, number: int, count: int) -> str:
        """The message. The event is number `number` of `count`."""
        lines = [
            f"the object is parked at {describe(self.failure.event)}, event {number} of {count}"
            + (f", in {self.failure.phase}:" if self.failure.phase else ":"),
            f"  {self.failure.reason}",
        ]
        for place in self.places[-3:]:
            lines += [f"  {place}", f"    {place.source}"]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Ended:
    """What a fold of one history ended in."""

    state: DomainState
    """The state after the last event that could be applied."""
    stop: Stop | None = None


def must_end(ended: Ended, history: Sequence[StoredEvent]) -> Ended:
    """What a fold ended in. Raises AssertionError if an event took too long: it would in each fold of a check."""
    __tracebackhide__ = True
    stop = ended.stop
    if stop is not None and stop.failure.error == TookTooLong.__name__:
        raise AssertionError(
            stop.text([event.key for event in history].index(stop.failure.event.key) + 1, len(history))
        )
    return ended


@dataclass(frozen=True)
class Given:
    """The fold of one domain object's events. Its methods say what the test expects of it."""

    events: Sequence[StoredEvent]
    """In EventKey order, each once."""
    ended: Ended
    layer: "Layer"

    def when(self, decider: "Decider[Any]") -> "When":
        """Let a decider decide on the object, as `cp_event_source.decide` does.

        Args:
            decider: a function of the object that returns `decide.Event`s, or raises an exception of its own to refuse.

        Raises:
            DecisionError: the decision cannot be made: the object is parked, or an event of the decider is invalid or
                cannot be applied.
            TypeError: the decider is no function, or returned something else.
        """
        __tracebackhide__ = True
        from .when import When

        return When.of(self.layer, self.events, decider)

    def then(self, row: Mapping[str, Any]) -> "Given":
        """Expect that the object ends in this row.

        Args:
            row: all attributes of the row; `DomainId` may be left out. A value may be any that `to_dynamo_item` may
                return: it is compared as the table would return it.

        Raises:
            AssertionError: the object is parked, or the row is another; the message names each attribute.
            ValueError: the table cannot hold this row.
        """
        __tracebackhide__ = True
        self._must_not_be_parked()
        self._must_be(row, "the row")
        return self

    def then_parked(
        self,
        *,
        at: str | None = None,
        reason: str | None = None,
        error: str | None = None,
        phase: str | None = None,
        row: Mapping[str, Any] | None = None,
    ) -> "Given":
        """Expect that the object is parked.

        Args:
            at: the EventName or the EventId of the event that could not be applied.
            reason: a part of the reason.
            error: the class of the error, such as `ValueError`.
            phase: the function that failed: `create_new`, `from_dynamo_item`, `apply`, `to_dynamo_item`, or
                `round trip`.
            row: all attributes of the last good row, as in `then`; empty if the first event could not be applied.

        Raises:
            AssertionError: the object is not parked, or differently.
        """
        __tracebackhide__ = True
        stop = self.ended.stop
        if stop is None:
            raise AssertionError(
                f"expected the object to be parked{f' at {at}' if at else ''}; got all {len(self.events)} events "
                f"applied, and the row {decode_item(self.ended.state.attributes)}"
            )
        event, failure = stop.failure.event, stop.failure
        wrong = []
        if at is not None and at not in {event.event_name, event.event_id}:
            wrong.append(f"at: expected {at!r}, got {event.event_name!r} (EventId {event.event_id!r})")
        if reason is not None and reason not in failure.reason:
            wrong.append(f"reason: expected a text with {reason!r}, got {failure.reason!r}")
        if error is not None and error != failure.error:
            wrong.append(f"error: expected {error!r}, got {failure.error!r}")
        if phase is not None and phase != failure.phase:
            wrong.append(f"phase: expected {phase!r}, got {failure.phase!r}")
        if wrong:
            raise AssertionError("\n".join(["the object is parked differently", *wrong, self._parked_text]))
        if row is not None:
            self._must_be(row, "the last good row")
        return self

    def state(self) -> dict[str, Any]:
        """The row, with the types that the table returns: whole numbers as `int`, others as `Decimal`.

        Raises:
            AssertionError: the object is parked.
        """
        __tracebackhide__ = True
        self._must_not_be_parked()
        return decode_item(self.ended.state.attributes)

    @property
    def parked(self) -> bool:
        """True if an event could not be applied."""
        return self.ended.stop is not None

    @cached_property
    def _parked_text(self) -> str:
        stop = self.ended.stop
        assert stop is not None  # noqa: S101  only called then
        number = [event.key for event in self.events].index(stop.failure.event.key) + 1
        return stop.text(number, len(self.events))

    def _must_not_be_parked(self) -> None:
        __tracebackhide__ = True
        if self.parked:
            raise AssertionError(self._parked_text)

    def _must_be(self, row: Mapping[str, Any], what: str) -> None:
        __tracebackhide__ = True
        actual = self.ended.state.attributes
        found = row_differences(expected_row(row, actual), actual, ("expected", "got"))
        if found:
            names = ", ".join(event.event_name for event in self.events[-_LATER_SHOWN:])
            more = "..., " if len(self.events) > _LATER_SHOWN else ""
            raise AssertionError("\n".join([f"{what} after {more}{names} differs", *(f"  {each}" for each in found)]))


def expected_row(row: Mapping[str, Any], actual: Item) -> Item:
    """The row that a test expects, as the table would hold it. Raises ValueError if it cannot."""
    for name in RESERVED_ATTRIBUTES:
        if name in row:
            raise ValueError(f"{name}: must not be in the row, since it belongs to the pipeline; leave it out")
    try:
        expected = encode_item(row)
    except NotStorable as error:
        raise ValueError(f"{error}; the table cannot hold the expected row") from error
    kept = {name: actual[name] for name in ("DomainId",) if name in actual and name not in row}
    return {**kept, **expected}
