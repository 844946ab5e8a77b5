"""Guarantee: whichever AWS call fails, in whichever way, all that was stored is folded once it is over.

By default one call fails in half of the ways, the next in the other half; with NIGHTLY=1 each call in all of them.
"""

import pytest

from ..nightly import NIGHTLY, effort
from .kinds import ALIKE, CALL_FAILS
from .run import inject, run
from .scenarios import ALL

_KINDS = tuple(kind for kind in CALL_FAILS if NIGHTLY or kind not in SIMILAR)


@pytest.mark.parametrize("name", ALL)
def test_no_guarantee_breaks_without_faults(name: str) -> None:
    assert run(ALL[name]).calls_under_faults > 0


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("name", ALL)
def test_every_call_fails_in_turn(name: str, kind: str) -> None:
    assert inject(ALL[name], CALL_FAILS[kind], first=_KINDS.index(kind), every=effort(2, 1)) > 0
