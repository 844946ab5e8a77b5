"""Guarantee: all stored events are folded when several threads write the rows of a batch, as they do in Lambda."""

import pytest

from ..nightly import NIGHTLY
from .kinds import CALL_FAILS
from .run import inject
from .scenarios import PROJECT_SCENARIOS

_SCENARIOS = ("several domain objects", "late and new events of two objects", "a poison event in the middle")
_KINDS = tuple(CALL_FAILS) if NIGHTLY else ("server-error", "crash", "crash-after-effect", "time-out-effect-soon")


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("name", _SCENARIOS)
def test_any_one_call_may_fail(name: str, kind: str) -> None:
    assert inject(PROJECT_SCENARIOS[name], CALL_FAILS[kind], has_threads=True) > 0
