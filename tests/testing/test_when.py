"""Guarantee: a decider's test decides as production does, and says what differs from what it expects."""

from collections.abc import Callable, Iterator
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import pytest

from cp_event_source.decide import Event, EventInvalid, LogicFailed, ObjectParked
from cp_event_source.testing import Layer, event, load

EXAMPLES = Path(__file__).parents[2] / "examples"
OPENED = [event("AccountOpened"), event("AmountCredited", {"Amount": 50})]


class Refused(Exception):
    """The decider refuses."""


def withdraw(amount: Any) -> Callable[[Any], list[Event]]:
    def decide(account: Any) -> list[Event]:
        if account is None:
            raise Refused("no account")
        if account.Balance < amount:
            raise Refused(f"the balance is {account.Balance}")
        return [Event("AmountDebited", {"Amount": amount})] if amount else []

    return decide


@pytest.fixture(scope="module")
def layer() -> Layer:
    return load(EXAMPLES / "custom_event_bus" / "account_domain")


def test_a_decision_has_events_and_a_row(layer: Layer) -> None:
    row = {"OwnerId": "user-1", "OpenedAt": "2026-01-01T00:00:00Z", "Balance": 20, "Closed": False}
    decided = layer.given(OPENED).when(withdraw(30))
    decided.then(event("AmountDebited", {"Amount": 30})).then_row(row).check_repeatable()
    decided.then(Event("AmountDebited", {"Amount": Decimal("30.0")}))
    decided.then([Event("AmountDebited", {"Amount": 30})])
    layer.given(OPENED).when(withdraw(0)).then().then_row({**row, "Balance": 50})
    layer.when(lambda account: []).then().then_row({})


def test_a_refusal_is_expected_by_its_class_and_text(layer: Layer) -> None:
    refused = layer.given(OPENED).when(withdraw(51)).then_refused(Refused).then_refused(Refused, match="balance is 50")
    refused.check_repeatable()
    layer.when(withdraw(1)).then_refused(Refused, match="no account")


def test_a_decider_computes_with_the_digits_of_production(layer: Layer) -> None:
    with localcontext(prec=3):
        decided = layer.given(OPENED).when(lambda account: [Event("AmountDebited", {"Amount": Decimal(1) / 3})])
    decided.then(Event("AmountDebited", {"Amount": Decimal(f"0.{'3' * 38}")}))


