"""Guarantee: what is acknowledged while a rebuild runs is in its result, at whichever of its calls it came in."""

import pytest

from ..nightly import effort
from .injector import How, Try, When
from .run import inject, run
from .scenarios import MEETINGS


@pytest.mark.parametrize("name", MEETINGS)
def test_without_faults(name: str) -> None:
    assert run(MEETINGS[name]).calls_under_faults > 0


@pytest.mark.parametrize("name", MEETINGS)
def test_every_reply_is_lost_in_turn(name: str) -> None:
    assert inject(MEETINGS[name], (Try(How.SERVER, When.AT_ONCE),), every=effort(8, 1)) > 0
