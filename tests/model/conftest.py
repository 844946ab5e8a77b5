"""Folds set no timers, for all tests here."""

from collections.abc import Iterator

import pytest

from tests.doubles.clock import no_timers


@pytest.fixture(autouse=True, scope="module")
def _no_timers() -> Iterator[None]:
    with no_timers():
        yield
