"""Guarantee: no other fault parks an event that is retried with a crash probe."""

import pytest

from ..nightly import NIGHTLY
from .kinds import CALL_FAILS, SIMILAR
from .run import inject, run
from .scenarios import CRASH_PROBE_SCENARIOS


@pytest.mark.parametrize("name", CRASH_PROBE_SCENARIOS)
def test_no_guarantee_breaks_without_faults(name: str) -> None:
    assert run(CRASH_PROBE_SCENARIOS[name]).calls_under_faults > 0


@pytest.mark.parametrize("kind", [kind for kind in CALL_FAILS if NIGHTLY or kind not in SIMILAR])
@pytest.mark.parametrize("name", CRASH_PROBE_SCENARIOS)
def test_any_one_call_may_fail(name: str, kind: str) -> None:
    assert inject(CRASH_PROBE_SCENARIOS[name], CALL_FAILS[kind]) > 0
