"""The decision: read the object, run the decider, and write its events with the row that follows, in one transaction.

It keeps the invariants of the projection, because the projection computes the row: as if the events were stored. What
it keeps in addition (docs/explanation/why-it-converges.md):

- The row is read before the store, and after a lost race both are read again.
- A decision is made on the row and on all stored events after its checkpoint, and its row holds these, its events and
  nothing else. A parked row is not decided on.
- Its events are later than all of these.
- A command's events are found by their ids, which are derived from it, from its time on. So a command is decided once.
- An attempt is left only with a reply that says that its transaction can no longer be carried out.
"""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, islice
from typing import Any, Final, Generic, TypeVar

from cp_event_source.handler.domain.failure import Cause
from cp_event_source.handler.domain.fold import arithmetic, reason_of
from cp_event_source.handler.domain.logic import DomainLogic, RowItem
from cp_event_source.handler.domain.place import place_of
from cp_event_source.handler.domain.state import INITIAL_STATE, DomainState
from cp_event_source.handler.events.domain_event import DOMAIN, ContractViolation, check_field, parse_domain_event
from cp_event_source.handler.events.event_time import instant_at
from cp_event_source.handler.events.key_set import Span
from cp_event_source.handler.events.stored_event import DECIDED, StoredEvent, Unstorable, to_item
from cp_event_source.handler.projection.decide import MAX_LOOKS, Decide
from cp_event_source.handler.projection.folding import FoldConfig, FoldLimits
from cp_event_source.handler.projection.notes import Parked
from cp_event_source.handler.projection.parking import Parking
from cp_event_source.handler.projection.plan import Next
from cp_event_source.handler.projection.rows import MAX_UNSEEN, DomainRow
from cp_event_source.handler.projection.stores import RowChanged, Stores
from cp_event_source.handler.values import exact_json
from cp_event_source.handler.values.attribute_value import decode_item
from cp_event_source.handler.values.clock import Clock
from cp_event_source.producer.payload import exact_payload

from .command import Command, next_instant
from .errors import Contention, EventInvalid, LogicFailed, ObjectParked, OutcomeUnknown
from .event import Event, no_event
from .ports import Busy, ItemsRefused, NoReply, Throttled, Transactions, WithEvents

T = TypeVar("T")

Decider = Callable[[T | None], Iterable[Event] | None]
"""A function of the object (None before its first event).

It returns at most 99 events to append, in their order, or None. To refuse, it raises an exception of its own.
It must not be async. It may run several times for one decision: it must have no effects.
"""

MAX_EVENTS: Final = 99
"""The maximum events of a decision: a transaction has at most 100 items, and one is the row."""


@dataclass(frozen=True, slots=True)
class Who:
    """What all events of a decision have in common."""

    user_id: str
    correlation_id: str | None = None
    ip_address: str | None = None


@dataclass(frozen=True, slots=True)
class Decided(Generic[T]):
    """A decision that was made."""

    domain_id: str
    command_id: str
    """The id that was given, or else the one that the call made. A call with it and `command_time` finds the events."""
    command_time: str
    """An instant: ISO 8601, in UTC."""
    events: Sequence[StoredEvent] = field(repr=False)
    """The events that it appended, in their order, with `event_id`, `event_time`, `event_name` and `payload`. If one is
    erased, its `is_erased` is true, and only `event_id` and `key` are left."""
    object: T | None = field(repr=False)
    """The object as it is now: after these events, and if `is_repeated` perhaps after others. None if it has none, or
    is parked by logic whose rows this logic cannot read."""
    attempts: int = 1
    """How often the decider ran; 0 if `is_repeated`."""
    is_repeated: bool = False
    """True if the events were found in the store: an earlier call with the command, or an earlier attempt of this call
    without a reply, appended them."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What a decision is made on."""

    row: DomainRow | None
    """The row as it was read."""
    waiting: Sequence[StoredEvent]
    """The stored events after its checkpoint; of an object without a row only the first, since all are folded."""
    own: Sequence[StoredEvent]
    """The command's events, if it has been decided."""
    unseen: Sequence[str]
    """The keys of the row's last decision that the store does not show."""


@dataclass(frozen=True, slots=True)
class _Lost:
    """A transaction that was not carried out, and cannot be any more: of another writer's row, or for now."""

    reply: Exception | None = None
    """What the tables said; None if the transaction was not sent, since the state was seen to be another."""
    perhaps_written: Sequence[StoredEvent] = ()
    """Its events, if a request without a reply may have carried it out before."""


