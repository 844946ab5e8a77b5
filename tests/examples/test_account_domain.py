"""Guarantee: balances of the Account domain are exact, in any order of arrival."""

import itertools
from decimal import Decimal
from pathlib import Path

from .layer import fold, fold_through_the_table, load_layer, read_events

EXAMPLE = Path(__file__).parents[2] / "examples" / "custom_event_bus"
layer = load_layer(EXAMPLE / "account_domain")
sent = read_events(EXAMPLE / "events.json")


def test_credits_of_0_1_and_0_2_and_a_debit_of_0_3_leave_zero_in_any_order_of_arrival() -> None:
    rows = [fold(layer, events) for events in itertools.permutations(sent)]
    assert all(row == rows[0] for row in rows)
    assert rows[0]["Balance"] == Decimal(0)


def test_a_fold_at_once_and_a_fold_event_by_event_give_the_same_row() -> None:
    assert fold_through_the_table(layer, sent) == fold(layer, sent)
