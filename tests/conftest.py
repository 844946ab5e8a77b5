"""Of all tests.

First what they would inherit is pinned. Then moto: a botocore session knows it only if it was imported before the
session was made, and the functions' session is made when their clients' module is imported.
"""

# ruff: noqa: E402  # before anything reads the environment
from tests.pinned import forget_inherited_warnings, pin

pin()

from collections.abc import Iterator

import pytest
from hypothesis import settings
from moto import mock_aws as mock_aws

from tests.one_name import files_with_two_names

# a slow machine is no defect: what a test asserts never depends on time
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


def pytest_configure() -> None:
    """Once more: warnings' filters that were set while this file was imported are gone with the import."""
    forget_inherited_warnings()


def pytest_unconfigure() -> None:
    """And for what ends after pytest."""
    forget_inherited_warnings()


@pytest.fixture(autouse=True, scope="session")
def _one_name_for_one_module() -> Iterator[None]:
    """Guarantee: no file of ours is two modules in one process. Their classes would be unequal."""
    yield
    assert files_with_two_names() == {}
