"""Pipelines for the tests here."""

from collections.abc import Callable, Iterator

import pytest

from .pipeline import Pipeline, lambdas


@pytest.fixture
def make() -> Iterator[Callable[..., Pipeline]]:
    """Makes pipelines."""
    with lambdas() as maker:
        yield maker