@dataclass(frozen=True)
class Deciding:
    """Decides about the objects of one domain, with one version of its logic."""

    stores: Stores
    transactions: Transactions
    config: FoldConfig
    clock: Clock
    domain_name: str
    max_future_skew_seconds: float

    def current(self, domain_id: str) -> Any:
        """The object as a decision would see it now; None before its first event.

        Raises:
            ObjectParked: as in `decide`.
        """
        known = self._look(domain_id, None)
        return self._object(domain_id, _state(self._row(domain_id, known)))

    def decide(
        self, domain_id: str, command: Command, decider: Decider[Any], who: Who, *, timeout_seconds: float
    ) -> Decided[Any]:
        """Decide once. Raises what the decider raises, and DecisionErrors; see `Objects.decide`."""
        until = self.clock.monotonic() + timeout_seconds
        throttled: list[Throttled] = []
        lost: _Lost | None = None
        attempt = 0
        while True:
            known = self._look_after(lost, domain_id, command)
            if known.own:
                _check_repeated(command, known.own[0])
                return self._repeated(domain_id, command, known)
            if lost is not None and self.clock.monotonic() >= until:
                raise Contention(domain_id, attempt, len(throttled)) from _cause(throttled[-1] if throttled else None)
            attempt += 1
            self._check_time(command)
            on = self._row(domain_id, known)
            events, following = self._tried(domain_id, command, decider, who, known, on)
            if following.row is not None and self._is_whole(following.row) and not self._is_whole(on):
                # the logic failed at an event upon the row of another version, and so the object was folded again
                attempt += 1
                on = self._folded(domain_id)
                events, following = self._tried(domain_id, command, decider, who, known, on)
            if not events:
                now = self._object(domain_id, _state(on))
                return Decided(domain_id, command.command_id, command.time, (), now, attempt)
            row = following.row
            lost = _Lost()
            if row is not None and row.state.applied == _plus(_state(on), events).applied:
                self._put_snapshots(domain_id, following, before=events[0].key)
                made = self._object(domain_id, row.state)  # before the write: nothing may fail after it
                lost = self._write(events, row, known.row, command, until)
                if lost is None:
                    return Decided(domain_id, command.command_id, command.time, tuple(events), made, attempt)
            if isinstance(lost.reply, Throttled):
                throttled.append(lost.reply)
            self.clock.back_off(attempt)

    def _look_after(self, lost: _Lost | None, domain_id: str, command: Command) -> _Known:
        """Look. Raises OutcomeUnknown if only the tables show what became of a transaction, and they cannot be read."""
        try:
            return self._look(domain_id, command)
        except Exception as error:
            if lost is None or not lost.perhaps_written:
                raise
            raise OutcomeUnknown(domain_id, lost.perhaps_written, command) from error

    def _look(self, domain_id: str, command: Command | None) -> _Known:
        """Read the row and the store until they show the same transactions.

        DynamoDB shows a transaction item by item
        (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html, isolation levels).
        So the row may hold an event that the query does not see yet; the row names those of its last decision. Or the
        query may see an event that was written together with a newer row. What stays so was changed by a person, and a
        decision is made on it; its row still names what has not been seen.
        """
        for look in range(1, MAX_LOOKS):
            known, is_torn = self._look_once(domain_id, command)
            if not is_torn:
                return known
            self.clock.back_off(look)
        return self._look_once(domain_id, command)[0]

    def _look_once(self, domain_id: str, command: Command | None) -> tuple[_Known, bool]:
        """Read the row, and then the store: after its checkpoint, from its last decision and the command's time on.

        Returns:
            What is known, and whether a transaction is visible in part.
        """
        row = self.stores.rows.read(domain_id)
        checkpoint = row.state.checkpoint if row is not None else None
        unseen = set(row.unseen) if row is not None else set()
        span = Span(after=checkpoint)
        if checkpoint is not None:
            first = min([*unseen, *([command.time] if command is not None else [])], default=checkpoint)
            span = Span(start=first) if first < checkpoint or unseen else span
        is_behind = False
        ids = command.event_ids() if command is not None else iter(())
        expected = next(ids, None)
        waiting: list[StoredEvent] = []
        own: list[StoredEvent] = []
        for event in self.stores.events.read(domain_id, span):
            if event.event_id == expected:
                own.append(event)
                expected = next(ids)
            unseen.discard(event.key)
            is_behind |= event.key > (checkpoint or "") and DECIDED in event.item
            if event.key > (checkpoint or "") and (checkpoint is not None or not waiting):
                waiting.append(event)
        return _Known(row, waiting, own, sorted(unseen)), is_behind or bool(unseen)

    def _row(self, domain_id: str, known: _Known) -> DomainRow | None:
        """The row to decide on: it holds the stored events that the row that was read lacks. None if there is none.

        If this version cannot go on from a row of another version, it is a fold of all stored events.
        """
        row = known.row
        if row is not None and row.parked is not None:
            raise ObjectParked(domain_id, row.parked)
        if known.waiting:
            following = self._projection(self.stores).next_row(row, known.waiting, _limits(row)).row
            if self._is_whole(row) or not self._is_whole(following):
                return _not_parked(domain_id, following)
        elif row is None or row.state.checkpoint is None:
            return None
        elif self._is_whole(row) or self._can_read(row.state):
            return row
        return self._folded(domain_id) or row

    def _folded(self, domain_id: str) -> DomainRow | None:
        """The row that this version of the logic makes of all stored events; None if there are none."""
        first = list(islice(self.stores.events.read(domain_id, Span()), 1))
        if not first:
            return None
        return _not_parked(domain_id, self._projection(self.stores).next_row(None, first, FoldLimits()).row)

    def _is_whole(self, row: DomainRow | None) -> bool:
        """True if this version of the logic computed the whole row."""
        return row is None or row.logic_version == self.config.version

    def _tried(
        self,
        domain_id: str,
        command: Command,
        decider: Decider[Any],
        who: Who,
        known: _Known,
        on: DomainRow | None,
    ) -> tuple[list[StoredEvent], Next]:
        """Run the decider on a row.

        Returns:
            The events, and the row that follows; there is nothing to write if there are no events.
        """
        state = _state(on)
        with arithmetic():
            returned = _events(run(decider, self._object(domain_id, state)))
        if not returned:
            return [], Next()
        events = self._stored(domain_id, command, returned, who, after=state.checkpoint)
        return events, self._next_row(domain_id, known, events, on)

    def _next_row(self, domain_id: str, known: _Known, events: Sequence[StoredEvent], on: DomainRow | None) -> Next:
        """The row that the projection would write if the events were stored. It follows from the row `on`.

        If `on` is a fold of all stored events, so is this one: a snapshot may lack late events that are stored.
        """
        stores = self.stores._replace(events=WithEvents(self.stores.events, events))
        projection, limits = self._projection(stores), _limits(known.row)
        fresh = [*known.waiting, *events]
        start_over = self._is_whole(on) and not self._is_whole(known.row)
        following = (projection.start if start_over else projection.next_row)(known.row, fresh, limits)
        parked = following.row.parked if following.row is not None else None
        if parked is not None:
            keys = [event.key for event in events]
            if parked.cause is Cause.LOGIC and parked.event_key in keys:
                raise _not_applied(domain_id, parked, f"event {keys.index(parked.event_key) + 1} of {len(keys)}")
            raise ObjectParked(domain_id, parked)
        if following.row is not None:
            unseen = (*known.unseen, *(event.key for event in events))[-MAX_UNSEEN:]
            following = following._replace(row=replace(following.row, unseen=unseen))
        return following

    def _projection(self, stores: Stores) -> Decide:
        return Decide(stores, self.config, Parking(self.config.version, self.clock), self.clock)

    def _put_snapshots(self, domain_id: str, following: Next, *, before: str) -> None:
        """Put the snapshots that hold only stored events, before the row that lists them."""
        for slot, snapshot in following.snapshots:
            if (snapshot.state.checkpoint or "") < before:
                self.stores.snapshots.put(domain_id, slot, snapshot)

    def _write(
        self,
        events: Sequence[StoredEvent],
        row: DomainRow,
        replacing: DomainRow | None,
        command: Command,
        until: float,
    ) -> "_Lost | None":
        """Write the events and the row. None if they are written.

        Otherwise nothing was written, and nothing can be any more. Or an earlier request without a reply has written
        them: then the store shows them.
        """
        unanswered: NoReply | None = None
        for sent in count(1):
            try:
                self.transactions.write(events, row, replacing=replacing)
            except RowChanged as reply:
                return _Lost(reply, events if unanswered is not None else ())
            except Busy as reply:
                if unanswered is None:
                    return _Lost(reply)
            except NoReply as error:
                unanswered = error
            except Exception as error:
                if unanswered is not None:
                    raise OutcomeUnknown(row.domain_id, events, command) from error
                if isinstance(error, ItemsRefused):
                    message = f"the tables must be able to hold the decider's events and the row; {error}"
                    raise EventInvalid(row.domain_id, message) from error
                raise
            else:
                return None
            if self.clock.monotonic() >= until:
                break
            self.clock.back_off(sent)
        raise OutcomeUnknown(row.domain_id, events, command) from _cause(unanswered)

    def _check_time(self, command: Command) -> None:
        """Refuse a time that no event may have: the command's event would be there, and all later ones after it."""
        latest = instant_at(self.clock.now() + self.max_future_skew_seconds)
        if command.time > latest:
            raise ValueError(
                f"command_time, or the time in command_id: must not be in the future, after {latest}; got "
                f"{command.time}; give the time when the command was first given, by a clock that is right"
            )

    def _stored(
        self, domain_id: str, command: Command, events: Sequence[Event], who: Who, *, after: str | None
    ) -> list[StoredEvent]:
        """The events as the table will have them: checked, with their ids, and with times after all others."""
        if len(events) > MAX_EVENTS:
            raise EventInvalid(domain_id, f"a decision must have at most {MAX_EVENTS} events; got {len(events)}")
        time = max(command.time, instant_at(self.clock.now()))
        if after is not None:
            time = max(time, next_instant(after.partition("#")[0]))
        stored: list[StoredEvent] = []
        for number, (event, event_id) in enumerate(zip(events, command.event_ids(), strict=False)):
            detail = {
                "DomainId": domain_id,
                "EventTime": time,
                "EventId": event_id,
                "UserId": who.user_id,
                "EventType": DOMAIN,
                "EventName": event.event_name,
                "DomainName": self.domain_name,
                "Version": event.version,
                "CorrelationId": who.correlation_id,
                "IpAddress": who.ip_address,
            }
            stored.append(self._checked(detail, event, command, _numbered(number, events)))
            time = next_instant(time)
        return stored

    def _checked(self, detail: dict[str, Any], event: Event, command: Command, label: str) -> StoredEvent:
        """The event, after the checks of the pipeline, but for its time: the order of events forces it."""
        domain_id = detail["DomainId"]
        content = exact_payload(event.payload)
        if content.violations:
            violations = content.violations
            # what was found is a type here, or a key that the field's path has, too
            raise EventInvalid(domain_id, f"{label}: {' | '.join(map(str, violations))}", violations)
        sent = detail | {"Payload": exact_json.loads(exact_json.dumps(content.value))}
        try:
            checked = parse_domain_event(sent, domain_name=self.domain_name, latest=detail["EventTime"])
            item = to_item(checked, {})
        except ContractViolation as broken:
            # not from it: its text has values, and whoever logs an error logs what it came from
            rules = " | ".join(f"{each.field}: {each.rule}" for each in broken.violations)
            raise EventInvalid(domain_id, f"{label}: {rules}", broken.violations) from None
        except Unstorable as error:
            raise EventInvalid(domain_id, f"{label}: {error}") from error
        return StoredEvent.of(item | {DECIDED: {"S": str(command.decision_id)}})

    def _repeated(self, domain_id: str, command: Command, known: _Known) -> Decided[Any]:
        try:
            state = _state(self._row(domain_id, known))
        except ObjectParked:  # since then; the decision was made
            state = _state(known.row)
        now = (
            self._object(domain_id, state) if self._can_read(state) else None
        )  # parked by logic whose rows this one cannot read
        own = tuple(known.own)
        return Decided(domain_id, command.command_id, command.time, own, now, attempts=0, is_repeated=True)

    def _object(self, domain_id: str, state: DomainState) -> Any:
        """A new object each time: a decider may change the one that it gets."""
        try:
            return self._read(state)
        except Exception as error:  # noqa: BLE001  domain logic may raise anything
            failure = _not_read(domain_id, error, self.config.logic)
        raise failure  # not from the error: its text may have values

    def _read(self, state: DomainState) -> Any:
        if not state.attributes:
            return None
        with arithmetic():
            return self.config.logic.from_dynamo_item(RowItem(decode_item(state.attributes)))

    def _can_read(self, state: DomainState) -> bool:
        try:
            self._read(state)
        except Exception:  # noqa: BLE001  domain logic may raise anything
            return False
        return True


