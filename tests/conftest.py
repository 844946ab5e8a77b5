"""Of all tests.

First what they would inherit is pinned. Then moto: a botocore session knows it only if it was imported before the
session was made, and the functions' session is made when their clients' module is imported.
"""

# ruff: noqa: E402  # before anything reads the environment
from tests.pinned import forget_inherited_warnings, pin

pin()

from hypothesis import settings
from moto import mock_aws as mock_aws

# a slow machine is no defect: what a test asserts never depends on time
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


def pytest_configure() -> None:
    """Once more: warnings' filters that were set while this file was imported are gone with the import."""
    forget_inherited_warnings()


def pytest_unconfigure() -> None:
    """And for what ends after pytest."""
    forget_inherited_warnings()
