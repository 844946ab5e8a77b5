"""Guarantee: the fold depends only on the events, not on their grouping; a failing event stops it and nothing else."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal, getcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.handler.domain.fold import Folded, fold
from cp_event_source.handler.domain.index_keys import IndexKey
from cp_event_source.handler.domain.logic import DomainLogic, RowItem
from cp_event_source.handler.domain.state import BOOKKEEPING_BYTES, INITIAL_STATE, DomainState
from cp_event_source.handler.events.key_set import KeySet
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.projection.rows import DomainRow
from cp_event_source.handler.values.attribute_value import ITEM_SIZE_LIMIT, NotStorable, decode_item, encode_item
from tests.handler.given import endless, erased, logic, stored
from tests.handler.strategies import json_values, numbers

LIMIT = 30.0


def run(
    logic: DomainLogic, events: Iterable[StoredEvent], start: DomainState = INITIAL_STATE, limit: float = LIMIT
) -> Folded:
    return fold(logic, start, events, seconds_per_event=limit)


def row(folded: Folded) -> dict[str, Any]:
    return decode_item(folded.state.attributes)


@dataclass
class Note:
    """Keeps every payload, and what it must not rely on: state that the row does not hold."""

    DomainId: str
    Log: list[Any] = field(default_factory=list)
    Hidden: int = 0

    def apply(self, payload: Any, event_name: str) -> "Note | None":
        self.Hidden += 1
        self.Log.append([payload, self.Hidden])
        return Note(self.DomainId, self.Log, self.Hidden) if event_name == "Returned" else None


class Domain:
    @staticmethod
    def from_dynamo_item(item: Any) -> Note:
        return Note(item.DomainId, item.Log)

    @staticmethod
    def create_new(domain_id: str) -> Note:
        return Note(domain_id)

    @staticmethod
    def to_dynamo_item(note: Note) -> dict[str, Any]:
        note.Hidden += 100  # reading an object changes it: the next event must not see that either
        return {"DomainId": note.DomainId, "Log": note.Log}


NOTES = logic(Note, Domain)


def domain_with(to_dynamo_item: Callable[[Any], Any], from_dynamo_item: Any = None) -> DomainLogic:
    """Notes, written and read otherwise."""

    class Domain:
        pass

    Domain.create_new = staticmethod(lambda domain_id: Note(domain_id))  # type: ignore[attr-defined]
    Domain.from_dynamo_item = staticmethod(from_dynamo_item or (lambda item: Note(item.DomainId)))  # type: ignore[attr-defined]
    Domain.to_dynamo_item = staticmethod(to_dynamo_item)  # type: ignore[attr-defined]
    return logic(Note, Domain)


def raising(error: BaseException | Callable[[], Any]) -> DomainLogic:
    """Logic that fails at the event named Poison."""

    @dataclass
    class Fragile:
        DomainId: str
        Count: int = 0

        def apply(self, event_name: str) -> None:
            self.Count += 1
            if event_name == "Poison":
                if isinstance(error, BaseException):
                    raise error
                error()

    class Domain:
        @staticmethod
        def from_dynamo_item(item: Any) -> Fragile:
            return Fragile(item.DomainId, item.Count)

        @staticmethod
        def create_new(domain_id: str) -> Fragile:
            return Fragile(domain_id)

        @staticmethod
        def to_dynamo_item(fragile: Fragile) -> dict[str, Any]:
            return {"DomainId": fragile.DomainId, "Count": fragile.Count}

    return logic(Fragile, Domain)


@given(st.lists(st.tuples(json_values, st.sampled_from(["Noted", "Returned"])), min_size=1, max_size=8), st.data())
def test_grouping_does_not_matter(payloads: list[tuple[Any, str]], data: st.DataObject) -> None:
    """Folded in one go, or in any groups with the row stored and read in between: the same, or the same failure."""
    events = [stored(number, payload, EventName=name) for number, (payload, name) in enumerate(payloads, 1)]
    at_once = run(NOTES, events)
    state, failure = INITIAL_STATE, None
    cuts = [*sorted(data.draw(st.sets(st.integers(0, len(events))))), len(events)]
    for start, end in zip([0, *cuts], cuts, strict=False):
        folded = run(NOTES, events[start:end], state)
        stored_row = DomainRow.from_item(DomainRow("d-1", folded.state, "v1").to_item())
        assert stored_row is not None
        state, failure = (folded.state if folded.state.checkpoint is None else stored_row.state), folded.failure
        if failure:
            break
    assert state == at_once.state
    assert failure == at_once.failure


class Shelf:
    """Does what its events say: keeps any values, changes them in place, and changes them when it is written."""

    def __init__(self, item: Any) -> None:
        self.item = item

    def apply(self, payload: dict[str, Any], event_name: str) -> None:
        name, value = payload["Name"], payload["Value"]
        match event_name:
            case "Put":
                self.item[name] = value
            case "Taken":
                self.item.pop(name, None)
            case "Retyped":
                before = self.item.get(name)
                self.item[name] = not before if isinstance(before, bool) else bool(before)
            case "Changed" if isinstance(self.item.get(name), list):
                self.item[name].append(value)
            case "Forgotten":  # the row does not survive its round trip
                self.item["Forgets"] = name


class Shelves:
    @staticmethod
    def create_new(domain_id: str) -> Shelf:
        return Shelf({"DomainId": domain_id, "List": [], "Set": {"a"}, "One": 1})

    @staticmethod
    def from_dynamo_item(item: Any) -> Shelf:
        attributes = dict(item)
        attributes.pop(attributes.get("Forgets"), None)
        return Shelf(attributes)

    @staticmethod
    def to_dynamo_item(shelf: Shelf) -> dict[str, Any]:
        written = dict(shelf.item)
        shelf.item.clear()
        return written


SHELVES = logic(Shelf, type("Domain", (Shelves,), {}))


def stored_after(attributes: Any, event: StoredEvent) -> Any:
    """The row's attributes after one event, encoded and decoded completely: what a batch of one event does."""
    read = Shelves.from_dynamo_item
    shelf = read(RowItem(decode_item(attributes))) if attributes else Shelves.create_new(event.domain_id)
    shelf.apply(event.payload, event.event_name)
    after = encode_item(Shelves.to_dynamo_item(shelf))
    again = encode_item(Shelves.to_dynamo_item(read(RowItem(decode_item(after)))))
    return after if again == after and after.get("DomainId") == {"S": event.domain_id} else None


