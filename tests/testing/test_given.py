"""Guarantee: a test's events give the row that production would have, and a failure says what differs, and where."""

from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from cp_event_source import decide
from cp_event_source.producer import ContractViolation, DomainEvent
from cp_event_source.testing import Layer, event, load

from .layers import counter, write

KEEPER = """
class Keeper:
    def __init__(self, values):
        self.values = values

    def apply(self, payload, event_id, event_time, domain_payload, event):
        self.values["Payload"] = payload
        self.values["Typed"] = domain_payload
        self.values["Ids"] = self.values["Ids"] + [f"{event_id} {event_time}"]
        self.values["Version"] = event.version


class Domain:
    @staticmethod
    def create_new(domain_id, user_id):
        return Keeper({"DomainId": domain_id, "UserId": user_id, "Ids": []})

    @staticmethod
    def from_dynamo_item(item):
        return Keeper(dict(item))

    @staticmethod
    def to_dynamo_item(keeper):
        return keeper.values
"""
"""Keeps what it gets."""


@pytest.fixture
def keeper(tmp_path: Path) -> Layer:
    return load(write(tmp_path / "keeper", KEEPER))


@pytest.fixture
def counting(tmp_path: Path) -> Layer:
    return load(counter(tmp_path / "counter"))


def detail(**fields: Any) -> dict[str, Any]:
    return {
        "DomainId": "d-1",
        "EventTime": "2026-03-02T09:00:00Z",
        "EventId": "e-1",
        "UserId": "u-1",
        "EventType": "DOMAIN",
        "EventName": "Kept",
        "DomainName": "Keeper",
        "Payload": {"A": 0.1},
        "Version": 1,
    } | fields


def test_the_three_forms_of_an_event_are_the_same_event(keeper: Layer) -> None:
    of_a_producer = DomainEvent(
        domain_name="Keeper",
        domain_id="d-1",
        event_name="Kept",
        payload={"A": 0.1},
        user_id="u-1",
        event_id="e-1",
        event_time="2026-03-02T09:00:00Z",
    )
    short = event("Kept", {"A": 0.1}, at="2026-03-02T09:00:00Z", domain_id="d-1", event_id="e-1", user_id="u-1")
    rows = [keeper.given(each).state() for each in (of_a_producer, detail(), short)]
    assert rows == [rows[0]] * 3
    assert rows[0]["Payload"] == {"A": Decimal("0.1")}
    assert rows[0]["Typed"] == {"A": {"N": "0.1"}}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [(2.0, 2), (Decimal("5.00"), 5), (1e400, None), (2**53 + 1, 2**53 + 1), ((1, 2), [1, 2])],
)
def test_numbers_are_those_of_production(keeper: Layer, sent: Any, kept: Any) -> None:
    if kept is None:
        with pytest.raises(ContractViolation, match=r"event 1 \(Kept\): Payload: must be a finite number"):
            keeper.given(event("Kept", sent))
        return
    payload = keeper.given(event("Kept", sent)).state()["Payload"]
    assert (payload, type(payload)) == (kept, type(kept))


def test_events_in_any_order_and_twice_are_folded_in_order_and_once(keeper: Layer) -> None:
    first, second = event("Kept", at="2026-01-01T00:00:00Z"), event("Kept", at="2025-01-01T00:00:00+01:00")
    row = keeper.given(first, second, first, second).state()
    assert row["Ids"] == ["event-0002 2025-01-01T00:00:00+01:00", "event-0001 2026-01-01T00:00:00Z"]


def test_events_without_a_time_are_in_the_order_written(keeper: Layer) -> None:
    def times(*given: str | None) -> list[str]:
        row = keeper.given([event("Kept", at=at) for at in given]).state()
        return [each.partition(" ")[2] for each in row["Ids"]]

    assert times(None, None) == ["2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"]
    assert times(None, None, "2026-03-01T00:00:00Z") == [
        "2026-02-28T23:59:58Z",
        "2026-02-28T23:59:59Z",
        "2026-03-01T00:00:00Z",
    ]
    assert times("2026-03-01T00:00:00Z", None, None, "2026-03-01T00:00:00.3Z") == [
        "2026-03-01T00:00:00Z",
        "2026-03-01T00:00:00.100000000Z",
        "2026-03-01T00:00:00.200000000Z",
        "2026-03-01T00:00:00.3Z",
    ]
    assert times("2026-12-31T23:59:60Z", None) == ["2026-12-31T23:59:60Z", "2027-01-01T00:00:01Z"]


def test_a_short_event_continues_the_object_of_the_others(keeper: Layer) -> None:
    row = keeper.given(detail(), event("Kept", {"A": 2})).state()
    assert (row["DomainId"], row["Payload"], len(row["Ids"])) == ("d-1", {"A": 2}, 2)


def test_an_event_without_an_object_is_of_the_object_before_it(keeper: Layer) -> None:
    events = [event("Kept"), event("Kept", domain_id="other"), event("Kept")]
    with pytest.raises(ValueError, match="got those of 'object-1', 'other'"):
        keeper.given(events)
    assert [len(keeper.given(each).state()["Ids"]) for each in (events[:1], events[1:])] == [1, 2]


