"""Guarantee: whatever happens, no sent event is lost, and at the end every row is the fold of its events."""

from functools import partial

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.nightly import effort

from .functions import Functions
from .machine import Histories

SETTINGS = settings(
    max_examples=effort(300, 10_000),
    stateful_step_count=50,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


@pytest.mark.timeout(effort(300, 36_000))
def test_every_history_ends_in_the_fold_of_all_sent_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """At any moment, a row holds only stored events and loses none. It has all acknowledged events, or is parked."""
    run_state_machine_as_test(partial(Histories, Functions(monkeypatch)), settings=SETTINGS)
