"""Guarantee: whatever happens, no sent event is lost, and at the end every row is the fold of its events.

`tests/faults` lets each call fail, and `tests/model` tries each order of deliveries, rebuilds and crashes. Here all of
them meet at random: a few times by default, for hours with NIGHTLY=1.
"""

import pytest
from hypothesis.stateful import run_state_machine_as_test

from tests.nightly import effort, search

from .functions import Functions
from .machine import Histories


@pytest.mark.timeout(effort(900, 36_000))
def test_every_history_ends_in_the_fold_of_all_sent_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """At any moment, a row holds only stored events and loses none. It has all acknowledged events, or is parked."""
    functions = Functions(monkeypatch)

    class Machine(Histories):
        def __init__(self) -> None:
            super().__init__(functions)

    run_state_machine_as_test(Machine, settings=search(120, 10_000))