shelf_events = st.lists(
    st.tuples(
        st.sampled_from(["Put", "Put", "Taken", "Retyped", "Changed", "Forgotten"]),
        st.sampled_from(["One", "List", "Set", "Other", "DomainId"]),
        st.sampled_from([True, 1, 0, Decimal("1.5"), "d-1", "\u00e4", None, [1]]) | json_values,
    ),
    min_size=1,
    max_size=12,
)


@given(shelf_events)
def test_the_fold_is_that_of_rows_that_are_encoded_and_decoded_for_each_event(shelf_events: list[Any]) -> None:
    """Guarantee: what the fold does not encode or decode again changes neither its state nor where it stops."""
    events = [
        stored(number, {"Name": name, "Value": value}, EventName=event_name)
        for number, (event_name, name, value) in enumerate(shelf_events, 1)
    ]
    folded = run(SHELVES, events)
    attributes: Any = {}
    failed = None
    for event in events:
        try:
            after = stored_after(attributes, event)
        except NotStorable:
            after = None
        if after is None:
            failed = event
            break
        attributes = after
    assert (folded.failure and folded.failure.event) == failed
    assert folded.state.attributes == attributes


def test_what_the_row_does_not_hold_does_not_reach_the_next_event() -> None:
    assert row(run(NOTES, [stored(1, "a"), stored(2, "b"), stored(3, "c")]))["Log"] == [["a", 1], ["b", 1], ["c", 1]]


def test_a_value_reaches_the_next_event_with_the_type_that_storage_gives() -> None:
    seen: list[type] = []

    @dataclass
    class Sum:
        DomainId: str
        Total: Any = 0.5

        def apply(self, payload: Any) -> None:
            seen.append(type(self.Total))
            self.Total = self.Total if payload else 1.0

    class Domain:
        @staticmethod
        def from_dynamo_item(item: Any) -> Sum:
            return Sum(item.DomainId, item.Total)

        @staticmethod
        def create_new(domain_id: str) -> Sum:
            return Sum(domain_id)

        @staticmethod
        def to_dynamo_item(total: Sum) -> dict[str, Any]:
            return {"DomainId": total.DomainId, "Total": total.Total}

    run(logic(Sum, Domain), [stored(1, payload=True), stored(2, payload=False), stored(3, payload=True)])
    assert seen == [float, Decimal, int]


