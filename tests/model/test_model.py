"""Guarantee: the algorithm of the projection converges in every interleaving of a small world, crashes included.

The tests also break one guarantee at a time. The explorer must find the violation, which shows why each is necessary.
"""

import pytest

from tests.nightly import effort

from .explore import Explorer, Scenario, Violation
from .scenarios import DECISIONS, FLAWS, SETTINGS

SCENARIOS = [setting.scenario() for setting in [*SETTINGS, *DECISIONS]]

by_name = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


@pytest.mark.timeout(effort(300, 36_000))
@by_name
def test_every_interleaving_ends_in_the_fold_of_the_store(scenario: Scenario) -> None:
    """Depth first, up to 2,000 states; with NIGHTLY=1 all of nearly every world, and 3,000,000 of the others."""
    assert Explorer(scenario).every(effort(2_000, 3_000_000)) > 50


@by_name
def test_random_interleavings_end_in_the_fold_of_the_store(scenario: Scenario) -> None:
    explorer = Explorer(scenario)
    for seed in range(effort(300, 20_000)):
        explorer.at_random(seed)


@pytest.mark.parametrize("flaw", FLAWS)
def test_the_explorer_finds_each_broken_guarantee(flaw: str) -> None:
    (scenario,) = (each for each in SCENARIOS if each.name == FLAWS[flaw])
    with pytest.raises(Violation):
        Explorer(scenario, frozenset([flaw])).search()