def test_all_violations_of_all_events_are_named(keeper: Layer) -> None:
    broken = detail(Version="1", Payload={"At": {1, 2}})
    del broken["UserId"]
    with pytest.raises(ContractViolation) as raised:
        keeper.given(broken, detail(EventType="PROCESS", DomainName="Other"))
    assert [each.field for each in raised.value.violations] == [
        "event 1 (Kept): UserId",
        "event 1 (Kept): Version",
        "event 1 (Kept): Payload.At",
        "event 2 (Kept): EventType",
        "event 2 (Kept): DomainName",
    ]


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ((), "must be at least one event; got none"),
        ((detail(), detail(DomainId="d-2", EventId="e-2")), "of one domain object; got those of 'd-1', 'd-2'"),
        ((detail(), detail(Payload={})), "must have another EventId or EventTime"),
        ((detail(Payload="x" * 500_000), detail(EventId="e-2")), None),
        (("Kept",), "must be an event: event.*; got a value of the type str"),
        (
            (decide.Event("Kept"),),
            "must be an event: event.*; got a value of the type cp_event_source.decide.event.Event",
        ),
    ],
)
def test_what_cannot_be_folded_is_an_error(keeper: Layer, events: tuple[Any, ...], message: str | None) -> None:
    if message is None:  # it is stored compressed; the row is what has no room for it
        keeper.given(*events).then_parked(at="e-1", reason="Typed: takes", phase="to_dynamo_item")
        return
    with pytest.raises((ValueError, TypeError), match=message):
        keeper.given(*events)


def test_then_accepts_what_to_dynamo_item_may_return(keeper: Layer) -> None:
    class Colour(Enum):
        RED = "red"

    given = keeper.given(event("Kept", {"C": "red", "N": 0.5, "L": [1, 2]}, at="2026-03-02T09:00:00Z"))
    given.then(
        {
            "UserId": "user-1",
            "Payload": {"C": Colour.RED, "N": 0.5, "L": (1, 2)},
            "Typed": given.state()["Typed"],
            "Ids": ["event-0001 2026-03-02T09:00:00Z"],
            "Version": 1,
        }
    )


def test_a_difference_is_named_attribute_by_attribute(counting: Layer) -> None:
    given = counting.given(event("A"), event("B"))
    with pytest.raises(AssertionError) as raised:
        given.then({"Count": "2", "Names": ["A", "C", "D"], "Other": {"In": True}})
    assert str(raised.value).splitlines() == [
        "the row after A, B differs",
        "  Count: expected '2' (str), got 2 (int)",
        "  Names[1]: expected 'C' (str), got 'B' (str)",
        "  Names[2]: expected 'D' (str), got nothing",
        "  Other: expected {'In': True} (dict), got nothing",
    ]


@pytest.mark.parametrize("row", [{"Count": True, "Names": ["A"]}, {"Names": ["A"]}, {"Count": 1, "DomainId": "x"}])
def test_a_wrong_row_is_refused(counting: Layer, row: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        counting.given(event("A")).then(row)


@pytest.mark.parametrize("row", [{"Names": set()}, {"CpEventSource": {}}])
def test_a_row_that_the_table_cannot_hold_is_an_error_of_the_test(counting: Layer, row: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(row))):
        counting.given(event("A")).then(row)


def test_a_parked_object_is_shown_with_the_place_in_the_authors_code(tmp_path: Path) -> None:
    folder = counter(tmp_path, "import rules\nrules.check(payload)", rules="def check(p):\n    return p['Missing']\n")
    given = load(folder).given(event("A"), event("B", {"Missing": 1}))
    for fails in (given.state, lambda: given.then({"Count": 1})):
        with pytest.raises(AssertionError) as raised:
            fails()
        text = str(raised.value)
        assert "parked at A (2026-01-01T00:00:00Z, event-0001), event 1 of 2, in apply:" in text
        assert "KeyError: 'Missing'" in text
        assert f"{folder}/rules.py:2, in check\n    return p['Missing']" in text
        assert f"{folder}/domain_handler.py:" in text


def test_then_parked_says_what_is_different(counting: Layer) -> None:
    given = counting.given(event("A"), event("Refused"), event("B"))
    good = {"Count": 1, "Names": ["A"]}
    given.then_parked(at="Refused", reason="not this", error="ValueError", phase="apply", row=good)
    given.then_parked(at="event-0002").then_parked()
    for wrong, message in (
        ({"at": "B"}, "at: expected 'B', got 'Refused'"),
        ({"reason": "other"}, "reason: expected a text with 'other', got 'ValueError: not this one'"),
        ({"error": "KeyError"}, "error: expected 'KeyError', got 'ValueError'"),
        ({"phase": "create_new"}, "phase: expected 'create_new', got 'apply'"),
        ({"row": {"Count": 2, "Names": ["A"]}}, r"the last good row after .* differs\n  Count: expected 2"),
    ):
        with pytest.raises(AssertionError, match=message):
            given.then_parked(**wrong)
    with pytest.raises(AssertionError, match="expected the object to be parked at A; got all 1 events applied"):
        counting.given(event("A")).then_parked(at="A")


@pytest.mark.parametrize(
    ("changed", "phase"),
    [
        ("return Counter(domain_id)|raise ValueError('x')", "create_new"),
        ("return asdict(counter)|raise ValueError('x')", "to_dynamo_item"),
        ("return asdict(counter)|return None", "to_dynamo_item"),
        ("return Counter(**item)|raise ValueError('x')", "from_dynamo_item"),
        ("return Counter(**item)|return Counter(item.DomainId)", "round trip"),
        ("self.Count += 1|self.Count += None", "apply"),
    ],
)
def test_the_phase_that_failed_is_named(tmp_path: Path, changed: str, phase: str) -> None:
    file = counter(tmp_path) / "domain_handler.py"
    old, _, new = changed.partition("|")
    file.write_text(file.read_text().replace(old, new))
    load(tmp_path).given(event("A")).then_parked(at="A", phase=phase, row={})


def test_the_time_limit_is_that_of_production_or_the_tests(tmp_path: Path) -> None:
    folder = counter(tmp_path, "import time\ntime.sleep(0.05)")
    load(folder, seconds_per_event=0.01).given(event("A")).then_parked(error="TookTooLong", phase="apply")
    load(folder).given(event("A")).then({"Count": 1, "Names": ["A"]})
