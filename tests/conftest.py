"""Setup of all tests.

The order matters. First `pin` fixes what tests inherit. Then this file imports moto: a botocore session uses moto only
if moto was imported before the session was created, and the import of the clients' module creates the functions'
session.
"""

# ruff: noqa: E402  # before anything reads the environment
from tests.pinned import forget_inherited_warnings, pin

pin()

from collections.abc import Iterator

import pytest
from hypothesis import settings
from moto import mock_aws as mock_aws

from tests.one_name import files_with_two_names

# no test depends on time, so a slow machine must not make one fail
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


def pytest_configure() -> None:
    """Remove the filters again: pytest restores them after it imports this file."""
    forget_inherited_warnings()


def pytest_unconfigure() -> None:
    """Remove the filters for code that runs after pytest ends."""
    forget_inherited_warnings()


@pytest.fixture(autouse=True, scope="session")
def _one_name_for_one_module() -> Iterator[None]:
    """Guarantee: no file of this project is two modules in one process. Their classes would be unequal."""
    yield
    assert files_with_two_names() == {}
