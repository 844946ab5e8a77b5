"""Of all tests.

First what they would inherit is pinned. Then moto: a botocore session knows it only if it was imported before the
session was made, and the functions' session is made when their clients' module is imported.
"""

# ruff: noqa: E402  # before anything reads the environment
from tests.pinned import INHERITED, forget_inherited_warnings, pin

pin()

import gc
import os
from functools import cache
from typing import Any

import pytest
from botocore.loaders import JSONFileLoader
from hypothesis import HealthCheck, settings
from moto import mock_aws as mock_aws

# each session of botocore reads the description of AWS again, and each test with moto has a session of its own
setattr(JSONFileLoader, "load_file", staticmethod(cache(JSONFileLoader().load_file)))  # noqa: B010  mypy knows a method

# a slow machine is no defect: what a test asserts never depends on time
settings.register_profile("any speed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any speed")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """What the one who started the tests has set is known to a worker of pytest-xdist by this alone."""
    node.workerinput["inherited"] = {os.fsencode(name): os.fsencode(value) for name, value in INHERITED.items()}


def pytest_configure(config: pytest.Config) -> None:
    """Once more: warnings' filters that were set while this file was imported are gone with the import."""
    if worker := getattr(config, "workerinput", None):
        INHERITED.clear()
        INHERITED.update({os.fsdecode(name): os.fsdecode(value) for name, value in worker["inherited"].items()})
    forget_inherited_warnings()


def pytest_collection_finish() -> None:
    """Let the collector of garbage leave out all modules and tests: a third of the time of some suites went into it."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """And for what ends after pytest."""
    forget_inherited_warnings()
