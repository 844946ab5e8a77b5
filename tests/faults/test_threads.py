"""Guarantee: the same where a batch's writes go out in threads beside each other, as they do at Lambda."""

import pytest

from ..nightly import NIGHTLY
from .kinds import CALL_FAILS
from .run import inject
from .scenarios import PROJECT_SCENARIOS

_SCENARIOS = ("several domains", "late events beside others' new ones", "a poison event in the middle")
_KINDS = tuple(CALL_FAILS) if NIGHTLY else ("server-error", "death", "death-after-effect", "time-out-effect-soon")


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("name", _SCENARIOS)
def test_every_call_fails_in_turn(name: str, kind: str) -> None:
    assert inject(PROJECT_SCENARIOS[name], CALL_FAILS[kind], has_threads=True) > 0
