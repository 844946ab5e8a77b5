"""The functions' environment, for all tests here."""

from collections.abc import Iterator

import pytest

from .functions import environment


@pytest.fixture(autouse=True, scope="module")
def _environment() -> Iterator[None]:
    with environment():
        yield
