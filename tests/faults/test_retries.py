"""Guarantee: all stored events are folded when botocore retries and a retry finds the effect of the try before it."""

import pytest

from ..nightly import NIGHTLY, effort
from .kinds import RETRIED, RETRIED_IN_SHORT
from .run import inject
from .scenarios import ALL

_KINDS = tuple(RETRIED) if NIGHTLY else RETRIED_IN_SHORT
_CASES = [
    (name, kind) for number, name in enumerate(ALL) for kind in (_KINDS if NIGHTLY else [_KINDS[number % len(_KINDS)]])
]
"""By default one kind for each scenario, in turn."""


@pytest.mark.parametrize(("name", "kind"), _CASES)
def test_any_one_call_may_fail(name: str, kind: str) -> None:
    assert inject(ALL[name], RETRIED[kind], is_wired=True, every=effort(12, 1)) > 0
