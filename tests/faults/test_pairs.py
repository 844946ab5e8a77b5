"""Guarantee: nothing is lost if any two calls fail, even if the first failure causes the second call."""

import pytest

from ..nightly import NIGHTLY
from .kinds import PAIRED
from .run import pairs, run
from .scenarios import SMALL

_PAIRS = [(first, second) for first in PAIRED for second in PAIRED if NIGHTLY or first == second]


@pytest.mark.parametrize(("first", "second"), _PAIRS)
@pytest.mark.parametrize("name", SMALL)
def test_any_two_calls_may_fail(name: str, first: str, second: str) -> None:
    scenario = SMALL[name]
    both = pairs(scenario, PAIRED[first], PAIRED[second])
    injected = [run(scenario, faults, heals=NIGHTLY).injector.fired for faults in both]
    assert sum(injected) > len(injected) > 0
