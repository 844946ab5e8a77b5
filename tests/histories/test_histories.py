"""Guarantee: whatever happens, what was sent is kept, and in the end every row is the fold of its events.

What a single cause may do is tried case by case elsewhere: each call that fails in `tests/faults`, each order of
deliveries, rebuilds and crashes in `tests/model`. Here they meet at random: a little by default, NIGHTLY=1 for hours.
"""

import pytest
from hypothesis.stateful import run_state_machine_as_test

from tests.nightly import effort, search

from .functions import Functions
from .machine import Histories


@pytest.mark.timeout(effort(900, 36_000))
def test_every_history_ends_in_the_fold_of_all_that_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """At any moment, too, rows hold stored events alone, lose none, and have what was acknowledged or are parked."""
    functions = Functions(monkeypatch)

    class OfThese(Histories):
        def __init__(self) -> None:
            super().__init__(functions)

    run_state_machine_as_test(OfThese, settings=search(120, 10_000))