def unordered(attribute: dict[str, Any]) -> dict[str, Any]:
    """An attribute value as DynamoDB may return it: it keeps no order of a map's keys."""
    match attribute:
        case {"M": members}:
            return {"M": {name: unordered(members[name]) for name in reversed(members)}}
        case {"L": members}:
            return {"L": [unordered(each) for each in members]}
        case _:
            return attribute


@dataclass
class Tally:
    """Takes an order from all maps that it gets: of the payload, of the row, and of a map in it."""

    DomainId: str
    Counts: dict[str, Any]
    More: dict[str, Any] = field(default_factory=dict)
    Orders: list[Any] = field(default_factory=list)

    def apply(self, payload: Any, domain_payload: Any, event: StoredEvent) -> None:
        self.Orders.append([list(payload), list(domain_payload), list(event.extensions), list(self.Counts)])
        self.Orders.append(list(self.More))
        payload.pop("", None)  # a row cannot hold it
        self.Counts |= payload
        self.More |= {f"More{name}": value for name, value in payload.items()}


class Tallies:
    @staticmethod
    def create_new(domain_id: str) -> Tally:
        return Tally(domain_id, {})

    @staticmethod
    def from_dynamo_item(item: Any) -> Tally:
        more = {name: value for name, value in item.items() if name.startswith("More")}
        return Tally(item.DomainId, item.Counts, more, item.Orders)

    @staticmethod
    def to_dynamo_item(tally: Tally) -> dict[str, Any]:
        return {"DomainId": tally.DomainId, "Counts": tally.Counts, "Orders": tally.Orders, **tally.More}


TALLIES = logic(Tally, type("Domain", (Tallies,), {}))
short_maps = st.dictionaries(st.sampled_from("abcdé"), st.integers(0, 9) | st.just({"z": 1, "y": 2}), max_size=4)


@given(st.lists(short_maps, min_size=1, max_size=5), st.booleans())
def test_the_order_of_a_maps_keys_depends_neither_on_the_grouping_nor_on_storage(
    payloads: list[Any], is_compressed: bool
) -> None:
    empty_key = {"": 0} if is_compressed else {}  # such a payload is stored as compressed text
    events = [stored(number, each | empty_key, Z=1, Y=2) for number, each in enumerate(payloads, 1)]
    state = INITIAL_STATE
    for event in events:
        image = {name: unordered(attribute) for name, attribute in event.item.items()}
        returned = unordered({"M": state.attributes})["M"]
        state = run(TALLIES, [StoredEvent.of(image)], replace(state, attributes=returned)).state
    assert state == run(TALLIES, events).state


def test_apply_changes_the_object_or_returns_a_new_one() -> None:
    changed = run(NOTES, [stored(1, "a", EventName="Noted")])
    returned = run(NOTES, [stored(1, "a", EventName="Returned")])
    assert row(changed) == row(returned) == {"DomainId": "d-1", "Log": [["a", 1]]}


def test_no_events_change_nothing() -> None:
    assert run(NOTES, []) == Folded(INITIAL_STATE)


@given(st.integers(1, 6))
def test_the_state_says_which_events_are_in_it(number: int) -> None:
    events = [stored(each) for each in range(1, number + 1)]
    state = run(NOTES, events).state
    assert state.checkpoint == events[-1].key
    expected = KeySet()
    for event in reversed(events):
        expected = expected.plus(event.key)
    assert state.applied == expected


@given(st.lists(st.booleans(), max_size=7))
def test_an_erased_event_counts_and_the_logic_does_not_get_it(are_erased: list[bool]) -> None:
    """Nor is a domain begun by it: that is for the first event that remains."""
    events = [stored(number, number) for number in range(len(are_erased))]
    remain = [event for event, is_erased in zip(events, are_erased, strict=True) if not is_erased]
    left = [erased(event) if is_erased else event for event, is_erased in zip(events, are_erased, strict=True)]
    folded, expected = run(NOTES, left), run(NOTES, remain)
    assert folded.state.attributes == expected.state.attributes
    assert folded.state.applied.count == len(events)
    assert folded.state.checkpoint == (events[-1].key if events else None)


def test_an_object_starts_with_the_first_remaining_event_wherever_the_batches_end() -> None:
    empty = run(NOTES, [erased(stored(1))]).state
    assert empty.attributes == {}
    again = DomainRow.from_item(DomainRow("d-1", empty, "v1").to_item())
    assert again is not None
    assert row(run(NOTES, [stored(2, "a", EventName="Noted")], again.state)) == {"DomainId": "d-1", "Log": [["a", 1]]}


