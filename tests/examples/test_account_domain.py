"""Guarantee: balances of the Account domain are exact, in any order of arrival."""

from pathlib import Path

from cp_event_source.testing import load, read_events

EXAMPLE = Path(__file__).parents[2] / "examples" / "custom_event_bus"
layer = load(EXAMPLE / "account_domain")
sent = read_events(EXAMPLE / "events.json", domain_name="Account")


def test_credits_of_0_1_and_0_2_and_a_debit_of_0_3_leave_zero() -> None:
    assert layer.given(sent).state()["Balance"] == 0


def test_the_logic_is_order_free_deterministic_isolated_and_its_rows_come_back_as_they_were() -> None:
    layer.check(sent)
