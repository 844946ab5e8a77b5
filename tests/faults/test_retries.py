"""Guarantee: all stored events are folded when botocore retries and a retry finds the effect of the try before it."""

import pytest

from ..nightly import NIGHTLY, effort
from .kinds import RETRIED, RETRIED_IN_SHORT
from .run import inject, run
from .scenarios import ALL

_KINDS = tuple(RETRIED) if NIGHTLY else RETRIED_IN_SHORT


@pytest.mark.parametrize("name", ALL)
def test_no_guarantee_breaks_without_faults(name: str) -> None:
    assert run(ALL[name], is_wired=True).calls_under_faults > 0


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("name", ALL)
def test_any_one_call_may_fail(name: str, kind: str) -> None:
    assert inject(ALL[name], RETRIED[kind], is_wired=True, every=effort(12, 1)) > 0
