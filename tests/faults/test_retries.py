"""Guarantee: the same where botocore tries again, and a retry meets what the try before it has done."""

import pytest

from ..nightly import NIGHTLY, effort
from .kinds import RETRIED, RETRIED_IN_SHORT
from .run import inject, run
from .scenarios import ALL

_KINDS = tuple(RETRIED) if NIGHTLY else RETRIED_IN_SHORT


@pytest.mark.parametrize("name", ALL)
def test_without_faults(name: str) -> None:
    assert run(ALL[name], is_wired=True).calls_under_faults > 0


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("name", ALL)
def test_every_call_fails_in_turn(name: str, kind: str) -> None:
    assert inject(ALL[name], RETRIED[kind], is_wired=True, every=effort(12, 1)) > 0