def check_arguments(**arguments: Any) -> None:
    """Raises ValueError: an argument breaks the contract's rule of its field. The message has no value."""
    for argument, value in arguments.items():
        try:
            check_field(_FIELDS[argument], value)
        except ContractViolation as broken:
            is_text = isinstance(value, str)
            found = f"a text of {len(value)} characters" if is_text else f"a value of the type {type(value).__name__}"
            raise ValueError(f"{argument}: {broken.violations[0].rule}; got {found}") from None


_FIELDS: Final = {
    "domain_id": "DomainId",
    "user_id": "UserId",
    "correlation_id": "CorrelationId",
    "ip_address": "IpAddress",
}
"""The fields that arguments give."""


def _check_repeated(command: Command, event: StoredEvent) -> None:
    """Refuse a time that cannot be the command's first one: the command's events are not earlier than that.

    Such a command is found only until the next decision. So the mistake must show when it still is.
    """
    if event.key < command.time:
        raise ValueError(
            f"command_time: must be the same in each call with one command_id; got {command.time}, but the command's "
            f"event is of {event.key.partition('#')[0]}; give the time when the command was first given"
        )


def check_decider(decider: Any) -> None:
    """Raises TypeError: it cannot be called."""
    if not callable(decider):
        raise TypeError(f"decider: must be a function of the object; got a value of the type {type(decider).__name__}")


