"""Guarantee: the result of a rebuild holds all events acknowledged while it ran, whenever they arrived."""

import pytest

from ..nightly import effort
from .injector import How, Try, When
from .run import inject, run
from .scenarios import MEETINGS


@pytest.mark.parametrize("name", MEETINGS)
def test_no_guarantee_breaks_without_faults(name: str) -> None:
    assert run(MEETINGS[name]).calls_under_faults > 0


@pytest.mark.parametrize("name", MEETINGS)
def test_any_one_reply_may_be_lost(name: str) -> None:
    assert inject(MEETINGS[name], (Try(How.SERVER, When.AT_ONCE),), every=effort(8, 1)) > 0
