"""Guarantee: an event that is tried with care, since a process may have died of it, is parked by no other fault."""

import pytest

from ..nightly import NIGHTLY
from .kinds import ALIKE, CALL_FAILS
from .run import inject, run
from .scenarios import TRIAL_SCENARIOS


@pytest.mark.parametrize("name", TRIAL_SCENARIOS)
def test_without_faults(name: str) -> None:
    assert run(TRIAL_SCENARIOS[name]).calls_under_faults > 0


@pytest.mark.parametrize("kind", [kind for kind in CALL_FAILS if NIGHTLY or kind not in ALIKE])
@pytest.mark.parametrize("name", TRIAL_SCENARIOS)
def test_every_call_fails_in_turn(name: str, kind: str) -> None:
    assert inject(TRIAL_SCENARIOS[name], CALL_FAILS[kind]) > 0
