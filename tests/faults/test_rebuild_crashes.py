"""Guarantee: a rebuild whose process crashes, even at each of Lambda's tries, leaves a correct row.

Lambda's next try can start at once. Another request can start after the time of the crashed one is over.
"""

from itertools import product

import pytest

from ..nightly import NIGHTLY, effort
from .injector import Fault, How, Try, When
from .run import run
from .scenarios import REBUILD_SCENARIOS

_TRIES = 3
_MAX_CALLS = 12
_CRASHES: dict[str, Fault] = {
    "crash": (Try(How.CRASH),),
    "crash-after-effect": (Try(How.CRASH, When.AT_ONCE),),
    "crash-effect-soon": (Try(How.CRASH, When.SOON),),
}


@pytest.mark.parametrize("kind", _CRASHES)
@pytest.mark.parametrize("name", REBUILD_SCENARIOS)
def test_the_row_stays_correct_if_every_try_crashes(name: str, kind: str) -> None:
    """Each try crashes at one of its first calls, in every combination."""
    crashes = 0
    for numbers in product(range(1, effort(3, 7)), repeat=_TRIES):
        faults = [{number: _CRASHES[kind]} for number in numbers]
        crashes += run(REBUILD_SCENARIOS[name], rebuild_faults=faults, heals=NIGHTLY).rebuilds.count("Crashed")
    assert crashes > 0


@pytest.mark.parametrize("kind", _CRASHES)
@pytest.mark.parametrize("name", REBUILD_SCENARIOS)
def test_the_second_try_succeeds_after_a_crash_at_any_call(name: str, kind: str) -> None:
    scenario = REBUILD_SCENARIOS[name]
    ends = [run(scenario, rebuild_faults=[{number: _CRASHES[kind]}]).rebuilds for number in range(1, _MAX_CALLS)]
    crashed = [end for end in ends if end[0] == "Crashed"]
    assert crashed
    if scenario.rebuilt:
        # a rebuild that takes several invocations continues after the second
        may_fail = {"RebuildUnfinished"} if "several" in name else set()
        assert {end[1] for end in crashed} <= {""} | may_fail
        assert {end[-1] for end in crashed} == {""}