def test_an_object_without_events_can_be_decided_on(layer: Layer) -> None:
    layer.when(lambda account: [Event("AccountOpened")] if account is None else []).then(event("AccountOpened"))


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        (lambda when: when.then(), r"expected 0 events, none; got 1, AmountDebited {\"Amount\":30}"),
        (
            lambda when: when.then(Event("AmountDebited", {"Amount": 31}), Event("Fee")),
            r"event 1: expected .*31}, got .*30}\n  expected 2 events, .*; got 1",
        ),
        (lambda when: when.then(Event("Debited", {"Amount": 30})), "event 1: expected Debited .*, got AmountDebited"),
        (
            lambda when: when.then(Event("AmountDebited", {"Amount": 30}, version=2)),
            "expected .*, version 2, got AmountDebited",
        ),
        (lambda when: when.then_refused(Refused), "expected the decider to refuse; got the events AmountDebited"),
        (lambda when: when.then_row({"Balance": 30}), r"the row after the decision differs\n.*Balance: expected"),
    ],
)
def test_a_wrong_expectation_of_events_says_what_differs(layer: Layer, expect: Any, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        expect(layer.given(OPENED).when(withdraw(30)))


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        (lambda when: when.then(), "expected no refusal; got the refusal Refused: the balance is 50"),
        (lambda when: when.then_row({}), "expected no refusal"),
        (lambda when: when.then_refused(KeyError), "error: expected KeyError, got the refusal Refused"),
        (lambda when: when.then_refused(Refused, match="closed"), "match: expected a text with 'closed'"),
    ],
)
def test_a_wrong_expectation_of_a_refusal_says_what_differs(layer: Layer, expect: Any, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        expect(layer.given(OPENED).when(withdraw(60)))


def test_something_that_is_no_event_cannot_be_expected(layer: Layer) -> None:
    with pytest.raises(TypeError, match="then: must be events"):
        layer.given(OPENED).when(withdraw(1)).then({"EventName": "AmountDebited"})  # type: ignore[arg-type]


def test_the_class_of_a_refusal_must_be_said(layer: Layer) -> None:
    """Otherwise a decider with a typing error refuses."""
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'error'"):
        layer.given(OPENED).when(lambda account: account.Blance).then_refused()  # type: ignore[call-arg, union-attr]


@pytest.mark.parametrize(("error", "found"), [(Refused("no account"), "Refused"), ("no account", "str"), (int, "type")])
def test_a_refusal_is_expected_by_nothing_but_its_class(layer: Layer, error: Any, found: str) -> None:
    """Whether the decider refuses or not."""
    for amount in (1, 100):
        with pytest.raises(
            TypeError,
            match=f"error: must be a class of exceptions, .*; got a value of the type {found}; give .* `match`",
        ):
            layer.given(OPENED).when(withdraw(amount)).then_refused(error)


def test_an_error_of_the_logic_says_what_happened(layer: Layer) -> None:
    """In a test, the reason may show values; in production its text is an attribute alone."""
    with pytest.raises(LogicFailed, match=r"domain_handler\.py:[0-9]+; `reason` says why") as raised:
        layer.given(OPENED).when(lambda account: [Event("Unknown")])
    assert raised.value.__notes__ == [raised.value.reason]
    assert "does not know this event" in raised.value.reason


def test_what_is_no_refusal_is_an_error(layer: Layer) -> None:
    with pytest.raises(ObjectParked):
        layer.given(OPENED, event("Unknown")).when(withdraw(1))
    with pytest.raises(LogicFailed):
        layer.given(OPENED).when(lambda account: [Event("Unknown")])
    with pytest.raises(EventInvalid):
        layer.given(OPENED).when(lambda account: [Event("")])


@pytest.mark.parametrize(
    ("decider", "message"),
    [
        (lambda account: ["AmountDebited"], "must return a list of Event, or None; got a value of the type str"),
        (
            lambda account: Event("AmountDebited"),
            "got one Event; put it into a list",
        ),
        (
            lambda account: {"EventName": "AmountDebited"},
            "got a value of the type dict",
        ),
        (lambda account: withdraw, "got a function; if yours makes the decider, call it"),
        ([Event("AmountDebited")], "decider: must be a function of the object; got a value of the type list"),
    ],
)
def test_a_mistake_in_a_decider_is_no_refusal(layer: Layer, decider: Any, message: str) -> None:
    """Otherwise a test that expects a refusal passes, and production fails."""
    with pytest.raises(TypeError, match=message):
        layer.given(OPENED).when(decider)


def test_a_decider_may_yield_its_events_and_refuse_meanwhile(layer: Layer) -> None:
    def each(account: Any) -> Iterator[Event]:
        yield Event("AmountDebited", {"Amount": 1})
        if account.Balance < 100:
            raise Refused("later")

    layer.given(OPENED).when(each).then_refused(Refused, match="later")


class TestADeciderThatIsNotRepeatable:
    def test_with_a_memory(self, layer: Layer) -> None:
        seen: list[Any] = []

        def first_only(account: Any) -> list[Event]:
            seen.append(account)
            return [Event("AmountDebited", {"Amount": len(seen)})]

        with pytest.raises(AssertionError, match=r"got the events .*:1}, and after a lost race the events .*:3}"):
            layer.given(OPENED).when(first_only).check_repeatable()

    def test_with_a_refusal_of_the_second_try(self, layer: Layer) -> None:
        used: set[str] = set()

        def once(account: Any) -> list[Event]:
            if "command" in used:
                raise Refused("used")
            used.add("command")
            return [Event("AmountDebited", {"Amount": 1})]

        with pytest.raises(AssertionError, match="and after a lost race the refusal Refused: used"):
            layer.given(OPENED).when(once).check_repeatable()