@given(st.lists(numbers, max_size=5))
def test_numbers_survive_to_apply_and_to_the_row(payload: list[Any]) -> None:
    events = [stored(1, payload), stored(2, payload)]
    folded = run(NOTES, events)
    if folded.failure is None:
        assert row(folded)["Log"] == [[payload, 1], [payload, 1]]
    else:
        assert "38 digits" in folded.failure.reason


def test_a_failing_event_stops_the_fold_and_keeps_the_state_before_it() -> None:
    events = [stored(1), stored(2), stored(3, EventName="Poison"), stored(4)]
    folded = run(raising(ValueError("no")), events)
    assert row(folded) == {"DomainId": "d-1", "Count": 2}
    assert folded.state == run(raising(ValueError("no")), events[:2]).state
    assert folded.failure is not None
    assert (folded.failure.event, folded.failure.error) == (events[2], "ValueError")
    assert folded.failure.reason == "ValueError: no"


def test_a_failing_first_event_leaves_nothing() -> None:
    folded = run(raising(ValueError("no")), [stored(1, EventName="Poison"), stored(2)])
    assert folded.state == INITIAL_STATE
    assert folded.failure is not None


def test_nothing_is_read_beyond_a_failing_event() -> None:
    def events() -> Iterable[StoredEvent]:
        yield stored(1, EventName="Poison")
        raise AssertionError("read on")

    assert run(raising(ValueError("no")), events()).failure is not None


def test_an_error_of_the_store_is_not_an_error_of_the_domain() -> None:
    def events() -> Iterable[StoredEvent]:
        yield stored(1)
        raise TimeoutError("the table")

    with pytest.raises(TimeoutError):
        run(NOTES, events())


