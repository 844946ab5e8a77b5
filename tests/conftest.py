"""Setup of all tests.

The order matters. First `pin` fixes what tests inherit. Then this file imports moto: a botocore session uses moto only
if moto was imported before the session was created, and the import of the clients' module creates the functions'
session.
"""

# ruff: noqa: E402  # before anything reads the environment
from tests.pinned import INHERITED, forget_inherited_warnings, pin

pin()

import gc
import os
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from botocore.loaders import JSONFileLoader, Loader
from hypothesis import HealthCheck, settings
from moto import mock_aws as mock_aws
from moto.core.loaders import Loader as MotosLoader

from tests.one_name import files_with_two_names


class _KeptFiles(JSONFileLoader):
    """Looks for and reads each file once: a botocore session reads the description of AWS, and many tests have one."""

    exists = staticmethod(cache(JSONFileLoader().exists))
    load_file = staticmethod(cache(JSONFileLoader().load_file))


_LISTED: dict[tuple[str, ...], list[str]] = {}
_list_services = Loader.list_available_services


def _listed_once(loader: Loader, type_name: str) -> list[str]:
    """The services that AWS has: for each session, botocore looks into the folders of all of them."""
    key = (*loader.search_paths, type_name)
    if key not in _LISTED:
        _LISTED[key] = _list_services(loader, type_name)
    return _LISTED[key]


Loader.FILE_LOADER_CLASS = _KeptFiles
Loader.list_available_services = _listed_once  # type: ignore[method-assign, assignment]
MotosLoader.FILE_LOADER_CLASS = JSONFileLoader  # moto adds its own to what it reads

# a slow machine is no defect: what a test asserts never depends on time
_ANY_SPEED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("any speed", _ANY_SPEED)
settings.register_profile("quick", _ANY_SPEED, max_examples=20)
settings.load_profile("any speed")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist what the tests' own environment was: it inherits the pinned one."""
    node.workerinput["inherited"] = {os.fsencode(name): os.fsencode(value) for name, value in INHERITED.items()}


def pytest_configure(config: pytest.Config) -> None:
    """Once more: warnings' filters that were set while this file was imported are gone with the import."""
    if worker := getattr(config, "workerinput", None):
        INHERITED.clear()
        INHERITED.update({os.fsdecode(name): os.fsdecode(value) for name, value in worker["inherited"].items()})
    forget_inherited_warnings()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Exempt all modules and tests from garbage collection, which took a third of the time of some suites."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


def pytest_unconfigure() -> None:
    """Remove the filters for code that runs after pytest ends."""
    forget_inherited_warnings()


@pytest.fixture(autouse=True, scope="session")
def _one_name_for_one_module() -> Iterator[None]:
    """Guarantee: no file of this project is two modules in one process. Their classes would be unequal."""
    yield
    assert files_with_two_names() == {}
