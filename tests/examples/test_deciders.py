"""Guarantee: the example's decider lets nobody withdraw more than the balance, and is safe to run twice."""

import sys
from decimal import Decimal
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from cp_event_source.testing import Layer, event, load

EXAMPLES = Path(__file__).parents[2] / "examples"
OPENED = [event("AccountOpened"), event("AmountCredited", {"Amount": 50})]


@pytest.fixture(scope="module")
def layer() -> Layer:
    return load(EXAMPLES / "custom_event_bus" / "account_domain")


@pytest.fixture(scope="module")
def deciders() -> Any:
    spec = spec_from_file_location("example_deciders", EXAMPLES / "withdraw" / "deciders.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_the_balance_covers_is_withdrawn(layer: Layer, deciders: Any) -> None:
    decided = layer.given(OPENED).when(deciders.withdraw(Decimal("49.99")))
    decided.then(event("AmountDebited", {"Amount": Decimal("49.99")})).check_repeatable()


@pytest.mark.parametrize("events", [[], OPENED, [*OPENED, event("AccountClosed")]])
def test_nothing_else_is(layer: Layer, deciders: Any, events: list[Any]) -> None:
    given = layer.given(events) if events else layer
    amount = Decimal("50.01") if events == OPENED else Decimal(1)
    given.when(deciders.withdraw(amount)).then_refused(deciders.Refused).check_repeatable()
