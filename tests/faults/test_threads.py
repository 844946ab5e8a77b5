"""Guarantee: the same holds when several threads write a batch's events or rows, as they do in Lambda."""

import pytest

from ..nightly import NIGHTLY
from .kinds import CALL_FAILS
from .run import inject
from .scenarios import PERSIST_SCENARIOS, PROJECT_SCENARIOS

_PROJECT = ("several domain objects", "late and new events of two objects", "a poison event in the middle")
_SCENARIOS = PERSIST_SCENARIOS | {name: PROJECT_SCENARIOS[name] for name in _PROJECT}
_KINDS = tuple(CALL_FAILS) if NIGHTLY else ("server-error", "crash", "crash-after-effect", "time-out-effect-soon")


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("name", _SCENARIOS)
def test_any_one_call_may_fail(name: str, kind: str) -> None:
    assert inject(_SCENARIOS[name], CALL_FAILS[kind], has_threads=True) > 0