@pytest.mark.parametrize(
    "error",
    [
        Exception(),
        SystemExit(1),
        asyncio.CancelledError(),
        GeneratorExit(),
        BaseException("bare"),
        StopIteration(),
        RecursionError(),
        MemoryError(),
        ExceptionGroup("two", [ValueError(), KeyError()]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_the_logic_raises_is_its_failure(error: BaseException) -> None:
    failure = run(raising(error), [stored(1, EventName="Poison")]).failure
    assert failure is not None
    assert failure.error == type(error).__name__


def test_endless_recursion_is_a_failure() -> None:
    def recur() -> None:
        recur()

    failure = run(raising(recur), [stored(1, EventName="Poison")]).failure
    assert failure is not None
    assert failure.error == "RecursionError"


def test_a_keyboard_interrupt_is_not_a_failure() -> None:
    with pytest.raises(KeyboardInterrupt):
        run(raising(KeyboardInterrupt()), [stored(1, EventName="Poison")])


def loop_that_catches_exceptions() -> None:
    while True:
        with suppress(Exception):
            endless()


@pytest.mark.parametrize("work", [endless, loop_that_catches_exceptions])
def test_endless_logic_is_stopped_by_the_time_limit(work: Callable[[], None]) -> None:
    folded = run(raising(work), [stored(1), stored(2, EventName="Poison"), stored(3)], limit=0.3)
    assert row(folded)["Count"] == 1
    assert folded.failure is not None
    assert folded.failure.error == "TookTooLong"
    assert folded.failure.reason == "TookTooLong: took longer than 0.3 s"


def test_endless_logic_on_the_way_to_and_from_the_row_is_stopped_too() -> None:
    for broken in (
        domain_with(lambda note: endless()),
        domain_with(lambda n: {"DomainId": "d-1"}, lambda item: endless()),
    ):
        failure = run(broken, [stored(1)], limit=0.1).failure
        assert failure is not None
        assert failure.error == "TookTooLong"


ENDLESS: list[Any] = []
ENDLESS.append(ENDLESS)


@pytest.mark.parametrize(
    ("returned", "reason"),
    [
        (None, "to_dynamo_item must return a dict; found a NoneType"),
        ([("DomainId", "d-1")], "must return a dict; found a list"),
        ({}, "DomainId: to_dynamo_item must return the DomainId of the event"),
        ({"DomainId": "d-2"}, "DomainId: to_dynamo_item must return the DomainId of the event"),
        ({"DomainId": None}, "DomainId: to_dynamo_item must return the DomainId of the event"),
        ({"DomainId": b"d-1"}, "DomainId: to_dynamo_item must return the DomainId of the event"),
        (
            {"DomainId": "d-1", "CpEventSource": {}},
            "CpEventSource: to_dynamo_item must not return this attribute, which belongs",
        ),
        ({"DomainId": "d-1", "CpEventSourceParked": ""}, "CpEventSourceParked: to_dynamo_item must not return this"),
        ({"DomainId": "d-1", "A": {"b": [object()]}}, "A.b[0]: a value of the type object cannot be stored"),
        ({"DomainId": "d-1", "A": float("nan")}, "A: must be a finite number"),
        ({"DomainId": "d-1", "A": set()}, "A: a set must not be empty"),
        ({"DomainId": "d-1", 5: 1}, "keys must be text"),
        ({"DomainId": "d-1", "": 1}, "a key must not be empty"),
        ({"DomainId": "d-1", "A": {1, "x"}}, "A: a set must hold only text, only numbers, or only bytes"),
        ({"DomainId": "d-1", "A": [{"b": {"c": 10**39 + 1}}]}, "A[0].b.c: must be a finite number"),
        ({"DomainId": "d-1", "A": {"b": "\ud800"}}, "A.b: text must be Unicode"),
        (
            {"DomainId": "d-1", "A": {"b": "x" * ITEM_SIZE_LIMIT}},
            "A: takes 409606 of the row's 409617 bytes; a row must take at most",
        ),
        ({"DomainId": "d-1", "A": ENDLESS}, f"A{'[0]' * 32}: must have at most 32 levels of lists and maps"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else type(value).__name__,  # a set is shown in any order
)
def test_what_cannot_be_a_row_is_refused(returned: Any, reason: str) -> None:
    failure = run(domain_with(lambda note: returned), [stored(1)]).failure
    assert failure is not None
    assert failure.error in {"RowRefused", "NotStorable"}
    assert reason in failure.reason


@pytest.mark.parametrize("value", ["", "x" * 1025, 5, None, True, b"x", ["x"], {"x"}])
def test_a_row_that_an_index_would_refuse_is_refused(value: Any) -> None:
    folded = fold(
        domain_with(lambda note: {"DomainId": "d-1", "Status": value}),
        INITIAL_STATE,
        [stored(1)],
        seconds_per_event=LIMIT,
        index_keys={"Status": IndexKey("S", 1024), "Other": IndexKey("N", 1024)},
    )
    assert folded.failure is not None
    assert (folded.failure.error, folded.failure.phase) == ("RowRefused", "to_dynamo_item")
    assert folded.failure.reason.startswith("RowRefused: Status: must ")


@pytest.mark.parametrize("returned", [{}, {"Status": "x" * 1024}, {"Other": 5}])
def test_a_row_that_has_no_key_of_an_index_or_a_valid_one_is_not(returned: dict[str, Any]) -> None:
    folded = fold(
        domain_with(lambda note: {"DomainId": "d-1", **returned}),
        INITIAL_STATE,
        [stored(1)],
        seconds_per_event=LIMIT,
        index_keys={"Status": IndexKey("S", 1024), "Other": IndexKey("N", 1024)},
    )
    assert folded.failure is None


@pytest.mark.parametrize(("more", "fits"), [(0, True), (1, False)])
def test_a_row_leaves_room_for_the_pipelines_notes(more: int, fits: bool) -> None:
    size = ITEM_SIZE_LIMIT - BOOKKEEPING_BYTES - len("DomainIdd-1A") + more
    folded = run(domain_with(lambda note: {"DomainId": "d-1", "A": "x" * size}), [stored(1)])
    assert (folded.failure is None) is fits


def test_a_row_that_does_not_survive_its_own_round_trip_is_refused() -> None:
    """The result would depend on how the events were grouped. The message names the attributes by their paths."""
    forgets = domain_with(
        lambda note: {
            "DomainId": note.DomainId,
            "Kept": 1,
            "B": note.Log,
            "A": {"b": [1, {"c": len(note.Log)}], "d": 1},
        }
    )
    failure = run(forgets, [stored(1)]).failure
    assert failure is not None
    assert failure.error == "RowRefused"
    assert failure.reason.startswith(
        "RowRefused: A.b[1].c: the number 1 comes back as the number 0, B: a list of 1 comes back as a list of 0; "
        "the row must survive its round trip"
    )


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("OPEN", None, "A: the text 'OPEN' comes back as nothing"),
        (5, "5", "A: the number 5 comes back as the text '5'"),
        (True, 1, "A: the boolean True comes back as the number 1"),
        ({"x"}, ["x"], "A: a set of 1 comes back as a list of 1"),
        (b"abc", "abc", "A: binary of 3 comes back as the text 'abc'"),
    ],
)
def test_a_round_trip_names_what_comes_back(before: Any, after: Any, reason: str) -> None:
    values = iter([before, after])

    def to_dynamo_item(note: Note) -> dict[str, Any]:
        value = next(values)
        return {"DomainId": "d-1"} | ({} if value is None else {"A": value})

    failure = run(domain_with(to_dynamo_item), [stored(1)]).failure
    assert failure is not None
    assert reason in failure.reason


def test_of_many_changes_in_a_round_trip_the_first_are_named() -> None:
    rows = iter([{"DomainId": "d-1"} | {f"A{n}": n for n in range(9)}, {"DomainId": "d-1"}])
    failure = run(domain_with(lambda note: next(rows)), [stored(1)]).failure
    assert failure is not None
    assert "A4: the number 4 comes back as nothing, and 4 more; " in failure.reason


def test_a_row_that_reading_changes_in_type_alone_survives() -> None:
    """A float comes back as Decimal, a tuple as a list, a date as text: stored, they are the same."""
    values = {"F": 0.1, "T": (1, 2.0), "S": {0.5}, "D": Decimal("1.50")}
    keeps = domain_with(
        lambda note: {"DomainId": note.DomainId, **(note.Log[-1] if isinstance(note.Log[-1], dict) else values)},
        lambda item: Note(item.DomainId, [{name: item[name] for name in values}]),
    )
    assert run(keeps, [stored(1)]).failure is None


def test_an_object_that_cannot_be_read_back_is_refused() -> None:
    failure = run(domain_with(lambda n: {"DomainId": "d-1"}, lambda item: item.Missing), [stored(1)]).failure
    assert failure is not None
    assert failure.reason == "AttributeError: the row has no attribute 'Missing'"


def test_a_reason_is_capped_and_unicode_whatever_the_error_says() -> None:
    class Unspeakable(Exception):
        def __str__(self) -> str:
            raise ValueError

    for error, start in (
        (ValueError("x" * 100_000), "ValueError: xxx"),
        (ValueError("\ud800"), "ValueError: \\ud800"),
        (Unspeakable(), "Unspeakable: (its text cannot be read)"),
        (KeyError(), "KeyError: "),
    ):
        failure = run(raising(error), [stored(1, EventName="Poison")]).failure
        assert failure is not None
        assert failure.reason.startswith(start)
        assert len(failure.reason) <= 1000
        encode_item({"Reason": failure.reason})


def test_a_row_of_other_logic_that_this_logic_cannot_read_is_a_failure_of_the_event() -> None:
    state = DomainState(encode_item({"DomainId": "d-1", "Other": 1}), stored(1).key, KeySet().plus(stored(1).key))
    folded = run(NOTES, [stored(2)], state)
    assert folded.state is state
    assert folded.failure is not None
    assert folded.failure.reason == "AttributeError: the row has no attribute 'Log'"


def test_sums_are_as_exact_as_a_row_whatever_the_grouping() -> None:
    """38 digits, not Python's own 28; a context that the logic changes does not outlast the event."""

    @dataclass
    class Account:
        DomainId: str
        Balance: Decimal = Decimal(0)

        def apply(self, payload: Any) -> None:
            self.Balance += payload
            getcontext().prec = 3

    class Domain:
        @staticmethod
        def from_dynamo_item(item: Any) -> Account:
            return Account(item.DomainId, item.Balance)

        @staticmethod
        def create_new(domain_id: str) -> Account:
            return Account(domain_id)

        @staticmethod
        def to_dynamo_item(account: Account) -> dict[str, Any]:
            return {"DomainId": account.DomainId, "Balance": account.Balance}

    amounts = [Decimal("1234567890.1234567890123456789012345678"), Decimal("0.0000000000000000000000000001")]
    before = getcontext().prec
    folded = fold(
        logic(Account, Domain), INITIAL_STATE, [stored(n, each) for n, each in enumerate(amounts)], seconds_per_event=10
    )
    assert row(folded)["Balance"] == Decimal("1234567890.1234567890123456789012345679")
    assert getcontext().prec == before
