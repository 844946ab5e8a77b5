"""Guarantee: the algorithm of the projection converges in every interleaving of a small world, crashes included.

Found here, by breaking one guarantee at a time: the explorer sees what each of them is for.
"""

import pytest

from tests.nightly import effort

from .explore import Scenario, Violation, at_random, explore, search
from .scenarios import FLAWS, SETTINGS

SCENARIOS = [setting.scenario() for setting in SETTINGS]

by_name = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


@pytest.mark.timeout(effort(300, 36_000))
@by_name
def test_every_interleaving_ends_in_the_fold_of_the_store(scenario: Scenario) -> None:
    """All of them with NIGHTLY=1, else the first thousands of a depth-first search."""
    assert explore(scenario, most=effort(2_000, 10**9)) > 100


@by_name
def test_random_interleavings_end_in_the_fold_of_the_store(scenario: Scenario) -> None:
    for seed in range(effort(300, 20_000)):
        at_random(scenario, seed)


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_broken_guarantee_is_found(flaw: str) -> None:
    (scenario,) = (each for each in SCENARIOS if each.name == FLAWS[flaw])
    with pytest.raises(Violation):
        search(scenario, frozenset([flaw]))