def run(decider: Decider[Any], domain_object: Any) -> Any:
    """What a decider returns. A generator runs to its end: it may refuse after an event, too."""
    returned: Any = decider(domain_object)
    return list(returned) if isinstance(returned, Iterable) and not isinstance(returned, str | dict) else returned


def _events(returned: Any) -> list[Event]:
    """The events of what a decider returned. Raises TypeError if there is something else."""
    events = [] if returned is None else returned
    wrong = [each for each in events if not isinstance(each, Event)] if isinstance(events, list) else [events]
    for each in wrong:
        raise TypeError(f"a decider must return a list of Event, or None; got {_mistaken(each)}")
    return list(events)


def _numbered(index: int, events: Sequence[Event]) -> str:
    """An event in a message. What is no valid name is not shown: it may be a payload, given in the wrong place."""
    which, name = f"event {index + 1} of {len(events)}", events[index].event_name
    try:
        return f"{which} ({check_field('EventName', name)})"
    except ContractViolation:
        return which


def _mistaken(returned: Any) -> str:
    if isinstance(returned, Event):
        return "one Event; put it into a list"
    if isinstance(returned, Coroutine | AsyncIterator):
        if isinstance(returned, Coroutine):
            returned.close()  # otherwise Python warns that nobody awaited it
        return "a coroutine; a decider must not be async"
    if isinstance(returned, BaseException):
        return f"the exception {type(returned).__name__}; raise it to refuse"
    if callable(returned):
        return "a function; if yours makes the decider, call it and give what it returns"
    return no_event(returned)


