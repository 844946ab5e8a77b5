"""The Account domain: money is exact, in whatever order it moves."""

import itertools
from decimal import Decimal
from pathlib import Path

from .layer import fold, fold_through_the_table, load_layer, read_events

EXAMPLE = Path(__file__).parents[2] / "examples" / "custom_event_bus"
layer = load_layer(EXAMPLE / "account_domain")
sent = read_events(EXAMPLE / "events.json")


def test_a_tenth_and_two_tenths_less_three_tenths_is_nothing_in_any_order_of_arrival() -> None:
    rows = [fold(layer, events) for events in itertools.permutations(sent)]
    assert all(row == rows[0] for row in rows)
    assert rows[0]["Balance"] == Decimal(0)


def test_a_row_is_the_same_whether_folded_in_one_go_or_through_the_table_event_by_event() -> None:
    assert fold_through_the_table(layer, sent) == fold(layer, sent)
