"""Guarantee: a rebuild whose process dies, once or every time that Lambda tries, leaves a row that is right, and room
for Lambda's next try at once, and for another request when its time is over.
"""

from itertools import product

import pytest

from ..nightly import NIGHTLY, effort
from .injector import Fault, How, Try, When
from .run import run
from .scenarios import REBUILD_SCENARIOS

_TRIES = 3
_MOST_CALLS = 12
_DEATHS: dict[str, Fault] = {
    "death": (Try(How.DEATH),),
    "death-after-effect": (Try(How.DEATH, When.AT_ONCE),),
    "death-effect-soon": (Try(How.DEATH, When.SOON),),
}


@pytest.mark.parametrize("kind", _DEATHS)
@pytest.mark.parametrize("name", REBUILD_SCENARIOS)
def test_every_try_dies(name: str, kind: str) -> None:
    """At each call of each try, up to as many as it makes."""
    deaths = 0
    for places in product(range(1, effort(3, 7)), repeat=_TRIES):
        fates = [{place: _DEATHS[kind]} for place in places]
        deaths += run(REBUILD_SCENARIOS[name], fates=fates, heals=NIGHTLY).rebuilds.count("Crashed")
    assert deaths > 0


@pytest.mark.parametrize("kind", _DEATHS)
@pytest.mark.parametrize("name", REBUILD_SCENARIOS)
def test_the_second_try_comes_after_any_death(name: str, kind: str) -> None:
    scenario = REBUILD_SCENARIOS[name]
    ends = [run(scenario, fates=[{place: _DEATHS[kind]}]).rebuilds for place in range(1, _MOST_CALLS)]
    died = [end for end in ends if end[0] == "Crashed"]
    assert died
    if scenario.rebuilt:
        # one that takes several invocations goes on after the second
        may_fail = {"RebuildFailed"} if "several" in name else set()
        assert {end[1] for end in died} <= {""} | may_fail
        assert {end[-1] for end in died} == {""}
