"""Guarantee: all stored events are folded in the end, whichever AWS call fails and however it fails."""

import pytest

from ..nightly import NIGHTLY
from .kinds import CALL_FAILS, SIMILAR
from .run import inject, run
from .scenarios import ALL

_KINDS = tuple(kind for kind in CALL_FAILS if NIGHTLY or kind not in SIMILAR)


@pytest.mark.parametrize("name", ALL)
def test_no_guarantee_breaks_without_faults(name: str) -> None:
    assert run(ALL[name]).calls_under_faults > 0


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("name", ALL)
def test_any_one_call_may_fail(name: str, kind: str) -> None:
    assert inject(ALL[name], CALL_FAILS[kind]) > 0
