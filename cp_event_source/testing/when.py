"""A decision about one domain object, and what a test expects of it."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from ..decide import Event
from ..decide.command import Command
from ..decide.deciding import Decider, Deciding, Who, check_decider, run
from ..decide.errors import DecisionError, LogicFailed, ObjectParked
from ..handler.domain.state import INITIAL_STATE, DomainState
from ..handler.events.event_time import instant_at
from ..handler.events.stored_event import StoredEvent
from ..handler.projection.folding import FoldConfig
from ..handler.projection.rows import DomainRow
from ..handler.projection.stores import RowChanged, Stores
from ..handler.values import exact_json
from ..handler.values.clock import Clock
from .differences import row_differences
from .events import DOMAIN_ID, DOMAIN_NAME, ShortEvent, event, stored_events
from .given import expected_row
from .memory import MemoryEvents, MemoryRows, MemorySnapshots, MemoryTransactions

if TYPE_CHECKING:
    from .layer import Layer

_EVENTS_PER_SNAPSHOT: Final = 100
_MAX_FUTURE_SKEW_SECONDS: Final = 600
_FIRST_TIME: Final = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What one decision ended in."""

    events: Sequence[StoredEvent] = ()
    state: DomainState = INITIAL_STATE
    """The object's state after them."""
    refusal: Exception | None = None

    @property
    def text(self) -> str:
        if self.refusal is not None:
            return f"the refusal {type(self.refusal).__name__}: {self.refusal}"
        return f"the events {_listed(self.events)}"


@dataclass(frozen=True)
class When:
    """A decision on the given events, made as production makes it. Its methods say what the test expects of it."""

    layer: "Layer"
    history: Sequence[StoredEvent]
    decider: Decider[Any]
    outcome: _Outcome

    @classmethod
    def of(cls, layer: "Layer", history: Sequence[StoredEvent], decider: Decider[Any]) -> "When":
        """Decide. Raises DecisionErrors and TypeErrors, which are never a refusal of the decider's."""
        __tracebackhide__ = True
        check_decider(decider)
        return cls(layer, history, decider, _decide(layer, history, decider))

    def then(self, *events: Event | ShortEvent | Sequence[Event | ShortEvent]) -> "When":
        """Expect that the decider appends these events, in this order.

        Args:
            events: `decide.Event` or `event(...)`, and lists of them; none if it appends nothing. Their names, payloads
                and versions are compared.

        Raises:
            AssertionError: it refuses, or appends others; the message names each event that differs.
        """
        __tracebackhide__ = True
        self._must_not_be_refused()
        expected = [_stored(each) for each in _flat(events)]
        found = [*self.outcome.events]
        wrong = [
            f"event {number}: expected {_shown(one)}, got {_shown(other)}"
            for number, (one, other) in enumerate(zip(expected, found, strict=False), 1)
            if _content(one) != _content(other)
        ]
        if len(expected) != len(found):
            wrong.append(f"expected {len(expected)} events, {_listed(expected)}; got {len(found)}, {_listed(found)}")
        if wrong:
            raise AssertionError("\n".join(["the decision differs", *(f"  {each}" for each in wrong)]))
        return self

    def then_row(self, row: Mapping[str, Any]) -> "When":
        """Expect that the object ends in this row, after the appended events.

        Args:
            row: as in `Given.then`.

        Raises:
            AssertionError: it refuses, or the row is another.
            ValueError: the table cannot hold this row.
        """
        __tracebackhide__ = True
        self._must_not_be_refused()
        actual = self.outcome.state.attributes
        found = row_differences(expected_row(row, actual), actual, ("expected", "got"))
        if found:
            raise AssertionError("\n".join(["the row after the decision differs", *(f"  {each}" for each in found)]))
        return self

    def then_refused(self, error: type[Exception], *, match: str | None = None) -> "When":
        """Expect that the decider refuses.

        Args:
            error: the class of its exception: your own one, since a mistake in the decider raises an exception, too.
            match: a regular expression that is found in the exception's text.

        Raises:
            AssertionError: it does not refuse, or differently.
            TypeError: `error` is no class of exceptions.
        """
        __tracebackhide__ = True
        if not isinstance(error, type) or not issubclass(error, Exception):
            raise TypeError(
                "error: must be a class of exceptions, as the decider raises it; got a value of the type "
                f"{type(error).__name__}; give the class, and a part of the text as `match`"
            )
        refusal = self.outcome.refusal
        if refusal is None:
            raise AssertionError(f"expected the decider to refuse; got {self.outcome.text}")
        if not isinstance(refusal, error):
            wrong = f"error: expected {error.__name__}, got {self.outcome.text}"
            raise AssertionError(wrong) from refusal  # noqa: TRY004  a test's expectation
        if match is not None and not re.search(match, str(refusal)):
            raise AssertionError(f"match: expected a text with {match!r}, got {str(refusal)!r}") from refusal
        return self

    def check_repeatable(self) -> "When":
        """Check that the decider may run several times, as after a lost race: it comes to the same outcome again.

        An effect that does not change the outcome, such as a mail, is not found.

        Raises:
            AssertionError: with both outcomes. A decider with a memory of earlier calls, a clock or random numbers
                differs.
        """
        __tracebackhide__ = True
        again = _decide(self.layer, self.history, self.decider, lost_races=1)
        if _key(again) != _key(self.outcome):
            raise AssertionError(
                f"the decider must come to one outcome on one object, however often it runs; got {self.outcome.text}, "
                f"and after a lost race {again.text}; keep no state outside of the object, and give the decider the "
                "time and random numbers as arguments"
            )
        return self

    def _must_not_be_refused(self) -> None:
        __tracebackhide__ = True
        if self.outcome.refusal is not None:
            raise AssertionError(f"expected no refusal; got {self.outcome.text}") from self.outcome.refusal