def _limits(row: DomainRow | None) -> FoldLimits:
    """An event that may have crashed processes of the pipeline is not tried here: it would crash the service."""
    if row is None:
        return FoldLimits()
    tried = (probe.event_key for probe in row.probes if probe.event_key > (row.state.checkpoint or ""))
    return FoldLimits(untried_key=min(tried, default=None))


def _not_applied(domain_id: str, parked: Parked, which: str) -> LogicFailed:
    """An event of the decider's cannot be applied."""
    return LogicFailed(
        domain_id,
        f"apply the decider's {which} ({parked.event_name})",
        error=parked.error,
        phase=parked.phase,
        place=parked.place,
        reason=parked.reason,
        event_name=parked.event_name,
    )


def _not_read(domain_id: str, error: Exception, logic: DomainLogic) -> LogicFailed:
    """The row cannot be read: the service has the logic of another domain, or another version than it says."""
    return LogicFailed(
        domain_id,
        "be the deployed one, which reads the row",
        error=type(error).__name__,
        phase="from_dynamo_item",
        place=place_of(error, logic.from_dynamo_item, logic.folder),
        reason=reason_of(error),
    )


def _not_parked(domain_id: str, row: DomainRow | None) -> DomainRow | None:
    if row is not None and row.parked is not None:
        raise ObjectParked(domain_id, row.parked)
    return row


def _state(row: DomainRow | None) -> DomainState:
    return row.state if row is not None else INITIAL_STATE


def _cause(reply: Exception | None) -> BaseException | None:
    """The error of botocore that a reply of the tables stands for."""
    return reply if reply is None else reply.__cause__ or reply


def _plus(state: DomainState, events: Sequence[StoredEvent]) -> DomainState:
    for event in events:
        state = state.after(event, state.attributes)
    return state