class _FixedClock(Clock):
    """The moment of the last event."""

    def __init__(self, now: float) -> None:
        self._now = now

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        """No other writer is at work."""


@dataclass
class _LosingTransactions(MemoryTransactions):
    """Transactions of which the first ones lose their race."""

    races: int = 0

    def write(self, events: Sequence[StoredEvent], row: DomainRow, *, replacing: DomainRow | None) -> None:
        if self.races:
            self.races -= 1
            raise RowChanged(row.domain_id)
        super().write(events, row, replacing=replacing)


def _decide(layer: "Layer", history: Sequence[StoredEvent], decider: Decider[Any], *, lost_races: int = 0) -> _Outcome:
    __tracebackhide__ = True
    events, rows = MemoryEvents(), MemoryRows()
    events.put(*history)
    domain_id = history[0].domain_id if history else DOMAIN_ID
    clock = _FixedClock(_time_of(history[-1].key) if history else _FIRST_TIME.timestamp())
    deciding = Deciding(
        Stores(events, rows, MemorySnapshots()),
        _LosingTransactions(events, rows, lost_races),
        FoldConfig(layer.logic, "test", layer.seconds_per_event, _EVENTS_PER_SNAPSHOT),
        clock,
        history[0].domain_name if history else DOMAIN_NAME,
        _MAX_FUTURE_SKEW_SECONDS,
    )
    refusals: list[Exception] = []

    def observed(domain_object: Any) -> Any:
        refusals.clear()
        try:
            return run(decider, domain_object)
        except Exception as refusal:
            refusals.append(refusal)
            raise

    layer.logic.begin()
    with layer.current():
        try:
            command = Command.new(domain_id, instant_at(clock.now()))
            done = deciding.decide(domain_id, command, observed, Who("user-1"), timeout_seconds=math.inf)
        except DecisionError as error:
            if isinstance(error, LogicFailed | ObjectParked):
                error.add_note(error.reason)  # a test's values may be shown
            raise
        except Exception as error:
            if refusals:
                return _Outcome(refusal=error)
            raise
    row = rows.read(domain_id)
    return _Outcome(done.events, row.state if row is not None else layer.fold(history).state)


def _time_of(key: str) -> float:
    second = key[:19] if key[17:19] != "60" else f"{key[:17]}59"
    return datetime.fromisoformat(second).replace(tzinfo=UTC).timestamp() + int(key[20:26]) / 1_000_000


def _flat(events: Sequence[Any]) -> list[Event | ShortEvent]:
    return [
        each for one in events for each in (one if isinstance(one, Sequence) and not isinstance(one, str) else [one])
    ]


def _stored(expected: Any) -> StoredEvent:
    if isinstance(expected, Event):
        expected = event(expected.event_name, expected.payload, version=expected.version)
    if not isinstance(expected, ShortEvent):
        raise TypeError(f"then: must be events: decide.Event or event(...); got a {type(expected).__name__}")
    (stored,) = stored_events([expected])
    return stored


def _content(one: StoredEvent) -> tuple[str, Any, int]:
    return one.event_name, one.item["Payload"], one.version


def _key(outcome: _Outcome) -> Any:
    refusal = outcome.refusal
    return [*map(_content, outcome.events)], (type(refusal), str(refusal)) if refusal is not None else None


def _shown(one: StoredEvent) -> str:
    version = f", version {one.version}" if one.version != 1 else ""
    return f"{one.event_name} {exact_json.dumps(one.payload)}{version}"


def _listed(events: Sequence[StoredEvent]) -> str:
    return ", ".join(map(_shown, events)) or "none"
